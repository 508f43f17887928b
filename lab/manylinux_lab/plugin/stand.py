"""What a pytest worker holds of a run: the plan, the engine, one open bench at a time; and the record of a result."""

import sys
from pathlib import Path
from typing import Any

from .. import __version__, engines
from ..bench.connection import Terms
from ..bench.together import Company
from ..bench.workbench import Workbench
from ..catalogue.distro import Release
from ..catalogue.reading import load_catalogue
from ..coload.neighbours import smoke_codes, stdlib_smoke
from ..engines.contract import Engine, Mount
from ..errors import EngineError, UsageError
from ..history.conditions import Circumstances
from ..images.installers import installer_mount
from ..images.portable import portable
from ..interpreter import Origin
from ..judge import How, Outcome, OutcomeKind, judge
from ..options import smoke_code
from ..planning.plan import HOST, STDLIB, Bench, Cell, Site, Subject
from ..results import REASON_LENGTH, Result, now
from ..runs import Run, RunFolder
from ..wheels.reading import read_wheel
from ..wheels.wheel import UnreadableWheelError, Wheel
from .foretelling import foretold
from .repeating import repeat_command


class Stand:
    """Reads the run folder once; the engine and the benches start when the first check asks for them."""

    def __init__(self, *, folder: RunFolder) -> None:
        self.folder = folder
        self.run: Run = folder.read()
        self.smoke = smoke_code(self.run.options)
        self.circumstances = Circumstances(self.run)
        self._benches = {bench.id: bench for bench in self.run.plan.benches}
        self._subjects = {subject.id: subject for subject in self.run.plan.subjects}
        self._sites = {site.id: site for site in self.run.plan.sites}
        self._planned = {sys.intern(cell.id): cell for cell in self.run.plan.cells}
        self._names: dict[str, dict[str, str]] = {}
        self._releases: dict[str, Release] = {}
        self._wheels: dict[str, Wheel] = {}
        self._engine: Engine | None = None
        self._open: Workbench | None = None
        self._company: Company | None = None

    def close(self) -> None:
        """Remove the open bench."""
        for opened in (self._open, self._company):
            if opened is not None:
                opened.close()
        self._open = self._company = None

    def to_run(self) -> tuple[Cell, ...]:
        """Return the planned cells that had not finished when the run was started or resumed."""
        finished = set(self.run.finished)
        return tuple(cell for cell in self.run.plan.cells if cell.id not in finished)

    def bench(self, cell: Cell) -> Bench | None:
        """Return the planned bench of a cell; None for a check that needs none."""
        return None if cell.bench == HOST else self._benches[cell.bench]

    def subject(self, cell: Cell) -> Subject:
        """Return what the cell asks about."""
        return self._subjects[cell.subject]

    def wheel(self, cell: Cell) -> Wheel:
        """Return the cell's wheel, read from its file."""
        return self._read(self.subject(cell).sha256)

    def wheel_of(self, sha256: str) -> Wheel:
        """Return a wheel of the run, read from its file."""
        return self._read(sha256)

    def members(self, cell: Cell) -> tuple[tuple[str, Wheel | None], ...]:
        """Return the names and wheels of those that share a process, in their order; the standard library has none."""
        names = self.subject(cell).members
        return tuple((name, None if name == STDLIB else self._read(self._member(cell, name).sha256)) for name in names)

    def beside(self, cell: Cell) -> tuple[Subject, ...]:
        """Return the wheels that a command must name for the cell: its members, and what tells their names apart."""
        names = self.subject(cell).members
        roster = self.run.plan.rosters.get(cell.bench, {})
        found = [self._subjects[roster[name]] for name in names if name != STDLIB]
        of_one_release = {(one.project, one.version) for one in found if one.id in names}
        twins = (self._subjects[other] for name, other in roster.items() if name == other)
        return (*found, *(one for one in twins if (one.project, one.version) in of_one_release and one not in found))

    def sites(self, cell: Cell) -> tuple[Site, ...]:
        """Return the sites from which the cell's wheels are loaded."""
        return tuple(self._sites[site] for site in cell.sites)

    def workbench(self, cell: Cell) -> Workbench:
        """Return the cell's bench; another one that was open is removed first."""
        if self._open is None or self._open.bench.id != cell.bench:
            self.close()
            bench = self._benches[cell.bench]
            engine, terms = self._engine_and_terms(bench)
            self._open = Workbench(bench, self._releases[bench.distro], engine, terms, self._wheels)
        for sha256 in cell.dependencies:
            self._read(sha256)
        return self._open

    def company(self, cell: Cell) -> Company:
        """Return what loads wheels together on the cell's bench, in a container of its own."""
        if self._company is None or self._company.bench.id != cell.bench:
            if self._company is not None:
                self._company.close()
            bench = self._benches[cell.bench]
            engine, terms = self._engine_and_terms(bench)
            smoke, stdlib = smoke_codes(self.run.options), stdlib_smoke()
            self._company = Company(bench, engine, terms, self, smoke=smoke, stdlib=stdlib)
        return self._company

    def name_of(self, bench: str, wheel: Wheel) -> str:
        """Return the name of a wheel among those that share a process on a bench."""
        return self._names_on(bench).get(wheel.id, f"{wheel.project}-{wheel.version}")

    def is_member(self, bench: str, wheel: Wheel) -> bool:
        """Tell whether a wheel shares processes on a bench by itself, and not only for another that requires it."""
        return wheel.id in self._names_on(bench)

    def cell_of(self, bench: str, check: str, wheel: Wheel) -> Cell | None:
        """Return the planned cell that asks a check of a wheel by itself, if there is one."""
        return self._planned.get(f"{bench}/{check}/{wheel.id}")

    def is_planned(self, cell: Cell, check: str) -> bool:
        """Tell whether the run asks another check of the cell's subject."""
        return self.sibling(cell, check) in self._planned

    def sibling(self, cell: Cell, check: str) -> str:
        """Return the id of another check of the same bench and subject."""
        return f"{cell.bench}/{check}/{cell.subject}"

    def _names_on(self, bench: str) -> dict[str, str]:
        if bench not in self._names:
            roster = self.run.plan.rosters.get(bench, {})
            self._names[bench] = {subject: name for name, subject in roster.items()}
        return self._names[bench]

    def _member(self, cell: Cell, name: str) -> Subject:
        return self._subjects[self.run.plan.rosters[cell.bench][name]]

    def _read(self, sha256: str) -> Wheel:
        if sha256 not in self._wheels:
            path = Path(self.run.plan.files[sha256])
            try:
                wheel = read_wheel(path)
            except (UsageError, UnreadableWheelError) as error:
                raise EngineError(f"The wheel '{path}' was readable when the run was planned: {error}") from error
            if wheel.sha256 != sha256:
                raise EngineError(f"The wheel '{path}' has changed since the run was planned; start another run.")
            self._wheels[sha256] = wheel
        return self._wheels[sha256]

    def _engine_and_terms(self, bench: Bench) -> tuple[Engine, Terms]:
        options = self.run.options
        if self._engine is None:
            self._engine = engines.choose(self.run.engine)
            self._releases = {
                release.id: release for release in load_catalogue(extra=[Path(name) for name in options.catalogue])
            }
        mounts = [Mount(outside=self.folder.stage, inside="/lab")]
        if bench.interpreter.origin is Origin.PORTABLE:
            mounts.append(portable(Path(options.python_root)).mount)
        brought = installer_mount(options.installer, bench.interpreter, bench.arch)
        if brought is not None:
            mounts.append(brought)
        terms = Terms(
            run=self.run.id,
            timeout=options.timeout,
            installer=options.installer,
            variant=options.variant,
            ignore_requires_python=options.ignore_requires_python,
            mounts=tuple(mounts),
        )
        return self._engine, terms


def make_result(stand: Stand, cell: Cell, outcome: Outcome, *, seconds: float) -> Result:
    """Return the result of a cell: everything that a report or a comparison may want to know of it."""
    run, bench, subject = stand.run, stand.bench(cell), stand.subject(cell)
    reason = outcome.reason or "; ".join(outcome.side_effects) or cell.reason
    return Result(
        cell=cell.id,
        bench=cell.bench,
        check=cell.check,
        subject=cell.subject,
        project=subject.project,
        version=subject.version,
        sha256=subject.sha256,
        distro="" if bench is None else bench.distro,
        arch="" if bench is None else bench.arch,
        interpreter="" if bench is None else bench.interpreter.id,
        installer=run.options.installer,
        variant=run.options.variant,
        engine=run.engine,
        image="" if bench is None or bench.image is None else bench.image.digest,
        emulated=bench is not None and bench.emulated,
        promise=cell.promise,
        outcome=outcome.kind,
        verdict=judge(cell.promise, outcome, strict=run.options.strict),
        how=How.OBSERVED,
        grade=outcome.grade,
        reason=reason if len(reason) <= REASON_LENGTH else reason[: REASON_LENGTH - 3] + "...",
        side_effects=outcome.side_effects,
        facts={**outcome.facts, **_foretold(stand, cell, outcome)},
        seconds=seconds,
        repeat=repeat_command(run, cell, subject, stand.beside(cell)),
        lab=__version__,
        run=run.id,
        at=now(),
        conditions=stand.circumstances.of(cell),
    )


def _foretold(stand: Stand, cell: Cell, outcome: Outcome) -> dict[str, Any]:
    """Return what would have been predicted of an import that was seen."""
    bench = stand.bench(cell)
    if cell.check != "import" or bench is None or outcome.kind in {OutcomeKind.TROUBLE, OutcomeKind.NOT_APPLIED}:
        return {}
    options = stand.run.options
    return foretold(stand.wheel(cell), bench, options.variant, outcome, options.catalogue)
