"""A company with a wheel that does not even load by itself: whose finding is that? Pure."""

from collections.abc import Callable, Sequence

from ..cells import Cell
from ..judge import Grade, Outcome, OutcomeKind
from ..loader import LoaderTrouble, explain
from ..printable import short
from ..wheels.wheel import Wheel
from .comparison import Control
from .evidence import Evidence, Kind, Weight, outcome_of
from .ground import Ground
from .weighing import Setting, alone_facts

OF_THE_SYSTEM = frozenset(LoaderTrouble) - {LoaderTrouble.SYMBOL, LoaderTrouble.STATIC_TLS}
NAMED = 3  # dependencies that a sentence names


def troubled_outcome(
    control: Control, setting: Setting, own: Cell | None, is_member: Callable[[Wheel], bool]
) -> Outcome:
    """Return the outcome of a company whose member has trouble alone.

    What is wrong with the wheel itself is told in its own cell. It is told here where the wheel requires another of the
    company, or what another requires, in a release that only this run chose: metadata that admit both promise that both
    work.

    Args:
        own: the planned cell in which the member is imported by itself, if there is one.
        is_member: whether a wheel has companies of its own, where it is told then.
    """
    facts = {**setting.facts, "alone": alone_facts(setting.controls)}
    wheel = control.party.wheel
    chosen = () if wheel is None else chosen_here(wheel, setting.ground, own)
    guilty = [other for other in chosen if _is_brought(other, control, setting, is_member)]
    if wheel is not None and guilty:
        return outcome_of([_misfit(control, wheel, guilty, setting), *setting.overlaps], grade=Grade.NONE, facts=facts)
    if any(evidence.weight is not Weight.NOTE for evidence in setting.overlaps):
        return outcome_of(setting.overlaps, grade=Grade.INSTALLED, facts=facts)
    return Outcome(kind=OutcomeKind.NOT_APPLIED, reason=trouble_words(control, chosen, own), facts=facts)


def chosen_here(wheel: Wheel, ground: Ground, own: Cell | None) -> tuple[Wheel, ...]:
    """Return what a wheel requires and is given here, but not in its own cell; without such a cell, all it requires."""
    required = ground.closure(wheel) - {wheel.sha256}
    told = frozenset() if own is None else frozenset(own.dependencies)
    return tuple(other for sha256, other in ground.wheels.items() if sha256 in required - told)


def trouble_words(control: Control, chosen: Sequence[Wheel], own: Cell | None) -> str:
    """Return why nothing can be said of a wheel's company, with a pointer where its own cell says the same."""
    reason = short(f"{control.party.label} has trouble alone: it {control.trouble}", 400)
    if own is None:
        return f"{reason}."
    if chosen:
        return f"{reason} (beside {_listed(chosen)}, which the wheels of the run take together)."
    return f"{reason}. See {own.id}"


def _is_brought(other: Wheel, control: Control, setting: Setting, is_member: Callable[[Wheel], bool]) -> bool:
    """Tell whether the company brings a requirement: as a member, or for one, if it is no member anywhere.

    What the loader finds missing or wrong in the system is nobody's doing.
    """
    refusal = explain(control.trouble, {})
    if refusal is not None and refusal.kind in OF_THE_SYSTEM:
        return False
    company = [one.party.wheel for one in setting.controls.values() if one is not control and one.party.wheel]
    if is_member(other):
        return any(one.sha256 == other.sha256 for one in company)
    return any(other.sha256 in setting.ground.closure(one) for one in company)


def _misfit(control: Control, wheel: Wheel, guilty: Sequence[Wheel], setting: Setting) -> Evidence:
    who = f"'{wheel.project}' {wheel.version}"
    what, colon, said = control.trouble.partition(": ")
    is_forced = len(setting.ground.paths) > 1
    metadata = "which does not go with its metadata" if is_forced else "which its metadata admits"
    return Evidence(
        kind=Kind.OUTCOME,
        words=f"{who} {what} with {_listed(guilty)}, {metadata}{colon}{said}",
        facts={"member": control.party.name, "with": [other.id for other in guilty]},
        advice="" if is_forced else f"The metadata of '{wheel.project}' should declare with which releases it works.",
    )


def _listed(wheels: Sequence[Wheel]) -> str:
    return ", ".join(f"'{wheel.project}' {wheel.version}" for wheel in wheels[:NAMED])
