"""ELF headers: the machine and the loader of a program, of the running interpreter too."""

import os
import struct
import sys
from typing import Any

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


def elf_header(path: str) -> "dict[str, Any]":
    """Return ``machine`` (PyPA's name) and ``loader`` (PT_INTERP or nothing) of an ELF file, or nothing."""
    try:
        with open(path, "rb") as stream:
            ident = stream.read(16)
            wide, order = ident[4] == 2, "<" if ident[5] == 1 else ">"
            fields = struct.unpack(order + ("HHIQQQIHHH" if wide else "HHIIIIIHHH"), stream.read(42 if wide else 30))
            number, offset, size, count = fields[1], fields[4], fields[8], fields[9]
            loader = ""
            for place in range(count if ident[:4] == b"\x7fELF" else 0):
                stream.seek(offset + place * size)
                entry = struct.unpack(order + ("IIQQQQ" if wide else "IIIII"), stream.read(40 if wide else 20))
                if entry[0] == 3:
                    stream.seek(entry[2] if wide else entry[1])
                    loader = stream.read(entry[5] if wide else entry[4]).rstrip(b"\0").decode("utf-8", "replace")
    except (OSError, IndexError, struct.error):
        return {}
    name = MACHINES.get(number, "machine-%d" % number)
    name += "le" if name == "ppc64" and order == "<" else ""
    return {"machine": name, "loader": loader} if ident[:4] == b"\x7fELF" else {}


def machine() -> str:
    """Return the arch of the interpreter, which a 64-bit kernel does not tell about 32-bit programs."""
    return str(elf_header(sys.executable).get("machine") or os.uname().machine)
