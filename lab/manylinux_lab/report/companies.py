"""The co-load matrix of each bench: who was loaded first, who then, one word a pair. Pure; each format escapes it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..cells import Plan
from ..coload.evidence import Kind
from ..judge import Verdict
from ..results import Result
from ..runs import Run
from .matrix import COMPANY, LEFT_OUT, NOT_RUN, WORDS, Matrix, column_title
from .told import evidence_of

FLAKY = "flaky"
OK = "ok"
NOT_TOGETHER = "left out"
LARGE = 40  # wheels; a larger matrix shows only the rows and columns with something to see, at most so many
ORDER = ("FAIL", "ERROR", "unknown", FLAKY, "warn", OK, "skipped", NOT_TOGETHER, NOT_RUN)
CALM = frozenset({OK, LEFT_OUT, NOT_RUN, NOT_TOGETHER})
LEGEND = (
    "rows: loaded first; columns: loaded then; ok: both work as each does alone; FAIL: together they break something; "
    "warn, flaky: see the details; left out: they cannot be installed together; skipped: one does not load alone"
)

Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class CompanyMatrix:
    """The pairs of one bench: one matrix, or two where two sets of wheels meet, each loaded first in one of them.

    ``whole`` is the number of wheels; the matrix may show fewer. ``counts`` are of all cells, also of the ``crowds``
    that have more than two wheels.
    """

    bench: str
    title: str
    matrices: tuple[Matrix, ...]
    whole: int
    counts: tuple[tuple[str, int], ...]
    crowds: int

    @property
    def is_cut(self) -> bool:
        """Whether wheels without anything to see were left away."""
        shown = {name for matrix in self.matrices for name in (*matrix.rows, *matrix.columns)}
        return len(shown) < self.whole


def company_matrices(run: Run, results: Sequence[Result], *, largest: int = LARGE) -> tuple[CompanyMatrix, ...]:
    """Return the matrix of each bench on which wheels were to be loaded together, in the plan's order.

    One of more than ``largest`` wheels shows only where there is something to see.
    """
    words = {(result.bench, result.subject): word_of(result) for result in results if result.check == COMPANY}
    members = {subject.id: subject.members for subject in run.plan.subjects if subject.members}
    by_bench: dict[str, dict[tuple[str, ...], str]] = {}
    for cell in run.plan.cells:
        if cell.check == COMPANY:
            names = members.get(cell.subject) or tuple(cell.subject.split(","))
            by_bench.setdefault(cell.bench, {})[names] = words.get((cell.bench, cell.subject), NOT_RUN)
    titles = {bench.id: column_title(bench) for bench in run.plan.benches}
    return tuple(
        _of_bench(bench, titles.get(bench, bench), seen, _conflicts(run.plan, bench), largest)
        for bench, seen in by_bench.items()
    )


def word_of(result: Result) -> str:
    """Return the word of a cell; a warning because of a deviation that comes and goes is flaky."""
    if result.verdict is Verdict.PASS:
        return OK
    if result.verdict is Verdict.WARN and any(told.kind == Kind.FLAKY.value for told in evidence_of(result)):
        return FLAKY
    return WORDS[result.verdict]


def _conflicts(plan: Plan, bench: str) -> frozenset[Pair]:
    """Return the pairs, in both orders, that cannot be installed together."""
    named = [tuple(entry.subject.split(",")) for entry in plan.left_out if entry.bench == bench]
    return frozenset(pair for names in named if len(names) == 2 for pair in (names, names[::-1]))


def _of_bench(
    bench: str, title: str, seen: Mapping[tuple[str, ...], str], conflicts: frozenset[Pair], largest: int
) -> CompanyMatrix:
    pairs: dict[Pair, str] = dict.fromkeys(sorted(conflicts), NOT_TOGETHER)
    pairs |= {(names[0], names[1]): word for names, word in seen.items() if len(names) == 2}
    known = [*dict.fromkeys(name for names in seen if len(names) == 2 for name in names)]
    names = [*known, *sorted({name for pair in conflicts for name in pair} - set(known))]
    counts = Counter([*seen.values(), *(NOT_TOGETHER for pair in conflicts if pair not in seen)])
    return CompanyMatrix(
        bench=bench,
        title=title,
        matrices=tuple(
            _matrix(rows, columns, pairs, largest) for rows, columns in _sides(names, pairs) if rows and columns
        ),
        whole=len(names),
        counts=tuple((word, counts[word]) for word in ORDER if counts[word]),
        crowds=sum(len(names) > 2 for names in seen),
    )


def _sides(names: Sequence[str], pairs: Mapping[Pair, str]) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Yield rows and columns. Where no wheel meets another of its own set there are two sets, as in a grid."""
    side = _halves(names, pairs)
    if side is None or len(names) < 3:
        yield names, names
        return
    first, second = ([name for name in names if side[name] is half] for half in (True, False))
    yield first, second
    yield second, first


def _halves(names: Sequence[str], pairs: Mapping[Pair, str]) -> Mapping[str, bool] | None:
    """Return for each wheel in which of two sets it is, so that pairs are only between them, or None."""
    partners: dict[str, set[str]] = {name: set() for name in names}
    for one, other in pairs:
        partners[one].add(other)
        partners[other].add(one)
    side: dict[str, bool] = {}
    for start in names:
        waiting = [(start, True)] if start not in side else []
        while waiting:
            name, half = waiting.pop()
            if side.setdefault(name, half) is not half:
                return None
            waiting += [(other, not half) for other in partners[name] if side.get(other) is not (not half)]
    return side


def _matrix(rows: Sequence[str], columns: Sequence[str], pairs: Mapping[Pair, str], largest: int) -> Matrix:
    if max(len(rows), len(columns)) > largest:
        rows, columns = _worth_seeing(rows, pairs, 0, largest), _worth_seeing(columns, pairs, 1, largest)
    return Matrix(
        rows=tuple(rows),
        columns=tuple(columns),
        words=tuple(tuple(pairs.get((row, column), LEFT_OUT) for column in columns) for row in rows),
    )


def _worth_seeing(names: Sequence[str], pairs: Mapping[Pair, str], place: int, largest: int) -> list[str]:
    """Return the names with something to see, in their order; where there are too many, those with most of it."""
    number = Counter(pair[place] for pair, word in pairs.items() if word not in CALM)
    chosen = {name for name, _ in number.most_common(largest)}
    return [name for name in names if name in chosen]


def counts_words(content: CompanyMatrix) -> str:
    """Return how many wheels met, and how often each word was said: ``20 wheels; 2 FAIL, 378 ok``."""
    said = [f"{content.whole} wheels"] if content.whole else []
    if content.crowds:
        said.append("1 order of more than two" if content.crowds == 1 else f"{content.crowds} orders of more than two")
    return "; ".join([*said, ", ".join(f"{number} {word}" for word, number in content.counts)])


def in_need(content: CompanyMatrix, results: Sequence[Result]) -> tuple[Result, ...]:
    """Return the results of the bench about wheels in one process that are neither ok nor skipped."""
    calm = {Verdict.PASS, Verdict.SKIP}
    return tuple(
        result
        for result in results
        if result.check == COMPANY and result.bench == content.bench and result.verdict not in calm
    )
