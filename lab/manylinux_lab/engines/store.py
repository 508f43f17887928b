"""Root folders that the ``bwrap`` engine keeps: made in full and then renamed, so that nobody ever sees half of one."""

import fcntl
import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, unquote

from ..errors import EngineError
from .contract import Image
from .labels import check_key
from .owner import is_gone, parse_owner, this_process

SCHEMA = 1
LOCK_SECONDS = 10.0


class Store:
    """Image folders below one folder: ``<key>/root`` and ``<key>/image.json``; ``<key>.lock`` guards them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, key: str) -> Image | None:
        """Return the image kept under ``key``."""
        return self._read(self._place(key))

    def keep(self, key: str, arch: str, make: Callable[[Path], tuple[str, str]]) -> Image:
        """Let ``make(root)`` fill an empty folder and return (digest, origin), then keep it under ``key``.

        What is there already stays if its content is the same. If it differs and a bench is running on it:
        ``EngineError``.
        """
        place = self._place(key)
        fresh = self.folder / f"new-{quote(this_process().id, safe='')}-{secrets.token_hex(4)}"
        (fresh / "root").mkdir(parents=True)
        try:
            digest, origin = make(fresh / "root")
            record = {"schema": SCHEMA, "key": key, "digest": digest, "arch": arch, "origin": origin}
            record["size"] = disk_use(fresh / "root")
            (fresh / "image.json").write_text(json.dumps(record, indent=2) + "\n")
            kept = self._read(place)
            if kept is None or kept.digest != digest:
                with self._lock(key, exclusive=True):
                    delete_tree(place)
                    fresh.rename(place)
        finally:
            delete_tree(fresh)
        image = self._read(place)
        if image is None:
            raise EngineError(f"The image '{key}' ({arch}) was made and cannot be read at '{place}'.")
        return image

    @contextmanager
    def using(self, image: Image) -> Iterator[Path]:
        """Give the root folder of an image, which nobody removes or replaces meanwhile."""
        root = Path(image.reference)
        with self._lock(_key(root.parent), exclusive=False):
            if not root.is_dir():
                raise EngineError(f"The image '{root}' ({image.arch}) is gone from the cache; make it again.")
            yield root

    def images(self) -> Iterator[tuple[str, Image, int]]:
        """Yield key, image and size of all that is kept."""
        for path in sorted(self.folder.glob("~*/image.json")):
            image = self._read(path.parent)
            if image is not None:
                yield _key(path.parent), image, int(json.loads(path.read_text())["size"])

    def remove(self, key: str) -> None:
        """Delete an image."""
        place = self._place(key)
        if not place.exists():
            raise EngineError(f"No image is kept under '{key}'.")
        with self._lock(key, exclusive=True):
            delete_tree(place)

    def reap(self) -> int:
        """Delete what killed labs were making; return how many there were."""
        count = 0
        for folder in self.folder.glob("new-*"):
            owner = parse_owner(unquote(folder.name.removeprefix("new-").rpartition("-")[0]))
            if owner is None or is_gone(owner, this_process()):
                delete_tree(folder)
                count += 1
        return count

    def _place(self, key: str) -> Path:
        # The tilde keeps images apart from the folders that are being made.
        return self.folder / f"~{quote(check_key(key), safe='')}"

    def _read(self, place: Path) -> Image | None:
        try:
            record = json.loads((place / "image.json").read_text())
        except (OSError, ValueError):
            return None
        root = str(place / "root")
        return Image(reference=root, digest=record["digest"], arch=record["arch"], origin=record["origin"])

    @contextmanager
    def _lock(self, key: str, *, exclusive: bool) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{quote(key, safe='')}.lock").open("a") as file:
            deadline = time.monotonic() + LOCK_SECONDS
            while not _locked(file.fileno(), fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH):
                if time.monotonic() > deadline:
                    raise EngineError(f"The image '{key}' is in use by a running bench; try again later.")
                time.sleep(0.05)
            yield


def _locked(descriptor: int, mode: int) -> bool:
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _key(place: Path) -> str:
    return unquote(place.name.removeprefix("~"))


def copy_tree(source: Path, target: Path) -> None:
    """Copy a root into the existing folder ``target`` with owners and links, sharing blocks where the disk can."""
    argv = ("cp", "--archive", "--reflink=auto", f"{source}/.", str(target))
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EngineError(f"The image '{source}' cannot be copied: {done.stderr.strip()[-300:]}")


def disk_use(folder: Path) -> int:
    """Return the bytes of all files below ``folder``, hard links counted once."""
    seen: dict[tuple[int, int], int] = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                stat = os.lstat(os.path.join(parent, name))  # noqa: PTH118 - a Path each would double the time
                seen[stat.st_dev, stat.st_ino] = stat.st_size
    return sum(seen.values())


def delete_tree(folder: Path) -> None:
    """Delete a folder that may have been deleted already, folders without permissions included."""
    if not folder.exists():
        return
    if os.geteuid() != 0:
        for parent, _, _ in os.walk(folder):
            with suppress(OSError):
                Path(parent).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
