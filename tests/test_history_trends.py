"""Trends: last good, first bad of the failures that last, how often it was seen otherwise; and their text."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from records import result

from manylinux_lab.__main__ import main
from manylinux_lab.history.opening import connected
from manylinux_lab.history.store import POINTS, add, points
from manylinux_lab.history.trends import Point, trends
from manylinux_lab.judge import How, Verdict
from manylinux_lab.report.trend_text import as_text
from manylinux_lab.results import Cached, Conditions

BENCH = "debian-12:x86_64:cp311"
P, W, F, E, U = Verdict.PASS, Verdict.WARN, Verdict.FAIL, Verdict.ERROR, Verdict.UNKNOWN


def point(number: int, verdict: Verdict = P, **fields: Any) -> Point:
    given = {"project": "numpy", "check": "import", "bench": BENCH, "how": How.OBSERVED, **fields}
    given.setdefault("cell", f"{given['bench']}/{given['check']}/numpy-2.{number}-py3-none-any.whl")
    return Point(run=f"run-{number}", begun=f"2026-01-{number + 1:02}T00:00:00Z", verdict=verdict, **given)


@pytest.mark.parametrize(
    ("verdicts", "good", "bad", "calm"),
    [
        ([P, P, W], 2, None, True),
        ([P, F, F], 0, 1, False),
        ([F, F], None, 0, False),
        ([P, F, P], 2, None, True),
        ([P, F, P, F, F], 2, 3, False),
        ([P, F, E], 0, 1, False),
        ([P, U], 0, None, False),
        ([E], None, None, False),
    ],
)
def test_last_good_and_first_bad(verdicts: list[Verdict], good: int | None, bad: int | None, calm: bool) -> None:
    (trend,) = trends(point(number, verdict) for number, verdict in enumerate(verdicts))
    assert trend.last_good == (None if good is None else point(good, verdicts[good]))
    assert trend.first_bad == (None if bad is None else point(bad, verdicts[bad]))
    assert (trend.runs, trend.is_calm) == (len(verdicts), calm)


def test_a_prediction_is_neither_good_nor_bad() -> None:
    (trend,) = trends([point(0), point(1, F, how=How.PREDICTED)])
    assert (trend.last_good, trend.first_bad, trend.latest.verdict) == (point(0), None, F)


def test_what_was_seen_otherwise_under_the_same_conditions_is_counted() -> None:
    same = [point(number, verdict, key=b"a") for number, verdict in enumerate([P, F, P, P, E])]
    taken = point(5, P, key=b"a", is_cached=True)
    other = point(6, F, key=b"b")
    (trend,) = trends([*same, taken, other, point(7, P, key=b"")])
    assert (trend.differing, trend.times) == (1, 4)


def test_an_error_that_was_tried_again_counts_once() -> None:
    cell = f"{BENCH}/import/x.whl"
    (trend,) = trends([point(0, E, cell=cell), point(0, P, cell=cell)])
    assert (trend.runs, trend.latest.verdict, trend.is_calm) == (1, P, True)


def test_the_table_shows_release_day_and_rate() -> None:
    pair = point(1, F, key=b"a", project="a\x1b,b", check="coload")
    shown = tuple(trends([pair, point(0, key=b"a"), point(2, F)]))
    text = as_text(shown, calm=3)
    assert "2.0, 2026-01-01" in text
    assert "2.2, 2026-01-03" in text
    assert "\x1b" not in text
    assert text.endswith("3 questions not shown: good, and never seen otherwise")
    assert as_text([], calm=0) == ""


def test_two_moments_of_one_day_are_told_apart() -> None:
    early, late = (replace(point(0), begun=f"2026-01-01T0{hour}:30:00Z") for hour in (1, 2))
    text = as_text(tuple(trends([early, replace(late, run="x", verdict=F)])), calm=0)
    assert "2.0, 2026-01-01 01:30" in text
    assert "2.0, 2026-01-01 02:30" in text


def test_trends_read_an_index_and_not_the_results(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    add(path, "20260101-000000-aaaa", [result()])
    with connected(path, reading=True) as connection:
        connection.create_function("has_project", 1, bool)
        told = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {POINTS}", ("*", "*"))]
    assert any("seen USING COVERING INDEX" in line for line in told), told


def test_the_command_filters_and_prints_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "h.sqlite"
    known = Conditions(probe="p")
    add(path, "20260101-000000-aaaa", [result(conditions=known), result(project="lxml,numpy", check="coload")])
    failed = result(verdict=F, conditions=known, at="2026-01-02T00:00:00Z")
    add(path, "20260102-000000-aaaa", [failed, result(bench="debian-13:x86_64:cp313", at="x", conditions=known)])
    add(path, "20260103-000000-aaaa", [result(verdict=F, at="y", cached=Cached(run="x", at="y"))])
    assert len(list(points(path))) == 5

    def asked(*words: str) -> list[dict[str, Any]]:
        assert main(["history", "--history", "h.sqlite", "--json", *words]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["schema"] == 1
        found: list[dict[str, Any]] = document["trends"]
        return found

    (shown,) = asked()
    assert (shown["bench"], shown["runs"], shown["differing"], shown["times"]) == (BENCH, 3, 1, 2)
    assert shown["first_bad"]["run"] == "20260102-000000-aaaa"
    assert [one["check"] for one in asked("--all", "--project", "lxml")] == ["coload"]
    assert [one["bench"] for one in asked("--all", "--distro", "debian-13")] == ["debian-13:x86_64:cp313"]
    assert [one["project"] for one in asked("--all")] == ["lxml,numpy", "numpy", "numpy"]
    assert asked("--all", "--project", "l*y") == [], "a glob does not reach from one project to the next"
    assert len(asked("--all", "--check", "import")) == 2
    assert main(["history", "--history", "h.sqlite"]) == 0
    assert "1 of 2" in capsys.readouterr().out
