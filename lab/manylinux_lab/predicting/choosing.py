"""Which wheels an installer takes in an environment that is not started, and what is predicted of each there."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from ..catalogue.distro import Release
from ..errors import EngineError
from ..resolving.candidates import Target
from ..resolving.index import Index, WrongHashError
from ..resolving.nearest import Environment, nearest
from ..resolving.resolve import Chosen, Resolution
from ..resolving.sources import redacted
from ..wheels.reading import read_wheel
from ..wheels.remembered import elf_facts
from ..wheels.wheel import UnreadableWheelError, Wheel
from .forecast import Forecast, forecast, needs_by_arch

MARKED = ("implementation_name", "platform_machine", "sys_platform")
AT_ONCE = 8  # the time goes into waiting for the index
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """A distro that is not started, and the installer there. ``is_minimal`` means without the desktop packages."""

    release: Release
    environment: Environment
    is_minimal: bool = False

    @property
    def id(self) -> str:
        """``amazonlinux-2:x86_64:cp39``."""
        return f"{self.release.id}:{self.environment.platform.arch}:{self.environment.interpreter.id}"


Ask = Callable[[Sequence[Requirement], Target], Resolution | EngineError]


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """A wheel that an installer takes. ``url`` is without credentials; ``sha256`` is empty where nobody tells.

    ``requires_python`` is a specifier, empty where all Pythons may have it.
    ``is_root`` tells what was asked for from what it needs; ``forecast`` is None where nothing was downloaded.
    """

    project: str
    version: str
    name: str
    url: str
    sha256: str
    requires_python: str
    is_root: bool
    forecast: Forecast | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """A requirement for which an installer finds no wheel, why, and the nearest candidates as sentences.

    ``is_trouble`` tells that it could not be found out: a source did not answer.
    """

    requirement: str
    reason: str
    nearest: tuple[str, ...] = ()
    is_trouble: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What an installer takes in a scene (its id). ``pip`` is its version, empty for the newest.

    ``requires_python`` and ``environments`` (markers, of which one must hold) say where else it may hold; the C library
    has no marker.
    Where something is ``missing``, ``taken`` are the other requirements, each by itself: nothing would be installed.
    """

    id: str
    pip: str
    requires_python: str
    environments: tuple[str, ...]
    taken: tuple[Taken, ...]
    missing: tuple[Missing, ...]


def choose(
    requirements: Sequence[Requirement],
    scene: Scene,
    index: Index,
    ask: Ask,
    hashes: Mapping[str, Collection[str]] | None = None,
) -> Choice:
    """Return the choice for requirements together. ``ask`` resolves, with or without downloads.

    ``hashes`` are those that a project's files may have, by normalised name; ``ask`` knows them too.

    Raises:
        EngineError: nothing can be found out about any of them, as the index cannot be read.
    """
    together = ask(requirements, scene.environment.target)
    if isinstance(together, Resolution) and not any(_reasons(together)):
        return choice_of(together, scene)
    chosen: list[Chosen] = []
    missing: list[Missing] = []
    for requirement, alone in zip(requirements, _each(requirements, lambda one: _alone(one, scene, ask)), strict=True):
        if isinstance(alone, EngineError):
            missing.append(_trouble(str(requirement), alone))
        elif any(_reasons(alone)):
            missing.append(_missing(requirement, alone, scene.environment, index, hashes or {}))
        else:
            chosen += [entry for entry in alone.chosen if entry.is_root]
    if not missing:
        words = str(together) if isinstance(together, EngineError) else " ".join(_reasons(together))
        missing = [Missing(requirement="", reason=words, is_trouble=isinstance(together, EngineError))]
    return _choice(chosen, missing, scene)


def fetched(found: Resolution, scene: Scene, index: Index) -> Choice:
    """Return the choice that a resolution without files is, such as a lock file's, once they are here.

    Raises:
        EngineError: none of them can be had.
    """
    files = [entry.file for entry in found.chosen if entry.file is not None]
    chosen: list[Chosen] = []
    missing: list[Missing] = []
    for entry, path in zip(found.chosen, _each(files, index.download), strict=True):
        if isinstance(path, EngineError):
            missing.append(_trouble(entry.project, path))
        else:
            chosen.append(replace(entry, path=path))
    rest = choice_of(replace(found, chosen=tuple(chosen)), scene)
    return replace(rest, missing=(*rest.missing, *missing))


def _each(items: Sequence[Asked], ask: Callable[[Asked], Answer]) -> list[Answer | EngineError]:
    """Ask about each item. Trouble with one is an answer, trouble of the same kind with all of them is raised."""

    def answer(item: Asked) -> Answer | EngineError:
        try:
            return ask(item)
        except EngineError as error:
            return error

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(answer, items))
    troubles = [one for one in answers if isinstance(one, EngineError) and not isinstance(one, WrongHashError)]
    if troubles and len(troubles) == len(answers):
        raise troubles[0]
    return answers


def _alone(requirement: Requirement, scene: Scene, ask: Ask) -> Resolution:
    found = ask([requirement], scene.environment.target)
    if isinstance(found, EngineError):
        raise found
    return found


def _trouble(requirement: str, error: EngineError) -> Missing:
    """Return what was not found: a file with another hash is the index's or the lock file's, all else the lab's."""
    return Missing(requirement=requirement, reason=str(error), is_trouble=not isinstance(error, WrongHashError))


def choice_of(found: Resolution, scene: Scene) -> Choice:
    """Return the choice that a resolution is: each project without a wheel is missing."""
    missing = [Missing(requirement=entry.project, reason=entry.reason) for entry in found.no_wheel]
    others = [text for text in (found.conflict, found.unreadable, found.other_python) if text]
    missing += [Missing(requirement="", reason=text) for text in others]
    return _choice(found.chosen, missing, scene)


def _choice(chosen: Iterable[Chosen], missing: Iterable[Missing], scene: Scene) -> Choice:
    taken: list[Taken] = []
    damaged: list[Missing] = []
    for entry in chosen:
        try:
            taken.append(_taken(entry, scene))
        except UnreadableWheelError as error:
            damaged.append(Missing(requirement=entry.project, reason=str(error)))
    return Choice(
        id=scene.id,
        pip=scene.environment.pip,
        requires_python="=={}.{}.*".format(*scene.environment.interpreter.version),
        environments=tuple(_environments(scene)),
        taken=tuple(taken),
        missing=(*missing, *damaged),
    )


def _environments(scene: Scene) -> Iterator[str]:
    """Yield a marker for each name that a kernel may have for the arch: a 64-bit one runs i686 too."""
    known = scene.environment.target.marker_environment
    for machine in sorted({known["platform_machine"], scene.environment.platform.arch}):
        values = {**known, "platform_machine": machine}
        yield " and ".join(f'{name} == "{values[name]}"' for name in MARKED)


def _reasons(found: Resolution) -> Iterator[str]:
    """Yield why a resolution is not complete, a sentence each."""
    yield from (entry.reason for entry in found.no_wheel)
    yield from (text for text in (found.conflict, found.unreadable, found.other_python) if text)


def _missing(
    requirement: Requirement,
    found: Resolution,
    environment: Environment,
    index: Index,
    hashes: Mapping[str, Collection[str]],
) -> Missing:
    project, specifier = canonicalize_name(requirement.name), requirement.specifier
    other = next((entry for entry in found.no_wheel if not entry.is_root), None)
    if other is not None:  # something that it needs
        project = canonicalize_name(other.project)
        specifier = SpecifierSet(f"=={other.version}" if other.version else "")
    files = () if requirement.url and other is None else index.files(project)  # nothing else would do for a URL
    return Missing(
        requirement=str(requirement),
        reason=" ".join(_reasons(found)),
        nearest=tuple(nearest(files, specifier, environment, hashes.get(project, ()))),
    )


def _taken(entry: Chosen, scene: Scene) -> Taken:
    file, path = entry.file, entry.path
    wheel = read_wheel(path) if path != Path() else None
    told = wheel or file
    return Taken(
        project=entry.project,
        version=entry.version,
        name=path.name if file is None else file.name,
        url=path.resolve().as_uri() if file is None else redacted(file.link.url_without_fragment),
        sha256=(file.sha256 if file else "") or (wheel.sha256 if wheel else ""),
        requires_python=str(told.requires_python) if told else "",
        is_root=entry.is_root,
        forecast=_forecast(wheel, scene) if wheel else None,
    )


def _forecast(wheel: Wheel, scene: Scene) -> Forecast | None:
    arch = scene.environment.platform.arch
    needs = needs_by_arch(wheel, elf_facts(wheel), [arch])
    return forecast(wheel, needs, scene.release, arch, is_minimal=scene.is_minimal)
