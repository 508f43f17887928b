"""Reads a page of documentation and writes it with a new block: whole or not at all, and only if nobody else did."""

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..atomic import appearing
from ..errors import UsageError
from . import inject


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A page as it is and as it should be; ``name`` is what the user called it."""

    name: str
    old: str
    new: str

    @property
    def is_stale(self) -> bool:
        """Whether the block in the file is not the one of the run."""
        return self.old != self.new


def read(name: str, block: str) -> Page:
    """Return the page in the file ``name`` with ``block`` between its markers.

    Raises:
        UsageError: the file cannot be read, or its markers cannot be used.
    """
    text = _text(name)
    return Page(name=name, old=text, new=inject.injected(name, text, block))


def _text(name: str) -> str:
    path = Path(name)
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for without end
            raise UsageError(f"'{name}' is not a regular file; name a page of documentation.")
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"The file '{name}' cannot be read: it is not text in UTF-8.") from error
    except OSError as error:
        raise UsageError(f"The file '{name}' cannot be read: {error.strerror}.") from error


def renew(page: Page) -> None:
    """Write the page if it is stale. Links stay links, and owner and permissions of the file are kept.

    Raises:
        UsageError: the file changed since it was read, or cannot be written.
    """
    if not page.is_stale:
        return
    path = Path(page.name).resolve()
    try:
        _replace(page, path, path.stat())
    except OSError as error:
        raise UsageError(f"The file '{page.name}' cannot be written: {error.strerror}.") from error


def _replace(page: Page, path: Path, status: os.stat_result) -> None:
    if not os.access(path, os.W_OK):
        raise PermissionError(13, "it is read-only")
    with appearing(path, stat.S_IMODE(status.st_mode)) as file:
        file.write(page.new.encode())
        with suppress(PermissionError):  # only root can give files away
            os.chown(file.fileno(), status.st_uid, status.st_gid)
        if _text(page.name) != page.old:
            raise UsageError(f"The file '{page.name}' changed meanwhile; it is left as it is. Run this again.")
