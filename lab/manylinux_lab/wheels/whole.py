"""All that a wheel's archive tells, from one pass over it in bounded memory: each entry is unpacked once."""

import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from packaging.utils import canonicalize_name

from . import binary
from .archive import file_of, open_archive, read_entry
from .contents import Installed, extension_name, import_names, init_functions, installed_paths
from .elf import ElfFacts, ElfFiles, Kind
from .elf_reading import facts_of
from .listing import Listing, listing
from .metadata import Metadata, parse_metadata
from .record import Checksum, Row, faults, rows
from .surface import Surface, fields, surface
from .wheel import Contents, Extension, UnreadableWheelError

TEXT_LIMIT = 16 << 20
REQUIRED = ("METADATA", "WHEEL", "RECORD")
WHEEL_VERSION = "1"
TEXT_SHOWN = 100
ENTRY_POINTS = "entry_points.txt"


@dataclass(frozen=True, kw_only=True, slots=True)
class Whole:
    """Everything at once, whatever the file is called."""

    contents: Contents
    surface: Surface
    listing: Listing
    elf: ElfFiles


@dataclass(kw_only=True, slots=True)
class _Found:
    """What the entries showed so far."""

    expected: Mapping[str, Row]
    digests: dict[str, str] = field(default_factory=dict)
    is_true: dict[str, bool] = field(default_factory=dict)
    elf: list[ElfFacts] = field(default_factory=list)
    extensions: list[Extension] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)
    executables: list[str] = field(default_factory=list)
    machines: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_whole(path: Path) -> Whole:
    """Return what the archive tells.

    Raises:
        UnreadableWheelError: it is no usable wheel.
        OSError: the file cannot be read.
    """
    with open_archive(path) as archive:
        folder = _dist_info_folder(archive, path)
        metadata = parse_metadata(_dist_info_file(archive, path, f"{folder}/METADATA"), path.name)
        wheel_file, record = (_dist_info_file(archive, path, f"{folder}/{name}") for name in ("WHEEL", "RECORD"))
        _check_folder(folder, metadata, path)
        _check_version(wheel_file, path)
        entry_points = _optional_file(archive, f"{folder}/{ENTRY_POINTS}")
        listed = list(rows(record))
        entries = {entry.filename: entry for entry in archive.infolist() if not entry.is_dir()}
        places = {place.entry: place for place in installed_paths(entries)}
        found = _Found(expected=dict(listed))
        for name, entry in entries.items():
            _read_entry(archive, entry, places.get(name), found)
    sizes = {name: entry.file_size for name, entry in entries.items()}
    wrong = faults(Counter(name for name, _ in listed), found.is_true, folder)
    return Whole(
        contents=_contents(metadata, import_names(place.path for place in places.values() if place.is_code), found),
        surface=surface(sizes, path.stat().st_size, wheel_file, wrong),
        listing=listing(found.digests, entry_points, wrong),
        elf=ElfFiles(files=tuple(sorted(found.elf, key=lambda facts: facts.path))),
    )


def wheel_metadata(path: Path) -> Metadata:
    """Return only the METADATA of a wheel file, for a resolver that looks at many.

    Raises:
        UnreadableWheelError: it is no usable wheel.
    """
    with open_archive(path) as archive:
        folder = _dist_info_folder(archive, path)
        return parse_metadata(_dist_info_file(archive, path, f"{folder}/METADATA"), path.name)


def _dist_info_folder(archive: zipfile.ZipFile, path: Path) -> str:
    """Return the name of the wheel's ``.dist-info`` folder.

    Raises:
        UnreadableWheelError: it has none or several, or lacks a file that every wheel has.
    """
    names = set(archive.namelist())
    folders = {name.partition("/")[0] for name in names if name.partition("/")[0].endswith(".dist-info")}
    if len(folders) != 1:
        count = "no .dist-info folder" if not folders else f"{len(folders)} .dist-info folders"
        raise UnreadableWheelError(f"'{path.name}' has {count}, where a wheel has one.")
    folder = folders.pop()
    for name in REQUIRED:
        if f"{folder}/{name}" not in names:
            raise UnreadableWheelError(f"'{path.name}' has no {folder}/{name}.")
    return folder


def _check_folder(folder: str, metadata: Metadata, path: Path) -> None:
    """Refuse what pip and uv refuse: the folder's name must begin with that of the project.

    Raises:
        UnreadableWheelError: it does not.
    """
    if not canonicalize_name(folder).startswith(canonicalize_name(metadata.project)):
        name = f"'{path.name}' says name '{metadata.project}' in its METADATA"
        raise UnreadableWheelError(f"{name}, which is not that of its folder '{folder}'.")


def _check_version(wheel_file: bytes, path: Path) -> None:
    """Refuse what installers refuse: they must not take a Wheel-Version whose first number they do not know (PEP 427).

    Raises:
        UnreadableWheelError: its WHEEL file has none, or one that nobody knows.
    """
    version = next(fields(wheel_file, "wheel-version"), "")
    if version.partition(".")[0] != WHEEL_VERSION:
        said = f"Wheel-Version '{version[:TEXT_SHOWN]}'" if version else "no Wheel-Version"
        raise UnreadableWheelError(f"'{path.name}' has {said} in its WHEEL file; installers take {WHEEL_VERSION}.x.")


def _dist_info_file(archive: zipfile.ZipFile, path: Path, name: str) -> bytes:
    """Return a file of metadata.

    Raises:
        UnreadableWheelError: it is damaged, or larger than any such file needs to be.
    """
    entry = archive.getinfo(name)
    if entry.file_size > TEXT_LIMIT:
        raise UnreadableWheelError(f"The {name.rpartition('/')[2]} of '{path.name}' has {entry.file_size >> 20} MiB.")
    return b"".join(read_entry(archive, entry))


def _optional_file(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        entry = archive.getinfo(name)
    except KeyError:
        return b""
    return b"".join(read_entry(archive, entry)) if entry.file_size <= TEXT_LIMIT else b""


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, place: Installed | None, found: _Found) -> None:
    name = entry.filename
    checksum = Checksum(found.expected.get(name))
    with file_of(archive, entry, binary.MAGIC, checksum.update) as stream:
        found.digests[name] = checksum.sha256
        found.is_true[name] = checksum.is_as_listed
        if place is not None:
            _sort_in(place, stream, checksum.sha256, found)


def _sort_in(place: Installed, stream: BinaryIO | None, sha256: str, found: _Found) -> None:
    """Tell extension modules, other shared objects and programs apart, and keep the facts of each.

    A file whose suffix is only for extension modules is one whatever it holds: the interpreter will try it.
    """
    extension = extension_name(place.path) if place.is_code else None
    kind, inits = (None, ()) if stream is None else _examined(place.path, stream, sha256, found)
    if extension is not None and (extension[1] != ".so" or not set(init_functions(extension[0])).isdisjoint(inits)):
        found.extensions.append(Extension(name=extension[0], path=place.path, suffix=extension[1]))
    elif kind is Kind.EXECUTABLE:
        found.executables.append(place.path)
    elif kind is Kind.OBJECT:
        found.objects.append(place.path)


def _examined(path: str, stream: BinaryIO, sha256: str, found: _Found) -> tuple[Kind, tuple[str, ...]]:
    """Keep what an ELF file tells; return its kind and the functions by which it makes Python modules."""
    told = binary.examine(stream, path.rpartition("/")[2])
    found.machines.extend([(path, told.machine)] if told.machine else [])
    found.notes.extend([f"'{path}' is {told.note}."] if told.note else [])
    facts = facts_of(path, sha256, told, stream)
    found.elf.extend([facts] if facts else [])
    return told.kind, facts.inits if facts else ()


def _contents(metadata: Metadata, names: tuple[str, ...], found: _Found) -> Contents:
    return Contents(
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
