"""Opening a history file, and its troubles in one sentence each: damaged, locked, newer, read-only, on a full disk."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import msgspec

from ..errors import EngineError, UsageError
from .migrations import APPLICATION, MIGRATIONS, migrate, version

PATIENCE = 30.0  # seconds: a whole night's import holds the lock for about one

DAMAGED = (
    "is damaged ({reason}); move it away and make it again with 'manylinux-lab history import runs/* --history {path}'."
)
TROUBLES = {
    sqlite3.SQLITE_BUSY: "is held by another process; try again once that has ended.",
    sqlite3.SQLITE_LOCKED: "is held by another process; try again once that has ended.",
    sqlite3.SQLITE_READONLY: "cannot be written; name a file that you may write, or copy this one.",
    sqlite3.SQLITE_PERM: "cannot be opened: permission is denied.",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; see that its folder exists and that you may write there.",
    sqlite3.SQLITE_FULL: "could not be written: the disk is full. What it held is still there.",
    sqlite3.SQLITE_IOERR: "could not be read or written ({reason}); see whether its disk is full or failing.",
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: "is not a history of this lab; name another file.",
}
OF_THE_MACHINE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
UNWRITABLE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Turn trouble with the file into one sentence.

    Raises:
        EngineError: the machine's: the file is locked for long, or the disk is full or fails.
        UsageError: the file cannot be used.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = (getattr(error, "sqlite_errorcode", None) or sqlite3.SQLITE_CORRUPT) & 0xFF  # extended codes add bits
        words = TROUBLES.get(code, DAMAGED).format(reason=error, path=path)
        raise (EngineError if code in OF_THE_MACHINE else UsageError)(f"The history '{path}' {words}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:  # SQLite does not notice a change within a value
        words = DAMAGED.format(reason="it holds what is no result", path=path)
        raise UsageError(f"The history '{path}' {words}") from error


@contextmanager
def connected(path: Path, *, reading: bool = False, patience: float = PATIENCE) -> Iterator[sqlite3.Connection]:
    """Open a history in the newest schema; ``reading`` wants an existing one, and does with one that is read-only.

    Raises:
        EngineError, UsageError: as for ``telling``, and where there is none to read, or a newer lab wrote it.
    """
    if reading and not path.is_file():
        raise UsageError(f"There is no history '{path}'; 'manylinux-lab run --history' and 'history import' make one.")
    with telling(path), closing(_open(path, reading=reading, patience=patience)) as connection:
        yield connection


def _open(path: Path, *, reading: bool, patience: float) -> sqlite3.Connection:
    try:
        return _ready(path, "rw" if reading else "rwc", patience)
    except sqlite3.OperationalError as error:
        if not reading or error.sqlite_errorcode & 0xFF not in UNWRITABLE:
            raise
    return _unchanging(path, patience)


def _ready(path: Path, mode: str, patience: float) -> sqlite3.Connection:
    """Return a connection to a file that has taken all steps."""
    connection = _connect(path, f"mode={mode}", patience)
    try:
        known = _checked(connection, path)
        if not known:
            connection.execute("PRAGMA journal_mode = WAL")  # readers and one writer at the same time
        if known < len(MIGRATIONS):
            migrate(connection)
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _unchanging(path: Path, patience: float) -> sqlite3.Connection:
    """Return a connection to a file on a read-only medium, which nobody changes meanwhile."""
    connection = _connect(path, "immutable=1", patience)
    try:
        known = _checked(connection, path)
        if known < len(MIGRATIONS):
            raise UsageError(
                f"The history '{path}' has schema {known} and cannot be written; copy it, and name the copy."
            )
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path, how: str, patience: float) -> sqlite3.Connection:
    address = f"file:{quote(str(path.absolute()))}?{how}"
    return sqlite3.connect(address, uri=True, timeout=patience, isolation_level=None)


def _checked(connection: sqlite3.Connection, path: Path) -> int:
    """Return the file's schema; 0 is an empty file."""
    known = version(connection)
    if known > len(MIGRATIONS):
        raise UsageError(
            f"The history '{path}' has schema {known}; this lab reads up to {len(MIGRATIONS)}. Use a newer lab."
        )
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    has_tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if has_tables and (owner != APPLICATION or not known):
        raise UsageError(f"The history '{path}' {TROUBLES[sqlite3.SQLITE_NOTADB]}")
    return known
