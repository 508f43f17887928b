"""The dynamic symbols of a wheel's ELF files by name. They are read when asked for: too many to be remembered."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from elftools.common.exceptions import ELFError

from ..errors import EngineError
from . import binary
from .archive import file_of, open_archive
from .contents import installed_paths
from .elf import Kind
from .elf_needs import (
    EXPORTING,
    HIDDEN,
    STB_WEAK,
    Tables,
    VersionNeed,
    raw_symbols,
    tables_of,
    text_at,
    version_needs,
    version_number,
)
from .symbols import symbol_count

NAMES_LIMIT = 256 << 20  # bytes that the symbols of a file take in memory, roughly
SYMBOL = 100  # bytes of one, without its name


@dataclass(frozen=True, kw_only=True, slots=True)
class Undefined:
    """A symbol that a file expects of others: ``version`` and ``library`` are empty where the file does not tell.

    A file gets along without one that ``is_weak``.
    """

    name: str
    version: str = ""
    library: str = ""
    is_weak: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class SymbolTable:
    """What a file expects of others and what others may bind to, by name; ``note`` says why nobody knows."""

    path: str
    undefined: tuple[Undefined, ...] = ()
    exported: tuple[str, ...] = ()
    note: str = ""


def symbol_tables(path: Path) -> Iterator[SymbolTable]:
    """Yield the symbols of each ELF object and program of a wheel file, by path below the site folder.

    Raises:
        UnreadableWheelError: the archive is damaged.
        EngineError: the file cannot be read any more.
    """
    try:
        with open_archive(path) as archive:
            entries = {entry.filename: entry for entry in archive.infolist() if not entry.is_dir()}
            for place in sorted(installed_paths(entries), key=lambda place: place.path):
                with file_of(archive, entries[place.entry], binary.MAGIC, lambda _: None) as stream:
                    if stream is not None:
                        yield from table_of(place.path, stream)
    except OSError as error:
        raise EngineError(f"The wheel '{path}' cannot be read any more: {error.strerror or error}.") from error


def table_of(path: str, stream: BinaryIO) -> Iterator[SymbolTable]:
    """Yield the symbols of a file; nothing for one that no loader of a system takes. What cannot be read is a note."""
    told = binary.examine(stream, path.rpartition("/")[2])
    if told.kind is Kind.OTHER:
        return
    try:
        table = _read(path, told, stream)
    except binary.UNREADABLE as error:
        table = SymbolTable(path=path, note=f"without readable symbols: {error or type(error).__name__}")
    yield table


def _read(path: str, told: binary.Binary, stream: BinaryIO) -> SymbolTable:
    dynamic = told.elf.dynamic if told.elf else None
    if told.elf is None or dynamic is None:
        return SymbolTable(path=path, note=told.note)
    tables = tables_of(told.elf, stream, dynamic, symbol_count(told.elf, stream, dynamic))
    needs = {need.number: need for need in version_needs(stream, tables, weak_too=True)}
    return _by_name(path, tables, needs)


def _by_name(path: str, tables: Tables, needs: Mapping[int, VersionNeed]) -> SymbolTable:
    undefined: set[Undefined] = set()
    exported: set[str] = set()
    left = NAMES_LIMIT
    for place, (at, info, other, section) in enumerate(raw_symbols(tables)):
        name = text_at(tables.strings, at)
        left -= len(name) + SYMBOL
        if left < 0:
            raise ELFError("it has more symbols than can be true")
        if name and section and info >> 4 in EXPORTING and other & 3 not in HIDDEN:
            exported.add(name)
        elif name and not section:
            need = needs.get(version_number(tables, place))
            of = {"version": need.version, "library": need.library} if need else {}
            undefined.add(Undefined(name=name, is_weak=info >> 4 == STB_WEAK, **of))
    by_name = sorted(undefined, key=lambda one: (one.name, one.version, one.library))
    return SymbolTable(path=path, undefined=tuple(by_name), exported=tuple(sorted(exported)))
