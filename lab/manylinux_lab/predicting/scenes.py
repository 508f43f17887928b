"""The environments that a user names, for which wheels are chosen: a distro, an arch, a Python, its pip, a policy."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from packaging.version import InvalidVersion, Version

from ..catalogue.distro import Release
from ..engines.arch import ARCHES
from ..errors import UsageError
from ..interpreter import Interpreter, Origin, default_abi
from ..resolving.candidates import target_for
from ..resolving.nearest import Environment
from ..wheels.tags import Claim, Platform, claim_of
from .best_profile import profile_of
from .choosing import Scene
from .forecast import platform_of

NEWEST = "newest"
NEWEST_PYTHON = (3, 16)  # in development since 2026 (PEP 826)
FREE_THREADED = (3, 13)  # PEP 703
_PYTHON = re.compile(r"(?:cp)?3\.?(?P<minor>\d{1,2})(?P<kind>[tm]?)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What a user says of the environments: nothing means what the distro has.

    ``pythons`` are such as ``3.9`` or ``cp313t``, ``pip`` is a version or ``newest``, ``up_to`` a policy without arch.
    """

    pythons: tuple[str, ...] = ()
    pip: str = ""
    up_to: str = ""
    pre: bool = False
    is_minimal: bool = False


def scenes_of(releases: Sequence[Release], arches: Sequence[str], wish: Wish) -> tuple[Scene, ...]:
    """Return the scenes for each release, arch and Python that there is; none where nobody knows a distro's Python.

    Raises:
        UsageError: a Python, a pip or a policy cannot be understood.
    """
    pythons = [_python(word) for word in wish.pythons]
    if wish.pip not in ("", NEWEST):
        _checked(wish.pip)
    if wish.up_to:
        _policy(wish.up_to, next(iter(ARCHES)))
    found = tuple(
        _scene(release, platform, interpreter, wish)
        for release in releases
        for arch in arches
        if (platform := _platform(release, arch, wish)) is not None
        for interpreter in _interpreters(release, pythons)
    )
    if wish.up_to and found and not any(_is_for(wish.up_to, scene.environment.platform) for scene in found):
        libc = found[0].environment.platform.libc.value
        raise UsageError(f"'{wish.up_to}' is no policy for {libc}, which all these distros have.")
    return found


def _is_for(policy: str, platform: Platform) -> bool:
    return _policy(policy, platform.arch).libc is platform.libc


def _scene(release: Release, platform: Platform, interpreter: Interpreter, wish: Wish) -> Scene:
    pip = {"": interpreter.pip, NEWEST: ""}.get(wish.pip, wish.pip)
    environment = Environment(
        platform=platform,
        interpreter=interpreter,
        pip=pip,
        target=target_for(platform, interpreter, pip, pre=wish.pre),
        where=f"{release.id} up to {wish.up_to}" if wish.up_to else release.id,
    )
    return Scene(release=release, environment=environment, is_minimal=wish.is_minimal)


def _platform(release: Release, arch: str, wish: Wish) -> Platform | None:
    """Return the platform, no newer than the policy: what this would not take, it must not take here either."""
    profile = profile_of(release, arch, is_minimal=wish.is_minimal)
    if profile is None and arch not in release.arches:
        return None
    platform = platform_of(release, arch, profile)
    policy = _policy(wish.up_to, arch) if wish.up_to else None
    if policy is None or policy.libc is not platform.libc:
        return platform
    return replace(platform, libc_version=min(platform.libc_version, policy.version))


def _interpreters(release: Release, pythons: Sequence[Interpreter]) -> Iterator[Interpreter]:
    """Yield the distro's own Pythons, or those that are named: with the distro's pip where it is the distro's."""
    own = {one.abi: one for one in release.interpreters if one.origin is not Origin.PORTABLE}
    yield from (own.get(python.abi, python) for python in pythons) if pythons else own.values()


def _python(word: str) -> Interpreter:
    match = _PYTHON.fullmatch(word)
    if match is None:
        raise UsageError(f"'{word}' is no Python; write '3.9' or 'cp39'.")
    version, is_free_threaded = (3, int(match["minor"])), match["kind"] == "t"
    if version > NEWEST_PYTHON:
        raise UsageError(f"There is no Python '{word}' yet; the newest that the lab knows is 3.{NEWEST_PYTHON[1]}.")
    if is_free_threaded and version < FREE_THREADED:
        raise UsageError(f"There is no Python '{word}': free-threaded ones begin with 3.{FREE_THREADED[1]}.")
    abi = f"cp3{version[1]}t" if is_free_threaded else default_abi(version)
    return Interpreter(version=version, abi=abi)


def _checked(pip: str) -> None:
    try:
        Version(pip)
    except InvalidVersion as error:
        raise UsageError(f"'{pip}' is no version of pip; write '{NEWEST}' or such as '20.3.4'.") from error


def _policy(name: str, arch: str) -> Claim:
    claim = claim_of(f"{name}_{arch}")
    if claim is None or claim.libc is None:
        raise UsageError(f"'{name}' is no policy; write such as 'manylinux2014' or 'manylinux_2_28'.")
    return claim
