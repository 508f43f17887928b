"""Which files a wheel puts where, with their contents' digests, and whether its RECORD is true. Read once a wheel."""

import configparser
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import msgspec

from ..atomic import appearing
from ..errors import EngineError
from ..folders import cache_folder
from .archive import open_archive, read_entry
from .record import Checksum, Faults, faults, rows
from .wheel import Wheel

SCHEMA = 1
REMEMBERED = 300  # wheels
DIGEST = 32  # hexadecimal digits of a sha256 that tell contents apart
TEXT_LIMIT = 16 << 20
SITE = "site/"
PREFIX = "prefix/"
ROOTS = {"purelib": SITE, "platlib": SITE, "data": PREFIX, "scripts": f"{PREFIX}bin/"}
SITE_IN_PREFIX = re.compile(rf"^{PREFIX}lib(64)?/python3\.\d+/site-packages/")
SCRIPT_GROUPS = ("console_scripts", "gui_scripts")


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """Digest by place, and what is wrong with RECORD.

    A place begins with ``site/`` (where modules are imported from) or ``prefix/`` (the environment's folder). Commands
    that an installer makes from entry points count as files whose content is what they call.
    """

    schema: int = SCHEMA
    files: Mapping[str, str]
    faults: Faults


@lru_cache(maxsize=REMEMBERED)
def _listing(sha256_of_wheel: str, path: Path) -> Listing:
    known = _remembered(sha256_of_wheel)
    if known is not None:
        return known
    try:
        listing = _read(path)
    except OSError as error:
        raise EngineError(f"The wheel '{path}' cannot be read any more: {error.strerror or error}.") from error
    with appearing(cache_folder("listings") / f"{sha256_of_wheel}.json") as file:
        file.write(msgspec.json.encode(listing))
    return listing


def listing_of(wheel: Wheel) -> Listing:
    """Return what the archive of a wheel holds; remembered by its sha256, in memory and in the user's cache.

    Raises:
        EngineError: the wheel's file is gone or cannot be read any more.
        UnreadableWheelError: the archive is damaged.
    """
    return _listing(wheel.sha256, wheel.path)


def _remembered(sha256_of_wheel: str) -> Listing | None:
    file = cache_folder("listings") / f"{sha256_of_wheel}.json"
    try:
        listing = msgspec.json.decode(file.read_bytes(), type=Listing)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    return listing if listing.schema == SCHEMA else None


def _read(path: Path) -> Listing:
    with open_archive(path) as archive:
        entries = {entry.filename: entry for entry in archive.infolist() if not entry.is_dir()}
        folder = next(name.partition("/")[0] for name in entries if name.partition("/")[0].endswith(".dist-info"))
        listed = list(rows(_content(archive, entries.get(f"{folder}/RECORD"))))
        by_path = dict(listed)
        places: dict[str, str] = {}
        is_true: dict[str, bool] = {}
        for name, entry in entries.items():
            checksum = Checksum(by_path.get(name))
            for piece in read_entry(archive, entry):
                checksum.update(piece)
            is_true[name] = checksum.is_as_listed
            places |= dict.fromkeys(_place(name), checksum.sha256[:DIGEST])
        commands = _commands(_content(archive, entries.get(f"{folder}/entry_points.txt")))
    return Listing(
        files={**{place: sha256(target.encode()).hexdigest()[:DIGEST] for place, target in commands}, **places},
        faults=faults(Counter(name for name, _ in listed), is_true, folder),
    )


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo | None) -> bytes:
    return b"".join(read_entry(archive, entry)) if entry is not None and entry.file_size <= TEXT_LIMIT else b""


def _place(entry: str) -> Iterator[str]:
    """Yield where an installer puts an entry of the archive; nothing for headers, whose folder bears the project."""
    top, _, rest = entry.partition("/")
    if not top.endswith(".data") or not rest:
        yield f"{SITE}{entry}"
        return
    scheme, _, inner = rest.partition("/")
    if scheme in ROOTS and inner:
        yield SITE_IN_PREFIX.sub(SITE, f"{ROOTS[scheme]}{inner}")


def _commands(text: bytes) -> Iterator[tuple[str, str]]:
    """Yield place and target of the commands that an installer makes; a file that cannot be read gives none."""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # the documented way to keep the case of names
    try:
        parser.read_string(text.decode("utf-8", "replace"))
    except configparser.Error:
        return
    for group in SCRIPT_GROUPS:
        if parser.has_section(group):
            yield from ((f"{PREFIX}bin/{name}", target) for name, target in parser.items(group))
