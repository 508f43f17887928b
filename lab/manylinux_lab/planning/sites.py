"""Which wheels of a bench can stand in one site folder, found with as few questions to the resolver as possible.

Every member brings the wheels that were chosen for it alone. Where two members agree on the release of each project
that both need, the sum of the two is a solution already; only where they do not, the resolver is asked.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from packaging.requirements import Requirement

from ..cells import Site, Subject
from ..wheels.wheel import Wheel

ID_LENGTH = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A wheel that shares processes with others on a bench.

    ``name`` is unique on the bench: ``lxml-5.4.0``, or the file's name. ``closure`` are the wheels of its own
    installation by project, what is needed first, itself included. ``requirement`` chose it, if it was not given as a
    file. A neighbour that was not given (``--with``) is only paired with those that were.
    """

    name: str
    subject: Subject
    wheel: Wheel
    closure: Mapping[str, str]
    requirement: Requirement | None = None
    extras: frozenset[str] = frozenset()
    is_given: bool = True

    @property
    def project(self) -> str:
        """The normalised name of its project."""
        return self.wheel.project


@dataclass(frozen=True, kw_only=True, slots=True)
class Conflict:
    """Why wheels have no site together: the resolver's words, or what went wrong when it was asked."""

    words: str
    is_trouble: bool = False


Chosen = Mapping[str, str]  # project to the sha256 of the one wheel, what is needed first
Resolve = Callable[[Sequence[Member]], Chosen | Conflict]


@dataclass(frozen=True, kw_only=True, slots=True)
class Floor:
    """Members, by name, that stand in one site."""

    members: Mapping[str, Member]
    site: Site


def _floor(members: Mapping[str, Member], chosen: Chosen) -> Floor:
    wheels = tuple(chosen.values())
    digest = hashlib.sha256("\n".join(sorted(wheels)).encode()).hexdigest()
    return Floor(members=members, site=Site(id=digest[:ID_LENGTH], wheels=wheels))


@dataclass(kw_only=True, slots=True)
class Floors:
    """The sites of one bench: as few as possible, so that a process that loaded a wheel serves many companies."""

    resolve: Resolve
    floors: list[Floor] = field(default_factory=list)
    conflicts: dict[tuple[str, ...], Conflict] = field(default_factory=dict)
    _places: dict[str, set[int]] = field(default_factory=dict)
    _pairs: dict[tuple[str, str], Chosen | Conflict] = field(default_factory=dict)

    def cover(self, members: Sequence[Member]) -> None:
        """Find a site for every pair of members that is to share a process, or the conflict that forbids it."""
        missing = _partners(members)
        while any(missing.values()):
            seed = max(members, key=lambda member: len(missing[member.name]))
            names = self._grow(seed, list(missing[seed.name].values()))
            for one, other in (*combinations(names, 2), *self.conflicts):
                missing[one].pop(other, None)
                missing[other].pop(one, None)
        for member in members:
            if member.name not in self._places:
                self._add({member.name: member}, member.closure)

    def find(self, members: Sequence[Member]) -> Floor | Conflict:
        """Return a site that holds all members, which may be more than a pair."""
        place = self.place(members)
        if place < len(self.floors):
            return self.floors[place]
        names = tuple(sorted(member.name for member in members))
        for some in (*combinations(names, 2), names):
            if some in self.conflicts:
                return self.conflicts[some]
        chosen = self._together(members)
        if not isinstance(chosen, Conflict):
            return self._add({member.name: member for member in members}, chosen)
        self.conflicts[names] = chosen
        return chosen

    def place(self, members: Sequence[Member]) -> int:
        """Return the number of the first site known to hold all members, or one that no site has."""
        common = set.intersection(*(self._places.get(member.name, set()) for member in members))
        return min(common, default=len(self.floors))

    def apart(self, members: Sequence[Member]) -> tuple[Floor, ...]:
        """Return a site for each member, with what was chosen for it alone, but for releases of other members."""
        taken = {member.project: member.wheel.sha256 for member in members}
        return tuple(
            _floor(
                {member.name: member},
                {name: wheel for name, wheel in member.closure.items() if taken.get(name, wheel) == wheel},
            )
            for member in members
        )

    def _together(self, members: Sequence[Member]) -> Chosen | Conflict:
        chosen: Chosen = {}
        for member in members:
            if not _agree(chosen, member.closure):
                return self.resolve(members)
            chosen = {**chosen, **member.closure}
        return chosen

    def _grow(self, seed: Member, candidates: Sequence[Member]) -> tuple[str, ...]:
        """Add a site for the seed and all candidates that fit beside it, unless there are none."""
        members, chosen = {seed.name: seed}, seed.closure
        for candidate in candidates:
            joined = self._joined(members, chosen, candidate)
            if not isinstance(joined, Conflict):
                members[candidate.name], chosen = candidate, joined
        if len(members) > 1:
            self._add(members, chosen)
        return tuple(members)

    def _joined(self, members: Mapping[str, Member], chosen: Chosen, candidate: Member) -> Chosen | Conflict:
        if _agree(chosen, candidate.closure):
            return {**chosen, **candidate.closure}
        for member in members.values():  # a question about two is quicker than one about a hundred
            if not _agree(member.closure, candidate.closure):
                found = self._pair(member, candidate)
                if isinstance(found, Conflict):
                    return found
        return self.resolve([*members.values(), candidate])

    def _pair(self, one: Member, other: Member) -> Chosen | Conflict:
        names = (min(one.name, other.name), max(one.name, other.name))
        if names not in self._pairs:
            found = Conflict(words="") if one.project == other.project else self.resolve([one, other])
            self._pairs[names] = found
            if isinstance(found, Conflict) and _are_partners(one, other):
                self.conflicts[names] = found
        return self._pairs[names]

    def _add(self, members: Mapping[str, Member], chosen: Chosen) -> Floor:
        for name in members:
            self._places.setdefault(name, set()).add(len(self.floors))
        self.floors.append(_floor(members, chosen))
        return self.floors[-1]


def _agree(one: Chosen, other: Chosen) -> bool:
    return all(one.get(project, sha256) == sha256 for project, sha256 in other.items())


def _partners(members: Sequence[Member]) -> dict[str, dict[str, Member]]:
    """Return for each member those with which it is to share a process."""
    return {one.name: {other.name: other for other in members if _are_partners(one, other)} for one in members}


def _are_partners(one: Member, other: Member) -> bool:
    return one.project != other.project and (one.is_given or other.is_given)
