"""The search for wheels that go together, as resolvelib asks for it: what fits, what is preferred, what is needed next.

The preferences follow pip's, so that the search goes back from the same choices and ends with the same releases.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from resolvelib import AbstractProvider

from ..wheels.metadata import Metadata
from ..wheels.wheel import UnreadableWheelError, Wheel
from .candidates import Candidate, Need, Shelf, Target, given
from .index import IndexFile, WrongHashError, file_at

if TYPE_CHECKING:
    from resolvelib.structs import RequirementInformation

PYTHON = "<python>"
Answer = TypeVar("Answer")


class Finder(Protocol):
    """What the search asks of an index; ``index.Index`` is one."""

    def files(self, project: str) -> Sequence[IndexFile]:
        """Return everything on offer for a project."""
        ...

    def metadata(self, file: IndexFile) -> Metadata:
        """Return the metadata of a wheel."""
        ...

    def download(self, file: IndexFile) -> Path:
        """Return a wheel's path on this machine."""
        ...


class Search(AbstractProvider[Need, Candidate, str]):
    """What resolvelib asks. ``order`` gives the place of each root, by identifier."""

    def __init__(
        self,
        target: Target,
        finder: Finder,
        *,
        constraints: Iterable[Requirement],
        hashes: Mapping[str, Collection[str]],
        local: Iterable[Wheel],
    ) -> None:
        self.target = target
        self.order: dict[str, int] = {}
        self._finder = finder
        self._constraints = tuple(constraints)
        self._hashes = hashes
        self._local = tuple(local)
        self._shelves: dict[str, Shelf] = {}

    def identify(self, requirement_or_candidate: Need | Candidate) -> str:
        """Return ``project``, or ``project[extra,...]``, which needs the project itself and what the extras need."""
        extras = ",".join(sorted(requirement_or_candidate.extras))
        return f"{requirement_or_candidate.project}[{extras}]" if extras else requirement_or_candidate.project

    def get_preference(
        self,
        identifier: str,
        resolutions: Mapping[str, Candidate],  # noqa: ARG002 - resolvelib names it
        candidates: Mapping[str, Iterator[Candidate]],  # noqa: ARG002 - resolvelib names it
        information: Mapping[str, "Iterator[RequirementInformation[Need, Candidate]]"],
        backtrack_causes: "Sequence[RequirementInformation[Need, Candidate]]",
    ) -> tuple[object, ...]:
        """Return what sorts the projects to settle next: certain ones first, then those that made trouble."""
        needs = [piece.requirement for piece in information[identifier]]
        parts = [part for need in needs for part in need.specifier]
        causes = {
            self.identify(item) for cause in backtrack_causes for item in (cause.requirement, cause.parent) if item
        }
        return (
            identifier != PYTHON,
            identifier not in causes,
            not any(need.exact for need in needs),
            not any(part.operator.startswith("==") and not part.version.endswith(".*") for part in parts),
            self.order.get(identifier, len(self.order)),
            not parts,
            identifier,
        )

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Need]],
        incompatibilities: Mapping[str, Iterator[Candidate]],
    ) -> list[Candidate]:
        """Return what fits all requirements, best first."""
        needs = list(requirements[identifier])
        if identifier == PYTHON:
            return []  # a need for another Python is only raised where this one does not fit
        refused = {(candidate.version, candidate.origin) for candidate in incompatibilities[identifier]}
        return [
            candidate
            for candidate in self._fitting(needs)
            if (candidate.version, candidate.origin) not in refused
            and all(self.is_satisfied_by(need, candidate) for need in needs)
        ]

    def is_satisfied_by(self, requirement: Need, candidate: Candidate) -> bool:
        """Whether a candidate of the right project fits one requirement."""
        if requirement.exact is not None:
            exact = requirement.exact
            return (exact.version, exact.origin) == (candidate.version, candidate.origin)
        return not candidate.is_known or requirement.specifier.contains(candidate.version, prereleases=True)

    def get_dependencies(self, candidate: Candidate) -> Iterator[Need]:
        """Yield what a candidate needs here. What a source distribution needs is known only once it is built."""
        if candidate.extras:
            yield self._without_extras(candidate)
        if not candidate.is_wheel:
            return
        requires, requires_python = self._metadata(candidate)
        if not self.target.admits(requires_python):
            yield Need(project=PYTHON, extras=frozenset(), specifier=requires_python, text=f"Python {requires_python}")
        for requirement in requires:
            if self.applies(requirement, candidate.extras):
                yield self.need(requirement)

    def applies(self, requirement: Requirement, extras: Iterable[str] = ()) -> bool:
        """Whether a requirement's marker holds on the target, for one of the extras or without any."""
        if requirement.marker is None:
            return True
        environment = dict(self.target.marker_environment)
        return any(requirement.marker.evaluate(environment | {"extra": extra}) for extra in extras or ("",))

    def need(self, requirement: Requirement, extras: Iterable[str] = ()) -> Need:
        """Return a requirement as the search sees it. A URL stands for exactly one candidate."""
        project = canonicalize_name(requirement.name)
        wanted = frozenset(canonicalize_name(extra) for extra in (*requirement.extras, *extras))
        return Need(
            project=project,
            extras=wanted,
            specifier=requirement.specifier,
            text=_text(requirement),
            exact=_at(requirement.url, project, wanted) if requirement.url else None,
        )

    def shelf(self, project: str) -> Shelf:
        """Return what fits the target, of a project."""
        if project not in self._shelves:
            given_wheels = (wheel for wheel in self._local if wheel.project == project)
            self._shelves[project] = Shelf(self._finder.files(project), given_wheels, self.target)
        return self._shelves[project]

    def fitting(self, need: Need) -> list[Candidate]:
        """Return what fits a need and the hashes that are allowed, whatever else is asked for."""
        return self.shelf(need.project).candidates(need.specifier, self._hashes.get(need.project, ()))

    def offered(self, project: str) -> Sequence[IndexFile]:
        """Return everything on offer for a project, fitting or not."""
        return self._finder.files(project)

    def path(self, candidate: Candidate) -> Path:
        """Return a candidate's wheel on this machine."""
        if candidate.wheel is not None:
            return candidate.wheel.path
        if candidate.file is None:
            raise ValueError(f"'{candidate.project}' is no wheel")
        return _as_named(candidate, candidate.file, self._finder.download)

    def _fitting(self, needs: Sequence[Need]) -> list[Candidate]:
        exact = next((need.exact for need in needs if need.exact is not None), None)
        if exact is not None:
            return [exact]
        specifier = SpecifierSet()
        for need in needs:
            specifier &= need.specifier
        for constraint in self._constraints:
            if canonicalize_name(constraint.name) == needs[0].project and self.applies(constraint):
                specifier &= constraint.specifier
        project, extras = needs[0].project, needs[0].extras
        offers = self.shelf(project).candidates(specifier, self._hashes.get(project, ()))
        return [candidate.with_extras(extras) for candidate in offers]

    def _without_extras(self, candidate: Candidate) -> Need:
        plain = candidate.with_extras(frozenset())
        text = f"{candidate.project}=={candidate.version}"
        return Need(project=candidate.project, extras=frozenset(), specifier=SpecifierSet(), text=text, exact=plain)

    def _metadata(self, candidate: Candidate) -> tuple[tuple[Requirement, ...], SpecifierSet]:
        if candidate.wheel is not None:
            return candidate.wheel.requires, candidate.wheel.requires_python
        if candidate.file is None:
            raise ValueError(f"'{candidate.project}' is no wheel")
        metadata = _as_named(candidate, candidate.file, self._finder.metadata)
        return metadata.requires, metadata.requires_python


def exactly(wheel: Wheel, extras: frozenset[str]) -> Need:
    """Return the need for a wheel that the user gave."""
    candidate = given(wheel).with_extras(extras)
    return Need(
        project=wheel.project, extras=extras, specifier=SpecifierSet(), text=f"the file {wheel.id}", exact=candidate
    )


def _as_named(candidate: Candidate, file: IndexFile, ask: Callable[[IndexFile], Answer]) -> Answer:
    """Ask the finder for a file. Another hash than the one in a URL that the user named is not the finder's fault."""
    try:
        return ask(file)
    except WrongHashError as error:
        if candidate.origin:
            raise UnreadableWheelError(str(error)) from error
        raise


def _at(url: str, project: str, extras: frozenset[str]) -> Candidate:
    """Return the candidate at a URL, which may be no wheel."""
    try:
        file = file_at(url)
    except UnreadableWheelError:
        return Candidate(project=project, version=Version("0"), extras=extras, origin=url)
    if file.project != project:
        raise UnreadableWheelError(f"'{file.name}' is a wheel of '{file.project}', not of '{project}'.")
    return Candidate(project=project, version=file.version, extras=extras, file=file, origin=url)


def _text(requirement: Requirement) -> str:
    """Return a requirement without its marker, which holds here."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"
