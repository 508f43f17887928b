"""What the dynamic loader would read of a wheel's ELF files, as facts: names, needs, TLS, stack, unique symbols."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import IO, BinaryIO, cast

import msgspec
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile

from ..atomic import appearing
from ..errors import EngineError
from ..folders import cache_folder
from .archive import CHUNK, open_archive
from .binary import UNREADABLE, BoundedStream, Kind, LoadedFile, examine
from .contents import installed_paths
from .dynamic import Dynamic
from .elf_needs import needed_versions, read_headers, read_symbols, tables_of
from .reading import elf_file
from .symbols import TEXT_LIMIT, symbol_count, unique_symbols
from .wheel import Wheel

SCHEMA = 2
DF_STATIC_TLS = 0x10
DF_TEXTREL = 0x4
PF_X = 0x1
NEEDED_LIMIT = 1000
# Where a file without PT_GNU_STACK gets an executable stack: glibc's stackinfo.h of each machine. The others do not.
EXECUTABLE_BY_DEFAULT = frozenset({"x86_64", "i686", "armv7l", "s390x"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ElfFacts:
    """An ELF object or program of a wheel; ``path`` is below the site folder, ``machine`` PyPA's name of its arch.

    ``sha256`` is that of the file itself. ``static_tls`` is the flag DF_STATIC_TLS: the loader must find ``tls_size``
    bytes aligned to ``tls_align`` in the block that every thread was given at its start. ``unique`` are the symbols
    that the file defines with the binding STB_GNU_UNIQUE. ``note`` says in words what could not be read.

    ``versions`` are (library, symbol versions of it) that the loader insists on. ``exported`` counts the symbols that
    others may bind to; of the undefined ones, ``watched`` are those that some policy forbids and ``python`` those of
    Python's C API. ``align`` is the smallest alignment of a loaded segment in bytes, ``x86_level`` the x86-64 level
    that the file insists on (1 is the baseline, 0 says nothing). ``relr`` tells of DT_RELR relocations, ``textrel`` of
    relocations in code, ``only_gnu_hash`` of a file without the older hash table.
    """

    path: str
    sha256: str
    machine: str = ""
    kind: Kind = Kind.OBJECT
    soname: str = ""
    needed: tuple[str, ...] = ()
    rpath: str = ""
    runpath: str = ""
    static_tls: bool = False
    tls_size: int = 0
    tls_align: int = 0
    executable_stack: bool = False
    unique: frozenset[str] = frozenset()
    bits: int = 0
    little_endian: bool = True
    versions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exported: int = 0
    watched: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    align: int = 0
    build_id: str = ""
    x86_level: int = 0
    textrel: bool = False
    relr: bool = False
    only_gnu_hash: bool = False
    note: str = ""

    @property
    def libc(self) -> str:
        """``glibc`` or ``musl``, as the needed libraries tell, or nothing for a file that needs neither."""
        if any(version.startswith("GLIBC_") for _, versions in self.versions for version in versions):
            return "glibc"
        if any(library == "libc.so" or library.startswith("libc.musl-") for library in self.needed):
            return "musl"
        return "glibc" if "libc.so.6" in self.needed else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    """What the cache keeps of a wheel."""

    schema: int
    files: tuple[ElfFacts, ...]


def elf_facts(wheel: Wheel) -> tuple[ElfFacts, ...]:
    """Return the facts of all ELF objects and programs of a wheel, by path. They are remembered by the wheel's sha256.

    Raises:
        EngineError: the wheel's file is gone or cannot be read any more.
        UnreadableWheelError: the archive is damaged.
    """
    known = _remembered(wheel.sha256)
    if known is not None:
        return known
    try:
        with open_archive(wheel.path) as archive:
            places = installed_paths(entry.filename for entry in archive.infolist() if not entry.is_dir())
            found: list[ElfFacts] = []
            for place in places:
                with elf_file(archive, place.entry, is_checked=True) as stream:
                    found += [] if stream is None else _facts(place.path, cast("BinaryIO", stream))
    except OSError as error:
        raise EngineError(f"The wheel '{wheel.path}' cannot be read any more: {error.strerror or error}.") from error
    return _remember(wheel.sha256, tuple(sorted(found, key=lambda facts: facts.path)))


def _remembered(sha256: str) -> tuple[ElfFacts, ...] | None:
    file = cache_folder("elf") / f"{sha256}.json"
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=_Kept)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    return kept.files if kept.schema == SCHEMA else None


def _remember(sha256: str, files: tuple[ElfFacts, ...]) -> tuple[ElfFacts, ...]:
    with appearing(cache_folder("elf") / f"{sha256}.json") as file:
        file.write(msgspec.json.encode(_Kept(schema=SCHEMA, files=files), order="deterministic"))
    return files


def _facts(path: str, stream: BinaryIO) -> Iterator[ElfFacts]:
    """Yield the facts of a file, or nothing for one that no loader of a system takes, such as code for a GPU."""
    binary = examine(stream, path.rpartition("/")[2])
    if binary.kind is Kind.OTHER:
        return
    facts = ElfFacts(
        path=path,
        sha256=_digest(stream),
        machine=binary.machine,
        kind=binary.kind,
        note=binary.note,
    )
    try:
        yield facts if facts.note else read_facts(stream, facts)
    except UNREADABLE as error:
        yield replace(facts, note=f"not readable as ELF: {error or type(error).__name__}")


def _digest(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    stream.seek(0)
    while piece := stream.read(CHUNK):
        digest.update(piece)
    return digest.hexdigest()


def read_facts(stream: BinaryIO, facts: ElfFacts) -> ElfFacts:
    """Return the facts with everything that the headers and the dynamic section of the file say.

    Raises:
        UNREADABLE: any of these exceptions, where the file contradicts itself.
    """
    elf = LoadedFile(cast("IO[bytes]", BoundedStream(stream)))
    executable = facts.machine in EXECUTABLE_BY_DEFAULT
    dynamic = None
    segments = list(elf.iter_segments())
    for segment in segments:
        if segment["p_type"] == "PT_GNU_STACK":
            executable = bool(segment["p_flags"] & PF_X)
        elif segment["p_type"] == "PT_TLS":
            facts = replace(facts, tls_size=segment["p_memsz"], tls_align=segment["p_align"])
        elif isinstance(segment, DynamicSegment):
            dynamic = dynamic or Dynamic(segment, segments)
    facts = replace(facts, executable_stack=executable, bits=elf.elfclass, little_endian=elf.little_endian)
    headers = read_headers(elf, stream, segments)
    facts = replace(facts, align=headers.align, build_id=headers.build_id, x86_level=headers.x86_level)
    if dynamic is None:
        return facts
    facts = _with_dynamic(dynamic, facts)
    try:
        names, note = unique_symbols(elf, stream, dynamic)
        facts = _with_needs(elf, stream, dynamic, facts)
    except UNREADABLE as error:
        return replace(facts, note=f"without readable symbols: {error or type(error).__name__}")
    return replace(facts, unique=names, note=note)


def _with_needs(elf: ELFFile, stream: BinaryIO, segment: Dynamic, facts: ElfFacts) -> ElfFacts:
    tables = tables_of(elf, stream, segment, symbol_count(elf, stream, segment))
    symbols = read_symbols(tables)
    return replace(
        facts,
        versions=needed_versions(stream, tables),
        exported=symbols.exported,
        watched=symbols.watched,
        python=symbols.python,
    )


def _with_dynamic(segment: Dynamic, facts: ElfFacts) -> ElfFacts:
    texts: dict[str, list[str]] = {"soname": [], "rpath": [], "runpath": [], "needed": []}
    flags, names = 0, set()
    for tag in segment.iter_tags():
        name = str(tag.entry.d_tag).removeprefix("DT_").lower()
        names.add(name)
        if name in texts and len(texts[name]) < NEEDED_LIMIT:
            texts[name].append(str(getattr(tag, name))[:TEXT_LIMIT])
        elif name == "flags":
            flags = int(tag.entry.d_val)
    return replace(
        facts,
        soname=_last(texts["soname"]),
        rpath=_last(texts["rpath"]),
        runpath=_last(texts["runpath"]),
        needed=tuple(texts["needed"]),
        static_tls=bool(flags & DF_STATIC_TLS),
        textrel="textrel" in names or bool(flags & DF_TEXTREL),
        relr="relr" in names,
        only_gnu_hash="gnu_hash" in names and "hash" not in names,
    )


def _last(texts: list[str]) -> str:
    """Return the last of several equal entries: the loader keeps that one."""
    return texts[-1] if texts else ""
