"""The newest releases of a project that have a wheel for Linux. Pure: it sees what an index offers, never the index."""

from collections.abc import Collection, Iterable

from packaging.requirements import Requirement
from packaging.version import Version

from .index import IndexFile


def newest_releases(
    files: Iterable[IndexFile], requirement: Requirement, *, last: int, arches: Collection[str], pre: bool
) -> tuple[Version, ...]:
    """Return the ``last`` newest versions that the requirement admits, the oldest of them first.

    A version counts when one of its wheels, not yanked, is for Linux on one of the archs or for any machine;
    pre-releases count with ``pre``.
    """
    offered = {file.version for file in files if not file.is_yanked and _fits(file, arches)}
    admitted = set(requirement.specifier.filter(offered, prereleases=True if pre else None))
    return tuple(sorted(admitted)[-last:])


def _fits(file: IndexFile, arches: Collection[str]) -> bool:
    platforms = {tag.platform for tag in file.tags}
    return any(
        platform == "any" or ("linux" in platform and platform.endswith(f"_{arch}"))
        for platform in platforms
        for arch in arches
    )
