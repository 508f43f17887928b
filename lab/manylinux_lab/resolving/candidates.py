"""What an installer would consider for a project on one bench, best first. Pure: it sees records, never an index.

The rules are pip's: https://pip.pypa.io/en/stable/cli/pip_install/ (finding packages), PEP 592 (yanked files) and the
version specifier specification (pre-releases).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from packaging.specifiers import SpecifierSet
from packaging.tags import Tag
from packaging.utils import BuildTag, parse_wheel_filename
from packaging.version import Version

from ..interpreter import Interpreter
from ..wheels.tags import Platform, marker_environment, supported_tags
from ..wheels.wheel import Wheel
from .index import IndexFile, hashes

PATCHES = 40  # more than any minor release of Python has seen


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A bench as a resolver sees it.

    ``tags`` come in the installer's order, the best first. ``python`` is ``3.9``, or ``3.9.2`` where the patch level is
    known. ``words`` name the bench in sentences: ``cp39 on glibc 2.31``.
    """

    tags: Sequence[Tag]
    marker_environment: Mapping[str, str]
    python: str
    words: str
    pre: bool = False
    ignore_requires_python: bool = False

    def admits(self, requires_python: SpecifierSet) -> bool:
        """Whether Requires-Python lets the interpreter in; an unknown patch level counts as the one it asks for."""
        if self.ignore_requires_python:
            return True
        known = self.python.count(".") > 1
        versions = [self.python] if known else [f"{self.python}.{patch}" for patch in range(PATCHES)]
        return any(requires_python.contains(version, prereleases=True) for version in versions)


def target_for(
    platform: Platform,
    interpreter: Interpreter,
    pip: str = "",
    *,
    pre: bool = False,
    ignore_requires_python: bool = False,
) -> Target:
    """Return a platform with an interpreter and its pip (empty: one that knows all tags) as a resolver sees it."""
    libc = f"{platform.libc.value} {platform.libc_version[0]}.{platform.libc_version[1]}"
    return Target(
        tags=supported_tags(platform, interpreter, pip),
        marker_environment=marker_environment(platform, interpreter),
        python=interpreter.full_version or "{}.{}".format(*interpreter.version),
        words=f"{interpreter.abi} on {platform.arch} with {libc}{f' and pip {pip}' if pip else ''}",
        pre=pre,
        ignore_requires_python=ignore_requires_python,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A release that may be chosen, by its best file: one of an index, or a wheel that was given.

    With neither it is something that would have to be built. ``origin`` is the URL or path of what was named exactly.
    """

    project: str
    version: Version
    extras: frozenset[str] = frozenset()
    file: IndexFile | None = None
    wheel: Wheel | None = None
    origin: str = ""

    @property
    def is_wheel(self) -> bool:
        """Whether there is a wheel to install; else the installer would have to build one."""
        return self.wheel is not None or (self.file is not None and self.file.is_wheel)

    @property
    def is_known(self) -> bool:
        """Whether its version is known: that of something which is not built yet is not."""
        return self.wheel is not None or self.file is not None

    def with_extras(self, extras: frozenset[str]) -> "Candidate":
        """Return the same release asked for with these extras."""
        return replace(self, extras=extras)


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """A requirement whose marker holds: releases of a project, or exactly one candidate. ``text`` is for sentences."""

    project: str
    extras: frozenset[str]
    specifier: SpecifierSet
    text: str
    exact: Candidate | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Offer:
    """A candidate with what ranks it: ``rank`` is larger for a better tag, then for a larger build number."""

    candidate: Candidate
    is_yanked: bool
    rank: tuple[int, int, BuildTag]
    hashes: Mapping[str, str]


class Shelf:
    """The fitting files of a project on one bench: made once, asked for many times."""

    def __init__(self, files: Iterable[IndexFile], given: Iterable[Wheel], target: Target) -> None:
        priorities = {tag: len(target.tags) - place for place, tag in reversed(list(enumerate(target.tags)))}
        offers = [offer for file in files if (offer := _file_offer(file, priorities, target)) is not None]
        offers += [offer for wheel in given if (offer := _wheel_offer(wheel, priorities, target)) is not None]
        self._offers = sorted(offers, key=lambda offer: (offer.candidate.version, offer.rank), reverse=True)
        self._pre = target.pre

    def candidates(self, specifier: SpecifierSet, allowed: Collection[str] = ()) -> list[Candidate]:
        """Return the best candidate of each release that the specifier admits, newest first.

        ``allowed`` are the hashes (``sha256:...``) that a file must have one of; empty admits all, and a file whose
        hashes the index does not tell is admitted too, to be looked at once it is here.
        """
        offers = [offer for offer in self._offers if may_be(offer.hashes, allowed)]
        versions = {offer.candidate.version for offer in offers}
        admitted = set(specifier.filter(versions, prereleases=True if self._pre else None))
        offers = [offer for offer in offers if offer.candidate.version in admitted]
        if not (_is_pin(specifier) and all(offer.is_yanked for offer in offers)):
            offers = [offer for offer in offers if not offer.is_yanked]
        best: dict[Version, Candidate] = {}
        for offer in offers:
            best.setdefault(offer.candidate.version, offer.candidate)
        return list(best.values())


def _file_offer(file: IndexFile, priorities: Mapping[Tag, int], target: Target) -> _Offer | None:
    if not target.admits(file.requires_python):
        return None
    priority = max((priorities.get(tag, 0) for tag in file.tags), default=0)
    if file.is_wheel and not priority:
        return None
    return _Offer(
        candidate=Candidate(project=file.project, version=file.version, file=file),
        is_yanked=file.is_yanked,
        rank=(priority, 0, file.build),
        hashes=hashes(file.link),
    )


def _wheel_offer(wheel: Wheel, priorities: Mapping[Tag, int], target: Target) -> _Offer | None:
    """Rank a wheel that the user gave: before a file of the index with the same tag."""
    priority = max((priorities.get(tag, 0) for tag in wheel.tags), default=0)
    if not priority or not target.admits(wheel.requires_python):
        return None
    return _Offer(
        candidate=given(wheel), is_yanked=False, rank=(priority, 1, _build(wheel)), hashes={"sha256": wheel.sha256}
    )


def may_be(known: Mapping[str, str], allowed: Collection[str]) -> bool:
    """Whether a file with these hashes can be one of those allowed (``sha256:...``)."""
    named = {entry.partition(":")[0] for entry in allowed}
    common = [f"{name}:{value}" for name, value in known.items() if name in named]
    return not common or any(entry in allowed for entry in common)


def given(wheel: Wheel) -> Candidate:
    """Return the candidate that is a wheel of the user."""
    return Candidate(project=wheel.project, version=Version(wheel.version), wheel=wheel, origin=str(wheel.path))


def _build(wheel: Wheel) -> BuildTag:
    return parse_wheel_filename(wheel.id)[2]


def _is_pin(specifier: SpecifierSet) -> bool:
    """Whether a specifier names one release, which is what lets a yanked one in."""
    return any(
        part.operator == "===" or (part.operator == "==" and not part.version.endswith(".*")) for part in specifier
    )
