"""Everything that can be told of a wheel without running it: facts, needs, and whether its tags can be true."""

from dataclasses import dataclass
from functools import cache

import msgspec
from packaging.tags import Tag

from ..folders import data_folder
from ..wheels.elf import ElfFacts
from ..wheels.remembered import elf_facts, surface_of
from ..wheels.search_path import Outside, outside
from ..wheels.stable_abi import Violation, promised, violations
from ..wheels.surface import Surface
from ..wheels.tags import claim_of
from ..wheels.wheel import Wheel
from .needs import Needs, needs_of
from .oddities import oddities
from .truth import Holds, Truth, truth_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspection:
    """A wheel on the table. ``needs`` and ``truths`` have one record for each arch that the tags name.

    ``stable_abi`` is the oldest Python of an abi3 tag, with the ``violations`` of its promise. ``outside`` are
    search paths that lead out of the wheel.
    """

    wheel: Wheel
    surface: Surface
    files: tuple[ElfFacts, ...]
    needs: tuple[Needs, ...]
    truths: tuple[Truth, ...]
    stable_abi: tuple[int, int] | None
    violations: tuple[Violation, ...]
    outside: tuple[Outside, ...]
    notes: tuple[str, ...]

    @property
    def holds(self) -> Holds:
        """Whether everything that the tags promise can be true."""
        answers = {truth.holds for truth in self.truths}
        answers |= {Holds.FALSE} if any(not one.is_there for one in self.violations) else set()
        return next((one for one in (Holds.FALSE, Holds.UNKNOWN) if one in answers), Holds.TRUE)


def inspect(wheel: Wheel) -> Inspection:
    """Return what the wheel's archive tells. Nothing depends on the machine that this runs on.

    Raises:
        EngineError: the wheel's file is gone or cannot be read any more.
        UnreadableWheelError: the archive is damaged.
    """
    files = elf_facts(wheel)
    surface = surface_of(wheel)
    groups = by_arch(wheel.tags)
    extensions = [extension.path for extension in wheel.extensions]
    needs = tuple(needs_of(files, arch, extensions) for arch in groups)
    oldest = promised(wheel.tags)
    return Inspection(
        wheel=wheel,
        surface=surface,
        files=files,
        needs=needs,
        truths=tuple(truth_of(groups[one.arch], one, newest_glibc()) for one in needs),
        stable_abi=oldest,
        violations=violations(files, extensions, oldest) if oldest else (),
        outside=outside(files),
        notes=tuple(dict.fromkeys(oddities(wheel, surface, files, needs))),
    )


def by_arch(tags: frozenset[Tag]) -> dict[str, tuple[str, ...]]:
    """Return the platform tags by arch; those that name none, such as ``any``, stand under the empty text."""
    groups: dict[str, list[str]] = {}
    for platform in sorted({tag.platform for tag in tags}):
        claim = claim_of(platform)
        groups.setdefault(claim.arch if claim else "", []).append(platform)
    return {arch: tuple(platforms) for arch, platforms in sorted(groups.items())}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Content:
    glibc: str = ""  # empty where a profile has another C library


@dataclass(frozen=True, kw_only=True, slots=True)
class _Profiles:
    contents: tuple[_Content, ...]


@cache
def newest_glibc() -> int:
    """Return the minor version of the newest glibc that any distro of the lab's own profiles has.

    Those of x86_64 are the most complete, and what a user measured is left out: the same file gets the same answer.
    """
    file = data_folder("distros") / "profiles" / "desktop-x86_64.json"
    profiles = msgspec.json.decode(file.read_bytes(), type=_Profiles)
    return max(int(content.glibc.partition(".")[2]) for content in profiles.contents if content.glibc)
