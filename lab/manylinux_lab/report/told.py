"""What a result's facts tell a reader: evidence, cause, advice, smallest set. Facts are JSON that may hold anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..coload.evidence import KEPT
from ..judge import Verdict
from ..results import Result


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A piece of evidence as a result keeps it: kind, weight and one sentence."""

    kind: str
    weight: str
    words: str


def evidence_of(result: Result) -> tuple[Told, ...]:
    """Return the evidence of a result, what matters most first; a check that has none gives nothing."""
    pieces = result.facts.get("evidence")
    found = [piece for piece in pieces if isinstance(piece, Mapping)] if isinstance(pieces, list | tuple) else []
    return tuple(
        Told(kind=_text(piece, "kind"), weight=_text(piece, "weight"), words=_text(piece, "words"))
        for piece in found[:KEPT]
    )


def _text(piece: Mapping[str, Any], key: str) -> str:
    return str(piece.get(key, ""))


def advice_of(result: Result) -> tuple[str, ...]:
    """Return what the wheel's author can do, where the lab knows it."""
    return _texts(result.facts.get("advice"))


def beside_reason(result: Result) -> tuple[Told, ...]:
    """Return the evidence that the reason does not already tell."""
    if result.verdict is not Verdict.FAIL:
        return evidence_of(result)
    return tuple(piece for piece in evidence_of(result) if not piece.words or not result.reason.startswith(piece.words))


def cause_of(result: Result) -> str:
    """Return the likely cause of a failure, or nothing where the reason tells it."""
    cause = str(result.facts.get("likely_cause", ""))
    return "" if cause in result.reason else cause


def smallest_of(result: Result) -> tuple[str, ...]:
    """Return the fewest wheels that fail together, in their order, where a larger set was reduced to them."""
    return _texts(result.facts.get("smallest"))


def rate_of(result: Result) -> str:
    """Return in how many of how many fresh processes a deviation was seen, such as ``3 of 3``."""
    return str(result.facts.get("rate", ""))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(line) for line in value) if isinstance(value, list | tuple) else ()
