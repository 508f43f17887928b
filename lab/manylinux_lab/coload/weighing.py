"""From what was confirmed to the outcome of a cell: each piece becomes evidence, failures are told with a cause."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..judge import Grade, Outcome, OutcomeKind
from ..printable import short, tail
from ..wheels.wheel import Wheel
from .bindings import crossing_evidence
from .capture import capture_evidence
from .comparison import Comparison, Control
from .confirming import Certainty, Confirmed
from .deviation import DEATHS, Deviation
from .drift import drift_evidence, noise_evidence
from .evidence import Evidence, Kind, outcome_of
from .explain import Cause, Clues, likely_cause
from .ground import Ground

TOLD = 3  # deviations of one company that are told
TRACE = 1200  # characters of a trace kept
ALONE = 200  # characters of how a member does alone
KILLED = 9
KINDS = {
    Certainty.ALWAYS: Kind.OUTCOME,
    Certainty.SOMETIMES: Kind.FLAKY,
    Certainty.ONLY_FORKED: Kind.METHOD,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What a company is weighed against: its controls in loading order, its ground, and the arch under emulation.

    ``overlaps`` and ``notes`` are evidence that needs no comparison. ``enough`` says after shrinking how few it takes.
    """

    controls: Mapping[str, Control]
    ground: Ground
    emulated: str = ""
    overlaps: tuple[Evidence, ...] = ()
    notes: tuple[Evidence, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    enough: str = ""

    def label(self, wheel: Wheel | None) -> str:
        """Return what sentences call the wheel that a file came with; a dependency has the name of its project."""
        if wheel is None:
            return "the system"
        for control in self.controls.values():
            if control.party.wheel is not None and control.party.wheel.sha256 == wheel.sha256:
                return control.party.label
        return f"'{wheel.project}'"


def company_outcome(confirmed: Confirmed, setting: Setting) -> Outcome:
    """Return the outcome of wheels in one process."""
    comparison = confirmed.comparison
    doubts, certain = _doubted(confirmed, setting)
    causes = [_cause(deviation, comparison, setting) for deviation in certain]
    found = [
        *_deviation_evidence(confirmed, list(zip(certain, causes, strict=True)), setting.enough),
        *structural_evidence(comparison, setting),
        *setting.overlaps,
        *setting.notes,
    ]
    alone = alone_facts(setting.controls)
    cause = next((cause for cause in causes if cause is not None), None)
    facts = {
        **setting.facts,
        **({"alone": alone} if confirmed.deviations or any(one.notes for one in setting.controls.values()) else {}),
        **({"rate": confirmed.rate} if confirmed.rate else {}),
        **({"likely_cause": cause.words} if cause else {}),
        **({"doubts": doubts} if doubts else {}),
    }
    told = outcome_of(found, grade=grade(comparison, setting.controls), facts=facts)
    if doubts and told.kind is OutcomeKind.OK:
        return Outcome(kind=OutcomeKind.UNKNOWN, reason=doubts[0], facts=told.facts)
    return told


def structural_evidence(comparison: Comparison, setting: Setting) -> tuple[Evidence, ...]:
    """Return what is there in company whether or not anything broke: libraries, bindings, changes, output."""
    ground, labels = setting.ground, {name: one.party.label for name, one in setting.controls.items()}
    when = "only when the others are loaded too"
    found = [capture_evidence(capture, ground, setting.label) for capture in comparison.captures]
    found += [crossing_evidence(crossing, setting.label) for crossing in comparison.crossings]
    for member, change in comparison.drifts:
        found += drift_evidence(labels[member], [change], when)
    for member, noise in comparison.noises:
        found += noise_evidence(labels[member], noise, when)
    return tuple(found)


def grade(comparison: Comparison, controls: Mapping[str, Control]) -> Grade:
    """Return how strong the evidence is: smoke-tested where the code of every member that has one ran."""
    smokes = [member.smoke for member in comparison.seen.members if controls[member.id].party.smoke]
    if smokes and all(smoke is not None and smoke.status == "ok" for smoke in smokes):
        return Grade.SMOKE_TESTED
    loaded = any(item.status == "ok" for member in comparison.seen.members for item in member.items)
    return Grade.IMPORTED if loaded else Grade.INSTALLED


def _cause(deviation: Deviation, comparison: Comparison, setting: Setting) -> Cause | None:
    control = setting.controls.get(deviation.member)
    clues = Clues(
        captures=comparison.captures,
        crossings=comparison.crossings,
        overlaps=setting.overlaps,
        drifts=tuple(
            (one.party.label, change)
            for name, one in setting.controls.items()
            if name != deviation.member
            for change in one.changes
        ),
    )
    wheel = control.party.wheel if control is not None else None
    return likely_cause(deviation, wheel, clues, setting.ground, setting.label)


def _deviation_evidence(
    confirmed: Confirmed, certain: Sequence[tuple[Deviation, Cause | None]], enough: str
) -> Iterator[Evidence]:
    for deviation, cause in certain[:TOLD]:
        because = f"; {cause.words}" if cause else ""
        yield Evidence(
            kind=KINDS[confirmed.certainty],
            words=f"{deviation.words}{because}{_rate_words(confirmed)}{f'; {enough}' if enough else ''}",
            facts={
                "aspect": deviation.aspect.value,
                "member": deviation.member,
                "item": deviation.item,
                "how": deviation.how,
                "said": short(deviation.said, 500),
                "trace": tail(deviation.trace)[-TRACE:],
                "rate": confirmed.rate,
            },
            advice=cause.advice if cause else "",
        )


def _rate_words(confirmed: Confirmed) -> str:
    if confirmed.certainty is Certainty.SOMETIMES:
        return f" ({confirmed.rate} times)"
    if confirmed.certainty is Certainty.ONLY_FORKED:
        return " (only in a process that was forked off another, never in a fresh one)"
    return ""


def _doubted(confirmed: Confirmed, setting: Setting) -> tuple[list[str], list[Deviation]]:
    """Return why some deviations blame no wheel, and the others.

    An emulator crashes by itself, and memory can run out. What only a forked process shows blames nobody anyway.
    """
    if confirmed.certainty not in (Certainty.ALWAYS, Certainty.SOMETIMES):
        return [], list(confirmed.deviations)
    doubts = [(_doubt_of(deviation, setting), deviation) for deviation in confirmed.deviations]
    rate = _rate_words(confirmed)
    return [f"{words}{rate}." for words, _ in doubts if words], [one for words, one in doubts if not words]


def _doubt_of(deviation: Deviation, setting: Setting) -> str:
    if setting.emulated and deviation.how in DEATHS - {"early-exit"}:
        return f"{deviation.words} under emulation of {setting.emulated}; a native run must confirm it"
    if deviation.signal == KILLED and deviation.how != "hang":
        return f"{deviation.words}: the bench may have run out of memory for both"
    last = deviation.trace.rstrip().rpartition("\n")[2]
    if last.startswith("MemoryError") or "No space left on device" in deviation.said:
        return f"{deviation.words}: the bench ran out of memory or space"
    return ""


def alone_facts(controls: Mapping[str, Control]) -> dict[str, str]:
    """Return in short words how each member does alone."""
    return {name: _alone_words(control) for name, control in controls.items()}


def _alone_words(control: Control) -> str:
    words = ["works" if not control.trouble else control.trouble, *control.notes]
    if control.party.smoke:
        words.insert(1, "smoke code passes")
    return short("; ".join(words), ALONE)
