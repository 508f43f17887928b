"""Between a run's files and a history: what a run has seen goes in, and its trouble never becomes the run's."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from ..errors import EngineError, UsageError
from ..results import Lines, Result
from ..runs import RunFolder, find_folder
from .store import Added, add


def keep(history: str, folder: RunFolder) -> str:
    """Add what a run has seen so far to a history and return a sentence about it, also where that is not possible."""
    try:
        _, named = _runs_in(folder.results_file)
        added = [add(Path(history), run, lines) for run, lines in named]
    except (UsageError, EngineError) as error:
        again = f"manylinux-lab history import {folder.path} --history {history}"
        return f"This run is not in the history yet, and nothing of it is lost. {error} Add it later with '{again}'."
    return f"History: {history}; {'; '.join(told(one) for one in added if one)}" if any(added) else ""


def told(added: Added) -> str:
    """Return what an import did, in words."""
    words = f"run {added.name}: {added.new} new results, {added.whole} in all"
    if added.is_renamed:
        words += f"; another run has the id '{added.said}', so this one is kept as '{added.name}'"
    if added.is_parted:
        words += (
            f"; {added.elsewhere} that the history has of it are not among these, so the run was gone on with in two "
            "places: both are kept, and of a cell the result that came last counts"
        )
    return words


def source(name: str, out: str) -> tuple[Lines, Iterator[tuple[str, Iterator[Result]]]]:
    """Return what a user names, a run's folder, its id, ``latest`` or a results file: its lines, and the runs in them.

    A file may hold several runs, one after the other, as an export does. Each must be taken before the next; then the
    lines know how many of them could not be read.

    Raises:
        UsageError: there is no such run or file, or it cannot be read.
    """
    path = Path(name)
    return _runs_in(path if path.is_file() else find_folder(name, out).results_file)


def _runs_in(file: Path) -> tuple[Lines, Iterator[tuple[str, Iterator[Result]]]]:
    """Return lines and runs of a results file, by the ids that the results carry, which a new name does not change.

    Results of the first labs carry none; theirs is the name of the run's folder, or of the file.
    """
    folder, lines = file.absolute().parent, Lines(file)
    fallback = folder.name if (folder / "plan.json").exists() else file.stem
    return lines, ((run or fallback, found) for run, found in groupby(lines, key=lambda result: result.run))
