"""How each wheel, distro and pair fared from run to run: last good, first bad, how often flaky. Records in, out."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from ..judge import How, Verdict

GOOD = frozenset({Verdict.PASS, Verdict.WARN})
JUDGED = frozenset({Verdict.PASS, Verdict.WARN, Verdict.FAIL})


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One result of a series in one run; ``key`` names the conditions, and is empty where not all are known.

    ``is_cached`` tells that it was seen in an earlier run and says nothing new.
    """

    bench: str
    check: str
    project: str
    cell: str
    run: str
    begun: str
    verdict: Verdict
    how: How
    key: bytes = b""
    is_cached: bool = False

    @property
    def subject(self) -> str:
        """The wheel's file name, or the names of those that share a process."""
        return self.cell.removeprefix(f"{self.bench}/{self.check}/")


@dataclass(frozen=True, kw_only=True, slots=True)
class Trend:
    """One question through all runs that asked it: a check on a bench for a project, or for an order of projects.

    ``first_bad`` begins the failures that still last; None where the latest judged result is no failure. ``differing``
    of ``times`` results were seen otherwise than most under the same conditions.
    """

    bench: str
    check: str
    project: str
    runs: int
    latest: Point
    last_good: Point | None
    first_bad: Point | None
    differing: int
    times: int

    @property
    def is_calm(self) -> bool:
        """Whether there is nothing to look at: it is good and was never seen otherwise."""
        return self.latest.verdict in GOOD and not self.differing and self.first_bad is None


def trends(points: Iterable[Point]) -> Iterator[Trend]:
    """Yield the trend of each series; points come series by series, and in each in the order of runs."""
    for _, series in groupby(points, key=lambda point: (point.project, point.check, point.bench)):
        yield _trend(_one_a_run(series))


def _one_a_run(points: Iterable[Point]) -> Sequence[Point]:
    """Return the last result of each cell in each run: an error may have been tried again."""
    return tuple({(point.run, point.cell): point for point in points}.values())


def _trend(points: Sequence[Point]) -> Trend:
    judged = [point for point in points if point.how is How.OBSERVED and point.verdict in JUDGED]
    good = [number for number, point in enumerate(judged) if point.verdict in GOOD]
    bad = judged[good[-1] + 1 :] if good else judged
    differing, times = _deviations(points)
    return Trend(
        bench=points[-1].bench,
        check=points[-1].check,
        project=points[-1].project,
        runs=len({point.run for point in points}),
        latest=points[-1],
        last_good=judged[good[-1]] if good else None,
        first_bad=bad[0] if bad else None,
        differing=differing,
        times=times,
    )


def _deviations(points: Sequence[Point]) -> tuple[int, int]:
    """Return how many results differ from most that were seen under the same conditions, and of how many."""
    groups = [Counter(verdicts) for verdicts in _by_key(points)]
    compared = [group for group in groups if group.total() > 1]
    differing = sum(group.total() - max(group.values()) for group in compared)
    return differing, sum(group.total() for group in compared)


def _by_key(points: Sequence[Point]) -> Iterator[list[Verdict]]:
    seen: dict[bytes, list[Verdict]] = defaultdict(list)
    for point in points:
        if point.key and not point.is_cached and point.verdict in JUDGED:
            seen[point.key].append(point.verdict)
    yield from seen.values()
