"""What the lab knows of a distro: the records of the catalogue, and what a date makes of them. Reads nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum

from ..interpreter import Interpreter

NOTICE_DAYS = 30


class Libc(Enum):
    """The C library of a distro."""

    GLIBC = "glibc"
    MUSL = "musl"


class Dataset(Enum):
    """Whether a release is still measured and offered by default."""

    CURRENT = "current"
    HISTORIC = "historic"
    BUILD = "build"  # PyPA's manylinux and musllinux build images


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageReference:
    """Where a registry has the image of one arch; ``platform`` is the OCI platform (``linux/arm64/v8``)."""

    arch: str
    reference: str
    platform: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageManager:
    """The commands that make a plain image usable, as argv tuples; an empty ``update`` means that none is needed."""

    tool: str
    update: tuple[str, ...]
    install: tuple[str, ...]
    python_packages: tuple[str, ...]
    desktop_packages: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Repositories:
    """What has to change in an image's repository lists before its package manager works.

    ``archived``: the packages moved; ``hosts`` maps the host names in the lists to those that took over; ``base`` is
    the one address that replaces them all; ``enable`` and ``disable`` are repositories, plugins or suites;
    ``ppa`` are Ubuntu archives to add.
    """

    archived: bool
    hosts: Mapping[str, str]
    base: str
    enable: tuple[str, ...]
    disable: tuple[str, ...]
    ppa: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bootstrap:
    """How to make the image from the distro's own package mirror: the tool (``mmdebstrap``), suite and mirror."""

    tool: str
    suite: str
    mirror: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """One Linux distribution release, e.g. ``debian-12``. ``rolling``: it has no end of life, by design."""

    id: str
    name: str
    version: str
    family: str
    libc: Libc
    libc_version: tuple[int, int]
    dataset: Dataset
    eol: date | None
    lts_end: date | None
    elts_end: date | None
    images: tuple[ImageReference, ...]
    package_manager: PackageManager | None
    bootstrap: Bootstrap | None
    interpreters: tuple[Interpreter, ...]
    soname_packages: Mapping[str, str]
    notes: tuple[str, ...]
    rolling: bool = False
    repositories: Repositories | None = None

    @property
    def arches(self) -> tuple[str, ...]:
        """The machine names (PyPA's) that have an image."""
        return tuple(image.arch for image in self.images)


def lifecycle(release: Release, today: date) -> str:
    """Say where a release stands on ``today``, such as ``supported until 2027-06-10`` or ``ends in 12 days``."""
    if release.eol is None:
        return "rolling" if release.rolling else "end of life not known"
    days = (release.eol - today).days
    if days < 0:
        return f"past its end of life since {release.eol}{_longer(release, today)}"
    if days == 0:
        return "ends today"
    if days <= NOTICE_DAYS:
        return f"ends in {days} day{'s' if days > 1 else ''}"
    return f"supported until {release.eol}"


def _longer(release: Release, today: date) -> str:
    if release.lts_end and today <= release.lts_end:
        return f" (LTS until {release.lts_end})"
    if release.elts_end and today <= release.elts_end:
        return f" (ELTS until {release.elts_end})"
    return ""


def is_ending(release: Release, today: date) -> bool:
    """Tell whether the end of life is past or at most 30 days away."""
    return release.eol is not None and (release.eol - today).days <= NOTICE_DAYS


def is_supported(release: Release, today: date) -> bool:
    """Tell whether the distro's maintainers support it on ``today``.

    A release without a date counts while it is measured. Build images are no distros that users run.
    """
    if release.dataset is Dataset.BUILD:
        return False
    return today <= release.eol if release.eol else release.dataset is Dataset.CURRENT


def is_supported_long(release: Release, today: date) -> bool:
    """Tell whether it is supported or in its long-term support on ``today``; paid extensions (ELTS) do not count."""
    in_lts = release.dataset is not Dataset.BUILD and release.lts_end is not None and today <= release.lts_end
    return in_lts or is_supported(release, today)
