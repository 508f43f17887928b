"""``compare``: what changed from one run to another, why, and whether that should stop a release."""

import argparse
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError, nearest
from ..history import store
from ..history.again import TIMES, repeated
from ..history.changes import Change, changes
from ..report.comparison import as_json, as_markdown, as_text
from ..results import ExitCode, Result, read_results
from ..runs import RunFolder, find_folder
from .history import add_history_option, history_file

WORDS = tuple(change.value.replace(" ", "-") for change in Change)


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One of the two runs; without a folder, only its results are known."""

    name: str
    results: tuple[Result, ...]
    folder: RunFolder | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the two runs and what to say of them."""
    what = "a run's folder, its id, 'latest', a results file, or a run in the history"
    parser.add_argument("old", metavar="OLD", help=what)
    parser.add_argument("new", metavar="NEW", help="the same")
    parser.add_argument("--out", metavar="DIR", default="runs", help="where runs are kept (default: runs)")
    add_history_option(parser)
    parser.add_argument(
        "--repeat",
        metavar="N",
        type=int,
        default=TIMES,
        help=f"ask a cell that changed without a cause again, at most so many times (default: {TIMES}; 0: do not)",
    )
    parser.add_argument(
        "--fail-on",
        metavar="CHANGES",
        default="",
        help=f"exit code 1 where there are such changes, separated by commas: {', '.join(WORDS)}",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--markdown", action="store_true", help="print a Markdown page")


def execute(arguments: argparse.Namespace) -> int:
    """Compare, print, and return the exit code."""
    stopping = _stopping(arguments.fail_on)
    if arguments.repeat < 0:
        raise UsageError(f"The option --repeat takes a number from 0 up, not {arguments.repeat}.")
    history = history_file(arguments.history)
    old, new = (_side(name, arguments.out, history) for name in (arguments.old, arguments.new))
    compared = repeated(changes(old.results, new.results), new.folder, arguments.repeat)
    if arguments.json:
        text = as_json(old.name, new.name, compared)
    elif arguments.markdown:
        text = as_markdown(old.name, new.name, compared)
    else:
        text = as_text(old.name, new.name, compared, shutil.get_terminal_size().columns)
    sys.stdout.write(text)
    stopped = any(changed.change in stopping for changed in compared.changes)
    return ExitCode.WHEEL_FAILED if stopped else ExitCode.KEPT


def _stopping(words: str) -> frozenset[Change]:
    chosen = [word.strip() for word in words.split(",") if word.strip()]
    for word in chosen:
        if word not in WORDS:
            raise UsageError(f"The option --fail-on takes {', '.join(WORDS)}, not '{word}'{nearest(word, WORDS)}.")
    return frozenset(change for change, word in zip(Change, WORDS, strict=True) if word in chosen)


def _side(name: str, out: str, history: str) -> Side:
    """Return a run by its folder, id, results file or name in the history.

    Raises:
        UsageError: there is none.
    """
    if Path(name).is_file():
        return Side(name=name, results=read_results(Path(name)))
    try:
        folder = find_folder(name, out)
    except UsageError as error:
        if not history or name not in {run.name for run in store.runs(Path(history))}:
            where = f" Nor is it in the history '{history}'." if history else ""
            raise UsageError(f"{error}{where}") from None
        return Side(name=name, results=store.results_of(Path(history), name))
    return Side(name=folder.path.name, results=folder.results(), folder=folder)
