"""Wheels in one process held against each of them alone: everything that is there only in company. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..wheels.wheel import Wheel
from .bindings import Crossing, crossings
from .capture import Capture, Need, captures
from .deviation import Aspect, Deviation, Names, deviations
from .drift import Change, Drift, flat, only_together
from .ground import Ground
from .observation import Library, Observation

Extension = tuple[str, str]  # kind (``import`` or ``extension``) and dotted name


@dataclass(frozen=True, kw_only=True, slots=True)
class Party:
    """A member of a company as the probe is asked for it; ``wheel`` is None for the standard library.

    ``label`` is what sentences call it, in quotes where it is a project. ``codes`` is smoke code by item, which is
    joined once it is known what can be imported.
    """

    name: str
    label: str
    wheel: Wheel | None
    items: tuple[Extension, ...]
    smoke: str = ""
    codes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """A member alone in a fresh process. ``party`` is what may be asked of it in company.

    ``trouble`` says, as the end of a sentence, why it cannot even be loaded alone; it is empty where it can. ``notes``
    say what was left out because it fails alone.
    """

    party: Party
    seen: Observation
    needs: tuple[Need, ...] = ()
    changes: tuple[Change, ...] = ()
    trouble: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What is there only in company, as one process showed it. ``noises`` are (member, text) pairs."""

    seen: Observation
    deviations: tuple[Deviation, ...]
    captures: tuple[Capture, ...]
    crossings: tuple[Crossing, ...]
    drifts: tuple[Drift, ...]
    noises: tuple[tuple[str, str], ...]

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing that could disturb anybody."""
        loud = any(not crossing.is_unique for crossing in self.crossings)
        return not (self.deviations or self.captures or loud or self.drifts or self.noises)


def compare(
    seen: Observation,
    controls: Mapping[str, Control],
    libraries: Mapping[str, Library],
    ground: Ground,
) -> Comparison:
    """Hold one process against the controls of its members, which come in the order in which they were loaded."""
    alone = {name: control.seen for name, control in controls.items()}
    names = Names(labels={name: control.party.label for name, control in controls.items()})
    reached = [controls[name].needs for name in _reached(seen)]
    captured = _certain(seen, captures(reached, frozenset(seen.mapped), seen.bindings, libraries, ground), ground)
    told = frozenset(_told_already(seen, captured, ground))
    return Comparison(
        seen=seen,
        deviations=deviations(seen, alone, names),
        captures=captured,
        crossings=crossings(seen, alone.values(), ground, told=told),
        drifts=tuple(_drifts(seen, controls)),
        noises=tuple(_noises(seen, alone)),
    )


def _told_already(seen: Observation, captured: Iterable[Capture], ground: Ground) -> Iterator[tuple[str, str]]:
    """Yield the pairs of files whose bindings follow from a capture.

    The library stands in the place of the wheel's own one, where all files of that wheel find it.
    """
    for capture in captured:
        takers = [ground.owner(asker) for asker in capture.askers]
        for binding in seen.bindings:
            if binding.target == capture.given and ground.owner(binding.source) in takers:
                yield binding.source, binding.target


def _reached(seen: Observation) -> tuple[str, ...]:
    """Return the members whose load was at least begun: who was never loaded was given nothing."""
    return tuple(
        member.id
        for member in seen.members
        if member.id == seen.member or any(item.status != "not-tried" for item in member.items)
    )


def _certain(seen: Observation, captured: tuple[Capture, ...], ground: Ground) -> tuple[Capture, ...]:
    """Return the captures that the process really shows.

    One that died while it was loaded told no map: only files of wheels are known then, from their bindings. A file of
    the system that is not among them may have been mapped all the same.
    """
    if seen.stage != Aspect.LOAD.value:
        return captured
    bound = {(binding.source, binding.target) for binding in seen.bindings}
    return tuple(
        capture
        for capture in captured
        if ground.owner(capture.wanted) is not None or any((asker, capture.given) in bound for asker in capture.askers)
    )


def _drifts(seen: Observation, controls: Mapping[str, Control]) -> Iterator[Drift]:
    """Yield the changes that a member does not make alone; what threads do depends on too much to be compared."""
    together = {member.id: flat(member.changes) for member in seen.members if member.changes}
    alone = {name: control.changes for name, control in controls.items()} if together else {}
    for member, change in only_together(together, alone):
        if change.key != "threads":
            yield member, change


def _noises(seen: Observation, alone: Mapping[str, Observation]) -> Iterator[tuple[str, str]]:
    """Yield what members print only in company; as with changes, what one prints alone can move to another."""
    talkers = {name for name, control in alone.items() if any(member.noise for member in control.members)}
    silenced = talkers & {member.id for member in seen.members if not member.noise}
    for member in seen.members:
        if member.noise and member.id not in talkers and not silenced:
            yield member.id, member.noise
