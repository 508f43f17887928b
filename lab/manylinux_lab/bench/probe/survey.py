"""A program of its own: prints as JSON which libraries the loader of this system finds, and what versions they define.

Beside them: which C library it is, and the folders that the loader searches.

Like the probe it runs on Python 3.6 and newer with the standard library only. It loads none of the libraries.
"""

import glob
import json
import os
import re
import struct
import subprocess
import sys
from typing import Any, Dict, Iterator, List, Optional, Tuple

DEFAULTS = ("/lib", "/usr/lib", "/lib64", "/usr/lib64", "/lib32", "/usr/lib32")
MUSL_DEFAULTS = ("/lib", "/usr/local/lib", "/usr/lib")  # musl's ldso/dynlink.c
PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_STRTAB, DT_STRSZ, DT_SONAME, DT_VERDEF, DT_VERDEFNUM = 5, 10, 14, 0x6FFFFFFC, 0x6FFFFFFD
VER_FLG_BASE = 1
SIZE_LIMIT = 1 << 29
COUNT_LIMIT = 5000


class Elf:
    """One ELF file, read as a whole; anything odd raises struct.error, IndexError or ValueError."""

    def __init__(self, data: bytes) -> None:
        if data[:4] != b"\x7fELF":
            raise ValueError("no ELF file")
        self.data = data
        self.wide = data[4] == 2
        self.order = "<" if data[5] == 1 else ">"
        self.kind = self.unpack("HH", 16)  # type and machine
        self.segments = list(self._segments())

    def unpack(self, form: str, at: int) -> "Tuple[Any, ...]":
        """Read fields in the file's byte order."""
        if at > len(self.data):
            raise ValueError("a place outside of the file")
        return struct.unpack_from(self.order + form, self.data, at)

    def _segments(self) -> "Iterator[Tuple[int, int, int, int]]":
        """Yield kind, offset, address and size in the file."""
        offset = self.unpack("Q" if self.wide else "I", 32 if self.wide else 28)[0]
        size, count = self.unpack("HH", 54 if self.wide else 42)
        for number in range(min(count, 200)):
            at = offset + number * size
            if self.wide:
                kind, _, begin, address, _, length = self.unpack("IIQQQQ", at)
            else:
                kind, begin, address, _, length = self.unpack("IIIII", at)
            yield kind, begin, address, length

    def offset(self, address: int) -> int:
        """Return where an address lies in the file."""
        for kind, begin, first, length in self.segments:
            if kind == PT_LOAD and first <= address < first + length:
                return address - first + begin
        raise ValueError("an address outside of the file")

    def dynamic(self) -> "Dict[int, int]":
        """Return the entries of the dynamic section, the last of each tag."""
        form, size = ("QQ", 16) if self.wide else ("II", 8)
        found = {}  # type: Dict[int, int]
        for kind, begin, _, length in self.segments:
            if kind == PT_DYNAMIC:
                for at in range(begin, begin + min(length, 1 << 16), size):
                    tag, value = self.unpack(form, at)
                    if tag == 0:
                        break
                    found[tag] = value
        return found

    def describe(self) -> "Tuple[str, List[str]]":
        """Return the SONAME and the symbol versions that the file defines."""
        entries = self.dynamic()
        strings = self.offset(entries[DT_STRTAB])
        soname = self._text(strings + entries[DT_SONAME]) if DT_SONAME in entries else ""
        versions = []
        at = self.offset(entries[DT_VERDEF]) if DT_VERDEF in entries else 0
        for _ in range(min(entries.get(DT_VERDEFNUM, 0), COUNT_LIMIT)):
            _, flags, _, _, _, auxiliary, following = self.unpack("HHHHIII", at)
            if not flags & VER_FLG_BASE:
                versions.append(self._text(strings + self.unpack("I", at + auxiliary)[0]))
            at += following
        return soname, versions

    def interpreter(self) -> str:
        """Return the path of the loader that starts this program, empty for a file that names none."""
        return next((self._text(begin) for kind, begin, _, _ in self.segments if kind == PT_INTERP), "")

    def _text(self, at: int) -> str:
        return self.data[at : self.data.index(b"\0", at)].decode("utf-8", "replace")


def folders(loader: str) -> "List[str]":
    """Return the folders that the loader searches: those that its configuration names, then its own."""
    if "ld-musl" in loader:
        found = list(_musl_folders(loader))
    else:
        found = list(_configured("/etc/ld.so.conf", 0))
        found += [path for base in ("/lib", "/usr/lib") for path in sorted(glob.glob(base + "/*-linux-*"))]
        found += DEFAULTS
    return list(dict.fromkeys(os.path.realpath(path) for path in found if os.path.isdir(path)))


def _musl_folders(loader: str) -> "Iterator[str]":
    """Yield what /etc/ld-musl-ARCH.path names, in the place of the folders that are built in."""
    name = os.path.basename(loader).partition(".so")[0]
    try:
        with open(os.path.join("/etc", name + ".path")) as stream:
            yield from (path for path in re.split(r"[:\n]", stream.read(1 << 16)) if path)
    except (OSError, UnicodeDecodeError):
        yield from MUSL_DEFAULTS


def _configured(name: str, depth: int) -> "Iterator[str]":
    try:
        with open(name) as stream:
            lines = stream.read(1 << 20).splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        words = line.partition("#")[0].split()
        if words[:1] == ["include"] and depth < 5:
            for pattern in words[1:]:
                for path in sorted(glob.glob(os.path.join("/etc", pattern))):
                    yield from _configured(path, depth + 1)
        elif words and words[0].startswith("/"):
            yield words[0]


def read(path: str) -> "Optional[Elf]":
    """Return an ELF file, or None for anything else, such as a linker script."""
    try:
        if not os.path.isfile(path) or os.path.getsize(path) > SIZE_LIMIT:
            return None
        with open(path, "rb") as stream:
            return Elf(stream.read())
    except (OSError, struct.error, IndexError, ValueError):
        return None


def libc(loader: str) -> "Dict[str, str]":
    """Return the version of the C library under its name. musl's loader tells it when it is started with no program."""
    if "ld-musl" in loader:
        said = subprocess.run([loader], stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
        match = re.search(r"^Version (\d+(\.\d+)+)", said.decode("ascii", "replace"), re.MULTILINE)
        return {"musl": match.group(1) if match else ""}
    words = (os.confstr("CS_GNU_LIBC_VERSION") or "") if "CS_GNU_LIBC_VERSION" in os.confstr_names else ""
    return {"glibc": words.partition(" ")[2]}


def survey(searched: "List[str]") -> "Dict[str, List[str]]":
    """Return the versions by SONAME and by file name: the loader knows a library by either."""
    own = read(os.path.realpath(sys.executable))
    found = {}  # type: Dict[str, List[str]]
    for folder in searched:
        for name in sorted(os.listdir(folder)):
            elf = read(os.path.join(folder, name)) if ".so" in name else None
            if elf is None or own is None or (elf.wide, elf.order, elf.kind[1]) != (own.wide, own.order, own.kind[1]):
                continue
            try:
                soname, versions = elf.describe()
            except (struct.error, IndexError, ValueError, KeyError):
                continue
            for key in {name, soname} - {""}:
                found.setdefault(key, versions)
    return found


def main() -> None:
    """Print everything."""
    own = read(os.path.realpath(sys.executable))
    loader = "" if own is None else own.interpreter()
    searched = folders(loader)
    print(json.dumps(dict(libc(loader), folders=searched, libraries=survey(searched))))


if __name__ == "__main__":
    main()
