"""Which wheels an installer would choose on a bench: newest first, back when releases conflict, as pip does.

resolvelib searches; only the finder (``index.Index``) reads anything. Nothing is built: a release that has only a
source distribution for the bench is chosen, as pip would, and said so.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from resolvelib import BaseReporter, ResolutionImpossible, ResolutionTooDeep, Resolver

from ..errors import EngineError
from ..wheels.wheel import UnreadableWheelError, Wheel
from .candidates import Candidate, Need, Target
from .index import IndexFile
from .search import PYTHON, Finder, Search, exactly

if TYPE_CHECKING:
    from resolvelib.resolvers import Result
    from resolvelib.structs import RequirementInformation

    Causes = Collection[RequirementInformation[Need, Candidate]]

ROUNDS = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """A wheel that an installer would take. ``is_root`` tells a subject from what it needs.

    ``file`` is what a source offers, None for a wheel that the user gave.
    """

    project: str
    version: str
    path: Path
    is_root: bool
    file: IndexFile | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NoWheel:
    """A project without a wheel for the bench, with the reason in one sentence; ``version`` is empty where unknown."""

    project: str
    version: str
    reason: str
    is_root: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """What an installer would do.

    ``chosen`` is complete when the other fields are empty, and ordered: what a wheel needs comes before it. Its paths
    are empty where nothing was to be fetched.
    ``no_wheel`` names what would have to be built. ``other_python`` says that the subject itself is for other Pythons,
    ``conflict`` why there is no solution, ``unreadable`` which wheel is damaged or has another hash than the user asked
    for; each is one sentence.
    """

    chosen: tuple[Chosen, ...] = ()
    no_wheel: tuple[NoWheel, ...] = ()
    other_python: str = ""
    conflict: str = ""
    unreadable: str = ""


def resolve(
    roots: Sequence[Requirement | Wheel | Need],
    target: Target,
    finder: Finder,
    *,
    extras: Iterable[str] = (),
    constraints: Iterable[Requirement] = (),
    hashes: Mapping[str, Collection[str]] | None = None,
    local: Iterable[Wheel] = (),
    fetch: bool = True,
) -> Resolution:
    """Return what an installer would choose for the roots together.

    Args:
        roots: requirements, wheels that are taken as they are, whatever their tags say, and needs with extras of their
            own (``search.exactly``).
        extras: are added to every root that is no need.
        hashes: by normalised project name, the only hashes (``sha256:...``) that its files may have.
        local: further wheels of the run, on offer like those of a folder.
        fetch: download what is chosen.

    Raises:
        EngineError: the finder failed, or the search has no end in sight.
    """
    allowed = hashes or {}
    search = Search(target, finder, constraints=constraints, hashes=allowed, local=local)
    try:
        needs = _root_needs(roots, frozenset(canonicalize_name(extra) for extra in extras), search)
        search.order = {search.identify(need): place for place, need in reversed(list(enumerate(needs)))}
        found = Resolver(search, BaseReporter[Need, Candidate, str]()).resolve(needs, max_rounds=ROUNDS)
        return _resolution(found, search, allowed, fetch=fetch)
    except ResolutionImpossible as error:
        return _failure(error.causes, search)
    except ResolutionTooDeep as error:
        raise EngineError(
            f"The search for what '{needs[0].text}' needs did not end after {ROUNDS} steps; constrain some versions."
        ) from error
    except UnreadableWheelError as error:
        return Resolution(unreadable=str(error))


def _root_needs(roots: Sequence[Requirement | Wheel | Need], extras: frozenset[str], search: Search) -> list[Need]:
    needs: list[Need] = []
    for root in roots:
        if isinstance(root, Need):
            needs.append(root)
        elif isinstance(root, Wheel):
            needs.append(exactly(root, extras))
        elif search.applies(root):
            needs.append(search.need(root, extras))
    return needs


def _resolution(
    found: "Result[Need, Candidate, str]", search: Search, allowed: Mapping[str, Collection[str]], *, fetch: bool
) -> Resolution:
    roots = {found.mapping[identifier].project for identifier in search.order}
    ordered = list(_ordered(found))
    no_wheel = tuple(_no_wheel(candidate, search, roots) for candidate in ordered if not candidate.is_wheel)
    chosen = tuple(
        Chosen(
            project=candidate.project,
            version=str(candidate.version),
            path=_checked(search.path(candidate), allowed.get(candidate.project, ())) if fetch else Path(),
            is_root=candidate.project in roots,
            file=candidate.file,
        )
        for candidate in ordered
        if candidate.is_wheel
    )
    return Resolution(chosen=chosen, no_wheel=no_wheel)


def _ordered(found: "Result[Need, Candidate, str]") -> Iterator[Candidate]:
    """Yield what was chosen, each after what it needs; where two need each other, the name decides.

    What ``project[extra]`` needs comes before the project itself, as it is installed once, with its extras.
    """
    projects = {candidate.project: candidate for candidate in found.mapping.values() if not candidate.extras}
    needs: dict[str, set[str]] = {project: set() for project in projects}
    for name, candidate in found.mapping.items():
        needs[candidate.project] |= {found.mapping[child].project for child in found.graph.iter_children(name) if child}
    done: set[str] = set()
    stack = [(project, False) for project in sorted(projects, reverse=True)]
    while stack:
        project, is_expanded = stack.pop()
        if is_expanded:
            yield projects[project]
        elif project not in done:
            done.add(project)
            stack.append((project, True))
            stack.extend((needed, False) for needed in sorted(needs[project], reverse=True))


def _checked(path: Path, allowed: Collection[str]) -> Path:
    names = {entry.partition(":")[0] for entry in allowed} & hashlib.algorithms_available
    if not allowed:
        return path
    with path.open("rb") as file:
        for name in sorted(names):
            file.seek(0)
            if f"{name}:{hashlib.file_digest(file, name).hexdigest()}" in allowed:
                return path
    raise UnreadableWheelError(f"'{path.name}' has none of the hashes that the requirement file allows for it.")


def _no_wheel(candidate: Candidate, search: Search, roots: Collection[str]) -> NoWheel:
    words = search.target.words
    if candidate.file is None:
        version, reason = "", f"{candidate.project} is to be built from '{candidate.origin}', which is no wheel"
    else:
        version = str(candidate.version)
        reason = f"{candidate.project} {version} has only an sdist for {words}; {_newest(candidate.project, search)}"
    return NoWheel(project=candidate.project, version=version, reason=f"{reason}.", is_root=candidate.project in roots)


def _newest(project: str, search: Search) -> str:
    wheels = [offer for offer in search.shelf(project).candidates(SpecifierSet()) if offer.is_wheel]
    if not wheels:
        return "no release has a fitting wheel"
    return f"the newest with a fitting wheel is {wheels[0].version}"


def _failure(causes: "Causes", search: Search) -> Resolution:
    """Say why there is no solution: nothing fits the bench, the subject is for other Pythons, or needs conflict."""
    for cause in causes:
        need = cause.requirement
        asked = f"{cause.parent.project} {cause.parent.version} needs" if cause.parent else ""
        if need.project == PYTHON:
            sentence = f"{asked} {need.text}; the bench has {search.target.words}."
            return _other_python(cause.parent, sentence, search)
        if need.exact is not None or search.fitting(need):
            continue
        return _nothing_fits(need, asked, cause.parent is None, search)
    return Resolution(conflict=f"These cannot be met together: {_needs(causes)}.")


def _other_python(parent: Candidate | None, sentence: str, search: Search) -> Resolution:
    if parent is not None and search.identify(parent) in search.order:
        return Resolution(other_python=sentence)
    return Resolution(conflict=sentence)


def _nothing_fits(need: Need, asked: str, is_root: bool, search: Search) -> Resolution:
    """Tell apart: nobody offers the project, no such release, other hashes, other Pythons, no wheel."""
    prefix = f"{asked} {need.text}, but " if asked else ""
    files = search.offered(need.project)
    if not files:
        return Resolution(conflict=f"{prefix}no source of wheels has a project '{need.project}'.")
    released = {file.version for file in files if not file.is_yanked}
    matching = set(need.specifier.filter(released, prereleases=search.target.pre or None))
    fitting = [file for file in files if file.version in matching and search.target.admits(file.requires_python)]
    if not matching:
        newest = f"; the newest is {max(released)}" if released else ""
        return Resolution(conflict=f"{prefix}no release of {need.project} is '{need.text}'{newest}.")
    if offers := search.shelf(need.project).candidates(need.specifier):
        which = f"no file of {need.project} {offers[0].version} that fits {search.target.words}"
        return Resolution(conflict=f"{prefix}{which} has one of the hashes that are allowed for it.")
    if not fitting:
        others = sorted({str(file.requires_python) for file in files if file.version == max(matching)})
        sentence = f"{prefix}{need.project} {max(matching)} is for Python {' or '.join(others)}"
        sentence += f", the bench has {search.target.words}."
        return Resolution(other_python=sentence) if is_root else Resolution(conflict=sentence)
    version = max(file.version for file in fitting)
    reason = f"{prefix}{need.project} {version} has no wheel for {search.target.words}, and no sdist."
    return Resolution(no_wheel=(NoWheel(project=need.project, version=str(version), reason=reason, is_root=is_root),))


def _needs(causes: "Causes") -> str:
    words = (
        f"{cause.parent.project} {cause.parent.version} needs '{cause.requirement.text}'"
        if cause.parent
        else f"'{cause.requirement.text}' is asked for"
        for cause in causes
    )
    return "; ".join(sorted(set(words)))
