"""The one table that turns a promise and an outcome into a verdict. Pure: no I/O, no clock, no globals that change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Promise(Enum):
    """What the tag says must happen on a bench (PEP 600, PEP 656)."""

    SUPPORTED = "supported"
    UNSUPPORTED = "unsupported"


class OutcomeKind(Enum):
    """What happened."""

    OK = "ok"
    BROKEN = "broken"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    TROUBLE = "trouble"
    NOT_APPLIED = "not applied"


class Verdict(Enum):
    """The promise held against the outcome."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"
    ERROR = "error"
    SKIP = "skip"


class Grade(Enum):
    """How strong the evidence of an ``ok`` is; the order of definition is the order of strength."""

    NONE = "none"
    RESOLVED = "resolved"
    INSTALLED = "installed"
    LOADED = "loaded"
    IMPORTED = "imported"
    SMOKE_TESTED = "smoke-tested"


class How(Enum):
    """Whether a result was seen on a bench or computed from facts."""

    OBSERVED = "observed"
    PREDICTED = "predicted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a check saw.

    ``reason`` is one sentence, ``facts`` are JSON values, ``side_effects`` what neighbours may suffer from.
    """

    kind: OutcomeKind
    reason: str
    grade: Grade = Grade.NONE
    facts: Mapping[str, Any] = field(default_factory=dict)
    side_effects: tuple[str, ...] = ()


TABLE = {
    (Promise.SUPPORTED, OutcomeKind.OK): Verdict.PASS,
    (Promise.SUPPORTED, OutcomeKind.ACCEPTED): Verdict.PASS,
    (Promise.SUPPORTED, OutcomeKind.BROKEN): Verdict.FAIL,
    (Promise.SUPPORTED, OutcomeKind.REFUSED): Verdict.FAIL,
    (Promise.UNSUPPORTED, OutcomeKind.REFUSED): Verdict.PASS,
    (Promise.UNSUPPORTED, OutcomeKind.ACCEPTED): Verdict.FAIL,
    (Promise.UNSUPPORTED, OutcomeKind.OK): Verdict.FAIL,
    # An installer that breaks on a wheel it should refuse has not refused it: nobody can tell what it would have done.
    (Promise.UNSUPPORTED, OutcomeKind.BROKEN): Verdict.UNKNOWN,
}
ANY_PROMISE = {
    OutcomeKind.UNKNOWN: Verdict.UNKNOWN,
    OutcomeKind.TROUBLE: Verdict.ERROR,
    OutcomeKind.NOT_APPLIED: Verdict.SKIP,
}


def judge(promise: Promise, outcome: Outcome, *, strict: bool = False) -> Verdict:
    """Return the verdict of the table in docs/verdicts.md.

    A kept promise with side effects is a ``warn``, and a ``fail`` when ``strict``.
    """
    verdict = ANY_PROMISE.get(outcome.kind) or TABLE[promise, outcome.kind]
    if verdict is Verdict.PASS and outcome.side_effects:
        return Verdict.FAIL if strict else Verdict.WARN
    return verdict
