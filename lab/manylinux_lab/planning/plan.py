"""From wheels, benches and options to an ordered list of cells. Pure: it reads no file and touches no engine."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ..cells import HOST, Bench, Cell, LeftOut, Plan, Site, Subject
from ..interpreter import Interpreter, Origin
from ..judge import Outcome, Promise
from .checks import Check


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
