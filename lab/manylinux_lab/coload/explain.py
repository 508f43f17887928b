"""From a failure to its likely cause: which of the other things that were seen belongs to it, in words. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..loader import LoaderTrouble, explain
from ..printable import short
from ..wheels.wheel import Wheel
from .bindings import NAME, Crossing
from .capture import Capture, Label
from .deviation import DEATHS, Deviation
from .drift import Change
from .evidence import Evidence, Kind
from .ground import Ground


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """A likely cause: ``words`` is a clause that follows the failure, ``advice`` is for the authors."""

    words: str
    advice: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Clues:
    """What was seen beside a failure. ``overlaps`` are files that two members both write; ``drifts`` say whose."""

    captures: tuple[Capture, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    overlaps: tuple[Evidence, ...] = ()
    drifts: tuple[tuple[str, Change], ...] = ()


def likely_cause(deviation: Deviation, wheel: Wheel | None, clues: Clues, ground: Ground, label: Label) -> Cause | None:
    """Return the likely cause of a deviation, or None where nothing that was seen points to one.

    ``wheel`` is the member that shows it (None for the standard library, or where it is nobody's alone). What fits the
    message comes first, then what happened to the member, then what happened at all.
    """
    captured = _captured(deviation, wheel, clues.captures, ground)
    if captured is not None:
        return _capture_cause(captured, wheel, ground, label)
    trouble = explain(f"{deviation.said}\n{deviation.trace}", {})
    if trouble is not None and trouble.kind in (LoaderTrouble.STATIC_TLS, LoaderTrouble.EXECUTABLE_STACK):
        return Cause(words=trouble.what, advice=trouble.advice)
    overlap = next((evidence for evidence in clues.overlaps if _is_overwritten(evidence, wheel, ground)), None)
    if overlap is not None:
        return Cause(words=_lowered(overlap.words), advice=overlap.advice)
    return _crossing_cause(deviation, wheel, clues.crossings, ground, label) or _drift_cause(deviation, clues.drifts)


def _is_overwritten(evidence: Evidence, wheel: Wheel | None, ground: Ground) -> bool:
    """Tell whether evidence is about files with different content of which a wheel, or what it requires, has some."""
    if evidence.kind is not Kind.OVERLAP or wheel is None:
        return evidence.kind is Kind.OVERLAP
    return not {ground.wheels[sha256].id for sha256 in ground.closure(wheel)}.isdisjoint(evidence.facts["wheels"])


def _captured(deviation: Deviation, wheel: Wheel | None, captures: Sequence[Capture], ground: Ground) -> Capture | None:
    """Return the capture that fits best, or None; one with the same content explains nothing."""
    text = f"{deviation.said}\n{deviation.trace}\n{deviation.last_library}"
    ranked: list[tuple[tuple[bool, bool, bool], Capture]] = []
    for capture in captures:
        if capture.is_twin:
            continue
        named = any(_base(path) in text for path in (*capture.askers, capture.given)) or capture.soname in text
        own = _concerns(wheel, (*capture.askers, capture.wanted), ground)
        anyone = deviation.member == "" or deviation.how in DEATHS
        if named or own or anyone:
            ranked.append(((own and named, own, named), capture))
    return max(ranked, key=lambda pair: pair[0])[1] if ranked else None


def _concerns(wheel: Wheel | None, paths: Iterable[str], ground: Ground) -> bool:
    """Tell whether any of the files belongs to a wheel or to what it requires; None stands for the system's files."""
    owners = [ground.owner(path) for path in paths]
    if wheel is None:
        return None in owners
    closure = ground.closure(wheel)
    return any(owner is not None and owner.sha256 in closure for owner in owners)


def _capture_cause(capture: Capture, wheel: Wheel | None, ground: Ground, label: Label) -> Cause:
    given, wanted = ground.owner(capture.given), ground.owner(capture.wanted)
    asker = ground.owner(capture.askers[0])
    who = "it" if asker is wheel is not None else label(asker) if asker is not None else f"'{_base(capture.askers[0])}'"
    own = "its own" if wanted is asker is not None else f"the one of {label(wanted)}"
    return Cause(words=f"{who} was given '{capture.soname}' of {label(given)} instead of {own}", advice="")


def _crossing_cause(
    deviation: Deviation, wheel: Wheel | None, found: Sequence[Crossing], ground: Ground, label: Label
) -> Cause | None:
    """Return bindings of the failing member to another wheel as a cause."""
    for crossing in found:
        concerned = crossing.source is None if wheel is None else _is_of(crossing.source, wheel, ground)
        if crossing.is_unique and deviation.how not in DEATHS:
            continue
        if concerned or (deviation.how in DEATHS and crossing.count):
            source = "the standard library" if crossing.source is None else label(crossing.source)
            symbol = f", such as '{short(crossing.symbols[0], NAME)}'" if crossing.symbols else ""
            number = "a symbol" if crossing.count == 1 else f"{crossing.count} symbols"
            return Cause(words=f"{source} uses {number} of {label(crossing.target)}{symbol}", advice="")
    return None


def _is_of(source: Wheel | None, wheel: Wheel, ground: Ground) -> bool:
    return source is not None and source.sha256 in ground.closure(wheel)


def _drift_cause(deviation: Deviation, drifts: Sequence[tuple[str, Change]]) -> Cause | None:
    """Return a changed floating-point state, or a change whose part the message names, as a cause.

    What the loader cannot find or resolve has nothing to do with how numbers are computed.
    """
    text = f"{deviation.said}\n{deviation.trace}"
    is_of_loader = explain(text, {}) is not None
    for who, change in drifts:
        if change.key in ("denormals", "rounding") and deviation.how == "exception" and not is_of_loader:
            what = "flushes denormals to zero" if change.key == "denormals" else "changes how numbers are rounded"
            return Cause(words=f"{who} {what} for the whole process", advice="")
        if change.part and re.search(rf"\b{re.escape(change.part)}\b", text):
            return Cause(words=f"{who} changes '{change.part}' when it is loaded", advice="")
    return None


def _lowered(words: str) -> str:
    return words[:1].lower() + words[1:] if words[:1].isalpha() else words


def _base(path: str) -> str:
    return path.rpartition("/")[2]
