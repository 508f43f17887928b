"""Which of several wheels of one release an installer takes, and which it takes nowhere. Pure.

pip and uv order the wheels that fit by the place of their best tag in the list of tags that the installer knows, and
equal ones by the higher build number (PEP 425, PEP 427); ``Requires-Python`` rules a wheel out before that.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from packaging.tags import Tag
from packaging.utils import parse_wheel_filename

from ..catalogue.distro import Libc, Release
from ..interpreter import Interpreter, Origin, default_abi
from ..wheels.tags import Claim, Platform, claim_of, supported_tags
from ..wheels.wheel import Wheel

MINORS = range(6, 16)  # Python 3.6 to 3.15: what wheels of today are made for
FREE_THREADED = 13
NEWEST_MUSL = (1, 2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What an installer takes on a release, an arch and an interpreter; ``wheel`` is empty where nothing fits."""

    place: str
    wheel: str
    others: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Never:
    """A wheel that is taken nowhere: wherever it fits, one of the wheels in ``because`` comes first."""

    wheel: str
    because: tuple[str, ...]


def choices(wheels: Sequence[Wheel], releases: Iterable[Release]) -> tuple[Choice, ...]:
    """Return what is taken on every release and arch that some wheel is for, with each interpreter of the distro."""
    arches = _arches(wheels)
    return tuple(
        _choice(f"{release.id}:{arch}:{interpreter.id}", ranked(wheels, platform, interpreter))
        for release in releases
        for arch in arches
        if arch in release.arches
        for platform in [Platform(arch=arch, libc=release.libc, libc_version=release.libc_version)]
        for interpreter in release.interpreters
        if interpreter.origin is not Origin.PORTABLE
    )


def _choice(place: str, found: Sequence[str]) -> Choice:
    return Choice(place=place, wheel=found[0] if found else "", others=tuple(found[1:]))


def never_taken(wheels: Sequence[Wheel], newest_glibc: int) -> tuple[Never, ...]:
    """Return the wheels that no installer takes, whatever CPython and C library it runs with.

    A wheel that fits nowhere at all is not among them: what its tags promise is another question.
    """
    before: dict[str, set[str]] = {}
    taken: set[str] = set()
    for platform in _platforms(wheels, newest_glibc):
        for interpreter in _interpreters():
            first, *others = ranked(wheels, platform, interpreter) or [""]
            taken.add(first)
            for other in others:
                before.setdefault(other, set()).add(first)
    return tuple(
        Never(wheel=wheel, because=tuple(sorted(because)))
        for wheel, because in sorted(before.items())
        if wheel not in taken
    )


def ranked(wheels: Iterable[Wheel], platform: Platform, interpreter: Interpreter) -> list[str]:
    """Return the names of the wheels that fit, the one that an installer takes first."""
    places = _places(platform, interpreter)
    version = interpreter.full_version or ".".join(map(str, interpreter.version))
    found = []
    for wheel in sorted(wheels, key=lambda wheel: wheel.id):
        place = min((places[tag] for tag in wheel.tags if tag in places), default=None)
        if place is not None and wheel.requires_python.contains(version, prereleases=True):
            found.append((place, parse_wheel_filename(wheel.id)[2], wheel.id))
    found.sort(key=lambda one: one[1], reverse=True)
    found.sort(key=lambda one: one[0])
    return [name for *_, name in found]


@lru_cache(maxsize=1000)
def _places(platform: Platform, interpreter: Interpreter) -> dict[Tag, int]:
    return {tag: place for place, tag in enumerate(supported_tags(platform, interpreter))}


def _claims(wheels: Iterable[Wheel]) -> Iterator[Claim]:
    found = (claim_of(tag.platform) for wheel in wheels for tag in wheel.tags)
    return (claim for claim in found if claim)


def _arches(wheels: Iterable[Wheel]) -> list[str]:
    """Return the arches that the tags name; x86_64 stands for all where only ``any`` does."""
    return sorted({claim.arch for claim in _claims(wheels)}) or ["x86_64"]


def _platforms(wheels: Sequence[Wheel], newest_glibc: int) -> Iterator[Platform]:
    """Yield the platforms that tell wheels apart: what fits changes only at the versions that some tag names."""
    versions = {(claim.libc, claim.version) for claim in _claims(wheels) if claim.libc}
    versions |= {(Libc.GLIBC, (2, newest_glibc)), (Libc.MUSL, NEWEST_MUSL)}
    for arch in _arches(wheels):
        for libc, version in versions:
            yield Platform(arch=arch, libc=libc, libc_version=version)


def _interpreters() -> Iterator[Interpreter]:
    for minor in MINORS:
        yield Interpreter(version=(3, minor), abi=default_abi((3, minor)))
        if minor >= FREE_THREADED:
            yield Interpreter(version=(3, minor), abi=f"cp3{minor}t")
