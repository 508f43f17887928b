"""The search for the first bad one in a row of candidates, from what was seen of some of them. Pure.

The row begins with one that is good and ends with one that is bad, and both are asked first: where that does not come
out, what was varied is not the cause. In between, the middle of what is left is asked; what cannot be tested is passed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from ..judge import Verdict
from ..results import Result


class Judged(Enum):
    """What a candidate showed."""

    GOOD = "good"
    BAD = "bad"
    UNTESTABLE = "untestable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What was seen of one candidate; ``words`` is the reason of a result that is not good."""

    candidate: str
    judged: Judged
    words: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The end of a search: the first bad and the last good candidate, and those between that could not be tested.

    ``contradiction`` says why there is no end: the row does not begin good and end bad.
    """

    last_good: str = ""
    first_bad: str = ""
    untested: tuple[str, ...] = ()
    contradiction: str = ""


JUDGED = {
    Verdict.PASS: Judged.GOOD,
    Verdict.WARN: Judged.GOOD,
    Verdict.FAIL: Judged.BAD,
}


def step_of(candidate: str, result: Result | None) -> Step:
    """Return what a cell's result says of a candidate; an error, a skip or no result says nothing."""
    if result is None:
        return Step(candidate=candidate, judged=Judged.UNTESTABLE, words="the lab gave no result")
    judged = JUDGED.get(result.verdict, Judged.UNTESTABLE)
    return Step(candidate=candidate, judged=judged, words="" if judged is Judged.GOOD else result.reason)


def following(candidates: Sequence[str], steps: Iterable[Step]) -> str | None:
    """Return the candidate to ask next, or None where the search has ended."""
    seen = {step.candidate: step.judged for step in steps}
    for end, wanted in ((candidates[-1], Judged.BAD), (candidates[0], Judged.GOOD)):
        if end not in seen:
            return end
        if seen[end] is not wanted:
            return None
    low, high = _window(candidates, seen)
    left = [place for place in range(low + 1, high) if candidates[place] not in seen]
    return candidates[min(left, key=lambda place: abs(2 * place - low - high))] if left else None


def found(candidates: Sequence[str], steps: Iterable[Step]) -> Found:
    """Return what a search that has ended came to."""
    seen = {step.candidate: step for step in steps}
    for end, wanted in ((candidates[-1], Judged.BAD), (candidates[0], Judged.GOOD)):
        judged = seen[end].judged
        if judged is not wanted:
            words = f": {seen[end].words}" if seen[end].words else ""
            return Found(contradiction=f"with '{end}' the cell is {judged.value}, not {wanted.value}{words}")
    low, high = _window(candidates, {name: step.judged for name, step in seen.items()})
    return Found(last_good=candidates[low], first_bad=candidates[high], untested=tuple(candidates[low + 1 : high]))


def _window(candidates: Sequence[str], seen: dict[str, Judged]) -> tuple[int, int]:
    """Return the places of the first that is bad and of the last good one before it."""
    high = min(place for place, name in enumerate(candidates) if seen.get(name) is Judged.BAD)
    low = max(place for place, name in enumerate(candidates[:high]) if seen.get(name) is Judged.GOOD)
    return low, high
