"""Libraries that distros once had and then dropped: what is known of them where a profile does not tell."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache

import msgspec

from ..catalogue.distro import Release
from ..errors import UsageError
from ..folders import data_folder
from .profile import Answer, Profile

SCHEMA = 1


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
    """Return what ``distros/dropped.toml`` says, by soname.

    Raises:
        UsageError: the file of this installation is damaged.
    """
    file = data_folder("distros") / "dropped.toml"
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        if table.pop("schema", None) != SCHEMA:
            raise ValueError("it has another schema")
        return msgspec.convert(table, dict[str, Dropped])
    except (OSError, ValueError) as error:
        raise UsageError(f"The file '{file}' is damaged ({error}); install manylinux-lab again.") from error


def with_dropped(profile: Profile, release: Release) -> Profile:
    """Return a profile that also tells of the libraries which it does not mention and whose end is known."""
    there: dict[str, frozenset[str] | None] = {}
    gone = set()
    for soname, one in dropped().items():
        end = one.distros.get(_distro(release))
        if end is None or profile.library(soname) is not Answer.UNKNOWN:
            continue
        if age(release.version) > age(end.last):
            gone.add(soname)
        elif profile.arch in one.versions or not one.versions:
            there[soname] = frozenset(one.versions.get(profile.arch, ()))
    return replace(profile, sonames={**profile.sonames, **there}, absent=profile.absent | gone)


def packages_of(release: Release) -> Mapping[str, str]:
    """Return which package of a distro brings a library that its images no longer have, where one does."""
    ends = ((soname, one.distros.get(_distro(release))) for soname, one in dropped().items())
    later = ((soname, end) for soname, end in ends if end and age(release.version) > age(end.last))
    return {soname: end.package for soname, end in later if end.package}


def _distro(release: Release) -> str:
    return release.id.removesuffix(f"-{release.version}")


def age(version: str) -> tuple[bool, float]:
    """Return what orders the releases of one distro: their numbers, then names such as ``rawhide``.

    CentOS calls its later ones ``stream9``.
    """
    digits = version.removeprefix("stream")
    is_number = digits.replace(".", "", 1).isdecimal()
    return not is_number, float(digits) if is_number else 0.0
