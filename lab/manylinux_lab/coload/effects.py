"""What one wheel changes for others when it is installed and loaded, from its control. Pure, but for its callbacks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ..cells import Cell
from ..judge import Grade, Outcome, OutcomeKind
from ..printable import short
from ..signals import signal_words
from ..wheels.wheel import Wheel
from .comparison import Control
from .drift import Change, drift_evidence, noise_evidence, signal_name, without
from .evidence import Evidence, Kind, Weight, outcome_of
from .ground import Ground
from .observation import Details
from .troubled import chosen_here, trouble_words


def effects_outcome(
    control: Control,
    wheel: Wheel,
    ground: Ground,
    *,
    dependency: Callable[[str], Control],
    static: Sequence[Evidence] = (),
    own: Cell | None = None,
) -> Outcome:
    """Return what a wheel changes for others.

    Args:
        dependency: gives the control of a wheel (by sha256) that this one requires; what that changes is told of it.
        static: what the wheel's archive shows.
        own: the planned cell that imports the wheel by itself, if there is one.
    """
    if control.trouble:
        reason = trouble_words(control, chosen_here(wheel, ground, own), own)
        if any(evidence.weight is not Weight.NOTE for evidence in static):
            return outcome_of(static, grade=Grade.INSTALLED, facts={"notes": [reason]})
        return Outcome(kind=OutcomeKind.NOT_APPLIED, reason=reason)
    changes = _all_changes(control, ground)
    noise = "".join(member.noise for member in control.seen.members)
    inherited: dict[str, list[str]] = {}
    for sha256 in sorted(ground.closure(wheel) - {wheel.sha256}) if changes or noise else ():
        other = dependency(sha256)
        left = without(changes, _all_changes(other, ground))
        gone = [change for change in changes if change not in left]
        if gone:
            inherited[ground.wheels[sha256].project] = sorted({change.key for change in gone})
        changes = left
        for member in other.seen.members:
            noise = noise.replace(member.noise, "") if member.noise else noise
    label = control.party.label
    found = [*drift_evidence(label, changes), *noise_evidence(label, noise), *_fork_evidence(control), *static]
    facts = {
        **({"comes_with": inherited} if inherited else {}),
        **({"notes": list(control.notes)} if control.notes else {}),
    }
    return outcome_of(found, grade=_grade(control), facts=facts)


def _all_changes(control: Control, ground: Ground) -> tuple[Change, ...]:
    """Return what a load changes, with the wheels' files that handle signals: Python does not know those."""
    files = {} if control.seen.details is None else _handlers(control.seen.details, ground)
    changes = []
    for change in control.changes:
        file = files.pop(change.part, "") if change.key == "signals" else ""
        changes.append(replace(change, after=f"{change.after}, by code in {file}") if file else change)
    changes += [
        Change(key="signals", part=signal, before="not by this wheel", after=f"handled, by code in {file}")
        for signal, file in files.items()
    ]
    return tuple(changes)


def _handlers(details: Details, ground: Ground) -> dict[str, str]:
    return {
        signal_name(int(number)) if number.isdecimal() else number: path.rpartition("/")[2]
        for number, path in sorted(details.handlers.items())
        if ground.owner(path) is not None
    }


def _fork_evidence(control: Control) -> Iterator[Evidence]:
    """Yield what goes wrong in a child that is forked after the wheel was loaded, as multiprocessing does it."""
    fork = control.seen.fork
    if fork.status in ("ok", "not-tried"):
        return
    how = {
        "hang": "does not end before the deadline",
        "early-exit": f"ends with exit code {fork.exit_code}",
        "exception": short(f"fails: {fork.exception}: {fork.message}"),
    }.get(fork.status, signal_words(fork.signal))
    yield Evidence(
        kind=Kind.PROCESS_STATE,
        words=f"A child that is forked after {control.party.label} was loaded {how}",
        facts={"what": "fork", "how": fork.status},
        advice="Start threads at first use and not on import, and look after them with 'os.register_at_fork'.",
    )


def _grade(control: Control) -> Grade:
    items = [item for member in control.seen.members for item in member.items]
    if control.party.smoke:
        return Grade.SMOKE_TESTED
    return Grade.IMPORTED if any(item.status == "ok" for item in items) else Grade.INSTALLED
