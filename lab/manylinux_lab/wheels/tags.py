"""What the installer of a bench supports, and whether a wheel's tags reach the bench (PEP 425, 600, 656).

Everything is computed from records through ``packaging``; nothing asks the machine that it runs on. A ``_manylinux``
module of a distro can veto tags and is seen on the bench only.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.version import InvalidVersion, Version

from ..catalogue.distro import Libc
from ..interpreter import Interpreter
from ..tables import reference

LEGACY = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
X86 = ("x86_64", "i686")
OLDEST_GLIBC = 17  # minor; PEP 600: manylinux2014 was the first profile beyond x86
OLDEST_GLIBC_X86 = 5
# Tags of systems that the lab knows nothing of; the package index takes wheels for them.
OTHER_SYSTEMS = ("win", "macosx_", "ios_", "android_", "pyodide_", "pyemscripten_")
LINUX_FIRST = Version("26.3")  # seen: pip 26.2.1 ends with linux_ARCH, pip 26.3 begins with it

_PLATFORM = re.compile(
    r"(?P<kind>manylinux1|manylinux2010|manylinux2014|manylinux|musllinux|linux)"
    r"(?:_(?P<major>\d{1,4})_(?P<minor>\d{1,4}))?_(?P<arch>[a-z][a-z0-9]*(?:_64)?)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Platform:
    """Where an interpreter runs. ``arch`` is the interpreter's (PyPA's name), not the kernel's."""

    arch: str
    libc: Libc
    libc_version: tuple[int, int]


class ReachKind(Enum):
    """How far a wheel's tags reach."""

    SUPPORTED = "supported"  # some tag fits
    PLATFORM = "platform"  # a tag fits the interpreter, none the platform: installers must refuse the wheel
    INTERPRETER = "interpreter"  # no tag fits the interpreter: a wheel for somebody else, left out


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """Whether a wheel reaches a bench; ``reason`` is one sentence, empty where it does."""

    kind: ReachKind
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A platform tag taken apart; ``libc`` is None for plain ``linux``, which has version (0, 0)."""

    libc: Libc | None
    version: tuple[int, int]
    arch: str


def supported_tags(platform: Platform, interpreter: Interpreter, pip_version: str = "") -> list[Tag]:
    """Return the tags that an installer on the bench accepts, best first.

    ``pip_version`` leaves out what that pip does not know yet; empty or unreadable means an installer that knows all.
    ``linux_ARCH`` comes last, and first from pip 26.3 on (``packaging`` issue 160).
    """
    names = [name for name in platform_tags(platform) if stock_pip_sees([name], pip_version) is None]
    pip = _version(pip_version)
    if pip and pip >= LINUX_FIRST:
        names = [names[-1], *names[:-1]]
    tag = f"cp{interpreter.version[0]}{interpreter.version[1]}"
    return [
        *cpython_tags(interpreter.version, [interpreter.abi], names),
        *compatible_tags(interpreter.version, tag, names),
    ]


def platform_tags(platform: Platform) -> list[str]:
    """Return the platform tags that hold here, from the newest libc to the oldest, legacy aliases beside theirs."""
    return [*_libc_tags(platform), f"linux_{platform.arch}"]


def _libc_tags(platform: Platform) -> Iterator[str]:
    major, newest = platform.libc_version
    if platform.libc is Libc.MUSL:
        yield from (f"musllinux_{major}_{minor}_{platform.arch}" for minor in range(newest, -1, -1))
        return
    aliases = {version: name for name, version in LEGACY.items()}
    for minor in range(newest, _oldest_minor(platform.arch) - 1, -1):
        yield f"manylinux_{major}_{minor}_{platform.arch}"
        if (major, minor) in aliases:
            yield f"{aliases[major, minor]}_{platform.arch}"


def _oldest_minor(arch: str) -> int:
    return OLDEST_GLIBC_X86 if arch in X86 else OLDEST_GLIBC


def reach(wheel_tags: Iterable[Tag], platform: Platform, interpreter: Interpreter, where: str = "this bench") -> Reach:
    """Say whether a wheel with these tags is for the bench, and if not, why; ``where`` names the bench in reasons."""
    claimed = frozenset(wheel_tags)
    supported, pairs = _known_to(platform, interpreter)
    if not claimed.isdisjoint(supported):
        return Reach(kind=ReachKind.SUPPORTED)
    fitting = {tag.platform for tag in claimed if (tag.interpreter, tag.abi) in pairs}
    if not fitting:
        return Reach(kind=ReachKind.INTERPRETER, reason=_interpreter_reason(claimed, interpreter))
    _, reason = min(_miss(name, platform, where) for name in fitting)
    return Reach(kind=ReachKind.PLATFORM, reason=reason)


@lru_cache(maxsize=1000)
def _known_to(platform: Platform, interpreter: Interpreter) -> tuple[frozenset[Tag], frozenset[tuple[str, str]]]:
    """Return the tags of a bench, and their (interpreter, abi) pairs; many wheels ask about the same benches."""
    tags = supported_tags(platform, interpreter)
    return frozenset(tags), frozenset((tag.interpreter, tag.abi) for tag in tags)


def _interpreter_reason(wheel_tags: Iterable[Tag], interpreter: Interpreter) -> str:
    pairs = sorted({f"{tag.interpreter}-{tag.abi}" for tag in wheel_tags})
    if not pairs:
        return "the wheel has no tag"
    reason = f"the wheel is for {', '.join(pairs)}, the interpreter is {interpreter.abi}"
    if interpreter.abi.endswith("t") and any(pair.endswith("-abi3") for pair in pairs):
        return f"{reason}, and free-threaded builds have no abi3"
    return reason


def _miss(name: str, platform: Platform, where: str) -> tuple[int, str]:
    """Say why a platform tag does not hold here; the number orders reasons, the nearest miss first."""
    claim = claim_of(name)
    if claim is None:
        return 4, f"installers on Linux know no platform {name} for such a file"
    if claim.arch != platform.arch:
        return 3, f"{name} needs {claim.arch}, {where} is {platform.arch}"
    if claim.libc is not platform.libc:
        return 2, f"{name} needs {_words(claim.libc)}, {where} has {_words(platform.libc)}"
    if claim.version > platform.libc_version:
        needed, has = _dotted(claim.version), _dotted(platform.libc_version)
        return 0, f"{name} needs {_words(claim.libc)} {needed} or later, {where} has {has}"
    return 1, f"{name} is not among the tags that installers know for {platform.arch}"


def claim_of(name: str) -> Claim | None:
    """Return what a platform tag promises, or None for one that installers on Linux do not know."""
    match = _PLATFORM.fullmatch(name)
    if match is None:
        return None
    kind, major, minor = match["kind"], match["major"], match["minor"]
    numbered = kind in ("manylinux", "musllinux")
    if numbered != (major is not None):
        return None
    libc = Libc.MUSL if kind == "musllinux" else Libc.GLIBC if kind.startswith("manylinux") else None
    version = (int(major), int(minor)) if numbered else LEGACY.get(kind, (0, 0))
    return Claim(libc=libc, version=version, arch=match["arch"])


def is_for_other_systems(platforms: Iterable[str]) -> bool:
    """Whether all platform tags are for other systems than Linux, such as ``win_amd64``."""
    return all(name.startswith(OTHER_SYSTEMS) for name in platforms)


def _words(libc: Libc | None) -> str:
    return libc.value if libc else "Linux"


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def stock_pip_sees(platforms: Iterable[str], pip_version: str) -> str | None:
    """Return why a pip sees none of a wheel's platform tags, or None when it knows one (or its version is unknown).

    This asks only whether pip knows the kind of tag, not whether the tag reaches the bench.
    """
    pip = _version(pip_version)
    if pip is None:
        return None
    since = {name: pip_understands().get(_kind(name)) for name in platforms}
    late = {name: first for name, first in since.items() if first is not None and pip < first}
    if not late or len(late) < len(since):
        return None
    name, first = min(late.items(), key=lambda item: (item[1], item[0]))
    return f"pip {pip_version} does not know {name}, which pip {first} understood first"


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _kind(name: str) -> str:
    """Return the key of ``reference/pip.toml`` for a platform tag; other tags have none."""
    claim = claim_of(name)
    if claim is None or claim.libc is None:
        return ""
    first = name.partition("_")[0]
    return first if first in LEGACY else f"{first}_x_y"


@cache
def pip_understands() -> Mapping[str, Version]:
    """Return the pip that first understood each kind of platform tag, from ``reference/pip.toml``.

    Raises:
        UsageError: the file of this installation is damaged.
    """
    return reference("pip.toml", lambda table: {kind: Version(first) for kind, first in table["understands"].items()})


def marker_environment(platform: Platform, interpreter: Interpreter) -> dict[str, str]:
    """Return the environment that ``packaging.markers`` evaluates requirements in (PEP 508).

    A patch level that nobody knows yet is taken as 0, and the kernel's names are empty. ``platform_machine`` is what
    the kernel says, which for a 32-bit x86 bench is a 64-bit one's.
    """
    version = f"{interpreter.version[0]}.{interpreter.version[1]}"
    full_version = interpreter.full_version or f"{version}.0"
    return {
        "implementation_name": "cpython",
        "implementation_version": full_version,
        "os_name": "posix",
        "platform_machine": "x86_64" if platform.arch == "i686" else platform.arch,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": full_version,
        "python_version": version,
        "sys_platform": "linux",
    }
