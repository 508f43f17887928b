"""The summary on the terminal, as plain text: matrix, failures with their repeat commands, counts per blame."""

import shlex
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from tabulate import tabulate

from ..cells import LeftOut
from ..judge import Verdict
from ..printable import logged
from ..results import Result
from ..runs import Run
from . import companies
from .columns import blocks
from .companies import CompanyMatrix, company_matrices
from .escape import plain
from .matrix import COMPANY, LEGEND, Matrix, counts_sentence, matrix
from .predicted import observed, predictions
from .told import advice_of, smallest_of

DETAILED = (Verdict.FAIL, Verdict.ERROR, Verdict.UNKNOWN, Verdict.WARN)
LEFT_OUT_LINES = 12
PREDICTED_LINES = 12
COMPANY_LINES = 40  # orders of wheels that are listed where a matrix would not fit
WIDTH = 120  # of the file; on a terminal its own width counts
DETAILS = 20  # results of single wheels that are explained on a terminal, for each verdict; a file has them all
COMPANY_DETAILS = 20  # orders of wheels that are explained, for each verdict


def render(run: Run, results: Sequence[Result]) -> str:
    """Return the summary as a file has it: always as wide, so that the same results give the same text."""
    return whole(run, results, width=WIDTH, most=len(results)).lstrip("\n") + "\n"


def whole(run: Run, results: Sequence[Result], *, width: int, most: int = DETAILS) -> str:
    """Return the summary of a run that was read from its folder."""
    finished = {result.cell for result in results}
    missing = sum(cell.id not in finished for cell in run.plan.cells)
    seconds = sum(result.seconds for result in results)
    return summary(run, results, width=width, seconds=seconds, missing=missing, most=most)


def cell_line(result: Result) -> str:
    """Return the one line that a finished cell gets."""
    word = result.verdict.value.upper() if result.verdict in {Verdict.FAIL, Verdict.ERROR} else result.verdict.value
    grade = f" ({result.grade.value})" if result.verdict is Verdict.PASS and result.grade.value != "none" else ""
    reason = "" if result.verdict is Verdict.PASS else f": {result.reason or '; '.join(result.side_effects)}"
    return logged(plain(f"{word:<7} {result.cell}{grade}{reason} [{result.seconds:.1f} s]"))


def summary(
    run: Run, results: Sequence[Result], *, width: int, seconds: float, missing: int, most: int = DETAILS
) -> str:
    """Return everything that stands below the cells of a finished run, with up to ``most`` results of each verdict."""
    content, together = matrix(run, results), company_matrices(run, results)
    parts = [
        *(("", table(content, width), "", *textwrap.wrap(LEGEND, width)) if content.rows or not together else ()),
        *(line for one in together for line in _together(one, results, width)),
        *(("", *textwrap.wrap(companies.LEGEND, width)) if any(_grids(one, width) for one in together) else ()),
        *_details(observed(results), width, most),
        *_predicted(results, width),
        *_left_out(run.plan.left_out, width),
        *_notes(run),
        "",
        f"{counts_sentence(run, results)}; {seconds:.0f} s on {run.engine}",
    ]
    if missing:
        parts.append("1 cell did not run." if missing == 1 else f"{missing} cells did not run.")
    return logged("\n".join(parts))


def page_line(folder: str) -> str:
    """Return how to get the page of a run: it needs more of the results than a run keeps in memory."""
    return f"A page with filters and all evidence: manylinux-lab report {shlex.quote(folder)} --format html"


def table(content: Matrix, width: int) -> str:
    """Return the matrix for a terminal; it stands upright or comes in blocks where its columns would not fit."""
    return "\n\n".join(_grid(block) for block in blocks(content, width, _column, may_turn=True))


def _grid(content: Matrix) -> str:
    body = [[plain(row), *line] for row, line in zip(content.rows, content.words, strict=True)]
    headers = ["", *map(_heading, content.columns)]
    return tabulate(body, headers=headers, tablefmt="simple", disable_numparse=True)


def _heading(title: str) -> str:
    return plain(title).replace(":", "\n").replace(" (", "\n(")


def _column(heading: str, words: Sequence[str]) -> int:
    """Return how wide tabulate makes a column: it keeps two spaces beside a heading, and two between columns."""
    return max(len(line) for line in (*(f"{one}  " for one in _heading(heading).split("\n")), *map(plain, words))) + 2


def _together(content: CompanyMatrix, results: Sequence[Result], width: int) -> Iterator[str]:
    """Yield the wheels of one bench that were loaded together: a matrix where it fits, else those that are not ok."""
    yield ""
    said = f"Loaded together on {plain(content.title)}: {companies.counts_words(content)}"
    yield textwrap.fill(said, width, subsequent_indent="  ")
    grids = _grids(content, width)
    if grids:
        for grid in grids:
            yield from ("", grid)
        if content.is_cut:
            yield "Rows and columns without anything to see are left away."
        return
    needy = companies.in_need(content, results)
    for result in needy[:COMPANY_LINES]:
        yield f"  {companies.word_of(result):<7} {plain(', then '.join(result.subject.split(',')))}"
    if len(needy) > COMPANY_LINES:
        yield f"  and {len(needy) - COMPANY_LINES} more; the report lists them all"


def _grids(content: CompanyMatrix, width: int) -> list[str]:
    """Return the matrices of a bench as text; none where one of them would not fit."""
    grids = [_grid(one) for one in content.matrices if one.rows and one.columns]
    return grids if all(len(line) <= width for grid in grids for line in grid.splitlines()) else []


def _details(results: Sequence[Result], width: int, most: int) -> Iterator[str]:
    for verdict in DETAILED:
        found = [result for result in results if result.verdict is verdict]
        orders = [result.cell for result in found if result.check == COMPANY][COMPANY_DETAILS:]
        alone = [result.cell for result in found if result.check != COMPANY][most:]
        silent = {*orders, *alone}
        for result in found:
            if result.cell not in silent:
                yield from _detail(result, width)
        if alone:
            yield from ("", f"{verdict.value.upper()} {len(alone)} more; report.md has them all")
        if orders:
            yield from ("", f"{verdict.value.upper()} {len(orders)} more orders of wheels; the report explains them")


def _predicted(results: Sequence[Result], width: int) -> Iterator[str]:
    told = predictions(results)
    for one in told[:PREDICTED_LINES]:
        yield ""
        words = f"{one.verdict.value.upper()}  predicted: {one.subject} on {one.places}"
        yield textwrap.fill(plain(words), width, subsequent_indent="  ", break_on_hyphens=False)
        yield textwrap.fill(plain(one.reason), width, initial_indent="  ", subsequent_indent="  ")
        yield f"  repeat: {plain(one.repeat)}"
    if len(told) > PREDICTED_LINES:
        yield from ("", f"{len(told) - PREDICTED_LINES} further predictions; the report tells them all")


def _detail(result: Result, width: int) -> Iterator[str]:
    yield ""
    yield plain(f"{result.verdict.value.upper()}  {result.cell}")
    reason = result.reason if result.verdict is not Verdict.WARN else "; ".join(result.side_effects)
    yield textwrap.fill(plain(reason), width, initial_indent="  ", subsequent_indent="  ")
    if smallest_of(result):
        smallest = ", then ".join(smallest_of(result))
        yield textwrap.fill(plain(smallest), width, initial_indent="  enough: ", subsequent_indent="    ")
    for advice in advice_of(result):
        yield textwrap.fill(plain(advice), width, initial_indent="  advice: ", subsequent_indent="    ")
    yield f"  repeat: {plain(result.repeat)}"


def _left_out(left_out: Sequence[LeftOut], width: int) -> Iterator[str]:
    reasons = Counter(plain(entry.reason) for entry in left_out)
    if reasons:
        yield ""
    for reason, number in reasons.most_common(LEFT_OUT_LINES):
        first = next(entry for entry in left_out if plain(entry.reason) == reason)
        where = first.bench + (f" {first.subject}" if first.subject else "")
        others = f" and {number - 1} more" if number > 1 else ""
        yield textwrap.fill(f"left out {plain(where)}{others}: {reason}", width, subsequent_indent="  ")
    if len(reasons) > LEFT_OUT_LINES:
        yield f"left out for {len(reasons) - LEFT_OUT_LINES} further reasons; the report lists them all"


def _notes(run: Run) -> Iterator[str]:
    endings = sorted({f"{bench.distro}: {bench.ending}" for bench in run.plan.benches if bench.ending})
    yield from (f"note: {plain(note)}" for note in (*endings, *run.plan.notes))
    for boundary in run.boundaries:
        if not boundary.in_force:
            yield f"note: the limit '{boundary.name}' is not in force: {plain(boundary.detail)}"
