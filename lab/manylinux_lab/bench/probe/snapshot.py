"""What others in a process would notice if it changed, read without an import that a wheel could lean on."""

import os
import sys

MYPY = False
if MYPY:
    from typing import Any

SIGNALS = tuple(number for number in range(1, 65) if number not in (32, 33))  # those two belong to the C library
MASKS = (("handled", "SigCgt"), ("ignored", "SigIgn"), ("blocked", "SigBlk"))
TOLD = 20  # warning filters, environment variables, paths and the like that a change tells of
FILTERS = 1000  # warning filters that are compared
TEXT = 300  # characters kept of one value
HOOKS = ("excepthook", "displayhook", "unraisablehook", "breakpointhook")
ENDING = 5000  # looks at a thread that is about to end
NO_THREAD = ("no thread can be started", "no thread can be started")


def snapshot(maps: bytes) -> "dict[str, Any]":
    """Return what others in the process would notice if it changed; ``maps`` is the map of the process."""
    state = glance()
    state["executable_stack"] = executable_stack(maps)
    state["limits"] = read("/proc/self/limits").decode("utf-8", "replace").splitlines()[1:]
    state["denormals_in_threads"], state["rounding_in_threads"] = in_a_thread()
    return state


def glance() -> "dict[str, Any]":
    """Return the part of a snapshot that costs little: what may differ between a process and a fork of it."""
    status = process_status()
    state = {name: measured(look) for name, look in LOOKS.items()}
    state["signals"] = measured(lambda: signals(status))
    state["umask"] = status.get("Umask", "").strip()
    return state


def measured(look: "Any") -> "Any":
    """Return what a look gives; a wheel may have replaced anything by something that cannot be looked at."""
    try:
        return look()
    except Exception as error:
        return "cannot be read (%s)" % type(error).__name__


def read(path: str) -> bytes:
    """Return the content of a file of /proc, nothing where there is none."""
    try:
        with open(path, "rb", buffering=0) as stream:
            pieces = list(iter(lambda: stream.read(1 << 18), b""))
    except OSError:
        return b""
    return b"".join(pieces)


def process_status() -> "dict[str, str]":
    """Return /proc/self/status as words."""
    lines = read("/proc/self/status").decode("utf-8", "replace").splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def read_maps() -> bytes:
    """Return the map of the process, which takes the kernel milliseconds: read it once for all that look at it."""
    return read("/proc/self/maps")


def mapped_files(maps: bytes) -> "list[str]":
    """Return the files that are mapped."""
    places = {line[line.find(b"/") :] for line in maps.split(b"\n") if b"/" in line}
    return sorted(os.fsdecode(place) for place in places)


def executable_stack(maps: bytes) -> bool:
    """Tell whether code on the main thread's stack could be executed."""
    place = maps.find(b"[stack]")
    return b"x" in maps[maps.rfind(b"\n", 0, place) + 1 : place].split(b" ", 2)[1] if place >= 0 else False


def denormals() -> str:
    """Return whether results and operands that are denormal are kept; the values stand in a list against folding."""
    smallest, half, large = [2.2250738585072014e-308, 0.5, 1e300]
    tiny = [5e-324][0]
    kept = smallest * half != 0.0 and tiny * large != 0.0
    return "kept" if kept else "flushed to zero"


def rounding() -> str:
    """Return the direction in which the processor rounds (the C standard's four)."""
    one, tiny = [1.0, 2.0**-60]
    up, down = one + tiny > one, one - tiny < one
    if up and down:
        return "unknown"
    if up:
        return "upward"
    if down:
        return "downward" if -one - tiny < -one else "toward zero"
    return "nearest"


def in_a_thread() -> "tuple[str, str]":
    """Return denormals and rounding as a thread started now finds them; the thread is gone then."""
    import _thread

    found = []  # type: list[str]
    done = _thread.allocate_lock()
    done.acquire()

    def look() -> None:
        try:
            found.extend((denormals(), rounding()))
        finally:
            done.release()

    others = set(tasks())
    try:
        _thread.start_new_thread(look, ())
    except RuntimeError:
        return NO_THREAD
    done.acquire()
    for _ in range(ENDING):  # it releases the lock a moment before it ends; neither a fork nor a count should meet it
        if others.issuperset(tasks()):
            break
        os.sched_yield()
    return (found[0], found[1]) if len(found) == 2 else ("unknown", "unknown")


def tasks() -> "list[str]":
    """Return the ids of all threads."""
    try:
        return os.listdir("/proc/self/task")
    except OSError:
        return []


def threads() -> "list[str]":
    """Return the names of all threads."""
    return sorted(read("/proc/self/task/%s/comm" % task).decode("utf-8", "replace").strip() for task in tasks())


def signals(status: "dict[str, str]") -> "dict[str, str]":
    """Return for each signal its disposition in the kernel's words and Python's handler."""
    import _signal  # type: ignore[import-not-found]  # typeshed has no stub for it

    masks = [(word, int(status.get(name, "0").strip() or "0", 16)) for word, name in MASKS]
    found = {}
    for number in SIGNALS:
        words = [word for word, mask in masks if mask >> (number - 1) & 1]
        handler = _signal.getsignal(number) if words else None
        if callable(handler):
            names = (getattr(handler, "__module__", ""), getattr(handler, "__qualname__", "?"))
            words.append("Python's %s.%s" % names)
        if words:
            found[str(number)] = ", ".join(words)
    return found


def locale() -> str:
    """Return the C locale in force."""
    import _locale

    return str(_locale.setlocale(6))  # LC_ALL


def filters() -> "list[str]":
    """Return the warning filters in words."""
    import _warnings

    module = sys.modules.get("warnings")
    active = getattr(module, "filters", None) or _warnings.filters
    words = []
    for action, message, category, where, line in list(active)[:FILTERS]:
        parts = (getattr(message, "pattern", message), getattr(where, "pattern", where), line)
        words.append(" ".join(str(part) for part in (action, getattr(category, "__name__", category), *parts) if part))
    return words


def start_method() -> str:
    """Return the start method that multiprocessing was told, empty where it was not."""
    module = sys.modules.get("multiprocessing.context")
    chosen = getattr(getattr(module, "_default_context", None), "_actual_context", None)
    return str(getattr(chosen, "_name", "") or "")


def has_gil() -> bool:
    """Tell whether the global interpreter lock is in force."""
    is_enabled = getattr(sys, "_is_gil_enabled", None)
    return is_enabled is None or bool(is_enabled())


def hooks() -> "dict[str, str]":
    """Return what Python calls for uncaught exceptions, displayed values, and each line or call."""
    threads = sys.modules.get("threading")
    found = {"sys." + name: hook(getattr(sys, name, None), getattr(sys, "__%s__" % name, None)) for name in HOOKS}
    found["sys.settrace"], found["sys.setprofile"] = hook(sys.gettrace(), None), hook(sys.getprofile(), None)
    found["threading.excepthook"] = hook(getattr(threads, "excepthook", None), None)
    found["threading.settrace"] = hook(getattr(threads, "_trace_hook", None), None)
    found["threading.setprofile"] = hook(getattr(threads, "_profile_hook", None), None)
    return found


def hook(one: "Any", own: "Any") -> str:
    """Return the name of a hook, nothing for the one that Python has by itself."""
    if one is own or one is None or getattr(one, "__module__", "") in ("_thread", "threading"):
        return ""
    return called(one)


def called(one: "Any") -> str:
    """Return the name of a function or class, or that of an object's class."""
    named = one if hasattr(one, "__qualname__") else type(one)
    return "%s.%s" % (getattr(named, "__module__", "?"), getattr(named, "__qualname__", "?"))


def callbacks() -> "list[str]":
    """Return what takes part in every import, and what is called at each collection of garbage."""
    collector = sys.modules.get("gc")
    found = ["sys.meta_path: " + called(one) for one in sys.meta_path]
    found += ["sys.path_hooks: " + called(one) for one in sys.path_hooks]
    return found + ["gc.callbacks: " + called(one) for one in getattr(collector, "callbacks", ())]


LOOKS = {
    "denormals": denormals,
    "rounding": rounding,
    "threads": threads,
    "environment": lambda: dict(os.environ),
    "locale": locale,
    "dlopen_flags": sys.getdlopenflags,
    "sys_path": lambda: [str(entry) for entry in sys.path],
    "warning_filters": filters,
    "start_method": start_method,
    "gil": has_gil,
    "cwd": os.getcwd,
    "hooks": hooks,
    "callbacks": callbacks,
    "recursion_limit": sys.getrecursionlimit,
}  # type: dict[str, Any]


def changes(before: "dict[str, Any]", after: "dict[str, Any]") -> "dict[str, Any]":
    """Return what differs between two snapshots, bounded.

    A value is [before, after]; of lists both are [length, entries that the other lacks ...]; of tables it is
    [None, {name: [before, after]}].
    """
    found = {}  # type: dict[str, list[Any]]
    for key in before:
        old, new = before[key], after[key]
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            names = sorted(name for name in set(old) | set(new) if old.get(name) != new.get(name))
            found[key] = [None, {cut(name): [cut(old.get(name)), cut(new.get(name))] for name in names[:TOLD]}]
        elif isinstance(old, list) and isinstance(new, list):
            found[key] = [counted(old, new), counted(new, old)]
        else:
            found[key] = [cut(old), cut(new)]
    return found


def counted(whole: "list[str]", other: "list[str]") -> "list[Any]":
    """Return how long a list is and the first entries that the other lacks, as often as it lacks them."""
    left = list(other)
    missing = []
    for entry in whole:
        if entry in left:
            left.remove(entry)
        else:
            missing.append(cut(entry))
    return [len(whole), *missing[:TOLD]]


def cut(value: "Any") -> "Any":
    """Return a value bounded for a report."""
    if value is None or isinstance(value, (bool, int)):
        return value
    return str(value)[:TEXT]
