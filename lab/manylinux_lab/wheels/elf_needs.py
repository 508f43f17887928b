"""What an ELF file asks of the system: symbol versions, undefined symbols, notes, alignment. Reads tables with struct.

Layouts are those of the gABI, the GNU symbol versioning and the x86 psABI's property note.
"""

import re
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from .binary import read_at
from .dynamic import Dynamic
from .policies import watched_symbols

VER_FLG_WEAK = 0x2
VERSION_NUMBER = 0x7FFF  # the bit above it hides a symbol from those who ask for no version
NT_GNU_BUILD_ID = 3
NT_GNU_PROPERTY_TYPE_0 = 5
X86_ISA_1_NEEDED = 0xC0008002
STB_WEAK = 2
EXPORTING = (1, STB_WEAK, 10)  # STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE
HIDDEN = (1, 2)  # STV_INTERNAL, STV_HIDDEN
NOTES_LIMIT = 1 << 20
VERSIONS_LIMIT = 1 << 20
ENTRIES_LIMIT = 20_000
TEXT_LIMIT = 4096
PYTHON = (b"Py", b"_Py")
INIT = re.compile(rb"Py(?:Init|ModExport)U?_")
INITS_LIMIT = 1000
# The checked calls of -D_FORTIFY_SOURCE and others that glibc defines and no source file of musl 1.2.5 does.
GLIBC_ONLY = re.compile(rb"__\w+_chk|__isoc23_\w+|gnu_get_libc_(?:version|release)|__cxa_thread_atexit_impl")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tables:
    """The tables that the dynamic section points to; ``versions_at`` is an offset in the file, None without that table.

    ``numbers`` are those of the versions of the symbols, two bytes for each.
    """

    order: str
    is_64: bool
    strings: bytes
    symbols: bytes
    numbers: bytes
    versions_at: int | None
    versions_count: int


def tables_of(elf: ELFFile, stream: BinaryIO, segment: Dynamic, count: int) -> Tables:
    """Return the tables of a file with ``count`` dynamic symbols.

    Raises:
        ELFError: a table is too large to be true, or the names are missing.
    """
    _, symbols_at = segment.get_table_offset("DT_SYMTAB")
    _, strings_at = segment.get_table_offset("DT_STRTAB")
    _, versions_at = segment.get_table_offset("DT_VERNEED")
    _, numbers_at = segment.get_table_offset("DT_VERSYM")
    values = {str(tag.entry.d_tag): int(tag.entry.d_val) for tag in segment.iter_tags()}
    size = 24 if elf.elfclass == 64 else 16
    return Tables(
        order="<" if elf.little_endian else ">",
        is_64=elf.elfclass == 64,
        strings=b"" if strings_at is None else read_at(stream, strings_at, values.get("DT_STRSZ", 0)),
        symbols=b"" if symbols_at is None else read_at(stream, symbols_at, count * size),
        numbers=b"" if numbers_at is None else read_at(stream, numbers_at, count * 2),
        versions_at=versions_at,
        versions_count=values.get("DT_VERNEEDNUM", 0),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionNeed:
    """A symbol version of a library that the file insists on; ``number`` stands for it in the table of numbers."""

    library: str
    version: str
    number: int


def version_needs(stream: BinaryIO, tables: Tables, *, weak_too: bool = False) -> tuple[VersionNeed, ...]:
    """Return what the file insists on; about weak versions the loader only warns.

    Raises:
        ELFError, struct.error: the table contradicts itself.
    """
    if tables.versions_at is None:
        return ()
    data = read_at(stream, tables.versions_at, VERSIONS_LIMIT)
    return tuple(need for need, flags in _version_needs(data, tables) if weak_too or not flags & VER_FLG_WEAK)


def by_library(needs: Iterable[VersionNeed]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return (library, its symbol versions)."""
    found: dict[str, set[str]] = {}
    for need in needs:
        found.setdefault(need.library, set()).add(need.version)
    return tuple((library, tuple(sorted(versions))) for library, versions in sorted(found.items()))


def _version_needs(data: bytes, tables: Tables) -> Iterator[tuple[VersionNeed, int]]:
    """Yield each entry with its flags; a chain that turns back ends at the limit."""
    left = ENTRIES_LIMIT
    place = 0
    for _ in range(min(tables.versions_count, ENTRIES_LIMIT)):
        _, count, file, first, following = struct.unpack_from(f"{tables.order}2H3I", data, place)
        library = text_at(tables.strings, file)
        entry = place + first
        for _ in range(count):
            _, flags, number, name, step = struct.unpack_from(f"{tables.order}I2H2I", data, entry)
            version = text_at(tables.strings, name)
            yield VersionNeed(library=library, version=version, number=number & VERSION_NUMBER), flags
            left -= 1
            entry += step
            if left <= 0:
                raise ELFError("it needs more symbol versions than can be true")
        place += following
        if not following:
            return


@dataclass(frozen=True, kw_only=True, slots=True)
class Symbols:
    """``exported`` counts what others may bind to, ``undefined`` what the file does not define and that is not weak.

    Of the latter, ``watched`` are those that some policy forbids, ``python`` those of Python's C API, ``loose`` all
    others that ask for no version, ``of_glibc`` the first, by name, that only glibc has. ``first`` has for the number
    of a version the first symbol, by name, that asks for it, weak ones too. ``inits`` are those exported that make a
    Python module.
    """

    exported: int = 0
    inits: tuple[str, ...] = ()
    undefined: int = 0
    watched: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()
    of_glibc: str = ""
    first: Mapping[int, str] = field(default_factory=dict)


def raw_symbols(tables: Tables) -> Iterator[tuple[int, int, int, int]]:
    """Yield of each symbol the offset of its name, binding and type, visibility, and section (0 for undefined)."""
    form = f"{tables.order}{'IBBH16x' if tables.is_64 else 'I8xBBH'}"
    whole = len(tables.symbols) // struct.calcsize(form) * struct.calcsize(form)
    return struct.iter_unpack(form, tables.symbols[:whole])


def version_number(tables: Tables, place: int) -> int:
    """Return the number of the version that the symbol at a place of the table asks for or has, 0 where none."""
    if 2 * place + 2 > len(tables.numbers):
        return 0
    return int(struct.unpack_from(f"{tables.order}H", tables.numbers, 2 * place)[0]) & VERSION_NUMBER


def read_symbols(tables: Tables) -> Symbols:
    """Return what the symbol table says."""
    makers = _places(INIT, tables.strings)
    exported = 0
    inits = set()
    undefined: list[tuple[int, int, int]] = []
    for place, (name, info, other, section) in enumerate(raw_symbols(tables)):
        if not section:
            undefined.append((place, name, info >> 4))
        elif info >> 4 in EXPORTING and other & 3 not in HIDDEN:
            exported += 1
            if name in makers:
                inits.add(name)
    # The first entry is always empty, and a file gets along without a weak symbol.
    strong = {_bytes_at(tables.strings, offset): place for place, offset, kind in undefined if kind != STB_WEAK}
    names = strong.keys() - {b""}
    watched = {name.encode() for name in watched_symbols()} & names
    python = {name for name in names if name.startswith(PYTHON)}
    of_glibc = min((name for name in names if GLIBC_ONLY.fullmatch(name)), default=b"")
    return Symbols(
        exported=exported,
        inits=_decoded({_bytes_at(tables.strings, offset) for offset in inits}),
        undefined=len(names),
        watched=_decoded(watched),
        python=_decoded(python),
        loose=_decoded({name for name in names - python if not _asks_version(tables, strong[name])}),
        of_glibc=of_glibc.decode("utf-8", "replace"),
        first=_first(tables, [(place, offset) for place, offset, _ in undefined]),
    )


def _places(words: re.Pattern[bytes], strings: bytes) -> frozenset[int]:
    """Return where such words begin: looking through the names at once is quicker than taking each of them out."""
    return frozenset(match.start() for match in islice(words.finditer(strings), INITS_LIMIT))


def _asks_version(tables: Tables, place: int) -> bool:
    """Whether a symbol asks for a version; the first two numbers stand for none."""
    return version_number(tables, place) > 1


def _first(tables: Tables, undefined: Sequence[tuple[int, int]]) -> dict[int, str]:
    """Return the first symbol of each version's number; ``undefined`` are (place in the table, offset of the name)."""
    found: dict[int, bytes] = {}
    for place, offset in undefined:
        if number := version_number(tables, place):
            name = _bytes_at(tables.strings, offset)
            found[number] = min(name, found.get(number, name))
    return {number: name.decode("utf-8", "replace") for number, name in found.items()}


def _decoded(names: set[bytes]) -> tuple[str, ...]:
    return tuple(sorted(name.decode("utf-8", "replace") for name in names))


@dataclass(frozen=True, kw_only=True, slots=True)
class Headers:
    """What the program headers say: ``align`` is the smallest alignment of a PT_LOAD in bytes, 0 without any.

    ``x86_level`` is the x86-64 level that the file insists on (1 is the baseline), 0 where it does not say.
    """

    align: int = 0
    build_id: str = ""
    x86_level: int = 0


def read_headers(elf: ELFFile, stream: BinaryIO) -> Headers:
    """Return what program headers and notes say."""
    aligns, notes = [], []
    for segment in elf.iter_segments():
        if segment["p_type"] == "PT_LOAD":
            aligns.append(int(segment["p_align"]))
        elif segment["p_type"] in ("PT_NOTE", "PT_GNU_PROPERTY"):
            notes.append((int(segment["p_offset"]), int(segment["p_filesz"]), int(segment["p_align"])))
    build_id, level = "", 0
    for offset, size, align in notes:
        data = read_at(stream, offset, min(size, NOTES_LIMIT))
        for kind, content in _notes(data, "<" if elf.little_endian else ">", 8 if align == 8 else 4):
            if kind == NT_GNU_BUILD_ID:
                build_id = content[:64].hex()
            elif kind == NT_GNU_PROPERTY_TYPE_0 and elf["e_machine"] in ("EM_X86_64", "EM_386"):
                level = max(level, _x86_level(content, 8 if elf.elfclass == 64 else 4))
    return Headers(align=min(aligns, default=0), build_id=build_id, x86_level=level)


def _notes(data: bytes, order: str, align: int) -> Iterator[tuple[int, bytes]]:
    """Yield kind and content of the GNU notes; what does not fit ends the reading, as it does in the loader."""
    place = 0
    while place + 12 <= len(data):
        name_size, size, kind = struct.unpack_from(f"{order}3I", data, place)
        start = _aligned(place + 12 + name_size, align)
        if start + size > len(data):
            return
        if data[place + 12 : place + 12 + name_size] == b"GNU\0":
            yield kind, data[start : start + size]
        place = _aligned(start + size, align)


def _x86_level(content: bytes, align: int) -> int:
    """Return the highest level among the bits of the property: bit 0 is the baseline, bit 3 is x86-64-v4."""
    place = 0
    while place + 8 <= len(content):
        kind, size = struct.unpack_from("<2I", content, place)
        if kind == X86_ISA_1_NEEDED and size == 4 and place + 12 <= len(content):
            return (int(struct.unpack_from("<I", content, place + 8)[0]) & 0xF).bit_length()
        place = _aligned(place + 8 + size, align)
    return 0


def _aligned(number: int, align: int) -> int:
    return -(-number // align) * align


def text_at(strings: bytes, offset: int) -> str:
    """Return the text that begins at an offset of a string table; empty outside of it."""
    return _bytes_at(strings, offset).decode("utf-8", "replace")


def _bytes_at(strings: bytes, offset: int) -> bytes:
    end = strings.find(b"\0", offset, offset + TEXT_LIMIT)
    return strings[offset : end if end >= 0 else offset + TEXT_LIMIT]
