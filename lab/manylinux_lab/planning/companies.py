"""Which wheels share a process, and in which orders: a bench's wheels become ``effects`` and ``coload`` placements."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from typing import Any

from packaging.utils import canonicalize_name

from ..cells import STDLIB, Bench, LeftOut, Site, Subject
from ..coload import orders
from ..judge import Outcome, OutcomeKind, Promise
from ..options import Options
from ..resolving.subjects import Subjects
from .exhausting import exhausting
from .placing import Placed
from .plan import Placement
from .resolver import Resolver
from .sites import Conflict, Floor, Floors, Member

Company = tuple[Member | None, ...]  # in the order of loading; None is the standard library


@dataclass(kw_only=True, slots=True)
class Joined:
    """What came of joining: grows while benches are visited. ``rosters`` are those of the plan."""

    placements: list[Placement] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    sites: dict[str, Site] = field(default_factory=dict)
    rosters: dict[str, dict[str, str]] = field(default_factory=dict)
    subjects: dict[str, Subject] = field(default_factory=dict)


def mode_of(options: Options, subjects: Subjects, neighbours: Subjects) -> str:
    """Return what ``--coload`` means: by default pairs, where there are several projects or ``--cell`` asks for it."""
    if options.coload != "auto":
        return options.coload
    is_asked = any(f"/{check}/" in glob for check in ("coload", "effects") for glob in options.cell)
    return "pairs" if is_asked or len(_projects(subjects) | _projects(neighbours)) > 1 else "off"


def _projects(subjects: Subjects) -> set[str]:
    named = {canonicalize_name(requirement.name) for requirement in subjects.requirements}
    return named | {wheel.project for wheel in subjects.wheels}


def join(benches: Sequence[Bench], placed: Placed, options: Options, mode: str, resolver: Resolver) -> Joined:
    """Return the placements of wheels that share a process, bench by bench, with the sites they are loaded from.

    ``mode`` is one of the words of ``--coload``, neither ``auto`` nor ``off``.
    """
    joined = Joined()
    for bench in benches:
        members = _named(placed.members.get(bench.id, {}).values())
        given = [member for member in members if member.is_given]
        if not given:
            continue
        floors = Floors(resolve=partial(resolver.together, bench))
        floors.cover(members)
        joined.rosters[bench.id] = {member.name: member.subject.id for member in members}
        joined.subjects |= {member.subject.id: member.subject for member in members}
        place = _Placer(bench=bench, floors=floors, joined=joined, force=options.force_together)
        for member in given:
            place.effects(member)
        for company in _companies(members, floors, options, mode):
            place.company(company)
        for crowd in _crowds(given, floors, force=False):
            place.company(*exhausting(bench, crowd, resolver.known))
        place.conflicts()
    joined.placements.sort(key=lambda placement: placement.check == "coload")
    return joined


def _named(members: Iterable[Member]) -> tuple[Member, ...]:
    """Return the members under names that tell them apart: two files of one release go by their file names."""
    listed = tuple(members)
    count = Counter(member.name for member in listed)
    return tuple(replace(one, name=one.wheel.id) if count[one.name] > 1 else one for one in listed)


def _companies(members: Sequence[Member], floors: Floors, options: Options, mode: str) -> Iterator[Company]:
    """Yield who shares a process, those with the same first member next to each other."""
    given = [member for member in members if member.is_given]
    if mode == "pairs":
        yield from _rows(given, [*(member for member in members if not member.is_given), None], floors)
    elif mode == "triples":
        yield from filter(_has_each_project_once, orders.triples(given))
    else:
        for crowd in _crowds(given, floors, force=options.force_together):
            yield from [tuple(crowd)] if mode == "all" else orders.orders(crowd, options.orders, options.seed)


def _rows(given: Sequence[Member], others: Sequence[Member | None], floors: Floors) -> Iterator[Company]:
    """Yield ordered pairs row by row, and within a row site by site, so that a process serves as many as it can."""
    every: Iterator[Company] = orders.pairs([*given], others)
    for _, row in groupby(every, key=lambda pair: pair[0]):
        yield from sorted(filter(_has_each_project_once, row), key=lambda pair: floors.place(_wheels(pair)))


def _wheels(company: Company) -> list[Member]:
    return [member for member in company if member is not None]


def _has_each_project_once(company: Company) -> bool:
    return len({member and member.project for member in company}) == len(company)


def _crowds(given: Sequence[Member], floors: Floors, *, force: bool) -> Iterator[list[Member]]:
    """Yield the largest sets of wheels that one process can hold: one set, unless projects come twice or conflict."""
    if force:
        yield list({member.project: member for member in reversed(given)}.values())[::-1]
        return
    for floor in floors.floors:
        crowd = [member for member in given if member.name in floor.members]
        if len(crowd) > 1 or len(given) == 1:
            yield crowd


@dataclass(frozen=True, kw_only=True, slots=True)
class _Placer:
    """Writes the placements of one bench into what was joined."""

    bench: Bench
    floors: Floors
    joined: Joined
    force: bool

    def effects(self, member: Member) -> None:
        """Ask what the wheel alone changes for others."""
        needed = tuple(sha256 for sha256 in member.closure.values() if sha256 != member.wheel.sha256)
        floor = self.floors.find([member])
        self._add(member.subject, "effects", self._sites(floor, [member]), dependencies=needed)

    def company(self, company: Company, reason: str = "") -> None:
        """Ask whether the members get along, where they have a site together or may be loaded without."""
        wheels = _wheels(company)
        if not wheels:
            return
        found = self.floors.find(wheels)
        if isinstance(found, Floor) or self.force:
            reason = found.words if isinstance(found, Conflict) else reason
            self._add(self._subject(company), "coload", self._sites(found, wheels), reason=reason)

    def conflicts(self) -> None:
        """Leave out what cannot be installed together, in the resolver's words; its own trouble is an error."""
        for names, conflict in self.floors.conflicts.items():
            subject = ",".join(names)
            if conflict.is_trouble:
                finding = Outcome(kind=OutcomeKind.TROUBLE, reason=conflict.words)
                self._add(Subject(id=subject, project=subject), "resolve", (), finding=finding)
            elif not self.force:
                self.joined.left_out.append(LeftOut(bench=self.bench.id, subject=subject, reason=conflict.words))

    def _sites(self, found: Floor | Conflict, wheels: Sequence[Member]) -> tuple[str, ...]:
        floors = (found,) if isinstance(found, Floor) else self.floors.apart(wheels)
        for floor in floors:
            self.joined.sites.setdefault(floor.site.id, floor.site)
        return tuple(floor.site.id for floor in floors)

    def _subject(self, company: Company) -> Subject:
        names = tuple(STDLIB if member is None else member.name for member in company)
        projects = ",".join(STDLIB if member is None else member.project for member in company)
        subject = Subject(id=",".join(names), project=projects, members=names)
        return self.joined.subjects.setdefault(subject.id, subject)

    def _add(self, subject: Subject, check: str, sites: tuple[str, ...], **fields: Any) -> None:
        self.joined.placements.append(
            Placement(
                bench=self.bench.id, subject=subject, promise=Promise.SUPPORTED, check=check, sites=sites, **fields
            )
        )
