"""The measured ABI of a distro on an arch: which libraries are there, and which symbol versions they define.

Profiles stand in ``distros/profiles`` and in the user's cache, in files for each layer and arch, read when they are
first asked for. docs/prediction.md describes the format.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec

from ..atomic import appearing
from ..catalogue.distro import Libc
from ..errors import UsageError
from ..folders import cache_place, data_folder
from .musl import is_musl_itself

SCHEMA = 1
MEASURED = "profiles"  # the folder of the cache with those that the user measured
NOT_MEASURED = -1


class Layer(Enum):
    """How much is installed on the image that was measured."""

    BASE = "base"  # what the plain image holds
    DESKTOP = "desktop"  # with the catalogue's desktop packages


class Answer(Enum):
    """What a profile says of a library or symbol version that a wheel needs."""

    RESOLVED = "resolved"
    UNRESOLVED = "unresolved"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """One distro on one arch as it was measured.

    ``sonames`` maps a library to the symbol versions it defines, or to None where it is present and its versions were
    not measured. ``absent`` are libraries that are known to be missing; what is in neither is unknown, or missing too
    where ``is_complete`` says that everything was looked at. ``image`` is the digest of what was measured, empty where
    the source does not tell; ``origin`` names the source. ``measured`` is None where nothing was. ``folders`` are those
    that the loader searches, empty where the source does not tell.
    """

    distro: str
    arch: str
    layer: Layer
    libc_version: tuple[int, int]
    sonames: Mapping[str, frozenset[str] | None]
    absent: frozenset[str]
    measured: date | None
    image: str
    origin: str
    is_complete: bool = False
    libc: Libc = Libc.GLIBC
    folders: tuple[str, ...] = ()

    def library(self, soname: str) -> Answer:
        """Say whether the loader finds a library here."""
        if soname in self.sonames or (self.libc is Libc.MUSL and is_musl_itself(soname)):
            return Answer.RESOLVED
        return Answer.UNRESOLVED if self.is_complete or soname in self.absent else Answer.UNKNOWN

    def version(self, soname: str, version: str) -> Answer:
        """Say whether a library here defines a symbol version; that of a missing library is the library's own answer.

        A library that defines no versions at all is not compared: glibc's loader only warns then. musl's compares none,
        and only running shows whether the symbols are there.
        """
        if self.libc is Libc.MUSL and is_musl_itself(soname):
            return Answer.UNKNOWN
        versions = self.sonames.get(soname)
        if versions is None:
            return Answer.UNKNOWN if soname in self.sonames else self.library(soname)
        if version in versions or not versions:
            return Answer.RESOLVED
        return Answer.UNRESOLVED if self.libc is Libc.GLIBC else Answer.UNKNOWN

    def resolves(self, soname: str, versions: frozenset[str]) -> bool:
        """Whether both questions above are answered with ``RESOLVED``, for a library and all these versions of it."""
        defined = self.sonames.get(soname)
        if defined is None or self.libc is Libc.MUSL:
            asked = (self.version(soname, version) for version in versions)
            return all(answer is Answer.RESOLVED for answer in (self.library(soname), *asked))
        return not defined or versions <= defined


Version = Annotated[str, msgspec.Meta(pattern=r"^\d{1,4}\.\d{1,4}$")]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Content:
    sonames: dict[str, int]
    absent: tuple[str, ...]
    glibc: Version | None = None
    musl: Version | None = None
    folders: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.glibc is None) is (self.musl is None):
            raise ValueError("a profile has either glibc or musl")

    @property
    def libc(self) -> tuple[Libc, tuple[int, int]]:
        """The C library and its version."""
        major, _, minor = str(self.glibc or self.musl).partition(".")
        return Libc.GLIBC if self.glibc else Libc.MUSL, (int(major), int(minor))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    content: int
    measured: date
    image: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Document:
    schema: int
    made_by: str
    source: str
    layer: Layer
    arch: str
    versions: tuple[frozenset[str], ...]
    contents: tuple[_Content, ...]
    distros: dict[str, _Entry]
    complete: bool = False


@cache
def load_profiles(arch: str, layer: Layer = Layer.DESKTOP) -> Mapping[str, Profile]:
    """Return the profiles of an arch by distro; those that were measured on a bench replace the converted ones.

    Raises:
        UsageError: a file with profiles is damaged.
    """
    own = data_folder("distros") / "profiles"
    files = (
        own / f"{layer.value}-{arch}.json",
        measured_file(own, arch, layer),
        measured_file(cache_place(MEASURED), arch, layer),
    )
    return {distro: profile for file in files if file.is_file() for distro, profile in read_profiles(file).items()}


def measured_file(folder: Path, arch: str, layer: Layer) -> Path:
    """Return the file of profiles that this lab measured itself."""
    return folder / f"{layer.value}-{arch}-measured.json"


def read_profiles(file: Path) -> Mapping[str, Profile]:
    """Return the profiles of one file by distro.

    Raises:
        UsageError: the file cannot be read, is of another schema, or breaks the format.
    """
    try:
        document = msgspec.json.decode(file.read_bytes(), type=_Document)
        if document.schema != SCHEMA:
            raise ValueError(f"it has schema {document.schema}, this lab reads {SCHEMA}")
        return {distro: _profile(document, distro, entry) for distro, entry in document.distros.items()}
    except (OSError, ValueError, IndexError) as error:
        raise UsageError(f"The file '{file}' with ABI profiles cannot be used: {error}.") from error


def _profile(document: _Document, distro: str, entry: _Entry) -> Profile:
    content = document.contents[entry.content]
    libc, version = content.libc
    return Profile(
        distro=distro,
        arch=document.arch,
        layer=document.layer,
        libc=libc,
        libc_version=version,
        sonames={
            soname: None if place == NOT_MEASURED else document.versions[place]
            for soname, place in content.sonames.items()
        },
        absent=frozenset(content.absent),
        measured=entry.measured,
        image=entry.image,
        origin=document.source,
        is_complete=document.complete,
        folders=content.folders,
    )


def write_profiles(file: Path, profiles: Mapping[str, Profile]) -> None:
    """Write profiles of one layer and arch that were measured on benches, sorted and with shared lists once.

    Raises:
        OSError: the file cannot be written.
    """
    first = next(iter(profiles.values()))
    lists = sorted({tuple(sorted(versions or ())) for one in profiles.values() for versions in one.sonames.values()})
    places = {versions: place for place, versions in enumerate(lists)}
    rows = [
        {
            one.libc.value: f"{one.libc_version[0]}.{one.libc_version[1]}",
            "sonames": {name: places[tuple(sorted(versions or ()))] for name, versions in sorted(one.sonames.items())},
            "absent": [],
            "folders": one.folders,
        }
        for _, one in sorted(profiles.items())
    ]
    document = {
        "schema": SCHEMA,
        "made_by": "manylinux-lab profile",
        "source": first.origin,
        "layer": first.layer.value,
        "arch": first.arch,
        "complete": True,
        "versions": lists,
        "contents": rows,
        "distros": {
            distro: {"content": number, "measured": str(one.measured), "image": one.image}
            for number, (distro, one) in enumerate(sorted(profiles.items()))
        },
    }
    with appearing(file) as stream:
        stream.write(_rendered(document).encode())


def _rendered(document: Mapping[str, object]) -> str:
    """Return JSON with one line for each list, content and distro, so that changes can be reviewed."""
    parts = []
    for key, value in document.items():
        if isinstance(value, list):
            rows = ",\n".join(_dense(item) for item in value)
            parts.append(f'"{key}": [\n{rows}\n]')
        elif isinstance(value, dict):
            rows = ",\n".join(f"{_dense(name)}: {_dense(item)}" for name, item in value.items())
            parts.append(f'"{key}": {{\n{rows}\n}}')
        else:
            parts.append(f'"{key}": {_dense(value)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _dense(value: object) -> str:
    return msgspec.json.encode(value).decode()
