"""The process in which wheels meet. The probe starts this one file with a fresh interpreter, as bare as ``step``'s.

It loads the first member of an order. A *fresh* process goes on with the others itself and then ends as a user's
interpreter would; a *mother* waits for orders and forks a child for each, which does the same. What it takes from the
files beside it, it takes before it forgets their folder, so that a wheel finds nothing of the probe.
"""

import os
import sys

TRACES = 5  # failed items of a member of which a trace is told: hundreds fail for one reason

MYPY = False
if MYPY:
    from typing import Any


def main(orders: int, reports: int) -> None:
    """Read orders and carry them out; returns in the process that is to end like a user's interpreter."""
    output = os.dup(1)
    for descriptor in (orders, reports):
        os.set_inheritable(descriptor, False)  # programs that a wheel starts have no business with them
    order = prepare(orders)
    told = teller.Teller(reports, output, order["secret"])
    hidden = hiding.Hiding(order["sites"], order["hidden_first"])
    for folder in order["sites"]:
        step.add_site(folder)
    state, maps = load(order["order"][0], 0, snapshot.snapshot(snapshot.read_maps()), told)
    told.tell("refused", sorted(hidden.refused))
    if not order["fresh"]:
        order = serve(orders, reports)
        told = teller.Teller(reports, output, order["secret"])
        state.update(snapshot.glance())
    os.close(orders)
    hidden.names = frozenset(order["hidden"])
    accompany(order, state, maps, told)
    told.tell("end", None)


def prepare(orders: int) -> "dict[str, Any]":
    """Make the process look as a user's does, and read the first order."""
    for name in ("LD_DEBUG", "LD_DEBUG_OUTPUT"):
        os.environ.pop(name, None)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.argv[:] = [""]
    return read_order(orders)


def serve(orders: int, reports: int) -> "dict[str, Any]":
    """Fork a child for each order and tell how it ended; return the order in the child."""
    while True:
        order = read_order(orders)
        child = step.fork_quietly()
        if child == 0:
            os.setpgid(0, 0)
            return order
        status = os.waitpid(child, 0)[1]
        end_group(child)
        teller.Teller(reports, -1, order["secret"]).tell("wait", status)


def end_group(group: int) -> None:
    """Kill what a child left in its process group, at once; the probe looks for what escaped from it."""
    try:
        os.killpg(group, 9)
    except OSError:
        return


def read_order(descriptor: int) -> "dict[str, Any]":
    """Return the next order: its length in bytes on a line, then marshalled data. At the end of orders, end."""
    import marshal

    head = b""
    while not head.endswith(b"\n"):
        piece = os.read(descriptor, 1)
        if not piece:
            os._exit(0)
        head += piece
    data = b""
    while len(data) < int(head):
        piece = os.read(descriptor, int(head) - len(data))
        if not piece:
            os._exit(0)
        data += piece
    return dict(marshal.loads(data))


# --- loading ---


def load(
    member: "dict[str, Any]", number: int, before: "dict[str, Any]", told: "Any"
) -> "tuple[dict[str, Any], bytes]":
    """Try every item of a member in order, tell what came of it and what changed; return the state and map after."""
    items = []
    failed = 0
    for _, name in member["items"]:
        told.tell("stage", ["load", number, name])
        words = attempt(name)
        failed += words[0] != "ok"
        items.append([name, *words[:4], words[4] if failed <= TRACES else ""])
    told.tell("stage", ["load", number, ""])
    maps = snapshot.read_maps()  # type: bytes
    after = snapshot.snapshot(maps)  # type: dict[str, Any]
    flush()
    told.mark(number)
    told.tell("member", [number, items, snapshot.changes(before, after)])
    return after, maps


def attempt(name: str) -> "list[str]":
    """Import a module: status, and for an exception its message, type, the module that is missing and the trace."""
    try:
        __import__(name)
    except BaseException as error:
        words = step.failure(error)
        return ["exception", words["message"], words["exception"], words["missing"], words["trace"]]
    return ["ok", "", "", "", ""]


def accompany(order: "dict[str, Any]", state: "dict[str, Any]", maps: bytes, told: "Any") -> None:
    """Load the other members, tell what is mapped, use all in a fork and then here."""
    for number, member in enumerate(order["order"][1:], 1):
        state, maps = load(member, number, state, told)
    told.tell("mapped", snapshot.mapped_files(maps))
    codes = [(number, member["smoke"]) for number, member in enumerate(order["order"]) if member["smoke"]]
    codes.reverse()
    use_in_fork(order, codes, told)
    for number, code in codes:
        told.tell("stage", ["smoke", number, ""])
        told.tell("smoke", [number, use(code)])
    told.tell("stage", ["exit", 0, ""])
    if order["detailed"]:
        told.tell("details", details.details())
    flush()


def use_in_fork(order: "dict[str, Any]", codes: "list[tuple[int, str]]", told: "Any") -> None:
    """Use all members in a child, which must end before the deadline."""
    told.tell("stage", ["fork", 0, ""])
    flush()
    child = step.fork_quietly()
    if child == 0:
        for number, code in codes:
            told.tell("forking", number)
            told.tell("forked", [number, use(code)])
        told.tell("forking", -1)
        os._exit(0)
    status = step.wait_for(child, order["seconds"])
    told.tell("fork", -1 if status is None else status)


def use(code: str) -> "dict[str, str]":
    """Run smoke code."""
    return dict(step.attempt("smoke", code))


def flush() -> None:
    """Hand over what Python's own streams still hold, so that it is told of the member that wrote it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # a wheel may have put anything there, or closed it
            continue


def files_beside(*names: str) -> "list[Any]":
    """Import files that lie beside this one, then forget them and their folder.

    Not at the top of this file: multiprocessing's start method ``spawn`` runs that again where the folder is forgotten.
    """
    keeps, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    found = [__import__(name) for name in names]
    sys.dont_write_bytecode = keeps
    for name in names:
        del sys.modules[name]
    sys.path_importer_cache.pop(sys.path.pop(0), None)
    return found


if __name__ == "__main__":
    details, hiding, snapshot, step, teller = files_beside("details", "hiding", "snapshot", "step", "teller")
    main(int(sys.argv[1]), int(sys.argv[2]))
