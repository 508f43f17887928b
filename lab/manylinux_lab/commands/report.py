"""``report``: the reports of a run again, from its ``plan.json`` and ``results.jsonl`` alone."""

import argparse
import shutil

from ..report import in_plan_order, terminal, write_reports
from ..results import ExitCode
from ..runs import find_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the run."""
    parser.add_argument("run", metavar="RUN", help="a run's folder, its id, or 'latest'")
    parser.add_argument("--out", metavar="DIR", default="runs", help="where runs are kept (default: runs)")


def execute(arguments: argparse.Namespace) -> int:
    """Print the summary and write the reports."""
    folder = find_folder(arguments.run, arguments.out)
    run = folder.read()
    results = in_plan_order(run, folder.results())
    finished = {result.cell for result in results}
    missing = sum(cell.id not in finished for cell in run.plan.cells)
    seconds = sum(result.seconds for result in results)
    print(terminal.summary(run, results, width=shutil.get_terminal_size().columns, seconds=seconds, missing=missing))
    for path in write_reports(folder, run, results):
        print(f"Report: {path}")
    return ExitCode.KEPT
