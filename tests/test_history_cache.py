"""Results that are taken over: only under exactly the same conditions, and only what was seen and is steady."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from records import bench, result, run, subject

from manylinux_lab.cells import HOST, Cell, Plan
from manylinux_lab.engines.contract import Image
from manylinux_lab.history import conditions
from manylinux_lab.history.cache import taken_over
from manylinux_lab.history.conditions import Circumstances
from manylinux_lab.history.key import key_of_result
from manylinux_lab.history.migrations import MIGRATIONS, migrate
from manylinux_lab.history.opening import connected
from manylinux_lab.history.store import add, batched
from manylinux_lab.interpreter import Interpreter
from manylinux_lab.judge import How, Promise, Verdict
from manylinux_lab.results import Cached, Conditions, Result
from manylinux_lab.runs import Run

EARLIER, AT = "20260101-101010-abcd", "2026-01-01T10:10:20Z"
PYTHON = Interpreter(version=(3, 11), abi="cp311", path="/usr/bin/python3", pip="23.0.1", full_version="3.11.2")
IMAGE = Image(reference="x", digest="sha256:" + "1" * 64, arch="x86_64", origin="bootstrapped")
CHECKS = ("install", "import")


def planned(checks: tuple[str, ...] = CHECKS, image: Image = IMAGE, **options: Any) -> Run:
    where = bench(interpreter=PYTHON, image=image)
    cells = [Cell(bench=where.id, check=check, subject=subject().id, promise=Promise.SUPPORTED) for check in checks]
    cells.append(Cell(bench=HOST, check="read", subject=subject().id, promise=Promise.SUPPORTED))
    plan = Plan(
        benches=(where,), subjects=(subject(),), cells=tuple(cells), files={"0" * 64: f"/somewhere/{subject().id}"}
    )
    return replace(run(plan, **options), id="20260102-101010-abcd")


def seen(made: Run, check: str = "import", **fields: Any) -> Result:
    cell = next(cell for cell in made.plan.cells if cell.check == check)
    conditions = Circumstances(made).of(cell)
    return result(**{"check": check, "run": EARLIER, "at": AT, "conditions": conditions, **fields})


def taken(tmp_path: Path, asked: Run, *known: Result) -> dict[str, Result]:
    history = tmp_path / "history.sqlite"
    for number, one in enumerate(known):
        add(history, f"{EARLIER}-{number}", [one])
    return {one.check: one for one in taken_over(asked, history)}


def test_what_was_seen_under_the_same_conditions_is_taken_over(tmp_path: Path) -> None:
    known = seen(planned())
    found = taken(tmp_path, planned(), known)
    expected = replace(known, run="20260102-101010-abcd", cached=Cached(run=f"{EARLIER}-0", at=AT))
    assert found == {"import": expected}


@pytest.mark.parametrize(
    "asked",
    [
        planned(image=replace(IMAGE, digest="sha256:" + "2" * 64)),
        planned(timeout=60),
        planned(strict=True),
        planned(variant="desktop"),
        replace(planned(), engine="docker"),
        replace(planned(), lab="9.9"),
    ],
)
def test_anything_else_is_asked(tmp_path: Path, asked: Run) -> None:
    assert taken(tmp_path, asked, seen(planned())) == {}


def test_another_release_of_an_installer_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = iter(["uv 0.9.1", "uv 0.9.1", "uv 0.9.2", ""])
    monkeypatch.setattr(conditions, "installer_release", lambda *names, offline: next(versions))
    made = planned(installer="uv")
    known = seen(made, installer="uv")
    assert [len(taken(tmp_path, made, known)) for _ in range(3)] == [1, 0, 0]


@pytest.mark.parametrize(
    "fields",
    [
        {"verdict": Verdict.ERROR},
        {"how": How.PREDICTED},
        {"conditions": None},
        {"conditions": Conditions()},
        {"image": ""},
        {"engine": "local"},
        {"check": "coload", "facts": {"evidence": [{"kind": "flaky"}]}},
    ],
)
def test_what_says_nothing_steady_is_not_taken_over(tmp_path: Path, fields: dict[str, Any]) -> None:
    made = planned((*CHECKS, "coload"))
    assert taken(tmp_path, made, seen(made, **fields)) == {}


def test_what_was_seen_otherwise_too_is_asked_again(tmp_path: Path) -> None:
    made = planned()
    assert taken(tmp_path, made, seen(made), seen(made, verdict=Verdict.FAIL, reason="once")) == {}


def test_of_several_the_latest_is_taken_and_its_first_run_is_named(tmp_path: Path) -> None:
    made = planned()
    later = seen(made, at="2026-01-01T12:00:00Z")
    again = replace(later, cached=Cached(run="x", at="y"))
    assert taken(tmp_path, made, seen(made), later, again)["import"].cached == Cached(
        run=f"{EARLIER}-1", at="2026-01-01T12:00:00Z"
    )


@pytest.mark.parametrize("cause", [Verdict.FAIL, Verdict.PASS, None])
def test_a_skip_stands_only_beside_the_failure_that_it_points_to(tmp_path: Path, cause: Verdict | None) -> None:
    made = planned()
    pointer = f"Not installed: no. See {seen(made, 'install').cell}"
    known = [seen(made, verdict=Verdict.SKIP, reason=pointer)]
    known += [seen(made, "install", verdict=cause)] if cause else []
    assert ("import" in taken(tmp_path, made, *known)) == (cause is Verdict.FAIL)


def test_the_key_depends_on_no_order() -> None:
    one = {"a-1.whl": "1", "b-1.whl": "2"}
    keys = [
        key_of_result(result(conditions=Conditions(probe="p", beside=beside)))
        for beside in (one, dict(reversed(one.items())))
    ]
    assert keys[0] == keys[1] is not None


def test_a_history_that_is_not_there_has_seen_nothing(tmp_path: Path) -> None:
    assert taken_over(planned(), tmp_path / "history.sqlite") == ()
    assert not list(tmp_path.iterdir())


def test_keys_are_asked_for_in_parts() -> None:
    keys = [bytes([number]) for number in range(5)]
    assert [len(part) for part in batched(keys, 2)] == [2, 2, 1]


def test_results_of_an_older_file_are_found_too(tmp_path: Path) -> None:
    path, known = tmp_path / "history.sqlite", seen(planned())
    add(path, EARLIER, [known])
    old = tmp_path / "old.sqlite"
    with closing(sqlite3.connect(old, isolation_level=None)) as connection, connected(path, reading=True) as new:
        migrate(connection, MIGRATIONS[:1])
        for table in ("runs", "images", "wheels", "cells", "seen", "results"):
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            rows = new.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", rows)
    assert [one.cached.run for one in taken_over(planned(), old) if one.cached] == [EARLIER]
