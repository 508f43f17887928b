"""What the loaders of glibc and musl say when they refuse a file, put into words that a wheel's author can act on."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache

from .tables import reference
from .wheels.policies import is_system_library

# What glibc and musl call their loaders; musl's C library is its loader under a second name.
C_LIBRARY = re.compile(r"(?:ld-linux|ld64|ld-musl|libc\.musl)\b")


class LoaderTrouble(Enum):
    """Why a loader refused a file."""

    VERSION = "symbol version"
    LIBRARY = "missing library"
    LIBPYTHON = "libpython"
    SYMBOL = "undefined symbol"
    EXECUTABLE_STACK = "executable stack"
    STATIC_TLS = "static TLS"
    MACHINE = "wrong machine"
    DAMAGED = "damaged file"
    NO_MODULE = "no module"
    NO_LOADER = "no loader"
    NOT_MAPPED = "not mapped"


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """A loader's message understood: ``what`` is a clause, ``advice`` a sentence for the wheel's author.

    ``library``, ``version``, ``symbol`` and ``file`` (base name of the file that cannot be loaded) are empty when the
    message does not tell. ``package`` is the system package that would bring a missing library.
    """

    kind: LoaderTrouble
    what: str
    advice: str
    library: str = ""
    version: str = ""
    symbol: str = ""
    file: str = ""
    package: str = ""


@cache
def symbol_versions() -> Mapping[str, Mapping[str, str]]:
    """Return the release of ``glibc`` and of ``gcc`` that introduced a symbol version, where its name does not tell."""
    return reference("symbol_versions.toml", dict)


def explain(message: str, soname_packages: Mapping[str, str]) -> Explanation | None:
    """Return what a message of the loader means, or None when it is not one that we know.

    ``soname_packages`` tells which package of the distro brings a library.
    """
    for pattern, make in MESSAGES:
        found = list(re.finditer(pattern, message, re.MULTILINE))
        if found:
            return make(found, soname_packages)
    return None


Matches = list[re.Match[str]]


def _version(found: Matches, _: Mapping[str, str]) -> Explanation:
    match = max(found, key=lambda one: _numbers(one["version"]))
    version, library, file = match["version"], _base(match["library"]), _base(match["file"])
    release = glibc_release(version)
    own = version.removeprefix("GCC_") if version.startswith("GCC_") else ""
    compiler = symbol_versions()["gcc"].get(version, own)
    if release:
        what = f"'{file}' needs glibc {release} or newer (symbol version '{version}')"
        minor = release.removeprefix("2.")
        advice = f"Build on an older system, such as a manylinux image, or tag the wheel manylinux_2_{minor} or later."
    elif compiler:
        what = f"'{file}' needs '{library}' of GCC {compiler} or newer (symbol version '{version}')"
        advice = "Build with the compiler of a manylinux image, which links newer parts of libstdc++ statically."
    else:
        what = f"'{file}' needs the symbol version '{version}', which '{library}' here does not have"
        advice = f"Build against an older '{library}', or bundle it with 'auditwheel repair'."
    return Explanation(
        kind=LoaderTrouble.VERSION, what=what, advice=advice, library=library, version=version, file=file
    )


def glibc_release(version: str) -> str:
    """Return the glibc release (``2.34``) that introduced a symbol version, or nothing for one of another library."""
    match = re.fullmatch(r"GLIBC_(2\.\d+)(\.\d+)*", version)
    return match[1] if match else symbol_versions()["glibc"].get(version, "")


def _library(found: Matches, packages: Mapping[str, str]) -> Explanation:
    match = found[0]
    library, file = _base(match["library"]), _base(match.groupdict().get("file") or "")
    if library.startswith("libpython"):
        return Explanation(
            kind=LoaderTrouble.LIBPYTHON,
            what=f"{_needed_by(file)}'{library}', the shared library of another Python, is not there",
            advice="Extension modules must not be linked with libpython (PEP 513); build without '-lpython'.",
            library=library,
            file=file,
        )
    package = packages.get(library, "")
    source = f"; the system package '{package}' would bring it" if package else ""
    if is_system_library(library):
        advice = f"The manylinux policies let a wheel expect '{library}' of a desktop; a minimal image may lack it."
    elif C_LIBRARY.match(library):
        advice = "The file was built for another C library; offer a wheel for this one."
    else:
        advice = f"No manylinux policy lets a wheel expect '{library}'; bundle it with 'auditwheel repair'."
    return Explanation(
        kind=LoaderTrouble.LIBRARY,
        what=f"{_needed_by(file)}the library '{library}' is not on this system{source}",
        advice=advice,
        library=library,
        file=file,
        package=package,
    )


def _symbol(found: Matches, _: Mapping[str, str]) -> Explanation:
    match = found[0]
    symbol, file = match["symbol"].rstrip(","), _base(match.groupdict().get("file") or "")
    if re.match(r"_?Py", symbol):
        what = f"{_named(file)} uses '{symbol}' of Python's C API, which this interpreter does not have"
        advice = "Use only what every Python of the wheel's tag has; for abi3 that is the limited API."
    else:
        what = f"{_named(file)} uses the symbol '{symbol}', which no library here defines"
        advice = "Link the library that defines the symbol, and bundle it with 'auditwheel repair'."
    return Explanation(kind=LoaderTrouble.SYMBOL, what=what, advice=advice, symbol=symbol, file=file)


def _stack(found: Matches, _: Mapping[str, str]) -> Explanation:
    file = _base(found[0]["file"] or "")
    return Explanation(
        kind=LoaderTrouble.EXECUTABLE_STACK,
        what=f"{_named(file)} asks for an executable stack, which glibc 2.41 and newer refuse",
        advice="Link with '-z noexecstack'; mark hand-written assembly with a '.note.GNU-stack' section.",
        file=file,
    )


def _static_tls(found: Matches, _: Mapping[str, str]) -> Explanation:
    file = _base(found[0]["file"] or "")
    return Explanation(
        kind=LoaderTrouble.STATIC_TLS,
        what=f"{_named(file)} needs static TLS, and other libraries have used it up",
        advice="Compile without '-ftls-model=initial-exec'; a library that is loaded late needs the dynamic model.",
        file=file,
    )


def _plain(kind: LoaderTrouble, what: str, advice: str) -> Callable[[Matches, Mapping[str, str]], Explanation]:
    """Return a maker for messages that name a file and nothing else; ``what`` has a place for the quoted file."""

    def make(found: Matches, _: Mapping[str, str]) -> Explanation:
        file = _base(found[0].groupdict().get("file") or "")
        return Explanation(kind=kind, what=what.format(_named(file)), advice=advice, file=file)

    return make


def _needed_by(file: str) -> str:
    return f"'{file}' cannot be loaded: " if file else ""


def _named(file: str) -> str:
    return f"'{file}'" if file else "a file"


def _base(path: str) -> str:
    return path.rsplit("/", 1)[-1].strip()


def _numbers(version: str) -> tuple[bool, tuple[int, ...]]:
    return version.startswith("GLIBC_"), tuple(int(number) for number in re.findall(r"\d+", version))


MESSAGES: tuple[tuple[str, Callable[[Matches, Mapping[str, str]], Explanation]], ...] = (
    (r"(?P<library>[^\s:]+): version [`'](?P<version>[^']+)' not found \(required by (?P<file>[^)]+)\)", _version),
    (r"Error loading shared library (?P<library>[^:\s]+):[^(\n]*(?:\(needed by (?P<file>[^)]+)\))?", _library),
    (r"(?P<file>[^\s:]+): cannot enable executable stack|cannot enable executable stack", _stack),
    (r"(?:(?P<file>[^\s:]+): )?cannot allocate memory in static TLS block", _static_tls),
    (r"(?P<library>[^\s:]+): cannot open shared object file", _library),
    (r"Error relocating (?P<file>[^:]+): (?P<symbol>[^:]+): symbol not found", _symbol),
    (r"(?P<file>[^\s:]+): undefined symbol: (?P<symbol>\S+)", _symbol),
    (r"undefined symbol: (?P<symbol>[^\s,]+)\s*(?:\((?P<file>[^)]+)\))?", _symbol),
    (
        r"(?:(?P<file>[^\s:]+): (?:wrong ELF class|ELF file data encoding not)|the program is for '[^']+')",
        _plain(
            LoaderTrouble.MACHINE, "{} is built for another machine", "Put only files of the tag's arch into a wheel."
        ),
    ),
    (
        r"(?:(?P<file>[^\s:]+): )?(?:invalid ELF header|file too short|Exec format error|ELF load command)",
        _plain(LoaderTrouble.DAMAGED, "{} is no intact ELF file", "Build the wheel again and check the files in it."),
    ),
    (
        r"dynamic module does not define (?:module export|init) function \((?P<file>\w+)\)",
        _plain(
            LoaderTrouble.NO_MODULE,
            "the extension module lacks its function {}",
            "The name of the file must be the name that the module was compiled with.",
        ),
    ),
    (
        r"the loader '(?P<file>[^']+)' that the program asks for is not there",
        _plain(LoaderTrouble.NO_LOADER, "the loader {} is not on this system", "The program is for another C library."),
    ),
    (
        r"(?:(?P<file>[^\s:]+): )?failed to map segment from shared object",
        _plain(LoaderTrouble.NOT_MAPPED, "{} could not be mapped into memory", "Give the bench more memory."),
    ),
)
