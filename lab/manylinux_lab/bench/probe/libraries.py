"""What a mapped library says of itself: its SONAME, what it needs and where it looks. It is read, never loaded."""

import os
import stat
from typing import Any

from .conversation import Conversation
from .elf import BROKEN, Elf

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
            words = Elf(stream).dynamic() if stat.S_ISREG(status.st_mode) else {}
    except BROKEN:
        return {}
    return dict(words, device_inode="%d:%d" % (status.st_dev, status.st_ino)) if words else {}


def open_at_once(path: str, flags: int) -> int:
    """Open a file for reading without waiting: a wheel can name a pipe that nobody ever writes to."""
    return os.open(path, flags | os.O_NONBLOCK)
