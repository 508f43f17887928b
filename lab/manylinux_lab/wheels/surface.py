"""What a wheel shows on its surface: the tags inside its WHEEL file, sizes, licences, software bills of materials."""

import zipfile
from dataclasses import dataclass

from packaging.tags import parse_tag

from ..errors import EngineError
from .archive import open_archive
from .wheel import UnreadableWheelError, Wheel

WHEEL_LIMIT = 1 << 20
TAGS_LIMIT = 200
LICENCES = ("licen", "copying", "notice", "copyright")


@dataclass(frozen=True, kw_only=True, slots=True)
class Surface:
    """``tags`` are those of the WHEEL file as text; sizes are in bytes; licences and bills are paths in the archive."""

    tags: tuple[str, ...]
    entries: int
    packed: int
    expanded: int
    licences: tuple[str, ...]
    bills: tuple[str, ...]


def surface_of(wheel: Wheel) -> Surface:
    """Return what the archive shows without reading its files' contents, but for the WHEEL file.

    Raises:
        EngineError: the wheel's file is gone or cannot be read any more.
        UnreadableWheelError: the archive is damaged.
    """
    try:
        with open_archive(wheel.path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            names = sorted(entry.filename for entry in entries)
            return Surface(
                tags=_tags(archive, names, wheel),
                entries=len(entries),
                packed=wheel.path.stat().st_size,
                expanded=sum(entry.file_size for entry in entries),
                licences=tuple(name for name in names if _is_licence(name)),
                bills=tuple(name for name in names if ".dist-info/sboms/" in name),
            )
    except OSError as error:
        raise EngineError(f"The wheel '{wheel.path}' cannot be read any more: {error.strerror or error}.") from error


def _tags(archive: zipfile.ZipFile, names: list[str], wheel: Wheel) -> tuple[str, ...]:
    name = next(name for name in names if name.count("/") == 1 and name.endswith(".dist-info/WHEEL"))
    with archive.open(name) as stream:
        text = stream.read(WHEEL_LIMIT).decode("utf-8", "replace")
    lines = [line.partition(":")[2].strip() for line in text.splitlines() if line.lower().startswith("tag:")]
    try:
        return tuple(sorted({str(tag) for line in lines[:TAGS_LIMIT] for tag in parse_tag(line)}))
    except ValueError as error:
        raise UnreadableWheelError(f"The WHEEL file of '{wheel.path.name}' has a tag that is none: {error}.") from error


def _is_licence(name: str) -> bool:
    folder, _, file = name.rpartition("/")
    return ".dist-info" in folder and (file.lower().startswith(LICENCES) or folder.endswith("/licenses"))
