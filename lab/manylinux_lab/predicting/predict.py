"""What the loader of a distro would say of a wheel: its needs against the distro's measured profile. Pure.

Causes that only running shows (what an import does, optional files, the CPU) are outside of this model.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..catalogue.distro import Libc
from ..judge import Grade, Outcome, OutcomeKind
from ..loader import explain, glibc_release
from ..wheels.policies import is_system_library, musl_symbols
from .ground import Ground
from .modules import troubles
from .musl import is_musl_itself
from .needs import Need, Needs
from .obstacles import unsound
from .profile import Answer, Layer, Profile

NO_EXECUTABLE_STACK = (2, 41)  # glibc's NEWS: dlopen no longer makes the stack executable; musl never asks
RELR = (2, 36)  # glibc's NEWS: the first with DT_RELR
MUSL_RELR = (1, 2, 4)  # musl's WHATSNEW; a profile does not tell the third number
GLIBC_LOADERS = ("ld-linux", "ld64.so")  # a part of glibc under another name on each arch
URGENCY = (OutcomeKind.BROKEN, OutcomeKind.UNKNOWN, OutcomeKind.OK)
SHOWN = 20
PRIVATE = "GLIBC_PRIVATE"


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One thing that does not resolve (``BROKEN``), may not (``UNKNOWN``), or is a side effect (``OK``)."""

    kind: OutcomeKind
    reason: str
    advice: str = ""


def predict(needs: Needs, profile: Profile | None, ground: Ground) -> Outcome:
    """Return what would happen where the tag reaches: broken, unknown, or ok with the grade ``resolved``."""
    if not (needs.files or needs.machines or needs.unsound):
        return Outcome(kind=OutcomeKind.OK, reason="", grade=Grade.RESOLVED)
    if profile is None:
        return Outcome(
            kind=OutcomeKind.UNKNOWN, reason=f"The ABI of {ground.distro} on {ground.arch} was not measured."
        )
    return outcome_of(tuple(dict.fromkeys(_points(needs, profile, ground))), profile)


def outcome_of(points: Sequence[Point], profile: Profile) -> Outcome:
    """Return the outcome of all points: what surely fails comes before what is unknown."""
    kind = next((kind for kind in URGENCY if any(point.kind is kind for point in points)), OutcomeKind.OK)
    leading = [point for point in points if point.kind is kind]
    is_ok = kind is OutcomeKind.OK
    more = f" (and {len(leading) - 1} more)" if len(leading) > 1 else ""
    return Outcome(
        kind=kind,
        reason="" if is_ok else leading[0].reason + more,
        grade=Grade.RESOLVED if is_ok else Grade.NONE,
        side_effects=tuple(point.reason for point in points if point.kind is OutcomeKind.OK),
        facts={
            "profile": {"layer": profile.layer.value, "measured": str(profile.measured), "image": profile.image},
            "unresolved": _reasons(points, OutcomeKind.BROKEN),
            "unknown": _reasons(points, OutcomeKind.UNKNOWN),
            "advice": list(dict.fromkeys(point.advice for point in leading if point.advice))[:SHOWN],
        },
    )


def _reasons(points: Iterable[Point], kind: OutcomeKind) -> list[str]:
    return [point.reason for point in points if point.kind is kind][:SHOWN]


def _points(needs: Needs, profile: Profile, ground: Ground) -> Iterator[Point]:
    """Yield what goes wrong, in the order in which the loader comes upon it."""
    yield from _modules(needs, ground)
    yield from _machine(needs, ground)
    if profile.libc is Libc.GLIBC and profile.libc_version >= NO_EXECUTABLE_STACK:
        for file in needs.stacks:
            yield _broken(f"{file}: cannot enable executable stack", file, ground)
    for need in needs.libpython:
        yield _libpython(need, ground)
    if not _all_resolved(needs, profile, ground):
        yield from _libraries(needs, profile, ground)
        yield from _versions(needs, profile, ground)
    yield from _carried(needs, profile)
    yield from _loose(needs)
    if profile.libc is Libc.MUSL:
        yield from _symbols(needs, profile, ground)
    yield from _relocations(needs, profile, ground)
    yield from _unsound(needs)


def _modules(needs: Needs, ground: Ground) -> Iterator[Point]:
    for one in troubles(needs.modules, ground.arch, ground.interpreter):
        yield Point(kind=OutcomeKind.BROKEN if one.is_sure else OutcomeKind.UNKNOWN, reason=one.what)
    if needs.machines and not (needs.files or needs.modules):
        machines = ", ".join(sorted(needs.machines))
        yield Point(kind=OutcomeKind.UNKNOWN, reason=f"It has ELF files for {machines} and none for {ground.arch}.")


def _carried(needs: Needs, profile: Profile) -> Iterator[Point]:
    """What the wheel's own code must load first: nobody knows whether it does. A library of the system will do too."""
    for file, library in needs.carried:
        if file in needs.essential and profile.library(library) is not Answer.RESOLVED:
            what = f"'{_base(file)}' needs the wheel's own '{library}', to which no search path leads"
            yield Point(kind=OutcomeKind.UNKNOWN, reason=f"{what}: code of the wheel must have loaded it before.")


def _loose(needs: Needs) -> Iterator[Point]:
    for file, symbol in needs.loose:
        if file in needs.essential:
            what = f"'{_base(file)}' uses the symbol '{symbol}', and no library that it names is known to define it"
            yield Point(kind=OutcomeKind.UNKNOWN, reason=f"{what}.")


def _unsound(needs: Needs) -> Iterator[Point]:
    """A file that no import loads harms nobody else, as in ``_libraries``."""
    for file, note in needs.unsound:
        is_loose = file not in needs.essential
        yield Point(kind=OutcomeKind.OK if is_loose else OutcomeKind.UNKNOWN, reason=unsound(file, note))


def _machine(needs: Needs, ground: Ground) -> Iterator[Point]:
    for file, align in needs.aligns:
        if align % ground.page_size:
            pages = f"the distro's kernel has pages of {ground.page_size}"
            reason = f"'{_base(file)}' is aligned to {align} bytes; {pages}."
            yield Point(kind=OutcomeKind.BROKEN, reason=reason)
    for file, level in needs.levels:
        if level > ground.x86_level:
            reason = f"'{_base(file)}' insists on x86-64-v{level}; the distro runs on v{ground.x86_level} too."
            yield Point(kind=OutcomeKind.UNKNOWN, reason=reason)


def _relocations(needs: Needs, profile: Profile, ground: Ground) -> Iterator[Point]:
    kind = _reads_relr(profile, ground)
    since = "musl 1.2.4" if profile.libc is Libc.MUSL else "glibc 2.36"
    for file in needs.relr if kind is not OutcomeKind.OK else ():
        what = f"'{_base(file)}' has DT_RELR relocations, which {since} and newer understand"
        yield Point(kind=kind, reason=f"{what}; here is {_dotted(profile.libc_version)}.")


def _reads_relr(profile: Profile, ground: Ground) -> OutcomeKind:
    """Return whether the loader reads DT_RELR: OK, BROKEN, or UNKNOWN where the third number of musl decides."""
    if profile.libc is Libc.GLIBC:
        return OutcomeKind.OK if profile.libc_version >= RELR else OutcomeKind.BROKEN
    if (*profile.libc_version, ground.musl_patch) >= MUSL_RELR:
        return OutcomeKind.OK
    return OutcomeKind.UNKNOWN if profile.libc_version == MUSL_RELR[:2] else OutcomeKind.BROKEN


def _libpython(need: Need, ground: Ground) -> Point:
    """Say what becomes of a libpython: that of another Python is surely not there, the distro's own perhaps."""
    version = "" if ground.interpreter is None else ".".join(map(str, ground.interpreter.version))
    point = _broken(_missing(need), need.file, ground)
    is_own = not version or need.library.startswith(f"libpython{version}")
    return Point(kind=OutcomeKind.UNKNOWN if is_own else point.kind, reason=point.reason, advice=point.advice)


def _all_resolved(needs: Needs, profile: Profile, ground: Ground) -> bool:
    """Answer quickly for the usual wheel, whose many files need the same few things."""
    is_guess = ground.is_minimal and profile.layer is Layer.DESKTOP
    if is_guess and any(library in ground.soname_packages for library, _ in needs.wanted):
        return False
    return all(PRIVATE not in versions and profile.resolves(library, versions) for library, versions in needs.wanted)


def _libraries(needs: Needs, profile: Profile, ground: Ground) -> Iterator[Point]:
    for need in needs.libraries:
        answer = profile.library(need.library)
        if profile.libc is Libc.GLIBC and need.library.startswith(GLIBC_LOADERS):
            continue
        if need.library.startswith("/"):
            what = f"'{_base(need.file)}' asks for '{need.library}' at that very place"
            yield Point(kind=OutcomeKind.UNKNOWN, reason=f"{what}, which was not measured here.")
            continue
        if answer is Answer.UNRESOLVED and ground.is_minimal and is_system_library(need.library):
            yield Point(kind=OutcomeKind.UNKNOWN, reason=_of_a_desktop(need, ground))
        elif answer is Answer.UNRESOLVED and need.file in needs.borrowing and _is_nobodys(need.library, ground):
            what = f"'{_base(need.file)}' needs '{need.library}', which is not on this system"
            yield Point(kind=OutcomeKind.UNKNOWN, reason=f"{what}; a wheel that this one requires may bring it.")
        elif answer is Answer.UNRESOLVED:
            point = _broken(_missing(need), need.file, ground)
            loose = OutcomeKind.OK if need.file not in needs.essential else point.kind
            yield Point(kind=loose, reason=point.reason, advice=point.advice)
        elif answer is Answer.UNKNOWN:
            yield Point(kind=OutcomeKind.UNKNOWN, reason=_unmeasured(need, ground))
        elif ground.is_minimal and profile.layer is Layer.DESKTOP and need.library in ground.soname_packages:
            yield Point(kind=OutcomeKind.UNKNOWN, reason=_of_a_desktop(need, ground))


def _is_nobodys(library: str, ground: Ground) -> bool:
    """Whether no distro is known to have a library."""
    return not is_system_library(library) and library not in ground.soname_packages


def _versions(needs: Needs, profile: Profile, ground: Ground) -> Iterator[Point]:
    for need in needs.versions:
        if profile.library(need.library) is not Answer.RESOLVED:
            continue  # the library itself was told
        answer = profile.version(need.library, need.version)
        if need.version == PRIVATE:
            what = f"'{_base(need.file)}' uses private symbols of '{need.library}' ('{PRIVATE}')"
            yield Point(kind=OutcomeKind.UNKNOWN, reason=f"{what}, which change with every release.")
            continue
        if answer is Answer.UNRESOLVED and _is_old_enough(need.version, profile):
            answer = Answer.UNKNOWN
        if answer is Answer.UNRESOLVED:
            message = f"{need.library}: version `{need.version}' not found (required by {need.file})"
            yield _broken(message, need.file, ground)
        elif answer is Answer.UNKNOWN:
            yield Point(kind=OutcomeKind.UNKNOWN, reason=_not_compared(need, profile))


def _symbols(needs: Needs, profile: Profile, ground: Ground) -> Iterator[Point]:
    """Yield the symbols that only a newer musl than the oldest possible here has."""
    here = (*profile.libc_version, ground.musl_patch)
    for file, library, symbol in needs.symbols:
        since = musl_symbols().get(symbol, ())
        if is_musl_itself(library) and since > here:
            version = ".".join(map(str, since))
            what = f"'{_base(file)}' uses '{symbol}', which musl {version} and newer have"
            yield Point(kind=OutcomeKind.UNKNOWN, reason=f"{what}; here is {_dotted(profile.libc_version)}.")


def _not_compared(need: Need, profile: Profile) -> str:
    if profile.libc is Libc.GLIBC:
        return _not_measured(need.file, f"{need.version}' of '{need.library}")
    what = f"'{_base(need.file)}' was linked with '{need.version}' of '{need.library}'"
    return f"{what}; musl's loader compares no versions, and only running shows whether the symbols are there."


def _is_old_enough(version: str, profile: Profile) -> bool:
    """Whether the glibc of the profile is as new as a version of it: the split by library was derived, not measured."""
    minor = glibc_release(version).removeprefix("2.")
    return bool(minor) and not profile.is_complete and int(minor) <= profile.libc_version[1]


def _broken(message: str, file: str, ground: Ground) -> Point:
    """Return a failure in the words that the loader's own message would get."""
    explanation = explain(message, ground.soname_packages)
    if explanation is None:
        return Point(kind=OutcomeKind.BROKEN, reason=f"'{_base(file)}' cannot be loaded: {message}.")
    is_named = explanation.what.startswith(f"'{_base(file)}'")
    what = explanation.what if is_named else f"'{_base(file)}' cannot be loaded: {explanation.what}"
    return Point(kind=OutcomeKind.BROKEN, reason=f"{what}.", advice=explanation.advice)


def _missing(need: Need) -> str:
    return f"{need.library}: cannot open shared object file"


def _not_measured(file: str, what: str) -> str:
    return f"'{_base(file)}' needs '{what}', which was not measured here."


def _unmeasured(need: Need, ground: Ground) -> str:
    package = ground.soname_packages.get(need.library)
    source = f"; the system package '{package}' would bring it" if package else ""
    return f"{_not_measured(need.file, need.library).removesuffix('.')}{source}."


def _of_a_desktop(need: Need, ground: Ground) -> str:
    package = ground.soname_packages.get(need.library)
    source = f"; '{package}' brings it" if package else ""
    return f"'{_base(need.file)}' needs '{need.library}', which a minimal image lacks{source}."


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
