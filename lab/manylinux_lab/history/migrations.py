"""The schema of a history file, as the ordered steps that lead to it; ``user_version`` counts those already taken."""

import sqlite3
from collections.abc import Callable, Sequence

import msgspec

from ..results import Result
from .key import key_of_result

APPLICATION = 0x6D6C6162  # "mlab" in the file's header: this database is a history
Migration = Callable[[sqlite3.Connection], None]

TABLES = (
    # ``name`` is how a run is called here: its own id, with a number behind it where another run has that id.
    """CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        said TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        lab TEXT NOT NULL,
        begun TEXT NOT NULL,
        UNIQUE (said, fingerprint)
    )""",
    "CREATE TABLE images (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE)",
    "CREATE TABLE wheels (id INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, UNIQUE (name, sha256))",
    """CREATE TABLE cells (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        bench TEXT NOT NULL,
        question TEXT NOT NULL,
        project TEXT NOT NULL
    )""",
    "CREATE INDEX cells_of_project ON cells (project)",
    # What was seen of a cell, once, in however many runs it counts: ``body`` is the result's JSON without its run.
    """CREATE TABLE seen (
        id INTEGER PRIMARY KEY,
        digest BLOB NOT NULL UNIQUE,
        cell INTEGER NOT NULL REFERENCES cells,
        image INTEGER REFERENCES images,
        wheel INTEGER REFERENCES wheels,
        at TEXT NOT NULL,
        verdict TEXT NOT NULL,
        how TEXT NOT NULL,
        body BLOB NOT NULL
    )""",
    "CREATE INDEX seen_of_cell ON seen (cell)",
    # ``source`` and ``source_at`` are the run and the moment of a result that was taken over.
    """CREATE TABLE results (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES runs,
        seen INTEGER NOT NULL REFERENCES seen,
        source TEXT NOT NULL DEFAULT '',
        source_at TEXT NOT NULL DEFAULT '',
        UNIQUE (run, seen)
    )""",
)


def _tables(connection: sqlite3.Connection) -> None:
    for statement in TABLES:
        connection.execute(statement)


def _keys(connection: sqlite3.Connection) -> None:
    """Give each result the key under which a later run finds it, also those that are there already."""
    connection.execute("ALTER TABLE seen ADD COLUMN key BLOB")
    connection.execute("CREATE INDEX seen_of_key ON seen (key)")
    connection.execute("CREATE INDEX results_of_seen ON results (seen)")
    decoder = msgspec.json.Decoder(Result)
    for number, body in connection.execute("SELECT id, body FROM seen").fetchall():
        key = key_of_result(decoder.decode(body))
        connection.execute("UPDATE seen SET key = ? WHERE id = ?", (key, number))


def _in_short(connection: sqlite3.Connection) -> None:
    """Let trends read what they need of a cell's results from the index, which is a fraction of the file."""
    connection.execute("DROP INDEX seen_of_cell")
    connection.execute("CREATE INDEX seen_in_short ON seen (cell, verdict, how, key)")


MIGRATIONS: Sequence[Migration] = (_tables, _keys, _in_short)


def migrate(connection: sqlite3.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Take the steps that the file has not taken, all of them or none, while no other process writes."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        taken = version(connection)  # another process may have taken them while this one waited
        for step in migrations[taken:]:
            step(connection)
        connection.execute(f"PRAGMA user_version = {max(taken, len(migrations))}")
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def version(connection: sqlite3.Connection) -> int:
    """Return how many steps a file has taken."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
