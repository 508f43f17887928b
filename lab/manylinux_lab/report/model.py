"""The record of a whole report: what every format shows, as plain values. Pure: the same results make the same record.

``report_of`` makes it from a run and its results; ``report.json`` is this record written down, so a report can be made
from that file as well.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..cells import Bench, Cell, LeftOut, Subject
from ..engines.contract import Boundary
from ..judge import Grade, How, OutcomeKind, Promise, Verdict
from ..results import Result
from ..runs import Run
from . import companies, told
from .companies import CompanyMatrix
from .matrix import COMPANY, NOT_RUN, Matrix, cell_word, column_title, counts, matrix
from .predicted import predictions

SCHEMA = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """How many cells have which verdict; ``planned`` and what follows are of benches, ``predicted`` of none.

    ``not_run`` cells are planned and have no result, as after an interruption.
    """

    planned: int
    kept: int
    warned: int
    failed: int
    unknown: int
    lab_errors: int
    skipped: int
    not_run: int
    left_out: int
    predicted: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportBench:
    """A bench as a column has it. ``is_foreseen`` ones could not be had: what is said of them is predicted.

    ``ending`` warns of the distro's end of life; ``trouble`` says why there is no image.
    """

    id: str
    title: str
    distro: str
    arch: str
    interpreter: str
    libc: str
    digest: str
    origin: str
    emulated: bool
    is_foreseen: bool
    ending: str
    trouble: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportCell:
    """One cell: facts of its result, and ``word``, what the lab says of it in one word.

    A cell without a result has the word ``not run`` and neither verdict, outcome, how nor grade. ``reason`` is one
    sentence; of a warning, its side effects. ``seconds`` is wall time on the bench.
    """

    cell: str
    bench: str
    check: str
    subject: str
    project: str
    version: str
    sha256: str
    distro: str
    arch: str
    interpreter: str
    emulated: bool
    image: str
    promise: Promise
    word: str
    verdict: Verdict | None = None
    outcome: OutcomeKind | None = None
    how: How | None = None
    grade: Grade | None = None
    reason: str = ""
    cause: str = ""
    rate: str = ""
    smallest: tuple[str, ...] = ()
    evidence: tuple[told.Told, ...] = ()
    advice: tuple[str, ...] = ()
    seconds: float = 0.0
    repeat: str = ""

    @property
    def is_calm(self) -> bool:
        """Whether there is nothing to act on: a kept promise, or a cell that did not apply."""
        return self.verdict in {Verdict.PASS, Verdict.SKIP}

    @property
    def is_predicted(self) -> bool:
        """Whether nothing was run for it."""
        return self.how is How.PREDICTED


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportPrediction:
    """A prediction that is no kept promise, once for all ``benches`` that it holds for."""

    verdict: Verdict
    subject: str
    reason: str
    benches: tuple[str, ...]
    repeat: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """All of a report. ``matrix`` has a row for each release, ``together`` a matrix for each bench with companies."""

    schema: int = SCHEMA
    run: str
    lab: str
    engine: str
    counts: Counts
    benches: tuple[ReportBench, ...]
    matrix: Matrix
    together: tuple[CompanyMatrix, ...]
    cells: tuple[ReportCell, ...]
    predictions: tuple[ReportPrediction, ...]
    left_out: tuple[LeftOut, ...]
    limits: tuple[Boundary, ...]
    notes: tuple[str, ...]


def in_plan_order(run: Run, results: Iterable[Result]) -> tuple[Result, ...]:
    """Return results in the order of the plan, whatever order they arrived in; those of no planned cell come first."""
    order = {cell.id: position for position, cell in enumerate(run.plan.cells)}
    return tuple(sorted(results, key=lambda result: (order.get(result.cell, -1), result.cell)))


def report_of(run: Run, results: Sequence[Result]) -> Report:
    """Return the report of a run; the results are in the plan's order."""
    return Report(
        run=run.id,
        lab=run.lab,
        engine=run.engine,
        counts=_counts(run, results),
        benches=tuple(_benches(run, results)),
        matrix=matrix(run, results),
        together=companies.company_matrices(run, results),
        cells=tuple(_cells(run, results)),
        predictions=tuple(
            ReportPrediction(
                verdict=one.verdict, subject=one.subject, reason=one.reason, benches=one.benches, repeat=one.repeat
            )
            for one in predictions(results)
        ),
        left_out=run.plan.left_out,
        limits=run.boundaries,
        notes=run.plan.notes,
    )


def _counts(run: Run, results: Sequence[Result]) -> Counts:
    observed = [result for result in results if result.how is How.OBSERVED]
    finished = {result.cell for result in results}
    number = counts(observed)
    return Counts(
        planned=len(run.plan.cells),
        kept=number[Verdict.PASS],
        warned=number[Verdict.WARN],
        failed=number[Verdict.FAIL],
        unknown=number[Verdict.UNKNOWN],
        lab_errors=number[Verdict.ERROR],
        skipped=number[Verdict.SKIP],
        not_run=sum(cell.id not in finished for cell in run.plan.cells),
        left_out=len(run.plan.left_out),
        predicted=len(results) - len(observed),
    )


def _benches(run: Run, results: Sequence[Result]) -> Iterator[ReportBench]:
    told_of = {result.bench for result in results if result.how is How.PREDICTED}
    yield from (_bench(bench, is_foreseen=False) for bench in run.plan.benches)
    yield from (_bench(bench, is_foreseen=True) for bench in run.plan.foreseen if bench.id in told_of)


def _bench(bench: Bench, *, is_foreseen: bool) -> ReportBench:
    return ReportBench(
        id=bench.id,
        title=column_title(bench),
        distro=bench.distro,
        arch=bench.arch,
        interpreter=bench.interpreter.id,
        libc=f"{bench.libc} {bench.libc_version[0]}.{bench.libc_version[1]}",
        digest=bench.image.digest if bench.image else "",
        origin=bench.image.origin if bench.image else "",
        emulated=bench.emulated,
        is_foreseen=is_foreseen,
        ending=bench.ending,
        trouble=bench.trouble,
    )


def _cells(run: Run, results: Sequence[Result]) -> Iterator[ReportCell]:
    """Yield every cell with a result, and every planned one without, at its place in the plan."""
    finished = {result.cell: result for result in results}
    planned = {cell.id for cell in run.plan.cells}
    subjects = {subject.id: subject for subject in run.plan.subjects}
    benches = {bench.id: bench for bench in run.plan.benches}
    yield from (_finished(result) for result in results if result.cell not in planned)
    for cell in run.plan.cells:
        if cell.id in finished:
            yield _finished(finished[cell.id])
        else:
            yield _waiting(cell, subjects.get(cell.subject) or Subject(id="", project=""), benches.get(cell.bench))


def _finished(result: Result) -> ReportCell:
    return ReportCell(
        cell=result.cell,
        bench=result.bench,
        check=result.check,
        subject=result.subject,
        project=result.project,
        version=result.version,
        sha256=result.sha256,
        distro=result.distro,
        arch=result.arch,
        interpreter=result.interpreter,
        emulated=result.emulated,
        image=result.image,
        promise=result.promise,
        word=companies.word_of(result) if result.check == COMPANY else cell_word(result),
        verdict=result.verdict,
        outcome=result.outcome,
        how=result.how,
        grade=result.grade,
        reason=result.reason or "; ".join(result.side_effects),
        cause=told.cause_of(result),
        rate=told.rate_of(result),
        smallest=told.smallest_of(result),
        evidence=told.beside_reason(result),
        advice=told.advice_of(result),
        seconds=result.seconds,
        repeat=result.repeat,
    )


def _waiting(cell: Cell, subject: Subject, bench: Bench | None) -> ReportCell:
    return ReportCell(
        cell=cell.id,
        bench=cell.bench,
        check=cell.check,
        subject=cell.subject,
        project=subject.project,
        version=subject.version,
        sha256=subject.sha256,
        distro=bench.distro if bench else "",
        arch=bench.arch if bench else "",
        interpreter=bench.interpreter.id if bench else "",
        emulated=bool(bench and bench.emulated),
        image=bench.image.digest if bench and bench.image else "",
        promise=cell.promise,
        word=NOT_RUN,
    )
