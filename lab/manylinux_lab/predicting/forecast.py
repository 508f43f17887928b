"""A wheel on a distro where nothing is run: what its tags promise there, and what the profile says of its needs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from packaging.tags import Tag

from ..catalogue.distro import Release
from ..interpreter import Interpreter, Origin, default_abi
from ..judge import Outcome, OutcomeKind, Promise, Verdict, judge
from ..wheels.elf import ElfFacts
from ..wheels.tags import Platform, Reach, ReachKind, reach, stock_pip_sees
from ..wheels.wheel import Wheel
from .best_profile import profile_of
from .ground import ground_of
from .needs import Needs, needs_of
from .predict import predict
from .profile import Profile

WORDS = {Verdict.PASS: "resolves", Verdict.WARN: "warn", Verdict.FAIL: "FAIL", Verdict.UNKNOWN: "unknown"}
USUAL = (3, 11)  # for wheels that any Python 3 takes


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """What is predicted of a wheel on a release and an arch.

    ``interpreter`` is the distro's own that takes the wheel, or empty where none is known to; ``notes`` say what a user
    must bring: another Python, a newer pip.
    """

    distro: str
    arch: str
    interpreter: str
    promise: Promise
    outcome: Outcome
    verdict: Verdict
    notes: tuple[str, ...]


def needs_by_arch(wheel: Wheel, facts: Sequence[ElfFacts], arches: Iterable[str]) -> Mapping[str, Needs]:
    """Return what the files for each arch need."""
    extensions = [extension.path for extension in wheel.extensions]
    has_requirements = wheel.has_requirements
    return {arch: needs_of(facts, arch, extensions, has_requirements=has_requirements) for arch in arches}


def forecast(
    wheel: Wheel,
    needs: Mapping[str, Needs],
    release: Release,
    arch: str,
    *,
    is_minimal: bool = False,
) -> Forecast | None:
    """Return what would happen on a release and an arch (a key of ``needs``); None where there is no such distro."""
    profile = profile_of(release, arch, is_minimal=is_minimal)
    if profile is None and arch not in release.arches:
        return None
    platform = platform_of(release, arch, profile)
    own = [one for one in release.interpreters if one.origin is not Origin.PORTABLE]
    interpreter = next((one for one in own if _takes(wheel, platform, one)), None)
    assumed = interpreter or usual_interpreter(wheel.tags)
    reached = reach(wheel.tags, platform, assumed, where=release.id)
    promise = Promise.SUPPORTED if reached.kind is ReachKind.SUPPORTED else Promise.UNSUPPORTED
    if promise is Promise.SUPPORTED:
        ground = ground_of(release, arch, is_minimal=is_minimal, interpreter=interpreter)
        outcome = predict(needs[arch], profile, ground)
    else:
        outcome = _refused(reached)
    return Forecast(
        distro=release.id,
        arch=arch,
        interpreter=interpreter.id if interpreter else "",
        promise=promise,
        outcome=outcome,
        verdict=judge(promise, outcome),
        notes=tuple(_notes(wheel, own, interpreter)) if promise is Promise.SUPPORTED else (),
    )


def word(one: Forecast) -> str:
    """Return the word for a table: ``resolves``, ``refused`` as it must be, ``FAIL``, ``warn`` or ``unknown``."""
    is_refused = one.verdict is Verdict.PASS and one.outcome.kind is OutcomeKind.REFUSED
    return "refused" if is_refused else WORDS[one.verdict]


def platform_of(release: Release, arch: str, profile: Profile | None) -> Platform:
    """Return where the wheel would be; the measured libc of the arch counts more than that of the release."""
    version = profile.libc_version if profile and profile.libc is release.libc else release.libc_version
    return Platform(arch=arch, libc=release.libc, libc_version=version)


def _takes(wheel: Wheel, platform: Platform, interpreter: Interpreter) -> bool:
    if reach(wheel.tags, platform, interpreter).kind is ReachKind.INTERPRETER:
        return False
    return wheel.requires_python.contains(".".join(map(str, interpreter.version)), prereleases=True)


@lru_cache(maxsize=100)
def usual_interpreter(tags: frozenset[Tag]) -> Interpreter:
    """Return the Python that a wheel is made for: the newest that its tags name, or a usual one if they name none."""
    named = [(version, tag.abi) for tag in tags if (version := _version(tag)) is not None]
    version, abi = max(named, default=(USUAL, ""))
    return Interpreter(version=version, abi=abi if abi.startswith("cp") else default_abi(version))


def _version(tag: Tag) -> tuple[int, int] | None:
    """Return (3, 11) for ``cp311``, and None for an interpreter that is no CPython 3."""
    digits = tag.interpreter.removeprefix("cp3")
    return (3, int(digits)) if tag.interpreter.startswith("cp3") and digits.isdecimal() else None


def _refused(reached: Reach) -> Outcome:
    return Outcome(kind=OutcomeKind.REFUSED, reason=f"{reached.reason[:1].upper()}{reached.reason[1:]}.")


def _notes(wheel: Wheel, own: Sequence[Interpreter], interpreter: Interpreter | None) -> Iterator[str]:
    if own and interpreter is None:
        yield f"its Pythons ({', '.join(one.id for one in own)}) do not take the wheel; another one might"
    if interpreter is not None and interpreter.pip:
        late = stock_pip_sees(sorted({tag.platform for tag in wheel.tags}), interpreter.pip)
        if late:
            yield f"{late}; a newer pip takes it"
