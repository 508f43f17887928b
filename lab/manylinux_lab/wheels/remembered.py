"""What wheels' archives tell, read once for each wheel and remembered in the user's cache by the file's sha256."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from ..errors import EngineError
from ..memory import recall, remember
from .elf import ElfFacts, ElfFiles
from .listing import Listing
from .surface import Surface
from .wheel import Contents, UnreadableWheelError, Wheel

if TYPE_CHECKING:
    from .whole import Whole

SCHEMA = 9
LISTINGS = 300  # wheels whose listing is kept in memory


T = TypeVar("T")
FOLDERS: dict[type, str] = {Contents: "wheels", Surface: "surfaces", ElfFiles: "elf", Listing: "listings"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept(Generic[T]):
    schema: int
    value: T


def contents_of(path: Path, sha256: str) -> Contents:
    """Return what a wheel file with this sha256 holds.

    Raises:
        UnreadableWheelError: it is no usable wheel.
        OSError: the file cannot be read.
    """
    return _load(Contents, sha256) or _read(path, sha256).contents


def elf_facts(wheel: Wheel) -> tuple[ElfFacts, ...]:
    """Return the facts of all ELF objects and programs of a wheel, by path.

    Raises:
        EngineError: the wheel's file is gone or cannot be read any more.
    """
    return (_load(ElfFiles, wheel.sha256) or _read_again(wheel.path, wheel.sha256).elf).files


def surface_of(wheel: Wheel) -> Surface:
    """Return what a wheel shows on its surface.

    Raises:
        EngineError: the wheel's file is gone or cannot be read any more.
    """
    return _load(Surface, wheel.sha256) or _read_again(wheel.path, wheel.sha256).surface


def listing_of(wheel: Wheel) -> Listing:
    """Return which files a wheel puts where; remembered in memory too.

    Raises:
        EngineError: the wheel's file is gone or cannot be read any more.
    """
    return _listing(wheel.sha256, wheel.path)


@lru_cache(maxsize=LISTINGS)
def _listing(sha256: str, path: Path) -> Listing:
    return _load(Listing, sha256) or _read_again(path, sha256).listing


def _load(kind: type[T], sha256: str) -> T | None:
    """Return what was kept; None where nothing was, or what is there is damaged or of another version of the lab."""
    content = recall(FOLDERS[kind], sha256)
    if content is None:
        return None
    try:
        kept = msgspec.json.decode(content, type=_Kept[kind])  # type: ignore[valid-type]  # chosen at run time
    except msgspec.MsgspecError:
        return None
    return kept.value if kept.schema == SCHEMA else None


def _read_again(path: Path, sha256: str) -> "Whole":
    try:
        return _read(path, sha256)
    except OSError as error:
        raise EngineError(f"The wheel '{path}' cannot be read any more: {error.strerror or error}.") from error
    except UnreadableWheelError as error:  # it was read whole when it was planned: the file is another one by now
        raise EngineError(f"The wheel '{path}' was readable before: {error}") from error


def _read(path: Path, sha256: str) -> "Whole":
    from .whole import read_whole  # what reads archives takes longer to import than to look up what is known

    whole = read_whole(path)
    for value in (whole.elf, whole.listing, whole.surface, whole.contents):
        kept = msgspec.json.encode(_Kept(schema=SCHEMA, value=value), order="deterministic")
        remember(FOLDERS[type(value)], sha256, kept)
    return whole
