"""What a mapped library says of itself: its SONAME, what it needs and where it looks. It is read, never loaded."""

import os
import stat
import struct
from typing import Any, BinaryIO

from .conversation import Conversation

NEEDED, STRTAB, SONAME, RPATH, RUNPATH = 1, 5, 14, 15, 29
ENTRIES = 4096  # entries of a dynamic section that are read
NAME = 1024  # bytes of one string
NEEDS = 512  # needed libraries that are told
LIBRARIES = 20000  # files of one session
KNOWN = {}  # type: dict[str, bool]  # whether a file that was met in this session is an ELF file


def do_libraries(request: "dict[str, Any]") -> None:
    """Describe those files that are ELF files and were not met before."""
    elves(request["paths"])


def elves(paths: "list[str]") -> "list[str]":
    """Return those paths that are ELF files, and say ``library`` for each that was not met before."""
    for path in paths:
        if path not in KNOWN and len(KNOWN) < LIBRARIES:
            words = library(path)
            KNOWN[path] = bool(words)
            if words:
                Conversation.say("library", path=path, **words)
    return [path for path in paths if KNOWN.get(path)]


def forget_libraries(folder: str) -> None:
    """Forget the files below a folder that is about to change."""
    for path in [path for path in KNOWN if path.startswith(folder.rstrip(os.sep) + os.sep)]:
        del KNOWN[path]


def library(path: str) -> "dict[str, Any]":
    """Return the words of one file, nothing where it is no ELF file or gone."""
    try:
        with open(path, "rb", opener=open_at_once) as stream:
            status = os.fstat(stream.fileno())
            words = dynamic(stream) if stat.S_ISREG(status.st_mode) else {}
    except (OSError, struct.error, IndexError, OverflowError, ValueError):
        return {}
    if words:
        words["device_inode"] = "%d:%d" % (status.st_dev, status.st_ino)
    return words


def open_at_once(path: str, flags: int) -> int:
    """Open a file for reading without waiting: a wheel can name a pipe that nobody ever writes to."""
    return os.open(path, flags | os.O_NONBLOCK)


def dynamic(stream: "BinaryIO") -> "dict[str, Any]":
    """Read the dynamic section of an ELF file of either class and byte order."""
    ident = stream.read(16)
    if ident[:4] != b"\x7fELF":
        return {}
    wide, order = ident[4] == 2, "<" if ident[5] == 1 else ">"
    fields = struct.unpack(order + ("HHIQQQIHHH" if wide else "HHIIIIIHHH"), stream.read(42 if wide else 30))
    segments = program_headers(stream, order, wide, fields[4], fields[8], fields[9])
    loads = [(address, offset, size) for kind, offset, address, size in segments if kind == 1]
    entries = []  # type: list[tuple[int, int]]
    for kind, offset, _, size in segments:
        if kind == 2:
            stream.seek(offset)
            step = 16 if wide else 8
            data = stream.read(min(size, ENTRIES * step))
            entries = list(struct.iter_unpack(order + ("qQ" if wide else "iI"), data[: len(data) // step * step]))
    table = next((place_of(value, loads) for tag, value in entries if tag == STRTAB), -1)
    if table < 0:
        return {"soname": "", "needed": [], "rpath": "", "runpath": ""}

    def names(wanted: int) -> "list[str]":
        return [text(stream, table + value) for tag, value in entries if tag == wanted]

    single = {key: (names(tag) or [""])[0] for key, tag in (("soname", SONAME), ("rpath", RPATH), ("runpath", RUNPATH))}
    return dict(single, needed=names(NEEDED)[:NEEDS])


def program_headers(
    stream: "BinaryIO", order: str, wide: bool, offset: int, size: int, count: int
) -> "list[tuple[int, int, int, int]]":
    """Return (type, offset, address, size in the file) of each segment."""
    found = []
    for place in range(min(count, 512)):
        stream.seek(offset + place * size)
        entry = struct.unpack(order + ("IIQQQQ" if wide else "IIIII"), stream.read(40 if wide else 20))
        found.append((entry[0], entry[2], entry[3], entry[5]) if wide else (entry[0], entry[1], entry[2], entry[4]))
    return found


def place_of(address: int, loads: "list[tuple[int, int, int]]") -> int:
    """Return the offset in the file of an address, -1 where no segment holds it."""
    return next((address - start + offset for start, offset, size in loads if start <= address < start + size), -1)


def text(stream: "BinaryIO", offset: int) -> str:
    """Return the string at an offset."""
    stream.seek(offset)
    return stream.read(NAME).split(b"\0", 1)[0].decode("utf-8", "replace")
