"""Which wheels a lock file (PEP 751) names for an environment. The file decides: nothing is searched or fetched."""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from packaging.pylock import (
    Package,
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockValidationError,
    is_valid_pylock_path,
)

from ..errors import UsageError
from .candidates import Target
from .index import IndexFile, file_at
from .resolve import Chosen, NoWheel, Resolution

Source = PackageWheel | PackageSdist | PackageArchive | PackageDirectory | PackageVcs


def is_lock_file(name: str) -> bool:
    """Tell whether a file is a lock file by its name: ``pylock.toml`` or ``pylock.NAME.toml``."""
    return is_valid_pylock_path(Path(name))


def read_lock_file(path: Path) -> Pylock:
    """Return a lock file.

    Raises:
        UsageError: it cannot be read, or is no lock file that this lab knows.
    """
    try:
        return Pylock.from_dict(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, PylockValidationError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"The lock file '{path}' cannot be used: {reason}.") from error


def locked(lock: Pylock, path: Path, target: Target) -> Resolution:
    """Return what an installer takes of the lock file at ``path``; the paths of what is chosen are empty.

    Raises:
        UnreadableWheelError: a wheel that it names has no wheel's name.
    """
    if lock.requires_python is not None and not target.admits(lock.requires_python):
        return Resolution(other_python=f"'{path.name}' is for Python {lock.requires_python}, here is {target.words}.")
    environment = dict(target.marker_environment)
    if lock.environments and not any(marker.evaluate(environment) for marker in lock.environments):
        others = " or ".join(f"'{marker}'" for marker in lock.environments)
        return Resolution(conflict=f"'{path.name}' is for environments with {others}, here is {target.words}.")
    chosen: list[Chosen] = []
    no_wheel: list[NoWheel] = []
    for package in lock.packages:
        for source in _sources(package, lock, target):
            if isinstance(source, PackageWheel):
                chosen.append(_chosen(package, _file(source, path)))
            else:
                no_wheel.append(_none(package, target))
    return Resolution(chosen=tuple(chosen), no_wheel=tuple(no_wheel))


def _sources(package: Package, lock: Pylock, target: Target) -> Iterator[Source | None]:
    """Yield what an installer takes of one package: nothing where it is for others, None where nothing fits.

    The patch level of Python may be unknown, so Requires-Python is compared by the target and not by ``packaging``.
    """
    alone = Pylock(
        lock_version=lock.lock_version,
        default_groups=lock.default_groups,
        created_by=lock.created_by,
        packages=[replace(package, requires_python=None)],
    )
    is_admitted = package.requires_python is None or target.admits(package.requires_python)
    try:
        for _, source in alone.select(environment=dict(target.marker_environment), tags=list(target.tags)):  # type: ignore[arg-type]  # a TypedDict
            yield source if is_admitted else None
    except PylockSelectError:
        yield None


def _file(wheel: PackageWheel, path: Path) -> IndexFile:
    url = wheel.url or (path.parent / (wheel.path or "")).resolve().as_uri()
    name = "sha256" if "sha256" in wheel.hashes else sorted(wheel.hashes)[0]
    return file_at(f"{url}#{name}={wheel.hashes[name]}")


def _chosen(package: Package, file: IndexFile) -> Chosen:
    version = str(package.version or file.version)
    return Chosen(project=str(package.name), version=version, path=Path(), is_root=True, file=file)


def _none(package: Package, target: Target) -> NoWheel:
    version = str(package.version or "")
    reason = f"The lock file has no wheel of {package.name} {version}".rstrip() + f" for {target.words}."
    return NoWheel(project=str(package.name), version=version, reason=reason, is_root=True)
