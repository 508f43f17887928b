"""Tests of changes: how they are read from events, compared, and put into words."""

from typing import Any

import pytest

from manylinux_lab.coload.drift import MEANINGS, Change, drift_evidence, flat, noise_evidence, only_together, without
from manylinux_lab.coload.evidence import Kind


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"umask": ["0022", "0077"]}, [("umask", "", "0022", "0077")]),
        (
            {"signals": [None, {"2": ["a", "b"], "99": ["c", None]}]},
            [("signals", "SIGINT", "a", "b"), ("signals", "signal 99", "c", None)],
        ),
        ({"environment": {"A": [None, "1"]}}, [("environment", "A", None, "1")]),
        ({"locale": "C"}, [("locale", "", None, "C")]),
        ({"sys_path": [[1], [2, "b"]]}, [("sys_path", "", [1], [2, "b"])]),
    ],
)
def test_changes_come_one_by_one(changes: dict[str, Any], expected: list[tuple[Any, ...]]) -> None:
    assert [(one.key, one.part, one.before, one.after) for one in flat(changes)] == expected


def change(key: str, part: str = "", before: Any = None, after: Any = None) -> Change:
    return Change(key=key, part=part, before=before, after=after)


def test_what_something_else_changes_in_the_same_way_is_taken_away() -> None:
    mine = [change("environment", "A", None, "1"), change("environment", "B", None, "2"), change("umask", "", 0, 1)]
    others = [change("environment", "A", "x", "1"), change("environment", "B", None, "3")]
    assert without(mine, others) == tuple(mine[1:])


def test_a_change_is_held_against_the_control_of_the_member_that_makes_it() -> None:
    a, b = change("environment", "A", None, "1"), change("environment", "B", None, "1")
    alone = {"one": (a,), "other": (b,)}
    assert [*only_together({"one": (a,), "other": (b,)}, alone)] == []
    assert [*only_together({"one": (a, b), "other": (b,)}, alone)] == [("one", b)]
    assert [*only_together({"one": (a, b)}, alone)] == [], "it has moved to whoever loads the cause of it first"
    assert [*only_together({"one": (change("umask"),)}, alone)] == [("one", change("umask"))]


def test_of_lists_only_own_entries_are_left() -> None:
    mine = [change("warning_filters", "", [5], [8, "a", "b", "c"])]
    assert without(mine, [change("warning_filters", "", [5], [8, "a", "b", "c"])]) == ()
    assert without(mine, [change("warning_filters", "", [4], [6, "a", "b"])]) == (
        change("warning_filters", "", [5], [8, "c"]),
    )
    assert without(mine, [change("warning_filters", "", [4], [9, "a", "b", "c", "d"])]) == ()
    threads = change("threads", "", [1], [4, "python3", "python3", "python3"])
    assert without([threads], [change("threads", "", [1], [2, "python3"])]) == (
        change("threads", "", [1], [4, "python3", "python3"]),
    )


@pytest.mark.parametrize(
    ("changed", "kind", "words"),
    [
        (
            change("denormals_in_threads", "", "kept", "flushed"),
            Kind.FLOATING_POINT,
            "'x' makes the processor treat numbers close to zero (denormals) as zero in threads that are started later",
        ),
        (
            change("threads", "", [1], [5, "a", "a", "b", "c"]),
            Kind.THREADS,
            "'x' starts threads when it is loaded: 1 before, 5 ('a', 'a', 'b', ...) after",
        ),
        (change("dlopen_flags", "", 2, 258), Kind.PROCESS_STATE, "RTLD_NOW before, RTLD_NOW with RTLD_GLOBAL after"),
        (change("gil", "", False, True), Kind.PROCESS_STATE, "off before, on after"),
        (
            change("executable_stack", "", False, True),
            Kind.PROCESS_STATE,
            "(glibc 2.41 and newer refuse that) when it is loaded: not executable before, executable after",
        ),
        (
            change("news", "", [], ["a", "b"]),
            Kind.PROCESS_STATE,
            "changes 'news' of the process when it is loaded: nothing",
        ),
        (change("environment", "A\x1b[1m", {"a": 1}, "b"), Kind.PROCESS_STATE, "variable 'A[1m' when"),
    ],
)
def test_a_change_is_told_with_before_and_after(changed: Change, kind: Kind, words: str) -> None:
    (evidence,) = drift_evidence("'x'", [changed])
    assert evidence.kind is kind
    assert words in evidence.words


def test_one_cause_is_told_once() -> None:
    both = [change("rounding", "", "nearest", "up"), change("rounding_in_threads", "", "nearest", "up")]
    (evidence,) = drift_evidence("'x'", both)
    assert "for the whole process" in evidence.words


def test_many_changes_of_a_kind_are_counted() -> None:
    many = [change("environment", f"V{number:02}", None, "1") for number in range(30)]
    evidence = drift_evidence("'x'", many)
    assert len(evidence) == 7
    assert evidence[-1].words == "'x' makes 24 more changes of the kind 'environment' when it is loaded"


def test_every_meaning_can_be_told() -> None:
    for key in MEANINGS:
        (evidence,) = drift_evidence("'x'", [change(key, "PART", "a", "b")])
        assert evidence.words.startswith("'x' ")
        assert "{" not in evidence.words


@pytest.mark.parametrize(("noise", "count"), [("", 0), (" \n", 0), ("hello\x1b\nyou", 1)])
def test_output_is_quoted_in_one_line(noise: str, count: int) -> None:
    found = noise_evidence("'x'", noise)
    assert len(found) == count
    assert all("'hello you'" in evidence.words for evidence in found)
