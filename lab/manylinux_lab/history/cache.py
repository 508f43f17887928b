"""Results of earlier runs that still hold: what was seen under exactly the same conditions need not be asked again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..cells import HOST, Cell
from ..judge import How, Verdict
from ..results import Cached, Result
from ..runs import Run
from .changes import is_flaky
from .conditions import Circumstances
from .key import key_of
from .store import Sighting, sightings

Key = bytes


def taken_over(run: Run, history: Path) -> tuple[Result, ...]:
    """Return results of earlier runs that stand for planned cells of this one, each with where it comes from.

    Raises:
        EngineError, UsageError: the history cannot be read.
    """
    keys = dict(_keys(run))
    known = sightings(history, keys)
    found = {
        keys[key].id: replace(seen.result, run=run.id, cached=Cached(run=seen.run, at=seen.result.at))
        for key, seen in _steady(known).items()
    }
    return tuple(result for result in found.values() if _stands(result, found))


def _keys(run: Run) -> Iterator[tuple[Key, Cell]]:
    """Yield the keys of the cells that need a bench; what the plan knows already costs nothing to say again."""
    circumstances = Circumstances(run, offline=False)
    images = {bench.id: bench.image.digest for bench in run.plan.benches if bench.image is not None}
    emulated = {bench.id for bench in run.plan.benches if bench.emulated}
    for cell in run.plan.cells:
        if cell.bench != HOST and cell.finding is None and cell.bench in images:
            key = key_of(
                cell=cell.id,
                promise=cell.promise,
                image=images[cell.bench],
                engine=run.engine,
                installer=run.options.installer,
                variant=run.options.variant,
                is_emulated=cell.bench in emulated,
                lab=run.lab,
                conditions=circumstances.of(cell),
            )
            if key is not None:
                yield key, cell


def _steady(known: Mapping[Key, Sequence[Sighting]]) -> dict[Key, Sighting]:
    """Return the latest sighting of each key that was never seen otherwise: what is flaky is asked again."""
    steady = {}
    for key, seen in known.items():
        listed = [one.result for one in seen]
        if len({result.verdict for result in listed}) == 1 and not any(map(is_flaky, listed)):
            steady[key] = seen[-1]
    return steady


def _stands(result: Result, found: Mapping[str, Result]) -> bool:
    """Tell whether a result says something by itself; a skip does so where the failure that it points to stands too."""
    if result.verdict is not Verdict.SKIP:
        return True
    cause = found.get(result.reason.rpartition(" ")[2])
    return cause is not None and cause.verdict is Verdict.FAIL and cause.how is How.OBSERVED
