"""Read the facts of an ELF file: headers and dynamic section through pyelftools, symbols and versions in bulk."""

from dataclasses import replace
from typing import BinaryIO

from elftools.elf.elffile import ELFFile

from .binary import UNREADABLE, Binary, LoadedFile
from .constructors import flushes_to_zero
from .dynamic import Dynamic
from .elf import ElfFacts, Kind
from .elf_needs import by_library, read_headers, read_symbols, tables_of, version_needs
from .symbols import TEXT_LIMIT, symbol_count, unique_symbols

DF_STATIC_TLS = 0x10
DF_TEXTREL = 0x4
PF_X = 0x1
NEEDED_LIMIT = 1000
LOOSE_LIMIT = 200
# The libraries of glibc and GCC: all their symbols have versions, so an undefined symbol without one is not theirs.
VERSIONED = frozenset(
    {
        *("libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1", "libresolv.so.2"),
        *("libgcc_s.so.1", "libstdc++.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "ld-linux.so.2"),
        *("ld-linux-armhf.so.3", "ld64.so.1", "ld64.so.2", "ld-linux-riscv64-lp64d.so.1"),
    }
)
# Where a file without PT_GNU_STACK gets an executable stack: glibc's stackinfo.h of each machine. The others do not.
EXECUTABLE_BY_DEFAULT = frozenset({"x86_64", "i686", "armv7l", "s390x"})


def facts_of(path: str, sha256: str, told: Binary, stream: BinaryIO) -> ElfFacts | None:
    """Return the facts of an ELF file, or None for one that no loader of a system takes, such as code for a GPU.

    ``told`` is what ``examine`` said of it. What cannot be read becomes a note.
    """
    if told.kind is Kind.OTHER:
        return None
    facts = ElfFacts(
        path=path, sha256=sha256, machine=told.machine, kind=told.kind, note=told.note, is_sound=not told.note
    )
    try:
        return read_facts(told.elf, stream, facts) if told.elf else facts
    except UNREADABLE as error:
        return replace(facts, note=f"not readable as ELF: {error or type(error).__name__}", is_sound=False)


def read_facts(elf: LoadedFile, stream: BinaryIO, facts: ElfFacts) -> ElfFacts:
    """Return the facts with everything that the headers and the dynamic section of the file say.

    Raises:
        UNREADABLE: any of these exceptions, where the file contradicts itself.
    """
    executable = facts.machine in EXECUTABLE_BY_DEFAULT
    for segment in elf.iter_segments():
        if segment["p_type"] == "PT_GNU_STACK":
            executable = bool(segment["p_flags"] & PF_X)
        elif segment["p_type"] == "PT_TLS":
            facts = replace(facts, tls_size=segment["p_memsz"], tls_align=segment["p_align"])
    facts = replace(facts, executable_stack=executable, bits=elf.elfclass, little_endian=elf.little_endian)
    headers = read_headers(elf, stream)
    facts = replace(facts, align=headers.align, build_id=headers.build_id, x86_level=headers.x86_level)
    if elf.dynamic is None:
        return facts
    facts = replace(_with_dynamic(elf.dynamic, facts), flushes_to_zero=flushes_to_zero(elf, stream, facts.machine))
    try:
        names, note = unique_symbols(elf, stream, elf.dynamic)
        facts = _with_needs(elf, stream, elf.dynamic, facts)
    except UNREADABLE as error:
        return replace(facts, note=f"without readable symbols: {error or type(error).__name__}", is_sound=False)
    return replace(facts, unique=names, note=note)


def _with_needs(elf: ELFFile, stream: BinaryIO, segment: Dynamic, facts: ElfFacts) -> ElfFacts:
    tables = tables_of(elf, stream, segment, symbol_count(elf, stream, segment))
    symbols = read_symbols(tables)
    needs = version_needs(stream, tables)
    first = {(one.library, one.version, symbols.first[one.number]) for one in needs if symbols.first.get(one.number)}
    return replace(
        facts,
        versions=by_library(needs),
        first_symbols=tuple(sorted(first)),
        exported=symbols.exported,
        inits=symbols.inits,
        watched=symbols.watched,
        python=symbols.python,
        loose=symbols.loose[:LOOSE_LIMIT] if VERSIONED.issuperset(facts.needed) else (),
        undefined=symbols.undefined,
        of_glibc=symbols.of_glibc,
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
