"""Does a file change how the CPU computes as soon as it is loaded? A scan of its constructors, without running them.

Linking with ``-ffast-math`` adds such a constructor, GCC's ``crtfastmath``: it sets the modes flush-to-zero and
denormals-are-zero for the whole thread, so that other libraries round small numbers to zero too (GCC bug 55522). Only
constructors are looked at, and only for the instructions that set those bits: code that offers the mode as a function
is no sign. Code that sets it in other ways, and on other machines than x86_64 and aarch64, is not found; the check
``coload`` sees what a process then does.
"""

import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

from elftools.elf.elffile import ELFFile

from .binary import UNREADABLE, BoundedStream, LoadedFile, read_at
from .dynamic import Dynamic

REACH = 192  # bytes of a constructor that are looked at; crtfastmath has 12 on aarch64, 22 on x86_64
WORD = 8
CONSTRUCTORS_LIMIT = 4096
RELOCATIONS_LIMIT = 64 << 20
RELATIVE = {"x86_64": 8, "aarch64": 1027}  # R_*_RELATIVE of each psABI
# x86: stmxcsr, an "or" with FTZ (0x8000) or DAZ (0x40) in one of its forms, ldmxcsr; SSE or VEX encoding.
_STORE = rb"[\x0f\xf8]\xae[\x18-\x1f\x58-\x5f\x98-\x9f]"
_SET = (
    rb"(?:[\x81\x0d].{0,6}?(?:\x40\x80|\x00\x80|\x40\x00)\x00\x00|\x83[\xc8-\xcf]\x40|\x83\x4c\x24.\x40"
    rb"|\x80[\xc8-\xcf]\x80|\x80\x4c\x24.\x80)"
)
_LOAD = rb"[\x0f\xf8]\xae[\x10-\x17\x50-\x57\x90-\x97]"
X86 = re.compile(_STORE + rb".{1,24}?" + _SET + rb".{0,24}?" + _LOAD, re.DOTALL)
# What follows is another function: after a "ret" before padding, and after a "jmp" that is the whole constructor.
X86_END = re.compile(rb"\xc3(?=[\x66\x90\xcc]|\x0f\x1f|\xf3\x0f\x1e|$)|^(?:\xf3\x0f\x1e\xfa)?\xe9", re.DOTALL)
# aarch64: "msr fpcr, xN", before any "ret" or "b"; GCC's crtfastmath is the only constructor that is known to hold one.
ARM = re.compile(rb"(?:(?!\xc0\x03\x5f\xd6|...[\x14-\x17])....)*?[\x00-\x1e]\x44\x1b\xd5", re.DOTALL)


def flushes_to_zero(elf: LoadedFile, stream: BinaryIO, machine: str) -> bool:
    """Whether a constructor of the file sets flush-to-zero; False also where its tables cannot be read."""
    if machine not in RELATIVE or elf.dynamic is None:
        return False
    sets = _sets_on_arm if machine == "aarch64" else _sets_on_x86
    try:
        places = (_offset(elf.dynamic, address) for address in _constructors(elf.dynamic, stream, machine))
        return any(sets(read_at(stream, place, REACH)) for place in places if place is not None)
    except UNREADABLE:
        return False


def _sets_on_x86(code: bytes) -> bool:
    end = X86_END.search(code)
    return X86.search(code, 0, end.start() if end else len(code)) is not None


def _sets_on_arm(code: bytes) -> bool:
    return ARM.match(code) is not None


def _constructors(dynamic: Dynamic, stream: BinaryIO, machine: str) -> Iterator[int]:
    """Yield the addresses of the functions that the loader calls: DT_INIT_ARRAY, or ``.ctors`` of older linkers."""
    address, at = dynamic.get_table_offset("DT_INIT_ARRAY")
    size = dynamic.value("DT_INIT_ARRAYSZ")
    if address is None and dynamic.value("DT_INIT"):
        address, at, size = _ctors(stream)
    if address is None or at is None:
        return
    relocations = _Relocations(dynamic, stream, machine)
    table = read_at(stream, at, min(size, CONSTRUCTORS_LIMIT * WORD))
    for number, (target,) in enumerate(struct.iter_unpack("<Q", table[: len(table) // WORD * WORD])):
        yield target or relocations.target(address + number * WORD)


def _ctors(stream: BinaryIO) -> tuple[int | None, int | None, int]:
    """Return address, place and size of ``.ctors``, which only the sections tell of."""
    section = ELFFile(BoundedStream(stream)).get_section_by_name(".ctors")  # type: ignore[arg-type]  # reads and seeks
    return (section["sh_addr"], section["sh_offset"], section["sh_size"]) if section else (None, None, 0)


class _Relocations:
    """What the loader writes where a file leaves a pointer empty: the addends of its relative relocations (RELA)."""

    def __init__(self, dynamic: Dynamic, stream: BinaryIO, machine: str) -> None:
        _, at = dynamic.get_table_offset("DT_RELA")
        size = min(dynamic.value("DT_RELASZ"), RELOCATIONS_LIMIT)
        self._table = b"" if at is None else read_at(stream, at, size)
        self._kind = RELATIVE[machine]
        self._place = 0

    def target(self, address: int) -> int:
        """Return the address that the pointer at ``address`` gets, 0 where none is known."""
        wanted = struct.pack("<QQ", address, self._kind)
        place = self._table.find(wanted, self._place)  # linkers sort them: the next one mostly follows
        if place < 0:
            place = self._table.find(wanted)
        if place < 0 or place + 24 > len(self._table):
            return 0
        self._place = place
        return int(struct.unpack_from("<Q", self._table, place + 16)[0])


def _offset(dynamic: Dynamic, address: int) -> int | None:
    return dynamic.offset_of(address) if address else None
