"""The history file: idempotent, shared by processes, migrated, and clear about what is wrong with it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from records import result

from manylinux_lab.errors import EngineError, UsageError
from manylinux_lab.history import migrations, opening
from manylinux_lab.history.migrations import MIGRATIONS, migrate, version
from manylinux_lab.history.opening import connected, telling
from manylinux_lab.history.store import add, lines_of, results_of, runs
from manylinux_lab.judge import How, Verdict
from manylinux_lab.results import Cached, Conditions, Result

RUN = "20260101-101010-abcd"
AT = "2026-01-01T10:10:20Z"


def one(**fields: object) -> Result:
    return result(**{"run": RUN, "at": AT, "conditions": Conditions(python="3.11.2"), **fields})


def test_what_is_added_is_read(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    given = (one(), one(check="smoke", cached=Cached(run="earlier", at="2025-12-31T00:00:00Z")), one(check="install"))
    added = add(path, RUN, given)
    assert added is not None
    assert (added.name, added.new, added.whole, added.is_renamed) == (RUN, 3, 3, False)
    assert results_of(path, RUN) == given
    (run,) = runs(path)
    assert (run.name, run.begun, run.cells, run.lab) == (RUN, "2026-01-01T10:10:10Z", 3, "0.1.0")
    assert not list(tmp_path.glob("*-wal")), "a closed history is one file"


def test_adding_again_changes_nothing_and_adding_more_adds_only_that(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    error, later = one(check="smoke", verdict=Verdict.ERROR), one(check="smoke", at="2026-01-01T11:00:00Z")
    add(path, RUN, (one(), error))
    again = add(path, RUN, (one(), error))
    more = add(path, RUN, (one(), error, later))
    assert again is not None
    assert more is not None
    assert (again.new, more.new) == (0, 1)
    assert results_of(path, RUN) == (one(), later)
    assert tuple(lines_of(path, RUN)) == (one(), error, later)


def test_two_runs_of_one_id_are_both_kept(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    other = one(reason="another machine")
    add(path, RUN, [one()])
    added = add(path, RUN, [other])
    assert added is not None
    assert (added.name, added.is_renamed) == (f"{RUN}#2", True)
    assert [results_of(path, run.name) for run in runs(path)] == [(one(),), (replace(other, run=f"{RUN}#2"),)]
    assert [add(path, RUN, [known]).new for known in (one(), other)] == [0, 0]  # type: ignore[union-attr]


def test_what_two_runs_share_is_kept_once(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    add(path, RUN, [one()])
    taken = replace(one(), run="20260102-101010-abcd", cached=Cached(run=RUN, at=AT))
    add(path, taken.run, [taken])
    assert results_of(path, taken.run) == (taken,)
    with connected(path) as connection:
        assert connection.execute("SELECT count(*) FROM seen").fetchone() == (1,)


def test_a_prediction_that_stays_is_kept_once_and_is_of_the_day_of_its_run(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    for day in ("01", "02"):
        add(path, f"202601{day}-101010-abcd", [one(how=How.PREDICTED, at=f"2026-01-{day}T10:10:11Z")])
    assert [results_of(path, run.name)[0].at for run in runs(path)] == ["2026-01-01T10:10:10Z", "2026-01-02T10:10:10Z"]
    again = add(path, "20260102-101010-abcd", results_of(path, "20260102-101010-abcd"))
    assert again is not None
    assert (again.new, again.is_renamed) == (0, False)
    with connected(path) as connection:
        assert connection.execute("SELECT count(*) FROM seen").fetchone() == (1,)


def test_no_results_are_no_run(tmp_path: Path) -> None:
    assert add(tmp_path / "history.sqlite", RUN, []) is None
    assert not list(tmp_path.iterdir())


def test_an_exception_midway_leaves_the_earlier_content(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    add(path, RUN, [one()])

    def torn():  # type: ignore[no-untyped-def]  # yields results, then fails
        yield one()
        yield one(check="smoke")
        raise UsageError("a newer lab wrote it")

    with pytest.raises(UsageError, match="newer lab"):
        add(path, RUN, torn())
    assert results_of(path, RUN) == (one(),)


def test_a_run_of_schema_1_begins_when_its_id_says_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    old = result(schema=1)
    add(path, RUN, [old])
    add(path, "night", [old])
    assert [(run.name, run.begun) for run in runs(path)] == [("night", ""), (RUN, "2026-01-01T10:10:10Z")]


def damage_header(path: Path) -> None:
    path.write_bytes(b"SQLite format 4" + path.read_bytes()[15:])


def damage_pages(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def make_newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


def make_foreign(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (damage_header, "is not a history of this lab"),
        (damage_pages, "is damaged"),
        (cut_off, "is damaged"),
        (make_newer, "has schema 99; this lab reads up to"),
        (make_foreign, "is not a history of this lab"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_and_left_alone(
    tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    path = tmp_path / "history.sqlite"
    add(path, RUN, [one(), one(check="smoke")])
    spoil(path)
    content = path.read_bytes()
    with pytest.raises(UsageError, match=words):
        add(path, "20260102-101010-abcd", [one()])
    with pytest.raises(UsageError, match=words):
        runs(path)
    assert path.read_bytes() == content


def test_a_value_that_was_changed_is_said(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    add(path, RUN, [one()])
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"verdict":"pass"', b'"verdict":"pa\xffs"'))
    with pytest.raises(
        UsageError, match=rf"is damaged \(it holds what is no result\).*import runs/\* --history {path}'"
    ):
        results_of(path, RUN)


def test_a_locked_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    add(path, RUN, [one()])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(EngineError, match="is held by another process"):
            add(path, RUN, [one(check="smoke")], patience=0.05)
        assert [run.cells for run in runs(path)] == [1], "readers do not wait for a writer"
    assert add(path, RUN, [one(check="smoke")]).whole == 1  # type: ignore[union-attr]  # another run of that id


def test_there_is_nothing_to_read_in_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no history"):
        runs(tmp_path / "history.sqlite")


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be opened"):
        add(tmp_path / "nowhere" / "history.sqlite", RUN, [one()])


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (sqlite3.SQLITE_FULL, EngineError, "the disk is full. What it held is still there"),
        (sqlite3.SQLITE_IOERR_WRITE, EngineError, "could not be read or written"),
        (sqlite3.SQLITE_READONLY_DBMOVED, UsageError, "cannot be written"),
        (sqlite3.SQLITE_CORRUPT_VTAB, UsageError, "is damaged"),
        (None, UsageError, "is damaged"),
    ],
)
def test_extended_codes_are_told_like_their_kind(code: int | None, kind: type[Exception], words: str) -> None:
    error = sqlite3.DatabaseError("disk I/O error")
    if code is not None:
        error.sqlite_errorcode = code
    with pytest.raises(kind, match=words), telling(Path("h.sqlite")):
        raise error


def test_an_old_file_takes_the_steps_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, MIGRATIONS[:1])
        assert version(connection) == 1
    steps = (*MIGRATIONS, lambda connection: connection.execute("ALTER TABLE runs ADD COLUMN note TEXT"))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, steps)
        migrate(connection, steps)
        assert version(connection) == len(steps)
        connection.execute("SELECT note FROM runs")


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (x)")
        connection.execute("SELECT * FROM nowhere")

    with closing(sqlite3.connect(tmp_path / "history.sqlite", isolation_level=None)) as connection:
        migrate(connection)
        with pytest.raises(sqlite3.OperationalError):
            migrate(connection, (*MIGRATIONS, fail))
        assert version(connection) == len(MIGRATIONS)
        assert not connection.execute("SELECT * FROM sqlite_master WHERE name = 'half'").fetchall()


def test_an_old_file_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "history.sqlite"
    add(path, RUN, [one()])
    monkeypatch.setattr(opening, "MIGRATIONS", (*MIGRATIONS, lambda connection: None))
    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, lambda connection: None))

    def refuse(connection: sqlite3.Connection) -> None:
        error = sqlite3.OperationalError("attempt to write a readonly database")
        error.sqlite_errorcode = sqlite3.SQLITE_READONLY
        raise error

    monkeypatch.setattr(opening, "migrate", refuse)
    with pytest.raises(UsageError, match="cannot be written; copy it"):
        runs(path)
