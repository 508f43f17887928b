"""What changed from one run to another, and why: records in, records out. Starts nothing and repeats nothing."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from ..coload.evidence import Kind as EvidenceKind
from ..judge import How, Verdict
from ..results import Result
from .causes import Cause, CauseKind, causes
from .pairing import pairs

RANK = {Verdict.PASS: 0, Verdict.WARN: 1, Verdict.FAIL: 2}  # the verdicts that say what a wheel does


class Change(Enum):
    """What became of a cell; the order of definition is the order in which reports name them."""

    REGRESSED = "regressed"
    FLAKY = "flaky"
    FIXED = "fixed"
    UNCLEAR = "unclear"
    OBSERVED = "observed now"
    PREDICTED = "predicted now"
    VANISHED = "vanished"
    APPEARED = "appeared"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """How often a cell had a verdict other than its latest when it was asked again under the same conditions."""

    deviations: int
    times: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """One cell that changed: ``old`` is None where it appeared, ``new`` where it vanished.

    ``rate`` is what repeating it showed; ``unrepeated`` says why it was not repeated though nothing had changed.
    """

    change: Change
    old: Result | None
    new: Result | None
    causes: tuple[Cause, ...]
    rate: Rate | None = None
    unrepeated: str = ""

    @property
    def cell(self) -> str:
        """The id of the cell, that of the newer run where it has one."""
        result = self.new or self.old
        return result.cell if result else ""

    @property
    def is_unexplained(self) -> bool:
        """Whether nothing that is recorded changed, so that only repeating it can tell more."""
        is_judged = self.change in {Change.REGRESSED, Change.FIXED}
        return is_judged and self.rate is None and any(cause.kind is CauseKind.NOTHING for cause in self.causes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """All changes, in the order of ``Change`` and then of the cells' ids, and how many cells are unchanged."""

    changes: tuple[Changed, ...]
    unchanged: int

    def counts(self) -> Mapping[Change, int]:
        """Return how often each change occurs."""
        return Counter(changed.change for changed in self.changes)


def changes(old: Iterable[Result], new: Iterable[Result]) -> Comparison:
    """Return what changed from the results of one run to those of another.

    Better and worse are told among pass, warn and fail only. Where one side could not be found out (unknown, error,
    skip) the change is ``unclear``: an earlier check of the cell, or the lab, has the reason.
    """
    before, after = tuple(old), tuple(new)
    matched = pairs(before, after)
    found = [
        Changed(change=change, old=one, new=other, causes=_causes(change, one, other))
        for one, other in matched.both
        if (change := _change(one, other)) is not None
    ]
    same = len(matched.both) - len(found)
    earlier, later = _extent(before), _extent(after)
    found += [
        Changed(change=Change.VANISHED, old=result, new=None, causes=(later.lacks(result),))
        for result in matched.only_old
    ]
    found += [
        Changed(change=Change.APPEARED, old=None, new=result, causes=(earlier.lacks(result),))
        for result in matched.only_new
    ]
    return Comparison(changes=in_order(found), unchanged=same)


def in_order(found: Iterable[Changed]) -> tuple[Changed, ...]:
    """Return changes in the order in which they are told."""
    rank = {change: position for position, change in enumerate(Change)}
    return tuple(sorted(found, key=lambda changed: (rank[changed.change], changed.cell)))


def _change(old: Result, new: Result) -> Change | None:
    if old.how is not new.how:
        return Change.OBSERVED if new.how is How.OBSERVED else Change.PREDICTED
    if is_flaky(new) and not is_flaky(old):
        return Change.FLAKY
    if old.verdict is new.verdict:
        return None
    if old.verdict not in RANK or new.verdict not in RANK:
        return Change.UNCLEAR
    return Change.REGRESSED if RANK[new.verdict] > RANK[old.verdict] else Change.FIXED


def _causes(change: Change, old: Result, new: Result) -> tuple[Cause, ...]:
    """Return the causes; a prediction has no bench whose conditions could be held against those of another."""
    if change in {Change.OBSERVED, Change.PREDICTED}:
        words = "its image can be had" if change is Change.OBSERVED else "its image cannot be had any more"
        return (Cause(kind=CauseKind.IMAGE, words=words),)
    return causes(old, new)


def is_flaky(result: Result) -> bool:
    """Tell whether wheels in one process showed what did not show again in fresh processes of the same run."""
    if result.check != "coload":
        return False
    evidence = result.facts.get("evidence", ())
    return any(isinstance(one, dict) and one.get("kind") == EvidenceKind.FLAKY.value for one in evidence)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Extent:
    """What a run's results are about; it tells why a cell has no counterpart there."""

    benches: frozenset[str]
    projects: frozenset[str]
    checks: frozenset[str]

    def lacks(self, result: Result) -> Cause:
        """Return why there is no such cell, as far as the other cells tell."""
        missing = [project for project in result.project.split(",") if project not in self.projects]
        if result.bench not in self.benches:
            words = f"the other run has nothing on {result.bench}"
        elif missing:
            words = f"the other run has nothing of {', '.join(missing)}"
        elif result.check not in self.checks:
            words = f"the other run has no check '{result.check}'"
        else:
            words = "the other run has the bench, the project and the check, but not this cell"
        return Cause(kind=CauseKind.OPTIONS, words=words)


def _extent(results: Iterable[Result]) -> _Extent:
    listed = tuple(results)
    return _Extent(
        benches=frozenset(result.bench for result in listed),
        projects=frozenset(project for result in listed for project in result.project.split(",")),
        checks=frozenset(result.check for result in listed),
    )


def decided(changed: Changed, verdicts: Iterable[Verdict]) -> Changed:
    """Return a change after its cell was asked again under the same conditions, with these verdicts.

    It is flaky where one of them differs from the newer result, or where all of them do; an error tells nothing.
    """
    seen = [verdict for verdict in verdicts if verdict in RANK]
    if changed.new is None or not seen:
        return replace(changed, unrepeated=changed.unrepeated or "repeating it told nothing: the lab failed each time")
    deviations = sum(verdict is not changed.new.verdict for verdict in seen)
    rate = Rate(deviations=deviations, times=len(seen))
    return replace(changed, rate=rate, change=Change.FLAKY if deviations else changed.change)
