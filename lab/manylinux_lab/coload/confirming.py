"""Whether a deviation is real: it is repeated in fresh processes before a wheel is blamed. Pure, but for its callbacks.

A process that forked off one with threads can misbehave for that reason alone, and what happens once may not happen
again. So nothing that was seen in a forked process, and nothing that was seen once, is reported as a plain failure.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from .comparison import Comparison
from .deviation import Deviation

REPEATS = 3


class Certainty(Enum):
    """How often a deviation was there in fresh processes."""

    NONE = "none"
    ALWAYS = "always"
    SOMETIMES = "sometimes"
    ONLY_FORKED = "only forked"


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirmed:
    """What is to be told: one process that shows it, its deviations, how certain they are and how often they came."""

    comparison: Comparison
    deviations: tuple[Deviation, ...] = ()
    certainty: Certainty = Certainty.NONE
    rate: str = ""


def confirm(first: Comparison, again: Callable[[], Comparison], fork_deviates: Callable[[], bool]) -> Confirmed:
    """Return what stays of a comparison after repetition in fresh processes.

    Args:
        again: compares another fresh process.
        fork_deviates: whether it is the fork: the first member differs from itself in one, or the company does again.
    """
    if first.is_quiet:
        return Confirmed(comparison=first)
    fresh = [] if first.seen.warm else [first]
    while len(fresh) < (REPEATS if any(one.deviations for one in (first, *fresh)) else 1):
        fresh.append(again())
    deviating = [one for one in fresh if one.deviations]
    if deviating:
        return _repeated(deviating, len(fresh))
    if not first.deviations:
        return Confirmed(comparison=fresh[0])
    if fork_deviates():
        certainty, rate = Certainty.ONLY_FORKED, f"0 of {len(fresh)}"
    else:
        certainty, rate = Certainty.SOMETIMES, f"1 of {len(fresh) + 1}"
    return Confirmed(comparison=fresh[0], deviations=first.deviations, certainty=certainty, rate=rate)


def _repeated(deviating: Sequence[Comparison], number: int) -> Confirmed:
    """Return what fresh processes show most often: different trouble each time is no repetition."""
    counts = Counter(key for one in deviating for key in {deviation.key for deviation in one.deviations})
    most = max(counts.values())
    told = next(one for one in deviating if any(counts[deviation.key] == most for deviation in one.deviations))
    return Confirmed(
        comparison=told,
        deviations=tuple(deviation for deviation in told.deviations if counts[deviation.key] == most),
        certainty=Certainty.ALWAYS if most == number else Certainty.SOMETIMES,
        rate=f"{most} of {number}",
    )
