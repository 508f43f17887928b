"""The matrix of a run: one row a release, one column a bench, one word a cell. Pure; each format escapes it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..cells import HOST, Bench
from ..judge import Grade, How, Promise, Verdict
from ..results import Result, worst
from ..runs import Run

LEFT_OUT = "-"
NOT_RUN = "not run"
OK = "ok"
REFUSED = "refused"
PREDICTED = " (predicted)"
COMPANY = "coload"  # several wheels in one process: these cells have matrices of their own
STRENGTH = tuple(Grade)
WORDS = {
    Verdict.FAIL: "FAIL",
    Verdict.ERROR: "ERROR",
    Verdict.UNKNOWN: "unknown",
    Verdict.WARN: "warn",
    Verdict.SKIP: "skipped",
}
# A place shows the first of its cells' words in this order.
PRECEDENCE = (
    *(WORDS[verdict] for verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.UNKNOWN, Verdict.WARN)),
    *(grade.value for grade in reversed(STRENGTH) if grade is not Grade.NONE),
    OK,
    REFUSED,
    WORDS[Verdict.SKIP],
    NOT_RUN,
    LEFT_OUT,
)
LEGEND = (
    "smoke-tested, imported, loaded, installed, resolved: the strongest evidence, all as the tag promises; "
    "refused: turned away as it must be; FAIL: a wheel broke its promise; ERROR: the lab failed; "
    "(predicted): nothing was run there; -: left out"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Matrix:
    """Titles and words; ``words[row][column]``."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]


def matrix(run: Run, results: Sequence[Result]) -> Matrix:
    """Return the matrix of all results that belong to a bench; the host has a column where a file could not be read.

    Wheels that are loaded together have no row here. A requirement has a row of its own only where it could not be
    resolved: elsewhere the chosen release has one.
    """
    by_place: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for result in results:
        if has_place(result):
            by_place[row_title(result), result.bench].append(result)
    planned = set(planned_places(run).values())
    titles = sorted({title for title, _ in (*by_place, *planned)})
    benches = [(bench.id, column_title(bench)) for bench in (*run.plan.benches, *foreseen_benches(run, results))]
    if any(place[1] == HOST and needs_attention(found) for place, found in by_place.items()):
        benches.insert(0, (HOST, "file"))
    words = tuple(
        tuple(_word(by_place.get((title, bench), []), is_planned=(title, bench) in planned) for bench, _ in benches)
        for title in titles
    )
    return Matrix(rows=tuple(titles), columns=tuple(title for _, title in benches), words=words)


def has_place(result: Result) -> bool:
    """Tell whether the matrix has a place for a result; a requirement that was resolved is told by its release."""
    return result.check != COMPANY and (result.check != "resolve" or result.verdict is not Verdict.PASS)


def foreseen_benches(run: Run, results: Sequence[Result]) -> tuple[Bench, ...]:
    """Return the benches that were not had and of which something is predicted."""
    told = {result.bench for result in results if result.how is How.PREDICTED}
    return tuple(bench for bench in run.plan.foreseen if bench.id in told)


def row_title(result: Result) -> str:
    """Return ``numpy 2.1.3``; a subject without a version is named as the user did."""
    return _title(result.project, result.version, result.subject)


def _title(project: str, version: str, subject: str) -> str:
    return f"{project} {version}" if version else subject


def planned_places(run: Run) -> Mapping[str, tuple[str, str]]:
    """Return row and bench of the cells that have a place in the matrix, whether they have run or not, by id."""
    titles = {subject.id: _title(subject.project, subject.version, subject.id) for subject in run.plan.subjects}
    return {
        cell.id: (titles[cell.subject], cell.bench)
        for cell in run.plan.cells
        if cell.check not in {"read", "resolve", COMPANY}
    }


def column_title(bench: Bench) -> str:
    """Return the bench's id, marked where it is emulated."""
    return f"{bench.id} (emulated)" if bench.emulated else bench.id


def needs_attention(results: Sequence[Result]) -> bool:
    """Tell whether a promise was not kept, or nobody knows."""
    return any(result.verdict not in {Verdict.PASS, Verdict.SKIP} for result in results)


def _word(results: Sequence[Result], *, is_planned: bool) -> str:
    if not results:
        return NOT_RUN if is_planned else LEFT_OUT
    verdict = worst(result.verdict for result in results)
    word = _praise(results) if verdict is Verdict.PASS or verdict is None else WORDS[verdict]
    predicted = all(result.how is How.PREDICTED for result in results)
    return f"{word}{PREDICTED}" if predicted else word


def _praise(results: Sequence[Result]) -> str:
    kept = [result for result in results if result.verdict is Verdict.PASS]
    grades = [result.grade for result in kept if result.promise is Promise.SUPPORTED]
    if not grades:
        return REFUSED
    best = max(grades, key=STRENGTH.index)
    return OK if best is Grade.NONE else best.value


def cell_word(result: Result) -> str:
    """Return the word of a single cell, such as ``imported``, ``refused`` or ``FAIL``."""
    return _word((result,), is_planned=True)


def counts(results: Sequence[Result]) -> Mapping[Verdict, int]:
    """Return how many results have each verdict."""
    return Counter(result.verdict for result in results)


def counts_sentence(run: Run, results: Sequence[Result]) -> str:
    """Return the counts per blame: wheels, lab, and what was not looked at; never a single number."""
    predicted = counts([result for result in results if result.how is How.PREDICTED])
    observed = [result for result in results if result.how is How.OBSERVED]
    number = counts(observed)
    judged = (
        f"{number[Verdict.PASS]} kept, {number[Verdict.WARN]} warned, {number[Verdict.FAIL]} failed, "
        f"{number[Verdict.UNKNOWN]} unknown"
    )
    rest = f"lab errors: {number[Verdict.ERROR]}; skipped: {number[Verdict.SKIP]}; left out: {len(run.plan.left_out)}"
    also = f"; predicted: {_predicted_words(predicted)}" if predicted else ""
    return f"{len(observed)} of {max(len(run.plan.cells), len(observed))} cells: {judged}; {rest}{also}"


def _predicted_words(number: Mapping[Verdict, int]) -> str:
    words = {Verdict.PASS: "kept", Verdict.WARN: "warned", Verdict.FAIL: "failed", Verdict.UNKNOWN: "unknown"}
    return ", ".join(f"{number[verdict]} {word}" for verdict, word in words.items() if number[verdict])
