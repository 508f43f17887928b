"""Between a run's files and a history: what a run has seen goes in, and its trouble never becomes the run's."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from ..errors import EngineError, UsageError
from ..results import Result, read_lines
from ..runs import RunFolder, find_folder
from .store import Added, add


def keep(history: str, folder: RunFolder) -> str:
    """Add what a run has seen so far to a history and return a sentence about it, also where that is not possible."""
    try:
        added = add(Path(history), folder.path.name, read_lines(folder.results_file))
    except (UsageError, EngineError) as error:
        again = f"manylinux-lab history import {folder.path} --history {history}"
        return f"This run is not in the history yet, and nothing of it is lost. {error} Add it later with '{again}'."
    return "" if added is None else f"History: {history}; {told(added)}"


def told(added: Added) -> str:
    """Return what an import did, in words."""
    words = f"run {added.name}: {added.new} new results, {added.whole} in all"
    if not added.is_renamed:
        return words
    return f"{words}; another run has the id '{added.said}', so this one is kept as '{added.name}'"


def sources(name: str, out: str) -> Iterator[tuple[str, Iterator[Result]]]:
    """Yield the runs that a user names, each with its results: a run's folder, its id, ``latest`` or a results file.

    A file may hold several runs, one after the other, as an export does. Each must be taken before the next.

    Raises:
        UsageError: there is no such run or file, or it cannot be read.
    """
    path = Path(name)
    if not path.is_file():
        folder = find_folder(name, out)
        yield folder.path.name, read_lines(folder.results_file)
        return
    fallback = path.absolute().parent.name if (path.absolute().parent / "plan.json").exists() else path.stem
    for run, lines in groupby(read_lines(path), key=lambda result: result.run):
        yield run or fallback, lines
