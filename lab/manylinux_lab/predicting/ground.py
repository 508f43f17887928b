"""What is known of a distro on an arch beside its libraries: CPU level, page size, packages, the Python."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from ..catalogue.distro import Release
from ..interpreter import Interpreter
from ..tables import reference
from .dropped import packages_of

PAGE = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """Where a wheel would stand. ``soname_packages`` name the package that brings a library beyond the plain image.

    ``musl_patch`` is the least third number that its musl has, 0 where nobody knows or it has another C library.
    """

    distro: str
    arch: str
    x86_level: int
    page_size: int
    soname_packages: Mapping[str, str]
    is_minimal: bool
    interpreter: Interpreter | None = None
    musl_patch: int = 0


def ground_of(
    release: Release, arch: str, *, is_minimal: bool = False, interpreter: Interpreter | None = None
) -> Ground:
    """Return what is known of a release on an arch."""
    return Ground(
        distro=release.id,
        arch=arch,
        x86_level=_first("hardware.toml", "x86_levels", release.id, 1),
        page_size=_first("hardware.toml", "page_sizes", f"{arch}:{release.id}", PAGE),
        soname_packages={**release.soname_packages, **packages_of(release)},
        is_minimal=is_minimal,
        interpreter=interpreter,
        musl_patch=_first("musl.toml", "patches", release.id, 0),
    )


@cache
def _first(file: str, table: str, name: str, default: int) -> int:
    return next((int(value) for glob, value in _tables(file)[table].items() if fnmatchcase(name, glob)), default)


@cache
def _tables(file: str) -> dict[str, dict[str, Any]]:
    return reference(file, dict)
