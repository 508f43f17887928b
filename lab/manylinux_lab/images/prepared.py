"""The records of image preparation and the facts kept about prepared images as files. Touches no engine."""

import hashlib
import os
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

import msgspec

from ..atomic import appearing
from ..catalogue.reading import Release
from ..engines.contract import Image
from ..errors import EngineError, UsageError, nearest
from ..folders import cache_folder
from ..interpreter import Interpreter

SCHEMA = 2  # 2: interpreters have a full version
RECIPE = 2  # raised when the preparation itself changes, so that images of an older lab are made again


class NotAvailable(Exception):  # noqa: N818 - not an error: the plan leaves the bench out and says why
    """No provider has this image on this machine. The text says why, provider by provider."""


class Variant(Enum):
    """How much of a distro an image holds: Python and pip, or the libraries of a desktop besides."""

    MINIMAL = "minimal"
    DESKTOP = "desktop"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """The image that a bench needs."""

    release: Release
    arch: str
    variant: Variant = Variant.MINIMAL

    @property
    def id(self) -> str:
        """``debian-12-x86_64-minimal``."""
        return f"{self.release.id}-{self.arch}-{self.variant.value}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """Where the user lets images come from.

    ``named`` maps a release id, or ``id:arch``, to a tarball or folder; ``lock`` a reference to the digest of each
    arch (``distros.lock``); ``rebuild`` ignores what was prepared before, ``follow_tags`` what was pulled by a
    tag that has moved since.
    """

    registry_mirror: str | None = None
    named: Mapping[str, Path] = field(default_factory=dict)
    lock: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    offline: bool = False
    rebuild: bool = False
    follow_tags: bool = False

    def file(self, wanted: Wanted) -> Path | None:
        """Return the tarball or folder that the user named for this image."""
        return self.named.get(f"{wanted.release.id}:{wanted.arch}") or self.named.get(wanted.release.id)


def named_files(entries: Sequence[str]) -> dict[str, Path]:
    """Return the tarballs and folders that the user named, by release id or ``id:arch``.

    Raises:
        UsageError: an entry is not ``ID[:ARCH]=PATH``.
    """
    named = {}
    for entry in entries:
        name, _, path = entry.partition("=")
        if not name or not path:
            raise UsageError(f"The option --image takes ID[:ARCH]=PATH, not '{entry}'.")
        named[name] = Path(path)
    return named


def check_named(entries: Sequence[str], ids: Collection[str]) -> None:
    """Refuse a file that is named for a distro which nobody knows.

    Raises:
        UsageError: it is; the nearest names are offered.
    """
    for entry in entries:
        name = entry.partition("=")[0].partition(":")[0]
        if "=" in entry and name not in ids:
            raise UsageError(f"No distro is called '{name}', as --image says{nearest(name, ids)}.")


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedImage:
    """An image with Python and pip, ready to be started, and what is known of it.

    ``key`` names it in its engine, ``base_key`` and ``base_digest`` what it was before preparation (the same image when
    nothing had to be added); ``origin`` tells in words where the base came from.
    """

    key: str
    image: Image
    base_key: str
    base_digest: str
    origin: str
    interpreters: tuple[Interpreter, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is written about a prepared image, so that a plan needs no engine."""

    key: str
    prepared: PreparedImage
    engine: str
    time: datetime
    schema: int = SCHEMA


def key(wanted: Wanted, sources: Sources) -> str:
    """Return the name of an image in an engine: its id and a hash of all that defines its content.

    The content of a named file enters through its path, size and time: reading gigabytes would cost more than it tells.
    """
    file = sources.file(wanted)
    manager = wanted.release.package_manager
    recipe = {
        "recipe": RECIPE,
        "file": _identity(file) if file else None,
        "images": [
            (image.reference, sources.lock.get(image.reference, {}).get(wanted.arch))
            for image in wanted.release.images
            if image.arch == wanted.arch
        ],
        "bootstrap": asdict(wanted.release.bootstrap) if wanted.release.bootstrap else None,
        "manager": (manager.update, manager.install, manager.python_packages) if manager else None,
        "desktop": manager.desktop_packages if manager and wanted.variant is Variant.DESKTOP else None,
    }
    if wanted.release.repositories:
        recipe["repositories"] = asdict(wanted.release.repositories)
    digest = hashlib.sha256(msgspec.json.encode(recipe)).hexdigest()
    return f"{wanted.id}-{digest[:12]}"


def _identity(file: Path) -> tuple[str, int, int]:
    try:
        status = file.stat()
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"The image file '{file}' cannot be read: {reason}. Name a tarball or a folder.") from error
    return str(file.resolve()), status.st_size, status.st_mtime_ns


def known(
    release: Release,
    arch: str,
    variant: Variant,
    engine_name: str,
    sources: Sources | None = None,
) -> PreparedImage | None:
    """Return what was written about an image when it was prepared, or None. Reads only files.

    The engine may have lost the image since; ``prepare`` notices that.
    """
    wanted = Wanted(release=release, arch=arch, variant=variant)
    return recall(key(wanted, sources or Sources()), engine_name)


def recall(image_key: str, engine_name: str) -> PreparedImage | None:
    """Return the facts kept under a key, or None when there are none or another lab version wrote them."""
    try:
        facts = msgspec.json.decode(_file(image_key, engine_name).read_bytes(), type=Facts)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return facts.prepared if facts.schema == SCHEMA else None


def remember(image_key: str, prepared: PreparedImage, engine_name: str) -> None:
    """Write the facts of a prepared image under the key of what was wanted, whole or not at all.

    Raises:
        EngineError: the cache folder cannot be written.
    """
    facts = Facts(key=image_key, prepared=prepared, engine=engine_name, time=datetime.now(UTC))
    file = _file(image_key, engine_name)
    try:
        with appearing(file) as half:
            half.write(msgspec.json.format(msgspec.json.encode(facts)))
    except OSError as error:
        raise EngineError(f"The facts about image '{image_key}' cannot be written to '{file}': {error}") from error


def use(image_key: str, engine_name: str) -> None:
    """Note that an image is used now; the time of the facts' file says it."""
    with suppress(OSError):
        os.utime(_file(image_key, engine_name))


def last_use(facts: Facts) -> datetime:
    """Return when an image was last made or asked for."""
    try:
        return datetime.fromtimestamp(_file(facts.key, facts.engine).stat().st_mtime, UTC)
    except FileNotFoundError:
        return facts.time


def is_key(text: str) -> bool:
    """Tell whether an image's name in an engine is one that ``key`` gives, or that of a base of it."""
    return (
        re.fullmatch(rf".+-({'|'.join(one.value for one in Variant)})-[0-9a-f]{{12}}(-base|-root)?", text) is not None
    )


def forget(image_key: str, engine_name: str) -> None:
    """Delete the facts kept under a key."""
    _file(image_key, engine_name).unlink(missing_ok=True)


def all_facts() -> list[Facts]:
    """Return all facts on this machine, ordered by key and engine."""
    found = []
    for file in sorted(cache_folder("prepared").glob("*.json")):
        try:
            found.append(msgspec.json.decode(file.read_bytes(), type=Facts))
        except msgspec.DecodeError:
            continue
    return sorted(found, key=lambda facts: (facts.key, facts.engine))


def _file(image_key: str, engine_name: str) -> Path:
    return cache_folder("prepared") / f"{engine_name}-{image_key}.json"
