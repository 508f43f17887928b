"""What was predicted and not run, told once for all places that it holds for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..judge import How, Verdict
from ..results import Result

TOLD = (Verdict.FAIL, Verdict.WARN, Verdict.UNKNOWN)
NAMED = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A reason with the benches it holds for; ``repeat`` is the command for the first of them."""

    verdict: Verdict
    subject: str
    reason: str
    benches: tuple[str, ...]
    repeat: str

    @property
    def places(self) -> str:
        """The first benches by name, and how many more there are."""
        more = f" and {len(self.benches) - NAMED} more" if len(self.benches) > NAMED else ""
        return ", ".join(self.benches[:NAMED]) + more


def observed(results: Sequence[Result]) -> tuple[Result, ...]:
    """Return the results that were seen on a bench."""
    return tuple(result for result in results if result.how is How.OBSERVED)


def predictions(results: Sequence[Result]) -> tuple[Told, ...]:
    """Return what is predicted and is no kept promise, the failures first."""
    return tuple(_told(results))


def _told(results: Sequence[Result]) -> Iterator[Told]:
    for verdict in TOLD:
        groups: dict[tuple[str, str], list[Result]] = {}
        for result in results:
            if result.how is How.PREDICTED and result.verdict is verdict:
                groups.setdefault((result.subject, result.reason), []).append(result)
        for (subject, reason), found in groups.items():
            benches = tuple(result.bench for result in found)
            yield Told(verdict=verdict, subject=subject, reason=reason, benches=benches, repeat=found[0].repeat)
