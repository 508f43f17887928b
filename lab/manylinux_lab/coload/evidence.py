"""The one table that weighs what was seen of wheels that share a process. Pure; docs/coload.md has it in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ..judge import Grade, Outcome, OutcomeKind

KEPT = 40  # pieces of evidence kept as facts


class Weight(Enum):
    """What a piece of evidence means for the verdict."""

    FAIL = "fail"
    WARN = "warn"
    NOTE = "note"


class Kind(Enum):
    """What was seen. The order of definition is the order in which evidence is told."""

    OUTCOME = "outcome differs from alone"
    CAPTURED = "captured library"
    FLOATING_POINT = "floating-point state"
    OVERLAP = "same path, other content"
    FLAKY = "flaky"
    CAPTURED_BY_SYSTEM = "the system's library instead of the wheel's own"
    CAPTURED_TWIN = "captured library with the same content"
    BINDINGS = "cross-wheel symbol bindings"
    PROCESS_STATE = "process state"
    NOISE = "output while loading"
    OVERLAP_EQUAL = "same path, same content"
    TOP_LEVEL = "top-level name that no library should own"
    RECORD = "RECORD does not match"
    STATIC_TLS = "static TLS"
    UNIQUE = "unique symbols in both"
    RUNTIMES = "duplicate runtimes"
    THREADS = "threads"
    CALLBACKS = "import hooks and callbacks"
    METHOD = "seen only in a forked process"


WEIGHTS = {
    Kind.OUTCOME: Weight.FAIL,
    Kind.CAPTURED: Weight.FAIL,
    Kind.FLOATING_POINT: Weight.FAIL,
    Kind.OVERLAP: Weight.FAIL,
    Kind.FLAKY: Weight.WARN,
    Kind.CAPTURED_BY_SYSTEM: Weight.WARN,
    Kind.CAPTURED_TWIN: Weight.WARN,
    Kind.BINDINGS: Weight.WARN,
    Kind.PROCESS_STATE: Weight.WARN,
    Kind.NOISE: Weight.WARN,
    Kind.OVERLAP_EQUAL: Weight.WARN,
    Kind.TOP_LEVEL: Weight.WARN,
    Kind.RECORD: Weight.WARN,
    Kind.STATIC_TLS: Weight.NOTE,
    Kind.UNIQUE: Weight.NOTE,
    Kind.RUNTIMES: Weight.NOTE,
    Kind.THREADS: Weight.NOTE,
    Kind.CALLBACKS: Weight.NOTE,
    Kind.METHOD: Weight.NOTE,
}
TOLD = tuple(Kind)


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """One thing that was seen: ``words`` is a sentence, ``facts`` are JSON values, ``advice`` is for an author."""

    kind: Kind
    words: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    advice: str = ""

    @property
    def weight(self) -> Weight:
        """What the table makes of it."""
        return WEIGHTS[self.kind]


def outcome_of(found: Iterable[Evidence], *, grade: Grade, facts: Mapping[str, Any]) -> Outcome:
    """Return the outcome of all evidence: the first that fails gives the reason, warnings are side effects.

    ``facts`` are those of the cell as a whole; evidence, notes too, is kept beside them, at most ``KEPT`` pieces.
    """
    ordered = sorted(found, key=lambda evidence: TOLD.index(evidence.kind))
    kept = ordered[:KEPT]  # a wheel can make the process report as much as it likes
    told = {**facts, "evidence": [_told(evidence) for evidence in kept], "advice": _advice(kept)}
    failing = [evidence for evidence in ordered if evidence.weight is Weight.FAIL]
    warning = tuple(dict.fromkeys(evidence.words for evidence in kept if evidence.weight is Weight.WARN))
    if failing:
        more = sum(evidence.kind is failing[0].kind for evidence in failing) - 1  # the others are often its cause
        reason = f"{failing[0].words}{f' (and {more} more)' if more else ''}"
        return Outcome(kind=OutcomeKind.BROKEN, reason=reason, facts=told, side_effects=warning)
    return Outcome(kind=OutcomeKind.OK, reason="", grade=grade, facts=told, side_effects=warning)


def _told(evidence: Evidence) -> dict[str, Any]:
    return {
        "kind": evidence.kind.value,
        "weight": evidence.weight.value,
        "words": evidence.words,
        **({"facts": dict(evidence.facts)} if evidence.facts else {}),
    }


def _advice(found: Sequence[Evidence]) -> list[str]:
    given = [evidence.advice for evidence in found if evidence.advice and evidence.weight is not Weight.NOTE]
    return list(dict.fromkeys(given))
