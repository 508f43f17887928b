"""The distros the lab knows: ``distros/*.toml`` parsed and validated into records. Reads files, starts nothing.

The format of the files is described in docs/distros.md.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from ..engines.arch import ARCHES
from ..errors import UsageError, nearest
from ..folders import data_folder
from ..interpreter import Interpreter, Origin, default_abi
from .distro import (
    Bootstrap,
    Dataset,
    ImageReference,
    Libc,
    PackageManager,
    Release,
    Repositories,
    is_ending,
    is_supported,
    is_supported_long,
    lifecycle,
)
from .toml_table import Table

__all__ = [
    "Bootstrap",
    "Dataset",
    "ImageReference",
    "Libc",
    "PackageManager",
    "Release",
    "Repositories",
    "is_ending",
    "lifecycle",
    "load_catalogue",
    "select",
]

SCHEMA = 1
TOOLS = (
    "apk", "apt-get", "dnf", "dnf5", "microdnf", "pacman", "slackpkg", "swupd", "tdnf", "urpmi", "yum", "zypper",
)  # fmt: skip
BOOTSTRAP_TOOLS = ("apk", "dnf", "mmdebstrap", "pacman", "zypper")

SHARED_KEYS = (
    "name", "family", "libc", "libc_version", "dataset", "rolling", "image", "images", "arches", "interpreters",
    "package_manager", "soname_packages", "repositories", "bootstrap", "notes",
)  # fmt: skip
RELEASE_KEYS = (*SHARED_KEYS, "version", "eol", "lts_end", "elts_end")
PACKAGE_MANAGER_KEYS = ("tool", "update", "install", "python_packages", "desktop_packages", "environment")
REPOSITORIES_KEYS = ("state", "hosts", "base", "enable", "disable", "ppa")
BOOTSTRAP_KEYS = ("tool", "suite", "mirror")
INTERPRETER_KEYS = ("version", "abi", "origin", "path", "pip")

WORDS: Mapping[str, Callable[[Release, date], bool]] = {
    "supported": is_supported,
    "lts": is_supported_long,
    "all": lambda _release, _today: True,
}


def load_catalogue(folder: Path | None = None, extra: Sequence[Path] = ()) -> tuple[Release, ...]:
    """Return all releases, sorted by distro and version.

    ``folder`` is read instead of the lab's own ``distros``; ``extra`` are further folders or single files.

    Raises:
        UsageError: a file cannot be read, breaks the format, or describes a release that another file describes.
    """
    found: dict[str, tuple[Release, Path]] = {}
    for path in (folder or data_folder("distros"), *extra):
        for file in _files(path):
            for release in read_distro(file):
                if release.id in found:
                    raise UsageError(
                        f"The distro '{release.id}' is described twice, in '{found[release.id][1]}' and '{file}'."
                    )
                found[release.id] = (release, file)
    return tuple(sorted((release for release, _ in found.values()), key=_order))


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UsageError(f"The folder '{path}' with distro files does not exist.")
    return sorted(path.glob("*.toml"))


def _order(release: Release) -> tuple[str, tuple[tuple[int, str], ...]]:
    """Sort ``9`` before ``10``, and names such as ``testing`` after numbers."""
    parts = re.findall(r"\d+|[^\d._-]+", release.version)
    distro = release.id.removesuffix(release.version)
    return distro, tuple((int(part), "") if part.isdecimal() else (1 << 40, part) for part in parts)


def select(releases: Sequence[Release], patterns: Sequence[str], today: date) -> tuple[Release, ...]:
    """Return the releases that any pattern asks for, in their order.

    A pattern is a glob over ids, or ``supported``, ``lts`` (supported, or in long-term support), or ``all``.

    Raises:
        UsageError: a pattern matches no release.
    """
    wanted: set[str] = set()
    for pattern in patterns:
        chosen = {release.id for release in releases if _matches(release, pattern, today)}
        if not chosen and pattern not in WORDS:
            names = [*WORDS, *(release.id for release in releases)]
            raise UsageError(
                f"No distro is called '{pattern}'{nearest(pattern, names)}; 'manylinux-lab distros all' lists them."
            )
        wanted |= chosen
    return tuple(release for release in releases if release.id in wanted)


def _matches(release: Release, pattern: str, today: date) -> bool:
    if pattern in WORDS:
        return WORDS[pattern](release, today)
    return fnmatchcase(release.id, pattern)


def read_distro(file: Path) -> tuple[Release, ...]:
    """Return the releases of one file; the distro's name is the name of the file.

    Raises:
        UsageError: the file cannot be read or breaks the format; the message names file and key.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"The distro file '{file}' cannot be read: {error}.") from error
    document = Table(file=file, content=content)
    if content.get("schema") != SCHEMA:
        raise document.complaint("schema", f"must be {SCHEMA}, the format that this lab knows")
    document.allow((*SHARED_KEYS, "schema", "release"))
    shared = {key: content[key] for key in SHARED_KEYS if key in content}
    releases = tuple(_release(_merged(table, shared)) for table in document.tables("release"))
    if not releases:
        raise document.complaint("release", "is missing; a distro file describes at least one '[[release]]'")
    return releases


def _merged(table: Table, shared: Mapping[str, object]) -> Table:
    """Lay a release over what its file shares; tables are merged key by key."""
    table = table.at(f"release '{table.text('version')}'")
    table.allow(RELEASE_KEYS)
    content = {**shared, **table.content}
    for key in ("package_manager", "soname_packages", "repositories", "bootstrap", "images"):
        below, above = shared.get(key, {}), table.content.get(key, {})
        if isinstance(below, dict) and isinstance(above, dict):
            content[key] = {**below, **above}
    return Table(file=table.file, content=content, place=table.place)


def _release(table: Table) -> Release:
    version = table.text("version")
    return Release(
        id=f"{table.file.stem}-{version}",
        name=table.text("name"),
        version=version,
        family=table.text("family"),
        libc=Libc(table.word("libc", [libc.value for libc in Libc])),
        libc_version=_version(table, "libc_version"),
        dataset=Dataset(table.word("dataset", [dataset.value for dataset in Dataset])),
        eol=table.day("eol"),
        lts_end=table.day("lts_end"),
        elts_end=table.day("elts_end"),
        images=tuple(_images(table, version)),
        package_manager=_package_manager(table.table("package_manager")),
        bootstrap=_bootstrap(table.table("bootstrap")),
        interpreters=tuple(_interpreter(interpreter) for interpreter in table.tables("interpreters")),
        soname_packages={soname: name for soname, name in table.strings("soname_packages").items() if name},
        notes=table.texts("notes"),
        rolling=table.flag("rolling"),
        repositories=_repositories(table.table("repositories")),
    )


def _version(table: Table, key: str) -> tuple[int, int]:
    text = table.text(key)
    match = re.fullmatch(r"(\d+)\.(\d+)", text)
    if match is None:
        raise table.complaint(key, f"must be two numbers such as '2.36', not '{text}'")
    return int(match[1]), int(match[2])


def _images(table: Table, version: str) -> Iterator[ImageReference]:
    references = table.strings("images")
    arches = (*table.texts("arches"), *references)
    if not arches or len(set(arches)) < len(arches):
        raise table.complaint("arches", "must name each arch once (with those of 'images'), and at least one")
    for arch in arches:
        if arch not in ARCHES:
            raise table.complaint("arches", f"has the unknown arch '{arch}'{nearest(arch, ARCHES)}")
        reference = references.get(arch) or table.text("image")
        yield ImageReference(
            arch=arch,
            reference=reference.replace("{version}", version).replace("{arch}", arch),
            platform=ARCHES[arch].platform,
        )


def _package_manager(table: Table) -> PackageManager | None:
    table.allow(PACKAGE_MANAGER_KEYS)
    if not table.content:
        return None
    install = table.texts("install")
    if not install:
        raise table.complaint("install", "must name the command that installs packages")
    return PackageManager(
        tool=table.word("tool", TOOLS),
        update=table.texts("update"),
        install=install,
        python_packages=table.texts("python_packages"),
        desktop_packages=table.texts("desktop_packages"),
        environment=table.strings("environment"),
    )


def _bootstrap(table: Table) -> Bootstrap | None:
    table.allow(BOOTSTRAP_KEYS)
    if not table.content:
        return None
    return Bootstrap(
        tool=table.word("tool", BOOTSTRAP_TOOLS), suite=table.text("suite"), mirror=table.text("mirror", "")
    )


def _repositories(table: Table) -> Repositories | None:
    table.allow(REPOSITORIES_KEYS)
    if not table.content:
        return None
    return Repositories(
        archived=table.word("state", ("archived", "live")) == "archived",
        hosts=table.strings("hosts"),
        base=table.text("base", ""),
        enable=table.texts("enable"),
        disable=table.texts("disable"),
        ppa=table.texts("ppa"),
    )


def _interpreter(table: Table) -> Interpreter:
    table.allow(INTERPRETER_KEYS)
    version = _version(table, "version")
    return Interpreter(
        version=version,
        abi=table.text("abi", default_abi(version)),
        origin=Origin(table.word("origin", [origin.value for origin in Origin], Origin.DISTRO.value)),
        path=table.text("path", ""),
        pip=table.text("pip", ""),
    )
