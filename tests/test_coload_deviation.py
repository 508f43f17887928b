"""Tests of deviations that the tests of a whole company leave out, and of how members are called in sentences."""

from collections.abc import Sequence
from typing import Any

import pytest
from company_events import coload, failed, member

from manylinux_lab.coload.deviation import Names, deviations
from manylinux_lab.coload.observation import Observation, read_observation

OK = {"status": "ok", "exception": "", "message": "", "trace": ""}
FAILED = {"status": "exception", "exception": "AssertionError", "message": "", "trace": ""}
NAMES = Names(labels={"a-1": "'a'", "b-1": "'b'"})


def observation(*members: Any, **fields: Any) -> Observation:
    return read_observation([coload(*members, **fields)])[0]


def found(together: Observation, alone: dict[str, Observation] | None = None) -> list[tuple[str, str, str]]:
    controls = {name: observation(member(name, smoke=OK)) for name in NAMES.labels} | (alone or {})
    return [(one.aspect.value, one.member, one.words) for one in deviations(together, controls, NAMES)]


def test_smoke_code_that_fails_only_in_company_is_told() -> None:
    together = observation(member("a-1", smoke=FAILED), member("b-1", smoke=OK))
    words = "The smoke code of 'a' fails in one process with 'b': AssertionError"
    assert found(together) == [("smoke", "a-1", words)]
    assert found(together, {"a-1": observation(member("a-1"))}) == []


@pytest.mark.parametrize(
    ("fork", "words"),
    [
        ({"status": "crash", "signal": 11}, "crashed with SIGSEGV (segmentation fault)"),
        (
            {"status": "crash", "signal": 11, "member": "b-1"},
            "crashed with SIGSEGV (segmentation fault) in the smoke code of 'b'",
        ),
        ({"status": "early-exit", "exit_code": 3}, "ends with exit code 3"),
    ],
)
def test_a_child_that_dies_is_told(fork: dict[str, Any], words: str) -> None:
    together = observation(member("a-1"), member("b-1"), fork=fork)
    ((_, _, said),) = found(together)
    assert said == f"A child that is forked after 'a' and 'b' are loaded {words}"
    assert found(together, {"a-1": observation(member("a-1"), fork={"status": "hang"})}) == []


def test_an_exit_with_a_code_is_told_unless_a_member_does_it_alone() -> None:
    ended = {"status": "exit-crash", "signal": 0, "exit_code": 120}
    together = observation(member("a-1"), member("b-1"), exit=ended)
    words = "'a' and 'b' can be loaded together, but the interpreter then ended with exit code 120 while ending"
    assert found(together) == [("exit", "", words)]
    assert found(together, {"b-1": observation(member("b-1"), exit=ended)}) == []


def test_what_failed_alone_or_was_not_tried_is_no_deviation() -> None:
    items = [failed("b", "OSError", "no"), ["b.more", "not-tried", "", "", "", ""]]
    alone = {"b-1": observation(member("b-1", items=[failed("b", "OSError", "no"), ["b.more", "ok", "", "", "", ""]]))}
    assert found(observation(member("a-1"), member("b-1", items=items)), alone) == []


def test_a_death_of_nobody_in_particular_has_words() -> None:
    together = observation(
        member("a-1"), member("b-1"), status="crash", stage="details", signal=4, last_library="/work/sites/s/y.so"
    )
    words = "The process crashed with SIGILL (illegal instruction: it needs a newer CPU) while being imported"
    assert found(together) == [("load", "", f"{words} (last library of the loader: 'y.so') after 'a' and 'b'")]


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "'0'"), (2, "'0' and '1'"), (4, "'0', '1', '2' and '3'"), (5, "'0', '1', '2' and 2 others")],
)
def test_members_are_enumerated(count: int, words: str) -> None:
    members: Sequence[str] = [str(number) for number in range(count)]
    assert Names(labels={}).listed(members) == words


def test_a_member_comes_after_those_before_it() -> None:
    names = Names(labels={"a": "'a'", "b": "'b'", "c": "'c'"})
    assert [names.before(name) for name in ("a", "b", "c", "?")] == [
        "where 'b' and 'c' are there too",
        "after 'a'",
        "after 'a' and 'b'",
        "after 'a', 'b' and 'c'",
    ]
    assert Names(labels={"a": "'a'"}).before("a") == ""
