"""What a pytest worker holds of a run: the plan, the engine, one open bench at a time; and the record of a result."""

from pathlib import Path
from typing import Any

from .. import __version__, engines
from ..bench.connection import Terms
from ..bench.together import Company
from ..bench.workbench import Workbench
from ..catalogue.distro import Release
from ..catalogue.reading import load_catalogue
from ..cells import Bench, Cell
from ..coload.neighbours import smoke_codes, stdlib_smoke
from ..engines.contract import Engine, Mount
from ..history.conditions import Circumstances
from ..images.installers import installer_mount
from ..images.portable import portable
from ..interpreter import Origin
from ..judge import How, Outcome, OutcomeKind, judge
from ..options import smoke_code
from ..planned import PlannedRun
from ..results import REASON_LENGTH, Result, now
from ..runs import RunFolder
from .foretelling import foretold
from .repeating import repeat_command

PROPERTY = "manylinux_lab"  # of a test's report: the result of its cell


class Stand:
    """The run as it was planned; the engine and the benches start when the first check asks for them."""

    def __init__(self, *, folder: RunFolder, shared: Path | None = None) -> None:
        """Take the folder of the run, and the one through which its workers share what they found."""
        self.planned = PlannedRun(folder)
        self.folder = folder
        self._shared = shared
        self.run = self.planned.run
        self.smoke = smoke_code(self.run.options)
        self.circumstances = Circumstances(self.run)
        self._releases: dict[str, Release] = {}
        self._engine: Engine | None = None
        self._open: Workbench | None = None
        self._company: Company | None = None

    def close(self) -> None:
        """Remove the open bench."""
        for opened in (self._open, self._company):
            if opened is not None:
                opened.close()
        self._open = self._company = None

    def workbench(self, cell: Cell) -> Workbench:
        """Return the cell's bench; another one that was open is removed first."""
        if self._open is None or self._open.bench.id != cell.bench:
            self.close()
            bench = self.planned.bench_of(cell.bench)
            engine, terms = self._engine_and_terms(bench)
            self._open = Workbench(bench, self._releases[bench.distro], engine, terms, self.planned.wheels)
        for sha256 in cell.dependencies:
            self.planned.wheel_of(sha256)
        return self._open

    def company(self, cell: Cell) -> Company:
        """Return what loads wheels together on the cell's bench, in a container of its own."""
        if self._company is None or self._company.bench.id != cell.bench:
            if self._company is not None:
                self._company.close()
            bench = self.planned.bench_of(cell.bench)
            engine, terms = self._engine_and_terms(bench)
            smoke, stdlib = smoke_codes(self.run.options), stdlib_smoke()
            self._company = Company(bench, engine, terms, self.planned, smoke=smoke, stdlib=stdlib, shared=self._shared)
        return self._company

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
    run, bench, subject = stand.run, stand.planned.bench(cell), stand.planned.subject(cell)
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
        repeat=repeat_command(run, cell, subject, stand.planned.beside(cell)),
        lab=__version__,
        run=run.id,
        at=now(),
        conditions=stand.circumstances.of(cell),
    )


def _foretold(stand: Stand, cell: Cell, outcome: Outcome) -> dict[str, Any]:
    """Return what would have been predicted of an import that was seen."""
    bench = stand.planned.bench(cell)
    if cell.check != "import" or bench is None or outcome.kind in {OutcomeKind.TROUBLE, OutcomeKind.NOT_APPLIED}:
        return {}
    options = stand.run.options
    return foretold(stand.planned.wheel(cell), bench, options.variant, outcome, options.catalogue)
