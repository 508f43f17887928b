"""Subjects meet benches: what each wheel's tag promises where, what else it needs there, and what is left out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..cells import HOST, Bench, LeftOut, Subject
from ..errors import EngineError
from ..judge import Grade, Outcome, OutcomeKind, Promise
from ..options import Options
from ..resolving.candidates import Target
from ..resolving.resolve import Resolution
from ..resolving.subjects import Subjects, Unreadable
from ..wheels.tags import ReachKind, reach, stock_pip_sees
from ..wheels.wheel import Wheel
from .plan import Placement
from .resolver import Resolver, platform_of, reasons
from .sites import Member

READABLE = Outcome(kind=OutcomeKind.OK, reason="", grade=Grade.RESOLVED)


@dataclass(kw_only=True, slots=True)
class Placed:
    """What came of placing: grows while benches are visited.

    ``files`` maps sha256 to path, ``members`` a bench's id to the wheels that work there, by sha256.
    """

    placements: list[Placement] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    members: dict[str, dict[str, Member]] = field(default_factory=dict)

    def add_member(self, bench: str, member: Member) -> None:
        """Add a wheel that works on a bench; of one that comes twice, what installs more beside it stays."""
        members = self.members.setdefault(bench, {})
        known = members.get(member.wheel.sha256, member)
        if len(member.closure) >= len(known.closure):
            members[member.wheel.sha256] = member


class Placing:
    """Places subjects on benches; the resolver says what else they need there, among ``held`` releases if it can be."""

    def __init__(
        self, subjects: Subjects, options: Options, resolver: Resolver, held: tuple[Requirement, ...] = ()
    ) -> None:
        self._subjects = subjects
        self._options = options
        self._resolver = resolver
        self._held = held

    def place(self, benches: Sequence[Bench]) -> Placed:
        """Return the placements of all subjects on all benches.

        What the index or a wheel's metadata got wrong becomes a finding of the cell, so that the other cells go on.
        """
        placed = Placed()
        self._resolver.ask_at_once(self._subjects.requirements, benches, self._options.extra, self._held)
        for unreadable in self._subjects.unreadable:
            placed.placements.append(_unreadable(unreadable))
        for wheel in self._subjects.wheels:
            placed.files[wheel.sha256] = str(wheel.path.absolute())
            placed.placements.append(_host(_subject_of(wheel)))
        for bench in benches:
            for wheel in self._subjects.wheels:
                self._place_wheel(wheel, bench, placed)
            for requirement in self._subjects.requirements:
                self._place_requirement(requirement, bench, placed)
        return placed

    def _place_wheel(self, wheel: Wheel, bench: Bench, placed: Placed) -> None:
        subject, target = _subject_of(wheel), self._resolver.target(bench)
        reached = reach(wheel.tags, platform_of(bench), bench.interpreter, where=bench.distro)
        reason = self._misfit(wheel, bench, target) if reached.kind is not ReachKind.INTERPRETER else reached.reason
        if reason:
            placed.left_out.append(LeftOut(bench=bench.id, subject=subject.id, reason=reason))
        elif reached.kind is ReachKind.PLATFORM:
            placed.placements.append(
                Placement(bench=bench.id, subject=subject, promise=Promise.UNSUPPORTED, reason=reached.reason)
            )
        elif not wheel.requires:
            placed.placements.append(Placement(bench=bench.id, subject=subject, promise=Promise.SUPPORTED))
            placed.add_member(bench.id, self._member(wheel, subject, {wheel.project: wheel.sha256}))
        else:
            self._place_resolved(subject, self._resolve(wheel, target), bench, placed)

    def _misfit(self, wheel: Wheel, bench: Bench, target: Target) -> str:
        """Return why the wheel is not for the bench though its tag is: Requires-Python, or a pip that is too old."""
        if not target.admits(wheel.requires_python):
            return f"it requires Python {wheel.requires_python}, the bench has {target.python}"
        if self._options.installer != "pip":
            return ""
        late = stock_pip_sees(sorted({tag.platform for tag in wheel.tags}), bench.interpreter.pip)
        return f"{late}; use --installer newest-pip" if late else ""

    def _place_requirement(self, requirement: Requirement, bench: Bench, placed: Placed) -> None:
        subject = Subject(id=str(requirement), project=requirement.name, argument=str(requirement))
        marker = requirement.marker
        target = self._resolver.target(bench)
        if marker is not None and not marker.evaluate({**target.marker_environment, "extra": ""}):
            placed.left_out.append(
                LeftOut(bench=bench.id, subject=subject.id, reason=f"its marker excludes it: {marker}")
            )
            return
        resolution = self._resolve(requirement, target)
        if isinstance(resolution, Resolution) and resolution.other_python:
            placed.left_out.append(LeftOut(bench=bench.id, subject=subject.id, reason=resolution.other_python))
            return
        self._place_resolved(subject, resolution, bench, placed)

    def _place_resolved(
        self, subject: Subject, resolution: Resolution | EngineError, bench: Bench, placed: Placed
    ) -> None:
        finding = _finding(resolution)
        is_requirement = not subject.sha256
        if is_requirement or finding.kind is not OutcomeKind.OK:
            placed.placements.append(_resolved(subject, bench, finding))
        if finding.kind is not OutcomeKind.OK or isinstance(resolution, EngineError):
            return
        wheels = {chosen: self._resolver.wheel(chosen) for chosen in resolution.chosen}
        placed.files.update({wheel.sha256: str(chosen.path) for chosen, wheel in wheels.items()})
        closure = {wheel.project: wheel.sha256 for wheel in wheels.values()}
        for root in (wheel for chosen, wheel in wheels.items() if chosen.is_root):
            others = tuple(wheel.sha256 for wheel in wheels.values() if wheel is not root)
            chosen_subject = _subject_of(root, argument=_pinned(subject, root)) if is_requirement else subject
            placed.placements.append(
                Placement(bench=bench.id, subject=chosen_subject, promise=Promise.SUPPORTED, dependencies=others)
            )
            placed.add_member(
                bench.id, self._member(root, chosen_subject, closure, subject if is_requirement else None)
            )

    def _resolve(self, root: Requirement | Wheel, target: Target) -> Resolution | EngineError:
        extras = self._options.extra
        if self._held:
            found = self._resolver.resolve([root], target, extras, self._held)
            if isinstance(found, Resolution) and not any(reasons(found)):
                return found
        return self._resolver.resolve([root], target, extras)

    def _member(self, wheel: Wheel, subject: Subject, closure: dict[str, str], asked: Subject | None = None) -> Member:
        extras = set(self._options.extra)
        requirement = Requirement(asked.argument) if asked else None
        if requirement is not None:
            requirement.extras |= extras
            extras = requirement.extras
        return Member(
            name=f"{wheel.project}-{wheel.version}",
            subject=subject,
            wheel=wheel,
            closure=closure,
            requirement=requirement,
            extras=frozenset(canonicalize_name(extra) for extra in extras),
        )


def _subject_of(wheel: Wheel, argument: str = "") -> Subject:
    return Subject(
        id=wheel.id,
        project=wheel.project,
        version=wheel.version,
        sha256=wheel.sha256,
        argument=argument or str(wheel.path),
    )


def _pinned(subject: Subject, root: Wheel) -> str:
    """Return the requirement that chooses the same release again; a URL stays as it is."""
    requirement = Requirement(subject.argument)
    if requirement.url:
        return subject.argument
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}=={root.version}"


def _host(subject: Subject) -> Placement:
    return Placement(bench=HOST, subject=subject, promise=Promise.SUPPORTED, check="read", finding=READABLE)


def _unreadable(entry: Unreadable) -> Placement:
    project = entry.path.name.partition("-")[0]
    subject = Subject(id=entry.path.name, project=project, argument=str(entry.path))
    finding = Outcome(kind=OutcomeKind.BROKEN, reason=entry.reason)
    return Placement(bench=HOST, subject=subject, promise=Promise.SUPPORTED, check="read", finding=finding)


def _resolved(subject: Subject, bench: Bench, finding: Outcome) -> Placement:
    return Placement(bench=bench.id, subject=subject, promise=Promise.SUPPORTED, check="resolve", finding=finding)


def _finding(resolution: Resolution | EngineError) -> Outcome:
    """Return what a resolution says of the requirement: an index that fails is the lab's trouble."""
    if isinstance(resolution, EngineError):
        return Outcome(kind=OutcomeKind.TROUBLE, reason=str(resolution))
    reason = next(reasons(resolution), "")
    if reason:
        return Outcome(kind=OutcomeKind.BROKEN, reason=reason)
    chosen = {"chosen": [entry.path.name for entry in resolution.chosen]}
    return Outcome(kind=OutcomeKind.OK, reason="", grade=Grade.RESOLVED, facts=chosen)
