"""``history``: what earlier runs saw, kept in one file: trends, and import and export as results files."""

import argparse
import sys
from pathlib import Path

import msgspec

from ..errors import UsageError
from ..history import store
from ..history.keeping import source, told
from ..history.trends import trends
from ..options import read_settings
from ..printable import logged
from ..report import trend_text
from ..results import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions and their options."""
    parser.add_argument("--project", metavar="GLOB", default="*", help="only projects, and orders with such a project")
    parser.add_argument("--distro", metavar="GLOB", default="*", help="only distros")
    parser.add_argument("--check", metavar="GLOB", default="*", help="only checks")
    parser.add_argument("--all", action="store_true", help="also what has always been good")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_history_option(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", help="without one: the trend of each question")
    taking = actions.add_parser("import", help="add runs; what is there already stays as it is")
    taking.add_argument("names", metavar="RUN", nargs="+", help="a run's folder, its id, 'latest', or a results file")
    taking.add_argument("--out", metavar="DIR", default="runs", help="where runs are kept (default: runs)")
    giving = actions.add_parser("export", help="write runs as lines of a results file to the standard output")
    giving.add_argument("names", metavar="RUN", nargs="*", help="runs of the history (default: all)")
    listing = actions.add_parser("runs", help="list the runs")
    for action in (taking, giving, listing):
        add_history_option(action, default=argparse.SUPPRESS)  # it may stand before the action too


def add_history_option(parser: argparse.ArgumentParser, default: str = "") -> None:
    """Add the option that names the file."""
    parser.add_argument(
        "--history", metavar="FILE", default=default, help="the history (default: as [tool.manylinux-lab] says)"
    )


def history_file(said: str) -> str:
    """Return the history that the command line or the settings name, or an empty text."""
    return said or str(read_settings(Path.cwd()).get("history", ""))


def execute(arguments: argparse.Namespace) -> int:
    """Do what the action says."""
    named = history_file(arguments.history)
    if not named:
        raise UsageError("Name the history: --history FILE, or 'history' in [tool.manylinux-lab].")
    path = Path(named)
    actions = {"import": _import, "export": _export, "runs": _runs, None: _trends}
    actions[arguments.action](path, arguments)
    return ExitCode.KEPT


def _trends(path: Path, arguments: argparse.Namespace) -> None:
    bench = arguments.distro if arguments.distro == "*" else f"{arguments.distro}:*"
    seen = store.points(path, bench=bench, check=arguments.check, project=arguments.project)
    shown, calm = [], 0
    for trend in trends(seen):
        if arguments.all or not trend.is_calm:
            shown.append(trend)
        else:
            calm += 1
    if arguments.json:
        sys.stdout.write(trend_text.as_json(shown))
    else:
        print(logged(trend_text.as_text(shown, calm=calm)))


def _import(path: Path, arguments: argparse.Namespace) -> None:
    for name in arguments.names:
        lines, named = source(name, arguments.out)
        found = [store.add(path, run, results) for run, results in named]
        for added in filter(None, found):
            print(told(added))
        if lines.note:
            print(f"'{name}': {lines.note}.")
        if not any(found):
            print(f"'{name}' has no results yet.")


def _export(path: Path, arguments: argparse.Namespace) -> None:
    known = {run.name for run in store.runs(path)}
    for name in arguments.names:
        if name not in known:
            raise UsageError(f"The history '{path}' has no run '{name}'; 'manylinux-lab history runs' lists them.")
    encoder = msgspec.json.Encoder()
    for name in arguments.names or [run.name for run in store.runs(path)]:
        for result in store.lines_of(path, name):
            sys.stdout.buffer.write(encoder.encode(result) + b"\n")


def _runs(path: Path, arguments: argparse.Namespace) -> None:  # noqa: ARG001 - the actions share one form
    for run in store.runs(path):
        print(f"{run.name}  {run.begun}  {run.cells} cells  manylinux-lab {run.lab}")
