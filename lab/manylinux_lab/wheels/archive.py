"""A wheel's zip archive, opened without trust: every entry is checked before one is read, and nothing is unpacked.

The rules are those of the wheel format and of careful unzipping: no entry may leave the folder, none may be a link or a
device, none may come twice, and the sizes must be believable and true.
"""

import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from .wheel import UnreadableWheelError

EXPANDED_LIMIT = 10 << 30
RATIO_LIMIT = 1000
RATIO_THRESHOLD = 100 << 20  # below this size an extreme ratio is harmless: a file of zeros reaches it
ENTRIES_LIMIT = 500_000
DIRECTORY_LIMIT = 128 << 20
CHUNK = 1 << 20
IN_MEMORY = 64 << 20  # larger files go through a temporary one
ZIP64_RECORD = 56
END_RECORD = b"PK\x05\x06"
END_RECORD_REACH = 22 + 0xFFFF  # the record and its longest comment
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


@contextmanager
def open_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a wheel's archive whose directory has passed all checks.

    Raises:
        UnreadableWheelError: the file is no zip, is damaged, or has an entry that no installer should unpack.
    """
    _check_directory_size(path)
    try:
        archive = zipfile.ZipFile(path)
    except UnicodeDecodeError as error:
        raise UnreadableWheelError(f"'{path.name}' has an entry whose name is not valid UTF-8.") from error
    except DAMAGE as error:
        raise UnreadableWheelError(f"'{path.name}' is cut short or damaged: {error}.") from error
    with archive:
        for entry in archive.infolist():
            _check_entry(path, entry)
        _check_duplicates(path, archive)
        _check_sizes(path, archive)
        yield archive


def read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield an entry's bytes in pieces of at most ``CHUNK``; the checksum and the declared size must come out true.

    Raises:
        UnreadableWheelError: the data are damaged, encrypted, or not as long as declared.
    """
    name = Path(archive.filename or "").name
    read = 0
    try:
        with archive.open(entry) as stream:
            while piece := stream.read(CHUNK):
                read += len(piece)
                yield piece
    except DAMAGE as error:
        raise UnreadableWheelError(f"The entry '{entry.filename}' of '{name}' is damaged: {error}.") from error
    if read != entry.file_size:
        raise UnreadableWheelError(
            f"The entry '{entry.filename}' of '{name}' declares {entry.file_size} bytes and has {read}."
        )


@contextmanager
def file_of(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, magic: bytes, take: Callable[[bytes], None]
) -> Iterator[BinaryIO | None]:
    """Read an entry to its end, and give it as a file if it begins with ``magic``; ``take`` gets every piece.

    Raises:
        UnreadableWheelError: the data are damaged, encrypted, or not as long as declared.
    """
    pieces = read_entry(archive, entry)
    first = next(pieces, b"")
    take(first)
    if not first.startswith(magic):
        for piece in pieces:
            take(piece)
        yield None
        return
    with cast("BinaryIO", TemporaryFile()) if entry.file_size > IN_MEMORY else BytesIO() as file:
        file.write(first)
        for piece in pieces:
            take(piece)
            file.write(piece)
        yield file


def _check_directory_size(path: Path) -> None:
    """Look at the end record before ``zipfile`` reads the whole directory into memory."""
    with path.open("rb") as file:
        start = file.read(4)
        size = file.seek(0, 2)
        file.seek(max(0, size - END_RECORD_REACH))
        tail = file.read()
        position = tail.rfind(END_RECORD)
        if position < 0 or len(tail) < position + 22:
            reason = "is cut short: its zip directory is missing" if start == b"PK\x03\x04" else "is not a zip archive"
            raise UnreadableWheelError(f"'{path.name}' {reason}.")
        entries, directory = struct.unpack_from("<HI", tail, position + 10)
        if 0xFFFF in (entries, directory >> 16):
            entries, directory = _zip64_counts(file, size, tail, position) or (entries, directory)
    if entries > ENTRIES_LIMIT or directory > DIRECTORY_LIMIT:
        raise UnreadableWheelError(
            f"'{path.name}' has a zip directory of {entries} entries and {directory} bytes; no wheel needs that."
        )


def _zip64_counts(file: BinaryIO, size: int, tail: bytes, position: int) -> tuple[int, int] | None:
    """Return the number of entries and the size of a zip64 directory, or None where there is none.

    Readers differ in where they look for the record, at the locator's offset or right before it: the larger one counts.
    """
    locator = tail[max(0, position - 20) : position]
    if not locator.startswith(b"PK\x06\x07"):
        return None
    (offset,) = struct.unpack_from("<Q", locator, 8)
    found = []
    for place in (offset, size - len(tail) + position - 20 - ZIP64_RECORD):
        if 0 <= place <= size - ZIP64_RECORD:
            file.seek(place)
            record = file.read(ZIP64_RECORD)
            found += [struct.unpack_from("<QQ", record, 32)] if record.startswith(b"PK\x06\x06") else []
    return max(found, default=None)


def _check_entry(path: Path, entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename
    # Installers on other systems take a backslash for a separator and "C:" for a drive.
    parts = name.replace("\\", "/").split("/")
    fault = ""
    if "\0" in name or not name.strip("/"):
        fault = "which is no file name"
    elif not parts[0] or parts[0].endswith(":"):
        fault = "which is an absolute path"
    elif ".." in parts:
        fault = "which climbs out of the folder it is unpacked into"
    elif stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        fault = "which is a symbolic link" if stat.S_ISLNK(entry.external_attr >> 16) else "which is a device"
    elif entry.flag_bits & 0x1:
        fault = "which is encrypted"
    if fault:
        raise UnreadableWheelError(f"'{path.name}' has the entry {name!r}, {fault}.")


def _check_duplicates(path: Path, archive: zipfile.ZipFile) -> None:
    name, count = Counter(archive.namelist()).most_common(1)[0] if archive.namelist() else ("", 0)
    if count == 0:
        raise UnreadableWheelError(f"'{path.name}' is an empty archive.")
    if count > 1:
        raise UnreadableWheelError(f"'{path.name}' has the entry '{name}' {count} times.")


def _check_sizes(path: Path, archive: zipfile.ZipFile) -> None:
    expanded = sum(entry.file_size for entry in archive.infolist())
    compressed = sum(entry.compress_size for entry in archive.infolist())
    if expanded > EXPANDED_LIMIT:
        raise UnreadableWheelError(
            f"'{path.name}' expands to {expanded / (1 << 30):.1f} GiB; "
            f"the lab unpacks at most {EXPANDED_LIMIT >> 30} GiB."
        )
    size = path.stat().st_size
    if compressed > size:
        raise UnreadableWheelError(
            f"'{path.name}' has {size} bytes and entries of {compressed} bytes: they overlap, as in a zip bomb."
        )
    if expanded > RATIO_THRESHOLD and expanded > RATIO_LIMIT * max(compressed, 1):
        raise UnreadableWheelError(
            f"'{path.name}' expands {expanded // max(compressed, 1)}-fold to {expanded >> 20} MiB: a zip bomb."
        )
