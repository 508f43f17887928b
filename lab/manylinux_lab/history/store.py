"""Runs and their results in a history file: the one module that speaks SQL about them."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path

import msgspec

from ..judge import How, Verdict
from ..results import Cached, Result
from .key import key_of_result
from .opening import PATIENCE, connected
from .trends import Point

AT_ONCE = 500  # keys in one question
SIGHTINGS = (
    "SELECT seen.key, seen.body, (SELECT runs.name FROM results JOIN runs ON runs.id = results.run "
    "WHERE results.seen = seen.id ORDER BY results.source != '', results.id LIMIT 1) "
    "FROM seen WHERE seen.key IN ({}) ORDER BY seen.at, seen.id"
)

POINTS = (  # from cells on: the index on what was seen of a cell spares reading the results themselves
    "SELECT runs.name, begun, bench, question, project, cells.name, verdict, how, key, results.source != '' "
    "FROM cells CROSS JOIN seen ON seen.cell = cells.id CROSS JOIN results ON results.seen = seen.id "
    "JOIN runs ON runs.id = results.run WHERE bench GLOB ? AND question GLOB ? AND has_project(project) "
    "ORDER BY project, question, bench, begun, runs.name, results.id"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptRun:
    """A run in a history: how it is called there, its own id, the lab's version, when it began, how many cells."""

    name: str
    said: str
    lab: str
    begun: str
    cells: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Added:
    """What an import did: the run's name in the history, how many results are new there, and how many it has.

    ``elsewhere`` of these were there already and are not among those that were given now.
    """

    name: str
    said: str
    new: int
    whole: int
    elsewhere: int = 0

    @property
    def is_renamed(self) -> bool:
        """Whether another run had the id."""
        return self.name != self.said

    @property
    def is_parted(self) -> bool:
        """Whether the run has gone on in two places: each has results that the other lacks."""
        return bool(self.new and self.elsewhere)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """A result and the name of the run in which it was seen first."""

    result: Result
    run: str


def add(path: Path, said: str, results: Iterable[Result], *, patience: float = PATIENCE) -> Added | None:
    """Keep the results of a run in the history at ``path``: all of them, or, with an exception, none.

    Adding what is there already changes nothing, so a run can be added again whenever it has more results. ``results``
    are in the order in which they were written; of several of a cell the last one counts. None are no run.

    Raises:
        EngineError, UsageError: as ``opening.telling`` says.
    """
    stream = iter(results)
    first = next(stream, None)
    if first is None:
        return None
    with connected(path, patience=patience) as connection, _writing(connection):
        run, name = _run(connection, said, first)
        before = _count(connection, run)
        writer = _Writer(connection, run)
        given = {writer.write(result) for result in chain([first], stream)}
        whole = _count(connection, run)
    return Added(name=name, said=said, new=whole - before, whole=whole, elsewhere=whole - len(given))


def runs(path: Path) -> tuple[KeptRun, ...]:
    """Return the runs of a history, the oldest first."""
    statement = (
        "SELECT runs.name, said, lab, begun, count(DISTINCT seen.cell) FROM runs "
        "JOIN results ON results.run = runs.id JOIN seen ON seen.id = results.seen "
        "GROUP BY runs.id ORDER BY begun, runs.name"
    )
    with connected(path, reading=True) as connection:
        rows = connection.execute(statement).fetchall()
    return tuple(KeptRun(name=row[0], said=row[1], lab=row[2], begun=row[3], cells=row[4]) for row in rows)


def results_of(path: Path, name: str) -> tuple[Result, ...]:
    """Return the results of a run, the one that counts for each cell."""
    found = {result.cell: result for result in lines_of(path, name)}
    return tuple(found.values())


def lines_of(path: Path, name: str) -> Iterator[Result]:
    """Yield all results of a run in the order in which they were seen, as a results file has them."""
    statement = (
        "SELECT seen.body, runs.name, begun, results.source, results.source_at FROM results "
        "JOIN runs ON runs.id = results.run JOIN seen ON seen.id = results.seen WHERE runs.name = ? "
        "ORDER BY results.id"
    )
    decoder = msgspec.json.Decoder(Result)
    with connected(path, reading=True) as connection:
        for body, called, begun, source, at in connection.execute(statement, (name,)):
            result = decoder.decode(body)
            moment = begun if result.how is How.PREDICTED else result.at
            yield replace(result, run=called, at=moment, cached=Cached(run=source, at=at) if source else None)


def sightings(path: Path, keys: Collection[bytes]) -> Mapping[bytes, Sequence[Sighting]]:
    """Return what was seen under each key, the oldest first; no history has seen nothing."""
    found: dict[bytes, list[Sighting]] = {}
    if not keys or not path.exists():
        return found
    decoder = msgspec.json.Decoder(Result)
    with connected(path, reading=True) as connection:
        for batch in batched(keys, AT_ONCE):
            statement = SIGHTINGS.format(", ".join("?" * len(batch)))
            for key, body, run in connection.execute(statement, batch):
                found.setdefault(key, []).append(Sighting(result=decoder.decode(body), run=run))
    return found


def points(path: Path, *, bench: str = "*", check: str = "*", project: str = "*") -> Iterator[Point]:
    """Yield what was seen on the benches, in the checks and of the projects that match three globs.

    They come question by question, and of each in the order of runs, so that no more than one need be in memory.
    """

    def has_project(projects: str) -> bool:
        return any(fnmatchcase(one, project) for one in projects.split(","))

    with connected(path, reading=True) as connection:
        connection.create_function("has_project", 1, has_project, deterministic=True)
        for row in connection.execute(POINTS, (bench, check)):
            yield Point(
                run=row[0],
                begun=row[1],
                bench=row[2],
                check=row[3],
                project=row[4],
                cell=row[5],
                verdict=Verdict(row[6]),
                how=How(row[7]),
                key=row[8] or b"",
                is_cached=bool(row[9]),
            )


def batched(keys: Collection[bytes], number: int) -> Iterator[tuple[bytes, ...]]:
    """Yield the keys in parts: SQLite takes no more than 999 values at once before 3.32."""
    stream = iter(keys)
    while part := tuple(islice(stream, number)):
        yield part


@contextmanager
def _writing(connection: sqlite3.Connection) -> Iterator[None]:
    """Hold the one writer's transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has ended it already
            connection.execute("ROLLBACK")
        raise


def _run(connection: sqlite3.Connection, said: str, first: Result) -> tuple[int, str]:
    """Return the run's key and name; one that is not known yet is made.

    A run is known by its id and its first result, which never changes, since results are only appended. Another run of
    the same id gets a number behind its name.
    """
    fingerprint = sha256(msgspec.json.encode(_timeless(first))).hexdigest()
    known = connection.execute("SELECT id, name FROM runs WHERE said = ? AND fingerprint = ?", (said, fingerprint))
    if row := known.fetchone():
        return row[0], row[1]
    others = connection.execute("SELECT count(*) FROM runs WHERE said = ?", (said,)).fetchone()[0]
    name = f"{said}#{others + 1}" if others else said
    values = (name, said, fingerprint, first.lab, _begun(said, first))
    made = connection.execute("INSERT INTO runs (name, said, fingerprint, lab, begun) VALUES (?, ?, ?, ?, ?)", values)
    return int(made.lastrowid or 0), name


def _begun(said: str, first: Result) -> str:
    """Return when a run began, as its id says: its first result may have been taken over from an earlier run."""
    try:
        moment = datetime.strptime(said[: len("20261121-014512")], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return first.at
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _count(connection: sqlite3.Connection, run: int) -> int:
    return int(connection.execute("SELECT count(*) FROM results WHERE run = ?", (run,)).fetchone()[0])


def _timeless(result: Result) -> Result:
    """Return a result without its run. Nor has a prediction a time: one that stays is kept once."""
    return replace(result, run="", at="" if result.how is How.PREDICTED else result.at)


def _judged(result: Result) -> tuple[str, str]:
    return result.verdict.value, result.how.value


class _Writer:
    """Writes results of a run; what many share (images, wheels) is looked up once."""

    def __init__(self, connection: sqlite3.Connection, run: int) -> None:
        self._connection = connection
        self._run = run
        self._known: dict[tuple[str, ...], int] = {}
        self._encoder = msgspec.json.Encoder()

    def write(self, result: Result) -> int:
        """Keep a result for the run and return its key."""
        body = self._encoder.encode(replace(_timeless(result), cached=None))
        source = result.cached or Cached(run="", at="")
        seen = self._seen(result, body)
        self._connection.execute(
            "INSERT OR IGNORE INTO results (run, seen, source, source_at) VALUES (?, ?, ?, ?)",
            (self._run, seen, source.run, source.at),
        )
        return seen

    def _seen(self, result: Result, body: bytes) -> int:
        digest = sha256(body).digest()
        row = self._connection.execute("SELECT id FROM seen WHERE digest = ?", (digest,)).fetchone()
        if row:
            return int(row[0])
        image = self._id("images", digest=result.image) if result.image else None
        wheel = self._id("wheels", name=result.subject, sha256=result.sha256) if result.sha256 else None
        made = self._connection.execute(
            "INSERT INTO seen (digest, cell, image, wheel, at, verdict, how, body, key) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (digest, self._cell(result), image, wheel, result.at, *_judged(result), body, key_of_result(result)),
        )
        return int(made.lastrowid or 0)

    def _cell(self, result: Result) -> int:
        return self._id("cells", name=result.cell, bench=result.bench, question=result.check, project=result.project)

    def _id(self, table: str, **values: str) -> int:
        """Return the key of a row of one of the three small tables, which is made where there is none."""
        name = (table, *values.values())
        if name not in self._known:
            columns, marks = ", ".join(values), ", ".join("?" * len(values))
            insert = f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608 - names of our own
            self._connection.execute(insert, tuple(values.values()))
            where = " AND ".join(f"{column} = ?" for column in values)
            select = f"SELECT id FROM {table} WHERE {where}"  # noqa: S608
            self._known[name] = int(self._connection.execute(select, tuple(values.values())).fetchone()[0])
        return self._known[name]
