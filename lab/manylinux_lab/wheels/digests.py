"""The sha256 of files, remembered for as long as the file system says that a file has not changed.

What is trusted is the kernel: it moves a file's change time whenever its content, name or mode changes, and no program
can set that time. A file that changed a moment ago is not remembered, since its next change could bear the same time.
"""

import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ..memory import recall, remember

SCHEMA = 1
SETTLED_NS = 2_000_000_000  # the coarsest clock of a file system in use, FAT's


@dataclass(frozen=True, kw_only=True, slots=True)
class _State:
    """What the file system says of a file; times are in nanoseconds."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    schema: int
    path: str
    state: _State
    sha256: str


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remembered_digest(path: Path) -> str:
    """Return the sha256 of a file's content, without reading it where it is the file that was read before.

    Raises:
        OSError: the file cannot be read.
    """
    full = os.path.abspath(path)  # noqa: PTH100 - resolving links would cost more than it tells
    name = hashlib.sha256(os.fsencode(full)).hexdigest()[:32]
    before = _state(path)
    known = _known(name)
    if known is not None and (known.path, known.state) == (full, before):
        return known.sha256
    sha256 = file_digest(path)
    if _state(path) == before and time.time_ns() - before.changed > SETTLED_NS:
        known = _Known(schema=SCHEMA, path=full, state=before, sha256=sha256)
        remember("digests", name, msgspec.json.encode(known))
    return sha256


def _state(path: Path) -> _State:
    told = path.stat()
    return _State(
        device=told.st_dev, inode=told.st_ino, size=told.st_size, modified=told.st_mtime_ns, changed=told.st_ctime_ns
    )


def _known(name: str) -> _Known | None:
    content = recall("digests", name)
    if content is None:
        return None
    try:
        known = msgspec.json.decode(content, type=_Known)
    except msgspec.MsgspecError:
        return None
    return known if known.schema == SCHEMA else None
