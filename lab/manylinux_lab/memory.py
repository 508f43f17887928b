"""What the lab remembers in the user's cache. A cache that is full or cannot be written costs time, and no result."""

from contextlib import suppress
from pathlib import Path

from .atomic import appearing
from .errors import UsageError
from .folders import cache_folder, cache_place


def recall(folder: str, name: str) -> bytes | None:
    """Return what is remembered under a name, or None."""
    try:
        return _file(cache_place(folder), name).read_bytes()
    except OSError:
        return None


def remember(folder: str, name: str, content: bytes) -> None:
    """Keep content under a name, for later runs, if that can be."""
    with suppress(OSError, UsageError), appearing(_file(cache_folder(folder), name)) as file:
        file.write(content)


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.json"
