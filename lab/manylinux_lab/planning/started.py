"""A run as it starts: its folder with all that is known without a bench, and what is left for one."""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..cells import Cell
from ..errors import EngineError, UsageError
from ..history.cache import taken_over
from ..options import Options
from ..results import Result, ResultsWriter
from ..runs import Run, RunFolder

CELLS_OF_A_WORKER = 50  # a second worker starts a second bench: some cells take as long as that


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """A run that pytest can carry out; ``nothing_to_do`` says why there is none.

    ``is_known`` tells that no cell needs a bench: each was taken over from the history, or the plan has its outcome.
    """

    folder: RunFolder
    workers: int
    suites: tuple[Path, ...]
    nothing_to_do: str = ""
    is_known: bool = False


def written(
    folder: RunFolder, run: Run, taken: Sequence[Result], foreseen: Sequence[Result], suites: tuple[Path, ...]
) -> Started:
    """Write the run folder with what is known without a bench, and the stage where a bench is needed."""
    notes = (*run.plan.notes, *_sources(taken))
    run = replace(run, finished=tuple(result.cell for result in taken), plan=replace(run.plan, notes=notes))
    left = _left(run)
    if left:
        folder.fill_stage(run.plan.files)
    folder.write(run)
    with ResultsWriter(folder.results_file) as writer:
        for result in (*foreseen, *taken):
            writer.write(result)
    return Started(folder=folder, workers=workers(run.options, left), suites=suites, is_known=not left)


def taken_from_history(run: Run) -> tuple[Result, ...]:
    """Return what the history has seen under the same conditions; one that cannot be read stops no run."""
    if not run.options.history or run.options.fresh:
        return ()
    try:
        return taken_over(run, Path(run.options.history))
    except (EngineError, UsageError) as error:
        print(f"Every cell is asked: {error}", file=sys.stderr, flush=True)
        return ()


def _sources(taken: Sequence[Result]) -> Iterator[str]:
    """Yield which results come from which run."""
    counts = Counter((one.cached.run, one.cached.at[:10]) for one in taken if one.cached is not None)
    for (run, day), number in sorted(counts.items()):
        yield f"{number} results are cached from {run}, {day}"


def _left(run: Run) -> tuple[Cell, ...]:
    """Return the cells that need a bench."""
    finished = set(run.finished)
    return tuple(cell for cell in run.plan.cells if cell.id not in finished and cell.finding is None)


def workers(options: Options, cells: Sequence[Cell]) -> int:
    """Return how many workers are worth their start: one for each bench, more where a bench has very many cells."""
    wanted = options.workers or len(os.sched_getaffinity(0))
    return max(1, min(wanted, max(len({cell.bench for cell in cells}), len(cells) // CELLS_OF_A_WORKER)))
