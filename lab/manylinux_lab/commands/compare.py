"""``compare``: what changed from one run to another, why, and whether that should stop a release."""

import argparse
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import UsageError, nearest
from ..history import store
from ..history.again import TIMES, hindrance, repeated
from ..history.changes import Change, Changed, Comparison, changes
from ..judge import How, Verdict
from ..report import in_plan_order, page
from ..report.comparison import as_json, as_markdown, as_text
from ..report.escape import plain
from ..results import ExitCode, Lines, Result, latest
from ..runs import RunFolder, find_folder, noted
from .history import add_history_option, history_file
from .report import put

FAILING = "failing"  # no change of its own, but what several of them may hide
WORDS = (*(change.value.replace(" ", "-") for change in Change), FAILING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One of the two runs; without a folder, only its results are known. ``note`` tells of what could not be read."""

    name: str
    results: tuple[Result, ...]
    note: str = ""
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
        help=f"exit code 1 where there are such changes, separated by commas: {', '.join(WORDS)}; failing is each "
        "failure that was not seen in OLD, also where nothing was known there",
    )
    parser.add_argument("--html", metavar="FILE", help="write the page of NEW too, with what changed")
    parser.add_argument(
        "--templates", metavar="DIR", default="", help="a folder with templates that come before the lab's own"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument(
        "--markdown", action="store_true", help="print a Markdown page, at most as long as an issue on GitHub may be"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Compare, print, and return the exit code."""
    stopping = _stopping(arguments.fail_on)
    if arguments.repeat < 0:
        raise UsageError(f"The option --repeat takes a number from 0 up, not {arguments.repeat}.")
    history = history_file(arguments.history)
    old, new = (_side(name, arguments.out, history) for name in (arguments.old, arguments.new))
    if arguments.html and new.folder is None:
        raise UsageError(f"The page shows the plan of the newer run, and '{new.name}' has no folder with one.")
    for side in (old, new):
        if side.note:
            print(f"{side.name}: {side.note}.", file=sys.stderr)
    compared = changes(old.results, new.results)
    if arguments.repeat:
        _say_unexplained(compared, new.folder)
        compared = repeated(compared, new.folder, arguments.repeat)
    sys.stdout.write(_text(arguments, old.name, new.name, compared))
    if arguments.html and new.folder is not None:
        run = noted(new.folder.read(), new.note)
        put(arguments.html, page.render(run, in_plan_order(run, new.results), changes=compared.changes))
    stopped = any(_stops(changed, stopping) for changed in compared.changes)
    return ExitCode.WHEEL_FAILED if stopped else ExitCode.KEPT


def _say_unexplained(compared: Comparison, folder: RunFolder | None) -> None:
    """Say what becomes of the changes that nothing explains, before their cells are asked again: that takes a while."""
    number = sum(changed.is_unexplained for changed in compared.changes)
    if not number:
        return
    why = hindrance(compared, folder)
    then = (
        f"not asked again: {why}. Each one's repeat command asks it by hand." if why else "their cells are asked again."
    )
    print(plain(f"Nothing explains {number} change{'s' * (number > 1)}; {then}"), file=sys.stderr, flush=True)


def _text(arguments: argparse.Namespace, old: str, new: str, compared: Comparison) -> str:
    if arguments.json:
        return as_json(old, new, compared)
    if arguments.markdown:
        return as_markdown(old, new, compared, arguments.templates)
    return as_text(old, new, compared, shutil.get_terminal_size().columns)


def _stops(changed: Changed, stopping: frozenset[str]) -> bool:
    return changed.change.value.replace(" ", "-") in stopping or (FAILING in stopping and _fails_now(changed))


def _fails_now(changed: Changed) -> bool:
    """Whether the newer run saw a failure that the older one did not: it was kept, predicted, unclear or absent."""
    sides = (changed.old, changed.new)
    seen = [side is not None and side.verdict is Verdict.FAIL and side.how is How.OBSERVED for side in sides]
    return seen == [False, True] and changed.change is not Change.FLAKY


def _stopping(words: str) -> frozenset[str]:
    chosen = [word.strip() for word in words.split(",") if word.strip()]
    for word in chosen:
        if word not in WORDS:
            raise UsageError(f"The option --fail-on takes {', '.join(WORDS)}, not '{word}'{nearest(word, WORDS)}.")
    return frozenset(chosen)


def _side(name: str, out: str, history: str) -> Side:
    """Return a run by its folder, id, results file or name in the history.

    Raises:
        UsageError: there is none.
    """
    if Path(name).is_file():
        return _of_file(Path(name))
    try:
        folder = find_folder(name, out)
    except UsageError as error:
        if not history or name not in {run.name for run in store.runs(Path(history))}:
            where = f" Nor is it in the history '{history}'." if history else ""
            raise UsageError(f"{error}{where}") from None
        return Side(name=name, results=store.results_of(Path(history), name))
    if not folder.results_file.exists():
        return Side(name=folder.path.name, results=(), folder=folder)
    return replace(_of_file(folder.results_file), name=folder.path.name)


def _of_file(file: Path) -> Side:
    """Return the run of a results file, with the folder if the file still lies in it."""
    folder, lines = RunFolder(path=file.absolute().parent), Lines(file)
    is_there = folder.results_file == file.absolute() and folder.plan_file.is_file()
    results = latest(lines)
    return Side(name=str(file), results=results, note=lines.note, folder=folder if is_there else None)
