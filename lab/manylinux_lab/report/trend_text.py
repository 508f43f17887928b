"""Trends of a history as a table for a terminal and as JSON. Pure; everything it shows is escaped."""

from collections.abc import Sequence
from typing import Any

import msgspec
from tabulate import tabulate

from ..history.trends import Point, Trend
from ..judge import Verdict
from . import escape

SCHEMA = 1
DAY, MINUTE = len("2026-11-21"), len("2026-11-21T18:46")  # how much of a moment is shown: two of one day need more
HEADERS = ("project", "bench", "check", "runs", "now", "last good", "first bad", "differing")


def as_text(shown: Sequence[Trend], *, calm: int) -> str:
    """Return the table; ``calm`` is the number of questions that are not shown since they were always good."""
    rows = [[escape.plain(word) for word in _row(trend)] for trend in shown]
    table = [tabulate(rows, headers=HEADERS, tablefmt="simple", disable_numparse=True), ""] if rows else []
    return "\n".join([*table, f"{calm} questions not shown: good, and never seen otherwise" if calm else ""]).rstrip()


def _row(trend: Trend) -> tuple[str, ...]:
    days = [point.begun[:DAY] for point in (trend.last_good, trend.first_bad) if point is not None]
    length = MINUTE if len(days) > len(set(days)) else DAY
    return (
        trend.project,
        trend.bench,
        trend.check,
        str(trend.runs),
        _word(trend.latest),
        *(_place(point, length) for point in (trend.last_good, trend.first_bad)),
        f"{trend.differing} of {trend.times}" if trend.differing else "",
    )


def _word(point: Point) -> str:
    word = point.verdict.value.upper() if point.verdict in {Verdict.FAIL, Verdict.ERROR} else point.verdict.value
    return f"{word} (predicted)" if point.how.value == "predicted" else word


def _place(point: Point | None, length: int) -> str:
    """Return ``2.1.3, 2026-11-21``: the release and when the run began, or its name where that is not known."""
    if point is None:
        return ""
    parts = point.subject.split("-")
    release = parts[1] if point.subject.endswith(".whl") and len(parts) > 1 else point.subject
    return f"{release}, {point.begun[:length].replace('T', ' ') or point.run}"


def as_json(shown: Sequence[Trend]) -> str:
    """Return the trends as one JSON document."""
    document = {"schema": SCHEMA, "trends": [_record(trend) for trend in shown]}
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


def _record(trend: Trend) -> dict[str, Any]:
    names = ("bench", "check", "project", "runs", "differing", "times")
    places = {name: _point(getattr(trend, name)) for name in ("latest", "last_good", "first_bad")}
    return {**{name: getattr(trend, name) for name in names}, **places}


def _point(point: Point | None) -> dict[str, Any] | None:
    if point is None:
        return None
    names = ("run", "begun", "cell", "verdict", "how", "is_cached")
    return {name: getattr(point, name) for name in names}
