"""What was predicted of cells that ran, against what was seen: counts for each check and bench, and why they differ.

Pure. Rows are what was seen, columns what would have been predicted.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..judge import How, OutcomeKind
from ..loader import LoaderTrouble, explain
from ..results import Result

COMPARED = ("import", "refuse")
WORDS = {
    OutcomeKind.OK: "works",
    OutcomeKind.BROKEN: "broken",
    OutcomeKind.REFUSED: "refused",
    OutcomeKind.ACCEPTED: "accepted",
    OutcomeKind.UNKNOWN: "unknown",
}
PREDICTED = ("resolves", "FAIL", "refused", "unknown")
_OF_OUTCOME = {"ok": "resolves", "broken": "FAIL", "refused": "refused", "unknown": "unknown"}


class Cause(Enum):
    """Why a prediction and what was seen differ."""

    MODEL = "the prediction was wrong: it knows this cause"
    REQUIREMENT = "it imports a project that it does not require"
    MODULE = "its extension module has no function to start with"
    SYMBOL = "no library defines a symbol: versions and names of libraries do not tell"
    CRASH = "its code crashed or did not end"
    CODE = "its own code failed"
    NOT_LOADED = "a file cannot be loaded, as predicted, and importing does not load it"
    DAMAGED = "a file is damaged"


_OF_TROUBLE = {
    LoaderTrouble.SYMBOL: Cause.SYMBOL,
    LoaderTrouble.NO_MODULE: Cause.MODULE,
    LoaderTrouble.DAMAGED: Cause.DAMAGED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """Cells of one check on one bench that were seen to end alike; ``predicted`` counts by ``PREDICTED``."""

    check: str
    bench: str
    seen: str
    predicted: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A cell whose prediction did not come true; ``told`` and ``seen`` are reasons, empty for what works."""

    cell: str
    told: str
    seen: str
    cause: Cause


def lines(results: Sequence[Result]) -> tuple[Line, ...]:
    """Return the table, sorted by check and bench, without what was never seen or has no prediction."""
    counts: dict[tuple[str, str, str], Counter[str]] = {}
    for result in results:
        told = _told(result)
        if told and result.outcome in WORDS:
            counts.setdefault((result.check, result.bench, WORDS[result.outcome]), Counter())[told] += 1
    return tuple(
        Line(check=check, bench=bench, seen=seen, predicted={word: found[word] for word in PREDICTED})
        for (check, bench, seen), found in sorted(counts.items(), key=_place)
    )


def _place(item: tuple[tuple[str, str, str], Counter[str]]) -> tuple[str, str, int]:
    check, bench, seen = item[0]
    return check, bench, list(WORDS.values()).index(seen)


def _told(result: Result) -> str:
    """Return what was predicted of a cell that ran, or nothing. Tags alone foretell that a wheel is refused."""
    if result.how is not How.OBSERVED or result.check not in COMPARED:
        return ""
    if result.check == "refuse":
        return "refused"
    return _OF_OUTCOME.get(_predicted(result).get("outcome", ""), "")


def _predicted(result: Result) -> Mapping[str, Any]:
    found = result.facts.get("predicted")
    return found if isinstance(found, dict) else {}


def differences(results: Sequence[Result]) -> tuple[Difference, ...]:
    """Return each cell whose prediction did not come true, with the cause as far as the events tell."""
    return tuple(
        Difference(
            cell=result.cell,
            told=str(_predicted(result).get("reason", "")) or (result.check == "refuse") * "refused, as its tags say",
            seen=result.reason or "; ".join(result.side_effects),
            cause=_cause(result),
        )
        for result in sorted(results, key=lambda one: one.cell)
        if _differs(result)
    )


def _differs(result: Result) -> bool:
    if result.how is How.OBSERVED and result.check == "refuse":
        return result.outcome in (OutcomeKind.ACCEPTED, OutcomeKind.OK)
    return result.check in COMPARED and _predicted(result).get("agrees") is False


def _cause(result: Result) -> Cause:
    if result.check == "refuse":
        return Cause.MODEL
    if result.outcome is OutcomeKind.OK:
        return Cause.NOT_LOADED if result.side_effects else Cause.MODEL
    causes = list(_causes(result))
    return next((cause for cause in Cause if cause in causes), Cause.CODE)


def _causes(result: Result) -> Iterator[Cause]:
    """Yield what each deviation says, those of imports alone where there are any.

    What the loader reports and the model knows about is the model's. A module is not tried where its package failed.
    """
    events = result.facts.get("deviations")
    deviations = [event for event in events if event.get("status") != "not-tried"] if isinstance(events, list) else []
    imports = [event for event in deviations if event.get("kind") != "object"]
    for event in imports or deviations:
        explanation = explain(str(event.get("message", "")), {})
        if explanation is not None:
            yield _OF_TROUBLE.get(explanation.kind, Cause.MODEL)
        elif event.get("exception") == "ModuleNotFoundError":
            yield Cause.REQUIREMENT
        elif event.get("status") in ("signal", "timeout", "exit"):
            yield Cause.CRASH
