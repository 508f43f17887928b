"""Orders of loading: what each way promises, for any number of wheels."""

from itertools import islice, pairwise, permutations
from math import factorial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manylinux_lab.coload.orders import covering, orders, pairs, shuffled, triples


@given(st.integers(0, 8), st.integers(0, 4))
def test_pairs_are_all_and_each_once_with_others_beside_given_ones_only(given_number: int, others_number: int) -> None:
    wheels, others = range(given_number), range(given_number, given_number + others_number)
    found = list(pairs(wheels, others))
    assert len(found) == len(set(found))
    assert set(found) == {
        (one, other)
        for one in (*wheels, *others)
        for other in (*wheels, *others)
        if one != other and (one in wheels or other in wheels)
    }


@given(st.integers(0, 8), st.integers(0, 4))
def test_pairs_of_one_first_member_are_adjacent(given_number: int, others_number: int) -> None:
    firsts = [pair[0] for pair in pairs(range(given_number), range(100, 100 + others_number))]
    assert sum(one != other for one, other in pairwise(firsts)) == max(0, len(set(firsts)) - 1)


def test_triples() -> None:
    assert list(triples("abc")) == list(permutations("abc"))
    assert len(list(triples("abcde"))) == 60
    assert list(triples("ab")) == []


@given(st.integers(0, 30))
def test_covering_orders_hold_all_wheels_and_every_ordered_pair_as_neighbours(number: int) -> None:
    rows = list(covering(range(number)))
    assert all(sorted(row) == list(range(number)) for row in rows)
    assert {pair for row in rows for pair in pairwise(row)} == set(permutations(range(number), 2))


@given(st.integers(2, 30))
def test_covering_orders_are_distinct_and_as_few_as_the_number_or_one_more(number: int) -> None:
    rows = list(covering(range(number)))
    assert len(set(rows)) == len(rows) == number + number % 2


@settings(deadline=None)
@given(st.integers(0, 6), st.integers(0, 800), st.integers())
def test_random_orders_never_repeat_nor_cover_again_and_end(number: int, wanted: int, seed: int) -> None:
    rows = list(orders(range(number), wanted, seed))
    least = len(list(covering(range(number))))
    assert len(set(rows)) == len(rows)
    assert all(sorted(row) == list(range(number)) for row in rows)
    assert len(rows) == min(least + wanted, factorial(number) if number else 0)


def test_a_seed_repeats_and_another_differs() -> None:
    wheels = [f"wheel{number}" for number in range(20)]

    def first(seed: int) -> list[tuple[str, ...]]:
        return list(islice(shuffled(wheels, seed), 5))

    assert first(1) == first(1)
    assert first(1) != first(2)


@pytest.mark.parametrize(
    "way", [lambda: pairs(range(10**6)), lambda: triples(range(100)), lambda: shuffled("ab" * 99, 1)]
)
def test_orders_are_made_one_by_one(way) -> None:  # type: ignore[no-untyped-def]  # a lambda of the table
    assert len(next(way())) > 1
