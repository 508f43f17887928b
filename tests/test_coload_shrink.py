"""Tests of the reduction of failing orders."""

from itertools import combinations

import pytest

from manylinux_lab.coload.shrink import RUNS, shrink

ORDER = tuple("abcdefghij")


@pytest.mark.parametrize("size", [2, 3, 4])
def test_every_culprit_set_is_found_exactly(size: int) -> None:
    for culprits in combinations(ORDER, size):
        found = shrink(ORDER, lambda part, culprits=culprits: set(culprits) <= set(part), must=culprits[-1])
        assert (found.order, found.is_smallest) == (culprits, True)
        assert found.runs <= RUNS


def test_an_order_that_fails_only_as_a_whole_stays() -> None:
    found = shrink(ORDER[:5], lambda part: len(part) == 5)
    assert (found.order, found.is_smallest) == (ORDER[:5], True)


def test_nothing_is_asked_twice_nor_of_one_alone_nor_without_the_one_that_fails() -> None:
    asked: list[tuple[str, ...]] = []

    def fails(part: tuple[str, ...]) -> bool:
        asked.append(part)
        return {"b", "g", "j"} <= set(part)

    assert shrink(ORDER, fails, must="j").order == ("b", "g", "j")
    assert len(asked) == len(set(asked))
    assert all(len(part) > 1 and "j" in part for part in asked)


def test_the_bound_on_runs_is_kept_and_said() -> None:
    order = tuple(range(64))
    culprits = set(range(0, 64, 3))
    found = shrink(tuple(map(str, order)), lambda part: culprits <= set(map(int, part)), runs=20)
    assert (found.runs, found.is_smallest) == (20, False)
    assert culprits <= set(map(int, found.order))
