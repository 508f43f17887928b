"""ELF files as far as the probe reads them, of either class and byte order: header, segments, dynamic section."""

import os
import struct
import sys
from typing import Any, BinaryIO

MACHINES = {
    3: "i686",
    21: "ppc64",
    22: "s390x",
    40: "armv7l",
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
    258: "loongarch64",
}
LOAD, DYNAMIC, INTERPRETER = 1, 2, 3  # types of segments
NEEDED, STRTAB, SONAME, RPATH, RUNPATH = 1, 5, 14, 15, 29  # tags of the dynamic section
SEGMENTS = 512  # that are read
ENTRIES = 4096  # entries of a dynamic section that are read
NAME = 1024  # bytes of one string
NEEDS = 512  # needed libraries that are told
BROKEN = (OSError, struct.error, IndexError, OverflowError, ValueError)  # what reading a file that is odd may raise


class Elf:
    """An open ELF file. Anything odd raises one of ``BROKEN``, also when more of it is read."""

    def __init__(self, stream: "BinaryIO") -> None:
        """Read the header and the list of segments."""
        self.stream = stream
        ident = stream.read(16)
        if ident[:4] != b"\x7fELF":
            raise ValueError("no ELF file")
        self.wide, self.order = ident[4] == 2, "<" if ident[5] == 1 else ">"
        fields = self.unpack("HHIQQQIHHH" if self.wide else "HHIIIIIHHH")
        self.machine = fields[1]  # type: int
        self.segments = list(self.read_segments(fields[4], fields[8], fields[9]))

    def unpack(self, form: str) -> "tuple[Any, ...]":
        """Read fields at the present place."""
        return struct.unpack(self.order + form, self.stream.read(struct.calcsize("=" + form)))

    def read_segments(self, offset: int, size: int, count: int) -> "Any":
        """Yield type, offset, address and size in the file of each segment."""
        for number in range(min(count, SEGMENTS)):
            self.stream.seek(offset + number * size)
            if self.wide:
                kind, _, begin, address, _, length = self.unpack("IIQQQQ")
            else:
                kind, begin, address, _, length = self.unpack("IIIII")
            yield kind, begin, address, length

    def text(self, offset: int, most: int = NAME) -> str:
        """Return the string at an offset."""
        self.stream.seek(offset)
        return self.stream.read(most).split(b"\0", 1)[0].decode("utf-8", "replace")

    def interpreter(self) -> str:
        """Return the loader that a program asks for, or nothing."""
        return next((self.text(offset, size) for kind, offset, _, size in self.segments if kind == INTERPRETER), "")

    def dynamic(self) -> "dict[str, Any]":
        """Return ``soname``, ``rpath``, ``runpath`` and ``needed`` as the dynamic section has them."""
        entries = self.entries()
        table = next((self.offset(value) for tag, value in entries if tag == STRTAB), -1)

        def names(wanted: int) -> "list[str]":
            return [self.text(table + value) for tag, value in entries if tag == wanted and table >= 0]

        tags = (("soname", SONAME), ("rpath", RPATH), ("runpath", RUNPATH))
        return dict({key: (names(tag) or [""])[0] for key, tag in tags}, needed=names(NEEDED)[:NEEDS])

    def entries(self) -> "list[tuple[int, int]]":
        """Return tag and value of the entries of the dynamic section."""
        step, form = (16, "qQ") if self.wide else (8, "iI")
        for kind, offset, _, size in self.segments:
            if kind == DYNAMIC:
                self.stream.seek(offset)
                data = self.stream.read(min(size, ENTRIES * step))
                return list(struct.iter_unpack(self.order + form, data[: len(data) // step * step]))
        return []

    def offset(self, address: int) -> int:
        """Return the offset in the file of an address, -1 where no segment holds it."""
        loads = (segment for segment in self.segments if segment[0] == LOAD)
        held = (address - start + offset for _, offset, start, size in loads if start <= address < start + size)
        return next(held, -1)


def elf_header(path: str) -> "dict[str, Any]":
    """Return ``machine`` (PyPA's name) and ``loader`` (PT_INTERP or nothing) of an ELF file, or nothing."""
    try:
        with open(path, "rb") as stream:
            elf = Elf(stream)
            loader = elf.interpreter()
    except BROKEN:
        return {}
    name = MACHINES.get(elf.machine, "machine-%d" % elf.machine)
    name += "le" if name == "ppc64" and elf.order == "<" else ""
    return {"machine": name, "loader": loader}


def machine() -> str:
    """Return the arch of the interpreter, which a 64-bit kernel does not tell about 32-bit programs."""
    return str(elf_header(sys.executable).get("machine") or os.uname().machine)
