"""What is kept on this machine for images: in the engines, and as files in the cache; and which of it is old."""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..engines.contract import Engine
from ..folders import cache_folder
from .prepared import Facts, all_facts, forget, is_key, last_use

FILES = ("roots", "portable", "installers")  # folders of the cache that may be deleted at any time


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One kept thing: an image of ``engine``, or a file or folder when that is empty.

    ``time`` is its last use; None for an image that nothing is written about: what an interrupted preparation left
    behind, or a lab with another cache made.
    """

    name: str
    engine: str
    size: int
    digest: str
    origin: str
    time: datetime | None
    path: Path | None = None


def inventory(engines: Iterable[Engine]) -> tuple[Entry, ...]:
    """Return everything that is kept, by engine and name."""
    facts = all_facts()
    entries = [entry for engine in engines for entry in _images(engine, facts)]
    return tuple(sorted((*entries, *_files()), key=lambda entry: (entry.engine, entry.name)))


def _images(engine: Engine, facts: Sequence[Facts]) -> Iterator[Entry]:
    times: dict[str, datetime] = {}
    for fact in facts:
        if fact.engine == engine.name:
            for name in (fact.prepared.key, fact.prepared.base_key):
                times[name] = max(last_use(fact), times.get(name, last_use(fact)))
    for name, image, size in engine.images():
        yield Entry(
            name=name, engine=engine.name, size=size, digest=image.digest, origin=image.origin, time=times.get(name)
        )


def _files() -> Iterator[Entry]:
    for folder in FILES:
        for path in sorted(cache_folder(folder).iterdir()):
            if path.suffix == ".notes" or path.name.startswith("newest-"):
                continue
            time = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            yield Entry(
                name=f"{folder}/{path.name}", engine="", size=_size(path), digest="", origin="", time=time, path=path
            )


def _size(path: Path) -> int:
    if not path.is_dir():
        return path.stat().st_size
    return sum(file.lstat().st_size for file in path.rglob("*") if not file.is_dir())


def to_clean(entries: Iterable[Entry], older_than: timedelta | None, now: datetime) -> tuple[Entry, ...]:
    """Return what was not used for ``older_than``; without it, everything that carries one of the lab's own names.

    An image that nothing is written about has no age: it may be another's, and only goes with everything.
    """
    if older_than is None:
        return tuple(entry for entry in entries if entry.time is not None or is_key(entry.name))
    return tuple(entry for entry in entries if entry.time is not None and now - entry.time > older_than)


def remove(entry: Entry, engines: Iterable[Engine]) -> None:
    """Delete a kept thing and the facts about it.

    Raises:
        EngineError: the engine could not delete it.
    """
    if entry.path is not None:
        shutil.rmtree(entry.path) if entry.path.is_dir() else entry.path.unlink(missing_ok=True)
        entry.path.with_suffix(".notes").unlink(missing_ok=True)
        return
    next(engine for engine in engines if engine.name == entry.engine).remove(entry.name)
    for fact in all_facts():
        if fact.engine == entry.engine and entry.name in (fact.prepared.key, fact.prepared.base_key):
            forget(fact.key, fact.engine)
