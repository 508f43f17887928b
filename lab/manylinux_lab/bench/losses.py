"""The loss of a probe while it runs code of wheels: whose doing it is, told by asking again on fresh benches."""

from collections.abc import Callable

from ..cells import Bench
from ..judge import Outcome, OutcomeKind
from ..signals import KILLS
from .session import ProbeLostError

LOSSES = 3  # fresh benches that a wheel must have cost before it is its doing


def persistent(ask: Callable[[], Outcome], bench: Bench, who: str) -> Outcome:
    """Return what ``ask`` does; a wheel over which the probe is lost each time has killed it.

    Args:
        ask: asks the bench, which is a fresh one after each loss.
        bench: under emulation no wheel is blamed: an emulator may end by itself.
        who: what was run, as the beginning of a sentence.

    Raises:
        ProbeLostError: the probe was lost under emulation.
        EngineError: the lab failed otherwise.
    """
    said = ""
    for _ in range(LOSSES):
        try:
            return ask()
        except ProbeLostError as error:
            if bench.emulated:
                raise
            said = str(error)
    reason = f"{who} {KILLS}, {LOSSES} times of {LOSSES}: a wheel must leave alone what it did not start."
    return Outcome(kind=OutcomeKind.BROKEN, reason=reason, facts={"lost": said})
