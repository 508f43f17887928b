"""Read a wheel file into a ``Wheel``: one pass over the archive, bounded memory, remembered by the file's sha256."""

import hashlib
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO, cast

import msgspec
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag
from packaging.utils import BuildTag, InvalidWheelFilename, NormalizedName, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from ..atomic import appearing
from ..errors import UsageError
from ..folders import cache_folder
from . import binary
from .archive import open_archive, read_entry
from .contents import Installed, extension_name, import_names, installed_paths
from .metadata import Metadata, parse_metadata
from .wheel import Extension, UnreadableWheelError, Wheel

SCHEMA = 1
METADATA_LIMIT = 16 << 20
IN_MEMORY = 64 << 20  # larger ELF files go through a temporary file
REQUIRED = ("METADATA", "WHEEL", "RECORD")


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """What is in the archive, as the cache keeps it: independent of the file's name."""

    schema: int
    project: str
    version: str
    requires_python: str
    requires: tuple[str, ...]
    import_names: tuple[str, ...]
    extensions: tuple[Extension, ...]
    objects: tuple[str, ...]
    executables: tuple[str, ...]
    machines: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


@dataclass(kw_only=True, slots=True)
class _Found:
    """The ELF files seen so far."""

    extensions: list[Extension] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)
    executables: list[str] = field(default_factory=list)
    machines: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_wheel(path: Path) -> Wheel:
    """Return the record of a wheel file.

    Raises:
        UnreadableWheelError: it is no usable wheel, in one sentence: the wheel's fault.
        UsageError: this machine cannot read the file.
    """
    project, version, _, tags = parse_name(path.name)
    try:
        sha256 = file_digest(path)
        contents = _remembered(sha256) or _remember(sha256, _read(path))
    except OSError as error:
        raise UsageError(f"The wheel '{path}' cannot be read: {error.strerror or error}.") from error
    _compare("name", project, canonicalize_name(contents.project), path)
    _compare("version", version, Version(contents.version), path)
    return Wheel(
        path=path,
        sha256=sha256,
        project=project,
        version=str(version),
        tags=tags,
        requires_python=SpecifierSet(contents.requires_python),
        requires=tuple(Requirement(text) for text in contents.requires),
        import_names=contents.import_names,
        extensions=contents.extensions,
        objects=contents.objects,
        executables=contents.executables,
        machines=contents.machines,
        notes=contents.notes,
    )


def parse_name(file_name: str) -> tuple[NormalizedName, Version, BuildTag, frozenset[Tag]]:
    """Return project, version, build tag and tags of a wheel's file name.

    Raises:
        UnreadableWheelError: it is no wheel name.
    """
    try:
        return parse_wheel_filename(file_name)
    except (InvalidWheelFilename, InvalidVersion) as error:
        raise UnreadableWheelError(
            f"'{file_name}' is no wheel name (PROJECT-VERSION-PYTHON-ABI-PLATFORM.whl): {error}."
        ) from error


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def wheel_metadata(path: Path) -> Metadata:
    """Return only the METADATA of a wheel file, for a resolver that looks at many.

    Raises:
        UnreadableWheelError: it is no usable wheel.
    """
    with open_archive(path) as archive:
        return parse_metadata(_dist_info(archive, path)["METADATA"], path.name)


def _remembered(sha256: str) -> Contents | None:
    file = cache_folder("wheels") / f"{sha256}.json"
    try:
        contents = msgspec.json.decode(file.read_bytes(), type=Contents)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    return contents if contents.schema == SCHEMA else None


def _remember(sha256: str, contents: Contents) -> Contents:
    with appearing(cache_folder("wheels") / f"{sha256}.json") as file:
        file.write(msgspec.json.encode(contents))
    return contents


def _compare(what: str, named: object, declared: object, path: Path) -> None:
    if named != declared:
        raise UnreadableWheelError(f"'{path.name}' says {what} '{declared}' in its METADATA, which is not '{named}'.")


def _read(path: Path) -> Contents:
    with open_archive(path) as archive:
        metadata = parse_metadata(_dist_info(archive, path)["METADATA"], path.name)
        places = installed_paths(entry.filename for entry in archive.infolist() if not entry.is_dir())
        found = _Found()
        for place in places:
            with elf_file(archive, place.entry) as stream:
                _sort_in(place, stream, found)
        names = import_names(place.path for place in places if place.is_code)
    return Contents(
        schema=SCHEMA,
        project=metadata.project,
        version=str(metadata.version),
        requires_python=str(metadata.requires_python),
        requires=tuple(str(requirement) for requirement in metadata.requires),
        import_names=names if metadata.import_names is None else metadata.import_names,
        extensions=tuple(sorted(found.extensions, key=lambda extension: extension.path)),
        objects=tuple(sorted(found.objects)),
        executables=tuple(sorted(found.executables)),
        machines=tuple(sorted(found.machines)),
        notes=metadata.notes + tuple(sorted(found.notes)),
    )


def _dist_info(archive: zipfile.ZipFile, path: Path) -> dict[str, bytes]:
    """Return the files that every wheel has, by name."""
    folders = {name.partition("/")[0] for name in archive.namelist() if name.partition("/")[0].endswith(".dist-info")}
    if len(folders) != 1:
        count = "no .dist-info folder" if not folders else f"{len(folders)} .dist-info folders"
        raise UnreadableWheelError(f"'{path.name}' has {count}, where a wheel has one.")
    folder = folders.pop()
    files = {}
    for name in REQUIRED:
        try:
            entry = archive.getinfo(f"{folder}/{name}")
        except KeyError as error:
            raise UnreadableWheelError(f"'{path.name}' has no {folder}/{name}.") from error
        if entry.file_size > METADATA_LIMIT:
            raise UnreadableWheelError(f"The {name} of '{path.name}' has {entry.file_size >> 20} MiB.")
        files[name] = b"".join(read_entry(archive, entry))
    return files


@contextmanager
def elf_file(archive: zipfile.ZipFile, entry: str, *, is_checked: bool = False) -> Iterator[IO[bytes] | None]:
    """Give an entry's bytes as a file if it is ELF, else None.

    It is read to its end, so that damage shows; of a wheel that ``is_checked`` already, only ELF files are.
    """
    pieces = read_entry(archive, archive.getinfo(entry))
    first = next(pieces, b"")
    if not first.startswith(binary.MAGIC):
        for _ in () if is_checked else pieces:
            pass
        yield None
        return
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        file.write(first)
        file.writelines(pieces)
        yield file


def _sort_in(place: Installed, stream: IO[bytes] | None, found: _Found) -> None:
    """Tell extension modules, other shared objects and programs apart.

    A file whose suffix is only for extension modules is one whatever it holds: the interpreter will try it.
    """
    extension = extension_name(place.path) if place.is_code else None
    if extension is not None and extension[1] != ".so":
        found.extensions.append(Extension(name=extension[0], path=place.path, suffix=extension[1]))
    if stream is None:
        return
    elf = cast("BinaryIO", stream)
    facts = binary.examine(elf, place.path.rpartition("/")[2])
    found.machines.extend([(place.path, facts.machine)] if facts.machine else [])
    found.notes.extend([f"'{place.path}' is {facts.note}."] if facts.note else [])
    if extension is not None and extension[1] != ".so":
        return
    if extension is not None and binary.has_symbol(elf, f"PyInit_{extension[0].rpartition('.')[2]}"):
        found.extensions.append(Extension(name=extension[0], path=place.path, suffix=".so"))
    elif facts.kind is binary.Kind.EXECUTABLE:
        found.executables.append(place.path)
    elif facts.kind is binary.Kind.OBJECT:
        found.objects.append(place.path)
