"""The symbols that an ELF file defines with the binding STB_GNU_UNIQUE, searched in its dynamic symbol table.

The table is searched as bytes: a record for each symbol takes a hundred times as long, see docs/performance.md.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from .binary import TABLE_LIMIT, read_at
from .dynamic import Dynamic

STB_GNU_UNIQUE = 10
SHN_UNDEF = 0
CHAIN_LIMIT = 1 << 20  # bytes of a chain of a hash table
UNIQUE_LIMIT = 50_000
TEXT_LIMIT = 4096  # characters of a name


@dataclass(frozen=True, kw_only=True, slots=True)
class _Layout:
    """How a file's symbol table is laid out: byte order, bytes of an entry, where its kind and section are."""

    order: str
    size: int
    kind: int
    section: int


def unique_symbols(elf: ELFFile, stream: BinaryIO, segment: Dynamic) -> tuple[frozenset[str], str]:
    """Return the names of the unique symbols that the file defines, and a note where there are too many to keep.

    Raises:
        ELFError, struct.error: the tables contradict themselves, or are too large to be true.
    """
    order = "<" if elf.little_endian else ">"
    _, table_at = segment.get_table_offset("DT_SYMTAB")
    _, strings_at = segment.get_table_offset("DT_STRTAB")
    count = symbol_count(elf, stream, segment)
    if table_at is None or strings_at is None or count == 0:
        return frozenset(), ""
    wide = elf.elfclass == 64
    layout = _Layout(order=order, size=24 if wide else 16, kind=4 if wide else 12, section=6 if wide else 14)
    places = list(_unique_names(read_at(stream, table_at, count * layout.size), layout))
    if not places:
        return frozenset(), ""
    size = next((int(tag.entry.d_val) for tag in segment.iter_tags(type="DT_STRSZ")), TABLE_LIMIT)
    strings = read_at(stream, strings_at, size)
    names = frozenset(_text(strings, place) for place in places[:UNIQUE_LIMIT])
    note = f"only {UNIQUE_LIMIT} of its {len(places)} unique symbols were read" if len(places) > UNIQUE_LIMIT else ""
    return names, note


def _unique_names(table: bytes, layout: _Layout) -> Iterator[int]:
    """Yield where the names of the defined unique symbols begin in the string table."""
    kinds = table[layout.kind :: layout.size]
    for kind in sorted(kind for kind in set(kinds) if kind >> 4 == STB_GNU_UNIQUE):
        place = kinds.find(kind)
        while place >= 0:
            entry = place * layout.size
            (section,) = struct.unpack_from(f"{layout.order}H", table, entry + layout.section)
            if section != SHN_UNDEF:
                yield struct.unpack_from(f"{layout.order}I", table, entry)[0]
            place = kinds.find(kind, place + 1)


def _text(strings: bytes, place: int) -> str:
    end = strings.find(b"\0", place, place + TEXT_LIMIT)
    return strings[place : end if end >= 0 else place + TEXT_LIMIT].decode("utf-8", "replace")


def symbol_count(elf: ELFFile, stream: BinaryIO, segment: Dynamic) -> int:
    """Return the number of dynamic symbols, which only the hash tables tell; 0 where the loader finds none either.

    Raises:
        ELFError, struct.error: a hash table contradicts itself.
    """
    order = "<" if elf.little_endian else ">"
    _, at = segment.get_table_offset("DT_GNU_HASH")
    if at is not None:
        return _gnu_count(stream, at, order, word=elf.elfclass // 8)
    _, at = segment.get_table_offset("DT_HASH")
    if at is None:
        return 0
    # The words of this table have eight bytes on 64-bit s390, as on no other machine that wheels exist for.
    form = f"{order}2{'Q' if elf.elfclass == 64 and elf['e_machine'] == 'EM_S390' else 'I'}"
    return int(struct.unpack(form, read_at(stream, at, struct.calcsize(form)))[1])


def _gnu_count(stream: BinaryIO, at: int, order: str, *, word: int) -> int:
    """Return the number of symbols: one more than the last of the last chain; ``word`` has the bytes of an address."""
    buckets, first, words, _ = struct.unpack(f"{order}4I", read_at(stream, at, 16))
    at += 16 + words * word
    last = max(struct.unpack(f"{order}{buckets}I", read_at(stream, at, 4 * buckets)), default=0)
    if last < first:
        return int(first)
    chain = read_at(stream, at + 4 * (buckets + last - first), CHAIN_LIMIT)
    for position, (value,) in enumerate(struct.iter_unpack(f"{order}I", chain[: len(chain) // 4 * 4])):
        if value & 1:
            return int(last) + position + 1
    raise ELFError("its hash table has no end")
