"""What is odd about a wheel, as sentences: none of it makes a tag untrue. Pure."""

from collections.abc import Iterator, Sequence

from ..wheels.contents import init_functions
from ..wheels.elf import ElfFacts
from ..wheels.search_path import outside
from ..wheels.surface import Surface
from ..wheels.wheel import Wheel
from .needs import Needs

NAMED = 3
TEXT_SHOWN = 100
PYPY_2 = ".pypy-"
VENDORED = ".libs/"  # where auditwheel puts the libraries that it bundles
PAGES = {"aarch64": 65536, "ppc64le": 65536}  # the largest pages of a distro's kernel: RHEL 8 on both


def oddities(wheel: Wheel, surface: Surface, files: Sequence[ElfFacts], needs: Sequence[Needs]) -> Iterator[str]:
    """Yield them, those of the wheel before those of its files."""
    yield from wheel.notes
    yield from _of_metadata(wheel, surface)
    if surface.is_purelib and any(fact.machine for fact in files):
        yield "Its WHEEL file says 'Root-Is-Purelib: true', which sends machine code to the folder for pure Python."
    for one in needs:
        for file, library in one.carried[:NAMED]:
            yield f"'{file}' needs the wheel's own '{library}', to which no search path of the wheel leads."
    yield from _of_search_paths(files)
    yield from (f"'{fact.path}' is {fact.note}." for fact in files if fact.note)
    yield from (f"'{fact.path}' has relocations in its code." for fact in files if fact.textrel)
    yield from _of_modules(wheel, files)
    yield from _of_pages(files)
    yield from _of_arithmetic(files)
    yield from _of_vendored(files, surface)


def _of_metadata(wheel: Wheel, surface: Surface) -> Iterator[str]:
    if set(surface.tags) != {str(tag) for tag in wheel.tags}:
        yield f"Its WHEEL file says {', '.join(surface.tags) or 'no tag'}, which is not what its name says."
    for tag in surface.odd_tags[:NAMED]:
        yield f"Its WHEEL file has the tag {tag[:TEXT_SHOWN]!r}, which is none."
    faults = surface.record
    if faults.count:
        named = [*faults.altered, *faults.missing, *faults.unlisted, *faults.repeated]
        count = "1 file" if faults.count == 1 else f"{faults.count} files"
        yield f"Its RECORD is not true for {count}, such as {_names(named)}."


def _of_search_paths(files: Sequence[ElfFacts]) -> Iterator[str]:
    """Name each entry once: often all files of a wheel have the same."""
    found = {(one.entry, one.why): one.file for one in reversed(outside(files))}
    for (entry, why), file in sorted(found.items())[:NAMED]:
        yield f"'{file}' searches for libraries in '{entry[:TEXT_SHOWN]}', {why}."


def _of_modules(wheel: Wheel, files: Sequence[ElfFacts]) -> Iterator[str]:
    """Tell of files that no ``import`` can load. PyPy 2 looks for ``initx``, which is not read."""
    facts = {fact.path: fact for fact in files if fact.is_sound}
    lacking = [
        one
        for one in wheel.extensions
        if one.path in facts
        and not one.suffix.startswith(PYPY_2)
        and set(init_functions(one.name)).isdisjoint(facts[one.path].inits)
    ]
    if lacking:
        have = _count(lacking, "file has", "files have")
        yield (
            f"{have} the name of an extension module and no function such as {init_functions(lacking[0].name)[0]!r}: "
            f"'import' cannot load it, only ctypes and the like can: {_names([one.path for one in lacking])}."
        )


def _of_pages(files: Sequence[ElfFacts]) -> Iterator[str]:
    small = [fact for fact in files if 0 < fact.align < PAGES.get(fact.machine, 0)]
    if small:
        pages = max(PAGES[fact.machine] for fact in small) >> 10
        yield (
            f"{_count(small, 'file is', 'files are')} aligned for pages of {small[0].align >> 10} KiB and cannot be "
            f"loaded by a kernel with pages of {pages} KiB: {_names([fact.path for fact in small])}."
        )


def _of_arithmetic(files: Sequence[ElfFacts]) -> Iterator[str]:
    flushing = [fact.path for fact in files if fact.flushes_to_zero]
    if flushing:
        sets = _count(flushing, "file switches", "files switch")
        yield (
            f"{sets} the CPU to flush-to-zero when loaded, which changes the arithmetic of everything else in the "
            f"thread (linked with -ffast-math): {_names(flushing)}."
        )


def _of_vendored(files: Sequence[ElfFacts], surface: Surface) -> Iterator[str]:
    vendored = [fact for fact in files if VENDORED in fact.path]
    plain = [fact.soname for fact in vendored if fact.soname and "-" not in fact.soname]
    if plain:
        keep = _count(plain, "vendored library keeps its", "vendored libraries keep their")
        yield f"{keep} plain SONAME, which other wheels may use too: {_names(plain)}."
    if vendored and not surface.licences:
        brings = _count(vendored, "vendored library", "vendored libraries")
        yield f"It has {brings} and no licence file: {_names([fact.path for fact in vendored])}."


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"{name!r}" for name in names[:NAMED])


def _count(found: Sequence[object], one: str, many: str) -> str:
    return f"{len(found)} {one if len(found) == 1 else many}"
