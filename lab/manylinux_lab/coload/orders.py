"""In which orders wheels are loaded: pairs, triples, covering sets, random orders. Pure and lazy."""

from collections.abc import Iterator, Sequence
from itertools import islice, permutations
from math import factorial
from random import Random
from typing import TypeVar

Member = TypeVar("Member")


def pairs(given: Sequence[Member], others: Sequence[Member] = ()) -> Iterator[tuple[Member, Member]]:
    """Yield every ordered pair of ``given``, and each of ``given`` with each of ``others`` in both orders.

    Pairs with the same first member are adjacent.
    """
    for position, first in enumerate(given):
        for second in (*given[:position], *given[position + 1 :], *others):
            yield first, second
    for first in others:
        for second in given:
            yield first, second


def triples(given: Sequence[Member]) -> Iterator[tuple[Member, ...]]:
    """Yield every ordered triple; those with the same first member are adjacent."""
    yield from permutations(given, 3)


def covering(given: Sequence[Member]) -> Iterator[tuple[Member, ...]]:
    """Yield orders of all members in which every ordered pair occurs as neighbours: n orders, n + 1 where n is odd.

    For an even n they are the rows of a row-complete Latin square (E. J. Williams, 1949): each ordered pair occurs
    once, so no smaller set covers. For an odd n they are the rows for n + 1 with the surplus member struck out, which
    takes no pair of the others apart.
    """
    number = len(given)
    size = number + number % 2
    zigzag = [step // 2 if step % 2 == 0 else size - 1 - step // 2 for step in range(size)]
    for shift in range(size if number > 1 else number):
        places = ((place + shift) % size for place in zigzag)
        yield tuple(given[place] for place in places if place < number)


def shuffled(given: Sequence[Member], seed: int) -> Iterator[tuple[Member, ...]]:
    """Yield orders of all members at random, none twice and none of ``covering``, until there are no more."""
    number = len(given)
    seen = set(covering(range(number)))
    random = Random(seed)  # noqa: S311 - orders, no secrets
    possible = factorial(number) if number else 0
    while len(seen) < possible:
        order = tuple(random.sample(range(number), number))
        if order not in seen:
            seen.add(order)
            yield tuple(given[place] for place in order)


def orders(given: Sequence[Member], number: int, seed: int) -> Iterator[tuple[Member, ...]]:
    """Yield the covering orders, then ``number`` random ones."""
    yield from covering(given)
    yield from islice(shuffled(given, seed), number)
