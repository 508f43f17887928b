"""Reduces an order of wheels that fails to a smallest one that still does: delta debugging (A. Zeller, 1999). Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

RUNS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Shrunk:
    """The smallest order found. ``is_smallest`` is False where the runs were used up before that was certain."""

    order: tuple[str, ...]
    runs: int
    is_smallest: bool


class _OutOfRunsError(Exception):
    """The bound on runs was reached."""


def shrink(
    order: Sequence[str], fails: Callable[[tuple[str, ...]], bool], *, must: str = "", runs: int = RUNS
) -> Shrunk:
    """Return a smallest part of ``order``, in the same order, for which ``fails`` is true, as it is for the whole.

    ``fails`` starts a process each time; none of its answers is asked for twice. It is not asked for one member alone,
    which is the control and works, nor for a part without ``must``, the member that shows the failure. Smallest means
    that it no longer fails without any one of its members.
    """
    known: dict[tuple[str, ...], bool] = {}

    def ask(part: tuple[str, ...]) -> bool:
        if len(part) < 2 or (must and must not in part):
            return False
        if part not in known:
            if len(known) >= runs:
                raise _OutOfRunsError
            known[part] = fails(part)
        return known[part]

    best = tuple(order)
    pieces = 2
    try:
        while len(best) > 1:
            smaller = _smaller(best, pieces, ask)
            if smaller is not None:
                pieces = 2 if len(smaller) <= len(best) // 2 else max(pieces - 1, 2)
                best = smaller
            elif pieces < len(best):
                pieces = min(2 * pieces, len(best))
            else:
                break
    except _OutOfRunsError:
        failing = [part for part, answer in known.items() if answer]
        return Shrunk(order=min([best, *failing], key=len), runs=len(known), is_smallest=False)
    return Shrunk(order=best, runs=len(known), is_smallest=True)


def _smaller(order: tuple[str, ...], pieces: int, fails: Callable[[tuple[str, ...]], bool]) -> tuple[str, ...] | None:
    """Return the first of the pieces that fails by itself, or else the order without one of them that still fails."""
    cuts = [round(number * len(order) / pieces) for number in range(pieces + 1)]
    spans = [(start, end) for start, end in pairwise(cuts) if start < end]
    parts = [order[start:end] for start, end in spans]
    if pieces > 2:
        parts += [order[:start] + order[end:] for start, end in spans]
    return next((part for part in parts if part and len(part) < len(order) and fails(part)), None)


def enough_words(found: Shrunk, number: int) -> str:
    """Return how few of a number of members it takes, as the end of a sentence."""
    if not found.is_smallest:
        return (
            f"{len(found.order)} of the {number} are enough, perhaps fewer (the search ended after {found.runs} tries)"
        )
    return f"these {len(found.order)} of the {number} are enough" if len(found.order) < number else ""
