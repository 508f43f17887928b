"""What the page's program gets: tables of words and columns of numbers, so that 100,000 cells stay small. Pure.

What a cell says comes from the matrices that all reports share; the program only chooses what is shown.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..cells import HOST, Bench, LeftOut
from ..history.changes import Changed
from ..judge import How, Verdict
from ..results import Result
from ..runs import Run
from .escape import plain
from .matrix import (
    COMPANY,
    LEFT_OUT,
    NOT_RUN,
    PRECEDENCE,
    PREDICTED,
    cell_word,
    foreseen_benches,
    has_place,
    needs_attention,
    planned_places,
    row_title,
)
from .page_together import Together, together
from .vocabulary import Vocabulary

SCHEMA = 1
VERDICTS = (*(verdict.value for verdict in Verdict), NOT_RUN, "left out")
HOWS = (*(how.value for how in How), "neither")
NONE = -1  # there is no detail


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What became of a cell since an earlier run: ``kind`` is a word such as ``regressed``, ``words`` say it whole.

    ``place`` is the row of the matrix, or the wheels that are loaded together with commas between.
    """

    place: str
    bench: str
    kind: str
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A bench as the page shows it; ``family`` and ``arch`` head the groups. What is not known is empty."""

    id: str
    distro: str
    family: str
    arch: str
    interpreter: str
    libc: str = ""
    image: str = ""
    origin: str = ""
    ending: str = ""
    trouble: str = ""
    emulated: bool = False
    foreseen: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Entries:
    """One entry for each cell that has a place, as columns of equal length; numbers point into the tables.

    ``detail`` is the number of what is told when the cell is opened, or -1 for a cell without a result.
    """

    row: tuple[int, ...]
    column: tuple[int, ...]
    check: tuple[int, ...]
    word: tuple[int, ...]
    verdict: tuple[int, ...]
    how: tuple[int, ...]
    reason: tuple[int, ...]
    detail: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Overview:
    """All that the page needs before a cell is opened. ``words`` are in the order in which one hides another."""

    schema: int = SCHEMA
    run: str
    lab: str
    engine: str
    words: tuple[str, ...]
    verdicts: tuple[str, ...]
    hows: tuple[str, ...]
    rows: tuple[str, ...]
    columns: tuple[Column, ...]
    checks: tuple[str, ...]
    reasons: tuple[str, ...]
    entries: Entries
    left_out: tuple[LeftOut, ...]
    together: Together
    changes: tuple[Change, ...]
    summary: str


def overview(run: Run, results: Sequence[Result], *, changes: Sequence[Changed] = (), summary: str = "") -> Overview:
    """Return what the page shows at first; the number of a detail is the result's place in ``results``."""
    columns = tuple(_columns(run, results))
    checks, reasons = Vocabulary(), Vocabulary([""])
    cells = _cells(run, results, {column.id for column in columns})
    rows = sorted({cell.row for cell in cells})
    return Overview(
        run=run.id,
        lab=run.lab,
        engine=run.engine,
        words=PRECEDENCE,
        verdicts=VERDICTS,
        hows=HOWS,
        rows=tuple(plain(row) for row in rows),
        columns=columns,
        entries=_entries(cells, rows, columns, checks, reasons),
        checks=checks.texts,
        reasons=reasons.texts,
        left_out=tuple(_plain_entry(entry) for entry in run.plan.left_out),
        together=together(run, results),
        changes=tuple(_change(changed) for changed in changes),
        summary=summary,
    )


# --- columns ---


def _columns(run: Run, results: Sequence[Result]) -> Iterator[Column]:
    """Yield the columns by family, arch and release; the host has one where a file needs attention."""
    if needs_attention([result for result in results if result.bench == HOST and has_place(result)]):
        yield Column(id=HOST, distro="file", family="file", arch="", interpreter="")
    foreseen = foreseen_benches(run, results)
    columns = [_column(bench, foreseen=bench in foreseen) for bench in (*run.plan.benches, *foreseen)]
    families = Vocabulary(column.family for column in columns)
    arches = Vocabulary(column.arch for column in columns)
    yield from sorted(
        columns, key=lambda one: (families.number(one.family), arches.number(one.arch), natural(one.id), one.id)
    )


def _column(bench: Bench, *, foreseen: bool) -> Column:
    image = bench.image
    return Column(
        id=plain(bench.id),
        distro=plain(bench.distro),
        family=plain(bench.family) or plain(bench.distro).rpartition("-")[0] or plain(bench.distro),
        arch=bench.arch,
        interpreter=bench.interpreter.id,
        libc=f"{bench.libc} {bench.libc_version[0]}.{bench.libc_version[1]}",
        image=image.digest if image else "",
        origin=plain(image.origin) if image else "",
        ending=plain(bench.ending),
        trouble=plain(bench.trouble),
        emulated=bench.emulated,
        foreseen=foreseen,
    )


def natural(text: str) -> tuple[tuple[int, str], ...]:
    """Return what sorts ``debian-9`` before ``debian-10`` and both before ``debian-testing``."""
    return tuple((int(part), "") if part.isdecimal() else (1 << 60, part) for part in re.split(r"(\d+)", text) if part)


# --- cells that have a place ---


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cell:
    row: str
    bench: str
    check: str
    word: str
    verdict: str
    how: str = "neither"
    reason: str = ""
    detail: int = NONE


def _cells(run: Run, results: Sequence[Result], benches: Iterable[str]) -> list[_Cell]:
    """Return what has a place in the matrix: results, cells that did not run, and what the plan left out."""
    shown = set(benches)
    finished = {result.cell for result in results}
    cells = [_finished(result, number) for number, result in enumerate(results) if has_place(result)]
    places = {name: place for name, place in planned_places(run).items() if name not in finished}
    checks = {cell.id: cell.check for cell in run.plan.cells if cell.id in places}
    cells += [
        _Cell(row=row, bench=bench, check=checks[name], word=NOT_RUN, verdict=NOT_RUN)
        for name, (row, bench) in places.items()
    ]
    cells += _left_out(run, {cell.row for cell in cells}, {(cell.row, cell.bench) for cell in cells})
    return [cell for cell in cells if plain(cell.bench) in shown]


def _finished(result: Result, number: int) -> _Cell:
    return _Cell(
        row=row_title(result),
        bench=result.bench,
        check=result.check,
        word=cell_word(result).removesuffix(PREDICTED),
        verdict=result.verdict.value,
        how=result.how.value,
        reason=plain(result.reason or "; ".join(result.side_effects)),
        detail=number,
    )


def _left_out(run: Run, rows: set[str], taken: set[tuple[str, str]]) -> Iterator[_Cell]:
    """Yield the places of which the plan says why it leaves them out; others were not asked for."""
    titles = {one.id: f"{one.project} {one.version}" if one.version else one.id for one in run.plan.subjects}
    for entry in run.plan.left_out:
        row = titles.get(entry.subject, entry.subject)
        if row in rows and (row, entry.bench) not in taken:
            taken.add((row, entry.bench))
            reason = plain(entry.reason)
            yield _Cell(row=row, bench=entry.bench, check="", word=LEFT_OUT, verdict="left out", reason=reason)


def _entries(
    cells: Sequence[_Cell], rows: Sequence[str], columns: Sequence[Column], checks: Vocabulary, reasons: Vocabulary
) -> Entries:
    row_of = {row: number for number, row in enumerate(rows)}
    column_of = {column.id: number for number, column in enumerate(columns)}
    word_of = {word: number for number, word in enumerate(PRECEDENCE)}
    return Entries(
        row=tuple(row_of[cell.row] for cell in cells),
        column=tuple(column_of[plain(cell.bench)] for cell in cells),
        check=tuple(checks.number(plain(cell.check)) for cell in cells),
        word=tuple(word_of[cell.word] for cell in cells),
        verdict=tuple(VERDICTS.index(cell.verdict) for cell in cells),
        how=tuple(HOWS.index(cell.how) for cell in cells),
        reason=tuple(reasons.number(cell.reason) for cell in cells),
        detail=tuple(cell.detail for cell in cells),
    )


def _change(changed: Changed) -> Change:
    """Return a change where the page has a place for it; the causes tell whether the wheel or the bench moved."""
    before, now = (side.verdict.value if side else "nothing" for side in (changed.old, changed.new))
    why = "; ".join(cause.words for cause in changed.causes)
    result = changed.new or changed.old
    return Change(
        place=_place(result) if result else "",
        bench=plain(result.bench) if result else "",
        kind=changed.change.value,
        words=plain(f"{result.check if result else 'cell'}: {before} before, {now} now{f' ({why})' if why else ''}"),
    )


def _place(result: Result) -> str:
    return plain(result.subject if result.check == COMPANY else row_title(result))


def _plain_entry(entry: LeftOut) -> LeftOut:
    return LeftOut(bench=plain(entry.bench), subject=plain(entry.subject), reason=plain(entry.reason))
