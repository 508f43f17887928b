"""What kind of ELF file a wheel's entry is, told from its headers. Damaged files get a note.

pyelftools does the reading, on a stream that ends a reading which goes on for too long.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from io import SEEK_END
from typing import IO, BinaryIO, cast

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.segments import Segment

from .dynamic import Dynamic
from .elf import Kind

MAGIC = b"\x7fELF"
DF_1_PIE = 0x08000000
DEBUG = ".debug"  # what debuggers read of another file; its segments are somewhere else
READS_LIMIT = 400_000
READ_LIMIT = 1 << 24
TABLE_LIMIT = 64 << 20
PLACE_LIMIT = 1 << 48  # the operating system refuses to seek far beyond it
MACHINES = {
    ("EM_X86_64", 64, True): "x86_64",
    ("EM_386", 32, True): "i686",
    ("EM_AARCH64", 64, True): "aarch64",
    ("EM_ARM", 32, True): "armv7l",
    ("EM_PPC64", 64, True): "ppc64le",
    ("EM_PPC64", 64, False): "ppc64",
    ("EM_S390", 64, False): "s390x",
    ("EM_RISCV", 64, True): "riscv64",
    ("EM_LOONGARCH", 64, True): "loongarch64",
    # No platform tag is for these. They have the names that the kernel or the psABI gives them, so that a file of the
    # wrong size or byte order shows as what it is.
    ("EM_X86_64", 32, True): "x32",
    ("EM_AARCH64", 64, False): "aarch64_be",
    ("EM_AARCH64", 32, True): "aarch64_ilp32",
    ("EM_ARM", 32, False): "armeb",
    ("EM_PPC", 32, False): "ppc",
    ("EM_S390", 32, False): "s390",
    ("EM_RISCV", 32, True): "riscv32",
    ("EM_MIPS", 32, False): "mips",
    ("EM_MIPS", 32, True): "mipsel",
    ("EM_MIPS", 64, False): "mips64",
    ("EM_MIPS", 64, True): "mips64el",
    ("EM_SPARCV9", 64, False): "sparc64",
}
LOADED = {"ET_EXEC": Kind.EXECUTABLE, "ET_DYN": Kind.OBJECT}  # a library, unless more is known of the latter
# pyelftools answers hostile files with any of these, from failed assertions to divisions by zero.
UNREADABLE = (
    ELFError,
    AssertionError,
    ValueError,
    LookupError,
    ArithmeticError,
    TypeError,
    AttributeError,
    struct.error,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Binary:
    """Kind, arch (PyPA's machine name, or ELF's constant where PyPA has none) and a note where it is damaged.

    ``elf`` is the file itself for further questions, where it is sound and for a machine.
    """

    kind: Kind
    machine: str
    note: str = ""
    elf: "LoadedFile | None" = field(default=None, compare=False, repr=False)


class BoundedStream:
    """A seekable stream that refuses the read after which a hostile file would keep the reader busy or fill memory."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._reads = 0

    def read(self, size: int = -1) -> bytes:
        self._reads += 1
        if self._reads > READS_LIMIT or not 0 <= size <= READ_LIMIT:
            raise ELFError("its tables are too large to be true")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        if offset > PLACE_LIMIT:
            raise ELFError("its tables are too large to be true")
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


def read_at(stream: BinaryIO, at: int, size: int) -> bytes:
    """Return ``size`` bytes of a file, or as many as there are.

    Raises:
        ELFError: no file is as large as the place or the size says.
    """
    if not (0 <= at <= PLACE_LIMIT and 0 <= size <= TABLE_LIMIT):
        raise ELFError("its tables are too large to be true")
    stream.seek(at)
    return stream.read(size)


class LoadedFile(ELFFile):
    """An ELF file without its sections: the dynamic loader does not look at them, and reading them is slow.

    Program headers and the dynamic section are read once, which pyelftools does anew for each question.
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(cast("IO[bytes]", BoundedStream(stream)))
        self._segments: list[Segment] | None = None

    def num_sections(self) -> int:
        """Tell that there are none."""
        return 0

    def iter_segments(self, type: str | None = None) -> Iterator[Segment]:  # noqa: A002 - the name that pyelftools has
        """Yield the segments, of one type or all."""
        if self._segments is None:
            self._segments = list(super().iter_segments())
        return (segment for segment in self._segments if type in (None, segment["p_type"]))

    @cached_property
    def dynamic(self) -> Dynamic | None:
        """The first dynamic section, as the loader sees it."""
        for segment in self.iter_segments("PT_DYNAMIC"):
            if isinstance(segment, DynamicSegment):
                return Dynamic(segment, list(self.iter_segments("PT_LOAD")))
        return None

    def lacking(self) -> int:
        """Return how many bytes of what is loaded lie beyond the end of the file."""
        ends = [int(one["p_offset"]) + int(one["p_filesz"]) for one in self.iter_segments("PT_LOAD") if one["p_filesz"]]
        return max(0, max(ends, default=0) - self.stream.seek(0, SEEK_END))


def examine(stream: BinaryIO, file_name: str) -> Binary:
    """Tell what an ELF file is. One that cannot be read counts as an object with a note: the loader will say more."""
    try:
        elf = LoadedFile(stream)
        machine = MACHINES.get((elf["e_machine"], elf.elfclass, elf.little_endian))
        if isinstance(elf["e_machine"], int):  # known to nobody: GPUs and other devices have names
            raise ELFError(f"there is no machine of number {elf['e_machine']}")
        if machine is None:
            return Binary(kind=Kind.OTHER, machine=str(elf["e_machine"]))
        if elf["e_type"] not in LOADED or file_name.endswith(DEBUG):
            return Binary(kind=Kind.OTHER, machine=machine)
        if lacking := elf.lacking():
            what = f"cut short: {lacking} bytes of what is loaded lie beyond its end"
            return Binary(kind=LOADED[elf["e_type"]], machine=machine, note=what)
        return Binary(kind=_kind(elf, file_name), machine=machine, elf=elf)
    except UNREADABLE as error:
        return Binary(kind=Kind.OBJECT, machine="", note=f"not readable as ELF: {error or type(error).__name__}")


def _kind(elf: LoadedFile, file_name: str) -> Kind:
    if LOADED[elf["e_type"]] is Kind.EXECUTABLE:
        return Kind.EXECUTABLE
    interpreted = any(elf.iter_segments("PT_INTERP"))
    if elf.dynamic and any(tag["d_val"] & DF_1_PIE for tag in elf.dynamic.iter_tags("DT_FLAGS_1")):
        return Kind.EXECUTABLE
    # Some libraries can also be started, to print their version: glibc's own, for one.
    return Kind.EXECUTABLE if interpreted and ".so" not in file_name else Kind.OBJECT
