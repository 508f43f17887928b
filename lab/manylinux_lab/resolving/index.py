"""The files that indexes and folders offer for a project, their metadata, and the wheels themselves, kept by content.

unearth reads the pages; this module turns its links into records, asks each page once, and downloads safely. It chooses
nothing: ``resolve`` does.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar
from uuid import uuid4

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag
from packaging.utils import BuildTag, canonicalize_name, parse_wheel_filename
from packaging.version import Version
from unearth import Link, Package, PackageFinder

from ..errors import EngineError
from ..folders import cache_folder
from ..wheels.digests import file_digest
from ..wheels.metadata import Metadata, parse_metadata
from ..wheels.reading import parse_name
from ..wheels.whole import wheel_metadata
from .fetching import PatientFetcher, check, with_attempts
from .sources import Sources

CHUNK = 1 << 20
Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexFile:
    """A file that a source offers. ``tags`` is empty for a source distribution; ``sha256`` is empty where unknown."""

    name: str
    project: str
    version: Version
    tags: frozenset[Tag]
    build: BuildTag
    requires_python: SpecifierSet
    is_yanked: bool
    sha256: str
    link: Link

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel; else it is a source distribution."""
        return bool(self.tags)


class Index:
    """All sources together. Safe for threads; one instance serves a whole run and asks for everything once."""

    def __init__(self, sources: Sources) -> None:
        # unearth warns about each project that one of several sources lacks, which is as it should be.
        logging.getLogger("unearth").addHandler(logging.NullHandler())
        self.sources = sources
        self._fetcher = PatientFetcher(sources)
        self._files = _Memory[tuple[IndexFile, ...]]()
        self._metadata = _Memory[Metadata]()
        self._paths = _Memory[Path]()

    def close(self) -> None:
        """Close the connections."""
        self._fetcher.close()

    def files(self, project: str) -> tuple[IndexFile, ...]:
        """Return everything that the sources offer for a project, yanked files included, in no particular order.

        Raises:
            EngineError: a source cannot be read. A source that answers and does not have the project is fine.
        """
        name = canonicalize_name(project)
        return self._files.get(name, lambda: self._find(name))

    def metadata(self, file: IndexFile) -> Metadata:
        """Return the metadata of a wheel: from beside it where the index offers that (PEP 658), else from inside it.

        Raises:
            EngineError: it cannot be had.
            UnreadableWheelError: the wheel or its metadata are damaged.
        """
        return self._metadata.get(file.sha256 or file.link.normalized, lambda: self._read_metadata(file))

    def download(self, file: IndexFile) -> Path:
        """Return the path of a wheel on this machine; its hash was compared with the source's.

        Raises:
            EngineError: it cannot be downloaded, or is not what the source announced.
        """
        return self._paths.get(file.link.normalized, lambda: self._fetch(file))

    def _find(self, project: str) -> tuple[IndexFile, ...]:
        if not self.sources.index_urls and not self.sources.find_links:
            return ()  # a finder without any source would ask the default index
        finder = PackageFinder(
            session=self._fetcher,
            index_urls=self.sources.index_urls,
            find_links=self.sources.find_links,
            ignore_compatibility=True,
        )
        packages = finder.find_all_packages(project, allow_yanked=True)
        return tuple(dict.fromkeys(_record(package) for package in packages))

    def _read_metadata(self, file: IndexFile) -> Metadata:
        beside = file.link.dist_info_link
        if beside is None or not file.sha256:
            return wheel_metadata(self.download(file))
        kept = cache_folder("metadata") / f"{file.sha256}.metadata"
        if not kept.is_file():
            promised = file.link.dist_info_metadata
            self._save(beside, kept.parent, promised if isinstance(promised, dict) else {}, lambda _: kept)
        return parse_metadata(kept.read_bytes(), file.name)

    def _fetch(self, file: IndexFile) -> Path:
        if file.link.is_file:
            return _local(file)
        folder = cache_folder("downloads")
        kept = folder / file.sha256 / file.name
        if file.sha256 and kept.is_file():
            return kept
        return self._save(file.link, folder, hashes(file.link), lambda sha256: folder / sha256 / file.name)

    def _save(self, link: Link, folder: Path, promised: Mapping[str, str], place: Callable[[str], Path]) -> Path:
        """Download a link into the cache; ``place`` gives its path there by its sha256."""
        return with_attempts(link.normalized, lambda: self._stream(link, folder, promised, place))

    def _stream(self, link: Link, folder: Path, promised: Mapping[str, str], place: Callable[[str], Path]) -> Path:
        # Another process may download the same link: each writes a file of its own, and the last one is kept.
        pending = folder / f".{uuid4().hex}.part"
        try:
            with self._fetcher.get_stream(link.url_without_fragment) as response:
                check(response, link.normalized)
                found = _write(response.iter_bytes(CHUNK), pending, {"sha256", *promised})
            _compare(link, promised, found)
            target = place(found["sha256"])
            target.parent.mkdir(parents=True, exist_ok=True)
            return pending.replace(target)
        finally:
            pending.unlink(missing_ok=True)


class WrongHashError(EngineError):
    """A file has other hashes than were announced: by the index, or by the user who named its URL."""


class WheelsOnly:
    """An index without source distributions, as ``pip --only-binary :all:`` sees it."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.metadata = index.metadata
        self.download = index.download

    def files(self, project: str) -> tuple[IndexFile, ...]:
        """Return the wheels that the sources offer for a project."""
        return tuple(file for file in self._index.files(project) if file.is_wheel)


class _Memory(Generic[Item]):
    """Values made once for each key, also when several threads ask at the same moment."""

    def __init__(self) -> None:
        self._values: dict[str, Item] = {}
        self._locks: dict[str, Lock] = {}

    def get(self, key: str, make: Callable[[], Item]) -> Item:
        with self._locks.setdefault(key, Lock()):
            if key not in self._values:
                self._values[key] = make()
            return self._values[key]


def file_at(url: str) -> IndexFile:
    """Return the record of the wheel at a URL, whose fragment may give its hash.

    Raises:
        UnreadableWheelError: the URL's last part is no wheel name.
    """
    link = Link(url)
    project, version, _, _ = parse_name(link.filename)
    return _record(Package(name=project, version=str(version), link=link))


def hashes(link: Link) -> dict[str, str]:
    """Return the hashes that a source gives for a file, by the names that ``hashlib`` knows."""
    known = hashlib.algorithms_available
    return {name: values[0].lower() for name, values in (link.hash_option or {}).items() if name in known}


def _record(package: Package) -> IndexFile:
    link = package.link
    tags: frozenset[Tag] = frozenset()
    build: BuildTag = ()
    if link.is_wheel:
        _, _, build, tags = parse_wheel_filename(link.filename)
    return IndexFile(
        name=link.filename,
        project=canonicalize_name(package.name),
        version=Version(package.version or "0"),
        tags=tags,
        build=build,
        requires_python=_specifier(link.requires_python or ""),
        is_yanked=link.is_yanked,
        sha256=hashes(link).get("sha256", ""),
        link=link,
    )


def _specifier(text: str) -> SpecifierSet:
    """Parse an index's Requires-Python; like pip, take one that cannot be parsed for none."""
    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        return SpecifierSet()


def _local(file: IndexFile) -> Path:
    path = file.link.file_path
    promised = hashes(file.link)
    try:
        path.stat()
        found = {name: _digest(path, name) for name in promised}
    except OSError as error:
        raise EngineError(f"The wheel '{path}' cannot be read: {error.strerror or error}.") from error
    _compare(file.link, promised, found)
    return path


def _digest(path: Path, name: str) -> str:
    if name == "sha256":
        return file_digest(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, name).hexdigest()


def _write(pieces: Iterable[bytes], path: Path, names: Iterable[str]) -> dict[str, str]:
    """Write pieces to a file and return its hashes."""
    digests = {name: hashlib.new(name) for name in names}
    with path.open("wb") as file:
        for piece in pieces:
            file.write(piece)
            for digest in digests.values():
                digest.update(piece)
    return {name: digest.hexdigest() for name, digest in digests.items()}


def _compare(link: Link, promised: Mapping[str, str], found: Mapping[str, str]) -> None:
    for name, value in promised.items():
        if found[name] != value.lower():
            raise WrongHashError(
                f"'{link.redacted}' is not the file that was announced: its {name} is {found[name]}, not {value}."
            )
