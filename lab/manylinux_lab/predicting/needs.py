"""What a wheel's ELF files need from the system, and what they ask for that some system refuses. Pure.

What one file of the wheel finds in another file of the wheel is not needed from the system.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from ..wheels.elf import ElfFacts, Kind
from .loaded import is_loaded
from .modules import Module, modules_of
from .searching import carried, leads_elsewhere, own_names, place_of

LIBPYTHON = "libpython"


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """What ``file`` of the wheel needs of a system library: ``version`` is empty for the library itself.

    ``symbol`` is one that asks for the version, where the file tells.
    """

    file: str
    library: str
    version: str = ""
    symbol: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Flaw:
    """Something that keeps a file from loading on some systems whatever libraries they have; a clause says what."""

    file: str
    what: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Needs:
    """What the files of one arch need together.

    ``libraries`` and ``versions`` are from the system; ``symbols`` are (file, library, symbol) that policies watch;
    ``libpython`` are needs of a shared libpython that the wheel does not bring. ``stacks`` are libraries that ask
    for an executable stack (to a program, the kernel grants it), ``levels`` (file, x86-64 level) beyond the
    baseline. ``carried`` are (file, library) that the wheel has, but not on the file's search path: its own code
    must load them first. ``relr`` are files with DT_RELR relocations, ``aligns`` (file, smallest alignment of a
    segment in bytes). ``essential`` are the files that an import loads: extension modules and what they need, or
    everything in a wheel that has none. ``wanted`` are (library, its versions) without the files, each once.
    ``files`` counts the ELF files of the arch, ``machines`` are the arches that any file is for. ``unsound`` are
    (file, note) of damaged files, those among them that are for nobody knows which arch too. ``modules`` are the
    extension modules of all arches, ``loose`` (file, symbol) of libraries where nobody says who defines a symbol,
    ``borrowing`` files that a library of a required wheel may be for.
    """

    arch: str
    files: int
    machines: frozenset[str]
    libraries: tuple[Need, ...]
    versions: tuple[Need, ...]
    symbols: tuple[tuple[str, str, str], ...]
    libpython: tuple[Need, ...]
    stacks: tuple[str, ...]
    levels: tuple[tuple[str, int], ...]
    carried: tuple[tuple[str, str], ...]
    relr: tuple[str, ...] = ()
    aligns: tuple[tuple[str, int], ...] = ()
    essential: frozenset[str] = frozenset()
    unsound: tuple[tuple[str, str], ...] = ()
    modules: tuple[Module, ...] = ()
    loose: tuple[tuple[str, str], ...] = ()
    borrowing: frozenset[str] = frozenset()
    wanted: tuple[tuple[str, frozenset[str]], ...] = field(init=False)

    def __post_init__(self) -> None:
        wanted: dict[str, set[str]] = {need.library: set() for need in self.libraries}
        for need in self.versions:
            wanted.setdefault(need.library, set()).add(need.version)
        fixed = tuple((library, frozenset(versions)) for library, versions in wanted.items())
        object.__setattr__(self, "wanted", fixed)


def needs_of(
    facts: Sequence[ElfFacts], arch: str, extensions: Collection[str] = (), *, has_requirements: bool = False
) -> Needs:
    """Return what the files of ``arch`` need; files of other machines and kinds are passed over.

    ``extensions`` are the paths of the wheel's extension modules, ``has_requirements`` tells that it requires other
    wheels.
    """
    files = [fact for fact in facts if fact.machine == arch and fact.kind is not Kind.OTHER]
    perhaps = [*files, *(fact for fact in facts if not fact.machine)]
    own = own_names(perhaps)
    paths = {fact.path for fact in perhaps}
    outer = [
        (fact, library)
        for fact in files
        for library in fact.needed
        if library not in own and place_of(fact, library) not in paths
    ]
    return Needs(
        arch=arch,
        files=len(files),
        machines=frozenset(fact.machine for fact in facts if fact.kind is not Kind.OTHER and fact.machine),
        libraries=tuple(_need(fact, library) for fact, library in outer if not library.startswith(LIBPYTHON)),
        versions=tuple(
            need for fact in files for need in _versions(fact) if need.library not in own and not _is_libpython(need)
        ),
        symbols=tuple((fact.path, library, symbol) for fact, library in outer for symbol in fact.watched),
        libpython=tuple(_need(fact, library) for fact, library in outer if library.startswith(LIBPYTHON)),
        stacks=tuple(fact.path for fact in files if fact.executable_stack and fact.kind is Kind.OBJECT),
        levels=tuple((fact.path, fact.x86_level) for fact in files if fact.x86_level > 1),
        carried=tuple(carried(perhaps)),
        relr=tuple(fact.path for fact in files if fact.relr),
        aligns=tuple((fact.path, fact.align) for fact in files if fact.align),
        essential=_essential(perhaps, frozenset(extensions)),
        unsound=tuple((fact.path, fact.note) for fact in perhaps if not fact.is_sound),
        modules=modules_of(facts, extensions),
        loose=tuple((fact.path, symbol) for fact in files for symbol in fact.loose if not is_loaded(symbol)),
        borrowing=frozenset(leads_elsewhere(files) if has_requirements else ()),
    )


def _versions(fact: ElfFacts) -> Iterator[Need]:
    first = {(library, version): symbol for library, version, symbol in fact.first_symbols}
    for library, versions in fact.versions:
        for version in versions:
            symbol = first.get((library, version), "")
            yield Need(file=fact.path, library=library, version=version, symbol=symbol)


def _is_libpython(need: Need) -> bool:
    return need.library.startswith(LIBPYTHON)


def _need(fact: ElfFacts, library: str) -> Need:
    return Need(file=fact.path, library=library)


def _essential(files: Sequence[ElfFacts], extensions: frozenset[str]) -> frozenset[str]:
    roots = {fact.path for fact in files if fact.path in extensions}
    if not roots:
        return frozenset(fact.path for fact in files)
    by_name = {name: fact for fact in files for name in (fact.soname, fact.path.rpartition("/")[2]) if name}
    reached: set[str] = set()
    waiting = [fact for fact in files if fact.path in roots]
    while waiting:
        fact = waiting.pop()
        if fact.path not in reached:
            reached.add(fact.path)
            waiting += [by_name[library] for library in fact.needed if library in by_name]
    return frozenset(reached)
