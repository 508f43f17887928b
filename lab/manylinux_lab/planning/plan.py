"""From wheels, benches and options to an ordered list of cells. Pure: it reads no file and touches no engine."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from ..engines.contract import Image
from ..interpreter import Interpreter, Origin
from ..judge import Outcome, OutcomeKind, Promise
from .checks import Check

HOST = "host"
STDLIB = "stdlib"  # the standard library as a neighbour of wheels


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """One container to be: distro x arch x interpreter.

    ``image`` is None until one was provided; ``trouble`` says why the lab could not provide it; ``ending`` is the
    distro's end-of-life warning, if there is one; ``family`` is what the catalogue files the distro under.
    """

    distro: str
    arch: str
    interpreter: Interpreter
    libc: str
    libc_version: tuple[int, int]
    emulated: bool = False
    ending: str = ""
    image: Image | None = None
    trouble: str = ""
    family: str = ""

    @property
    def id(self) -> str:
        """``debian-12:x86_64:cp311``."""
        return f"{self.distro}:{self.arch}:{self.interpreter.id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What a cell asks about: a wheel file (``sha256`` set), a requirement still to be resolved, or wheels in an order.

    ``argument`` is what names it on a command line. ``id`` is the file name, the requirement, or for wheels that are
    loaded together ``lxml-5.4.0,xmlsec-1.3.16``; then ``members`` are these names (or ``stdlib``) in that order, and
    the plan's rosters say which wheel a name means on a bench.
    """

    id: str
    project: str
    version: str = ""
    sha256: str = ""
    argument: str = ""
    members: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """A site folder in which wheels (by sha256, what is needed first) are installed together; cells share it by id."""

    id: str
    wheels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """A subject on a bench, with what its tag promises there and the wheels (by sha256) that it needs beside it."""

    bench: str
    subject: Subject
    promise: Promise
    reason: str = ""
    dependencies: tuple[str, ...] = ()
    finding: Outcome | None = None
    check: str = ""
    sites: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """Bench x check x subject. ``finding`` is an outcome that was already known when the plan was made.

    ``sites`` are the ids of the site folders from which wheels are loaded together: one, or two where they cannot be
    installed together and the user wants it all the same.
    """

    bench: str
    check: str
    subject: str
    promise: Promise
    reason: str = ""
    dependencies: tuple[str, ...] = ()
    finding: Outcome | None = None
    sites: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """``debian-12:x86_64:cp311/import/numpy-2.1.3-cp311-....whl``: test id, filter text and row title."""
        return f"{self.bench}/{self.check}/{self.subject}"


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """A bench, or a subject on a bench, that the run will not look at, and why."""

    bench: str
    subject: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a run will do, in order.

    ``files`` are all wheels of the run: sha256 to path. ``foreseen`` are benches that cannot be had: they have no
    cells, and predicted results. ``rosters`` give for each bench the id of a wheel's subject by
    the name that it has among others in one process.
    """

    benches: tuple[Bench, ...]
    subjects: tuple[Subject, ...]
    cells: tuple[Cell, ...]
    left_out: tuple[LeftOut, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sites: tuple[Site, ...] = ()
    rosters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    foreseen: tuple[Bench, ...] = ()

    @property
    def is_idle(self) -> bool:
        """Nothing is to be learned: no cell has a bench, and every file is known to be a wheel."""
        return all(
            cell.bench == HOST and cell.finding is not None and cell.finding.kind is OutcomeKind.OK
            for cell in self.cells
        )


def plan(
    benches: Sequence[Bench],
    placements: Iterable[Placement],
    checks: Sequence[Check],
    *,
    smoke: Collection[str] = (),
    keep: Callable[[str], bool] = lambda cell_id: True,  # noqa: ARG005 - the default keeps every id
    left_out: Sequence[LeftOut] = (),
    files: Mapping[str, str] | None = None,
    sites: Iterable[Site] = (),
    rosters: Mapping[str, Mapping[str, str]] | None = None,
    subjects: Iterable[Subject] = (),
) -> Plan:
    """Expand placements into cells, bench by bench, subject by subject, check by check.

    A wheel that comes twice, as a file and for a requirement, has one cell: the one that installs more beside it.

    Args:
        smoke: projects that have smoke code; the others get no such cell.
        keep: tells by cell id whether the run wants it (``--cell``, ``--only-failed``).
        subjects: further ones, which have no cells of their own but are members of others.
    """
    order = {HOST: -1} | {bench.id: position for position, bench in enumerate(benches)}
    ordered = sorted(placements, key=lambda placement: order[placement.bench])
    cells: dict[str, Cell] = {}
    for placement in ordered:
        for cell in _cells(placement, checks, smoke):
            name = cell.id
            known = cells.get(name, cell)
            if keep(name) and len(cell.dependencies) >= len(known.dependencies):
                cells[name] = cell
    used = {cell.bench for cell in cells.values()}
    needed = {site for cell in cells.values() for site in cell.sites}
    return Plan(
        benches=tuple(bench for bench in benches if bench.id in used),
        subjects=_subjects((*(placement.subject for placement in ordered), *subjects), cells.values()),
        cells=tuple(cells.values()),
        left_out=tuple(left_out),
        files=files or {},
        sites=tuple(site for site in sites if site.id in needed),
        rosters={bench: roster for bench, roster in (rosters or {}).items() if bench in used},
    )


def _subjects(subjects: Iterable[Subject], cells: Iterable[Cell]) -> tuple[Subject, ...]:
    """Return the subjects by id, once each; of companies only those that a cell asks about, as there may be many."""
    asked = {cell.subject for cell in cells}
    known = {subject.id: subject for subject in subjects if not subject.members or subject.id in asked}
    return tuple(known[name] for name in sorted(known))


def _cells(placement: Placement, checks: Sequence[Check], smoke: Collection[str]) -> Iterator[Cell]:
    for check in checks:
        wanted = check.name == placement.check if placement.check else check.promise is placement.promise
        if not wanted or (check.name == "smoke" and placement.subject.project not in smoke):
            continue
        yield Cell(
            bench=placement.bench,
            check=check.name,
            subject=placement.subject.id,
            promise=placement.promise,
            reason=placement.reason,
            dependencies=placement.dependencies,
            finding=placement.finding,
            sites=placement.sites,
        )


def is_wanted(interpreter: Interpreter, wanted: Sequence[str]) -> bool:
    """Tell whether the globs ask for the interpreter; without globs, for the distro's own and portable ones.

    ``wanted`` are globs over interpreter ids and dotted versions (``cp311``, ``3.11``, ``all``).
    """
    if not wanted:
        return interpreter.origin is not Origin.FOUND
    names = (interpreter.id, interpreter.abi, f"{interpreter.version[0]}.{interpreter.version[1]}")
    return any(glob == "all" or fnmatchcase(name, glob) for glob in wanted for name in names)
