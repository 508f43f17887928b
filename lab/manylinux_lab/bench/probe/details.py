"""State of a process that only C code sees, read with ``ctypes``; a wheel could lean on that, so at the very end."""

import os
import sys

MYPY = False
if MYPY:
    from typing import Any

SIGNALS = range(1, 32)
VARIABLES = 2000  # of the environment that are read
TOLD = 20  # variables that are told of
TEXT = 300  # characters kept of one value


def details() -> "dict[str, Any]":
    """Return in which files the C handlers of signals lie and how the C environment differs from Python's."""
    import ctypes

    library = ctypes.CDLL(None)
    return {"handlers": handlers(ctypes, library), "environ": c_environment(ctypes, library)}


def handlers(ctypes: "Any", library: "Any") -> "dict[str, str]":
    """Return by signal number the file whose code handles it; ``struct sigaction`` begins with the handler."""
    areas = list(executable_areas())
    room = ctypes.create_string_buffer(256)
    found = {}
    for number in SIGNALS:
        if library.sigaction(number, None, room) == 0:
            address = int.from_bytes(room.raw[: ctypes.sizeof(ctypes.c_void_p)], sys.byteorder)
            for start, end, name in areas:
                if start <= address < end:
                    found[str(number)] = name
    return found


def executable_areas() -> "list[tuple[int, int, str]]":
    """Return (start, end, file or other name) of what is mapped for execution."""
    areas = []
    with open("/proc/self/maps", "rb") as stream:
        for line in stream:
            span, rights, rest = line.split(b" ", 2)
            if b"x" in rights:
                start, end = span.split(b"-")
                place = rest.find(b"/")
                name = rest[place:] if place >= 0 else rest.split()[-1]
                areas.append((int(start, 16), int(end, 16), os.fsdecode(name.strip())))
    return areas


def c_environment(ctypes: "Any", library: "Any") -> "dict[str, Any]":
    """Return the variables that C code sees otherwise than Python does: [Python's value, C's value]."""
    pointer = ctypes.POINTER(ctypes.c_char_p).in_dll(library, "environ")
    seen = {}
    for place in range(VARIABLES):
        entry = pointer[place] if pointer else None
        if entry is None:
            break
        name, _, value = entry.partition(b"=")
        seen[os.fsdecode(name)] = os.fsdecode(value)
    ours = dict(os.environ)
    names = sorted(name for name in set(seen) | set(ours) if seen.get(name) != ours.get(name))
    return {name[:TEXT]: [cut(ours.get(name)), cut(seen.get(name))] for name in names[:TOLD]}


def cut(value: "str | None") -> "str | None":
    """Return a value bounded for a report."""
    return None if value is None else value[:TEXT]
