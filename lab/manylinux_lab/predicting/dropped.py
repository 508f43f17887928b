"""Libraries that distros once had and then dropped: what is known of them where a profile does not tell."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache

import msgspec

from ..catalogue.distro import Release
from ..tables import reference
from .profile import Answer, Profile


@dataclass(frozen=True, kw_only=True, slots=True)
class Last:
    """The last release of a distro that has a library on every image, and the package that brings it later."""

    last: str
    package: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Dropped:
    """A library: by arch the symbol versions it defined (without any, none is compared), and its end by distro."""

    distros: Mapping[str, Last]
    versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@cache
def dropped() -> Mapping[str, Dropped]:
    """Return what ``reference/dropped.toml`` says, by soname.

    Raises:
        UsageError: the file of this installation is damaged.
    """
    return reference("dropped.toml", lambda table: msgspec.convert(table, dict[str, Dropped]))


def with_dropped(profile: Profile, version: str) -> Profile:
    """Return the profile of a release with libraries that it does not mention and whose end on its distro is known."""
    there: dict[str, frozenset[str] | None] = {}
    gone = set()
    for soname, end in _ends(profile.distro, version).items():
        known = dropped()[soname].versions
        if profile.library(soname) is not Answer.UNKNOWN:
            continue
        if end.is_past:
            gone.add(soname)
        elif profile.arch in known or not known:
            there[soname] = frozenset(known.get(profile.arch, ()))
    return replace(profile, sonames={**profile.sonames, **there}, absent=profile.absent | gone)


def packages_of(release: Release) -> Mapping[str, str]:
    """Return which package of a distro brings a library that its images no longer have, where one does."""
    return _packages(release.id, release.version)


@cache
def _packages(distro: str, version: str) -> Mapping[str, str]:
    return {soname: end.package for soname, end in _ends(distro, version).items() if end.is_past and end.package}


@dataclass(frozen=True, kw_only=True, slots=True)
class _End:
    is_past: bool
    package: str


@cache
def _ends(distro: str, version: str) -> Mapping[str, _End]:
    """Return by soname whether the end of a library lies before a release, for those that end on its distro."""
    name = distro.removesuffix(f"-{version}")
    ends = {soname: one.distros[name] for soname, one in dropped().items() if name in one.distros}
    return {soname: _End(is_past=age(version) > age(end.last), package=end.package) for soname, end in ends.items()}


def age(version: str) -> tuple[bool, float]:
    """Return what orders the releases of one distro: their numbers, then names such as ``rawhide``.

    CentOS calls its later ones ``stream9``.
    """
    digits = version.removeprefix("stream")
    is_number = digits.replace(".", "", 1).isdecimal()
    return not is_number, float(digits) if is_number else 0.0
