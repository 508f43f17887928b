"""What a cell of the page opens: packed in pieces of some hundred cells, each unpacked when a cell of it is opened."""

import base64
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ..results import Result
from .companies import word_of
from .escape import plain
from .matrix import COMPANY, cell_word
from .told import advice_of, cause_of, rate_of, smallest_of

PIECE = 250  # cells
TOLD = frozenset({"evidence", "advice", "likely_cause", "rate", "smallest"})  # facts with a place of their own


@dataclass(frozen=True, kw_only=True, slots=True)
class Detail:
    """All that is known of one cell. Texts are as the wheel gave them, save ``repeat``, which goes to shells.

    ``cached`` names the run in which it was seen, where that was another one.
    """

    cell: str
    bench: str
    check: str
    subject: str
    sha256: str
    word: str
    promise: str
    outcome: str
    verdict: str
    how: str
    grade: str
    reason: str
    cause: str
    rate: str
    smallest: tuple[str, ...]
    advice: tuple[str, ...]
    side_effects: tuple[str, ...]
    evidence: tuple[Any, ...]
    facts: Mapping[str, Any]
    image: str
    emulated: bool
    installer: str
    variant: str
    engine: str
    seconds: float
    repeat: str
    lab: str
    conditions: Mapping[str, Any]
    cached: str


def detail(result: Result) -> Detail:
    """Return what is told of a result."""
    pieces = result.facts.get("evidence")
    return Detail(
        cell=result.cell,
        bench=result.bench,
        check=result.check,
        subject=result.subject,
        sha256=result.sha256,
        word=word_of(result) if result.check == COMPANY else cell_word(result),
        promise=result.promise.value,
        outcome=result.outcome.value,
        verdict=result.verdict.value,
        how=result.how.value,
        grade=result.grade.value,
        reason=result.reason,
        cause=cause_of(result),
        rate=rate_of(result),
        smallest=smallest_of(result),
        advice=advice_of(result),
        side_effects=result.side_effects,
        evidence=tuple(pieces) if isinstance(pieces, list | tuple) else (),
        facts={key: value for key, value in result.facts.items() if key not in TOLD},
        image=result.image,
        emulated=result.emulated,
        installer=result.installer,
        variant=result.variant,
        engine=result.engine,
        seconds=result.seconds,
        repeat=plain(result.repeat),
        lab=result.lab,
        conditions=msgspec.to_builtins(result.conditions) if result.conditions else {},
        cached=f"{result.cached.run} of {result.cached.at}" if result.cached else "",
    )


def pieces(results: Sequence[Result]) -> Iterator[str]:
    """Yield the details of all results, ``PIECE`` of them packed together."""
    for start in range(0, len(results), PIECE):
        yield packed([detail(result) for result in results[start : start + PIECE]])


def packed(value: Any) -> str:
    """Return a value as JSON, deflated (RFC 1951) and in letters that mean nothing to HTML."""
    press = zlib.compressobj(level=9, wbits=-zlib.MAX_WBITS)
    return base64.b64encode(press.compress(msgspec.json.encode(value)) + press.flush()).decode()
