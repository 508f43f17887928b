"""Which wheels an installer takes in an environment that is not started, and what is predicted of each there."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from ..catalogue.distro import Release
from ..resolving.index import Index
from ..resolving.nearest import Environment, nearest
from ..resolving.resolve import Chosen, Resolution
from ..resolving.sources import redacted
from ..wheels.digests import file_digest
from ..wheels.reading import read_wheel
from ..wheels.remembered import elf_facts
from .forecast import Forecast, forecast, needs_by_arch


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


Ask = Callable[[Sequence[Requirement], Environment], Resolution]


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """A wheel that an installer takes. ``url`` is without credentials; ``sha256`` is empty where nobody tells.

    ``is_root`` tells what was asked for from what it needs; ``forecast`` is None where nothing was downloaded.
    """

    project: str
    version: str
    name: str
    url: str
    sha256: str
    is_root: bool
    forecast: Forecast | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """A requirement for which an installer finds no wheel, why, and the nearest candidates as sentences."""

    requirement: str
    reason: str
    nearest: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What an installer takes in a scene (its id). ``pip`` is its version, empty for the newest.

    Where something is ``missing``, ``taken`` are the other requirements, each by itself: nothing would be installed.
    """

    id: str
    pip: str
    taken: tuple[Taken, ...]
    missing: tuple[Missing, ...]


def choose(requirements: Sequence[Requirement], scene: Scene, index: Index, ask: Ask) -> Choice:
    """Return the choice for requirements together. ``ask`` resolves, with or without downloads.

    Raises:
        EngineError: the index cannot be read, or a wheel cannot be downloaded.
    """
    together = ask(requirements, scene.environment)
    if not any(_reasons(together)):
        return choice_of(together, scene)
    chosen: list[Chosen] = []
    missing: list[Missing] = []
    for requirement in requirements:
        alone = ask([requirement], scene.environment)
        if any(_reasons(alone)):
            missing.append(_missing(requirement, alone, scene.environment, index))
        else:
            chosen += [entry for entry in alone.chosen if entry.is_root]
    if not missing:
        missing = [Missing(requirement="", reason=" ".join(_reasons(together)), nearest=())]
    return _choice(chosen, missing, scene)


def choice_of(found: Resolution, scene: Scene) -> Choice:
    """Return the choice that a resolution is: each project without a wheel is missing."""
    missing = [Missing(requirement=entry.project, reason=entry.reason, nearest=()) for entry in found.no_wheel]
    others = [text for text in (found.conflict, found.unreadable, found.other_python) if text]
    missing += [Missing(requirement="", reason=text, nearest=()) for text in others]
    return _choice(found.chosen, missing, scene)


def _choice(chosen: Sequence[Chosen], missing: Sequence[Missing], scene: Scene) -> Choice:
    taken = tuple(_taken(entry, scene) for entry in chosen)
    return Choice(id=scene.id, pip=scene.environment.pip, taken=taken, missing=tuple(missing))


def _reasons(found: Resolution) -> Iterator[str]:
    """Yield why a resolution is not complete, a sentence each."""
    yield from (entry.reason for entry in found.no_wheel)
    yield from (text for text in (found.conflict, found.unreadable, found.other_python) if text)


def _missing(requirement: Requirement, found: Resolution, environment: Environment, index: Index) -> Missing:
    project, specifier = canonicalize_name(requirement.name), requirement.specifier
    other = next((entry for entry in found.no_wheel if not entry.is_root), None)
    if other is not None:  # something that it needs
        project, specifier = (
            canonicalize_name(other.project),
            SpecifierSet(f"=={other.version}" if other.version else ""),
        )
    return Missing(
        requirement=str(requirement),
        reason=" ".join(_reasons(found)),
        nearest=tuple(nearest(index.files(project), specifier, environment)),
    )


def _taken(entry: Chosen, scene: Scene) -> Taken:
    file, path = entry.file, entry.path
    has_path = path != Path()
    return Taken(
        project=entry.project,
        version=entry.version,
        name=path.name if file is None else file.name,
        url=path.resolve().as_uri() if file is None else redacted(file.link.url_without_fragment),
        sha256=file.sha256 if file is not None and file.sha256 else (file_digest(path) if has_path else ""),
        is_root=entry.is_root,
        forecast=_forecast(path, scene) if has_path else None,
    )


def _forecast(path: Path, scene: Scene) -> Forecast | None:
    wheel = read_wheel(path)
    arch = scene.environment.platform.arch
    needs = needs_by_arch(wheel, elf_facts(wheel), [arch])
    return forecast(wheel, needs, scene.release, arch, is_minimal=scene.is_minimal)
