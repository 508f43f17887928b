"""A step: the process that runs code of wheels. The server starts this one file with a fresh interpreter.

It starts as bare as a user's own interpreter, so that a wheel cannot lean on imports of ours: only what any interpreter
has loaded anyway, nothing else of the probe, and no folder of the lab on the path. Other imports are made when needed.
"""

import os
import sys

HANGS = 3  # hangs of one process after which its other files are not tried


def step(descriptor: int) -> None:
    """Do the plan on standard input and report on ``descriptor``; the interpreter then ends as a user's would."""
    import marshal

    with open(0, "rb", closefd=False) as stream:
        plan = marshal.load(stream)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.argv[:] = [""]
    del sys.path[0]
    add_site(plan["site"])
    for number, kind, what in plan["inline"]:
        result = attempt(kind, what)
        send_report(descriptor, number, result)
        if result["status"] != "ok":
            break
    else:
        in_children(descriptor, plan["forked"], plan["seconds"])
    send_report(descriptor, -1, {"status": "end"})


def add_site(folder: str) -> None:
    """Put ``folder`` (and what its .pth files name) behind the standard library and before the distro's packages."""
    import site

    known = list(sys.path)
    site.addsitedir(folder)
    added = [entry for entry in sys.path if entry not in known]
    places = [place for place, entry in enumerate(known) if entry.endswith(("site-packages", "dist-packages"))]
    place = places[0] if places else len(known)
    sys.path[:] = known[:place] + added + known[place:]


def attempt(kind: str, what: str) -> "dict[str, str]":
    """Import, load or execute one thing and return what a report says of it."""
    try:
        if kind == "object":
            import _ctypes

            _ctypes.dlopen(what, os.RTLD_NOW | os.RTLD_LOCAL)
        elif kind == "smoke":
            exec(compile(what, "<smoke>", "exec"), {"__name__": "__main__", "__builtins__": __builtins__})
        else:
            __import__(what)
    except BaseException as error:
        return failure(error)
    return {"status": "ok"}


def failure(error: BaseException) -> "dict[str, str]":
    """Describe an exception: type, message, the module that is missing (if that is the cause), end of the trace."""
    import traceback

    try:
        message = str(error)
    except Exception:
        message = "(the exception has no printable message)"
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    missing = ""
    cause = error  # type: BaseException | None
    while isinstance(cause, ImportError) and not missing:
        missing = cause.name or "" if isinstance(cause, ModuleNotFoundError) else ""
        cause = cause.__cause__ or cause.__context__
    words = {"status": "exception", "exception": type(error).__name__, "message": message[:2000]}
    words.update(missing=missing, trace=trace[-4000:])
    return words


def in_children(descriptor: int, items: "list[tuple[int, str, str]]", seconds: float) -> None:
    """Attempt each item in a forked child, which inherits what was imported so far."""
    hangs = 0
    for number, kind, what in items:
        if kind == "extension" and what in sys.modules:
            send_report(descriptor, number, {"status": "ok"})
            continue
        if hangs >= HANGS:
            send_report(descriptor, number, {"status": "not-tried", "message": "too many files before it hung"})
            continue
        child = fork_quietly()
        if child == 0:
            send_report(descriptor, number, attempt(kind, what))
            os._exit(0)
        waited = wait_for(child, seconds)
        hangs += waited is None
        send_report(descriptor, number, {"wait": "hang" if waited is None else str(waited)})


def fork_quietly() -> int:
    """Fork without Python 3.12's warning about threads, which wheels may have started."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return os.fork()


def wait_for(child: int, seconds: float) -> "int | None":
    """Return the wait status of ``child``, or None after killing it at the deadline."""
    import time

    deadline = time.monotonic() + seconds
    pause = 0.0005
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        time.sleep(pause)
        pause = min(pause * 1.2, 0.05)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return None


def send_report(descriptor: int, number: int, words: "dict[str, str]") -> None:
    """Write one line ``number key=hex ...``; a format so plain that a bare interpreter needs no import to write it."""
    pairs = ["%s=%s" % (key, value.encode("utf-8", "replace").hex()) for key, value in sorted(words.items())]
    line = " ".join([str(number), *pairs]).encode("ascii") + b"\n"
    while line:
        line = line[os.write(descriptor, line) :]


if __name__ == "__main__":
    step(int(sys.argv[1]))
