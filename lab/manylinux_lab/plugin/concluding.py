"""The end of a run that has nothing left to ask on a bench: what the plan knows is written down, and reports are made.

It does what the recorder does at the end of pytest, without starting pytest.
"""

import shutil
import time

from ..history.keeping import keep
from ..report import in_plan_order, terminal, write_reports
from ..results import ResultsWriter, exit_code
from ..runs import RunFolder
from .stand import Stand, make_result


def conclude(folder: RunFolder) -> int:
    """Write the results that need no bench, print the summary, make the reports, and return the exit code."""
    started = time.monotonic()
    stand = Stand(folder=folder)
    with ResultsWriter(folder.results_file) as writer:
        for cell in stand.planned.to_run():
            if cell.finding is not None:
                writer.write(make_result(stand, cell, cell.finding, seconds=0.0))
    run, seen = folder.seen(stand.run)
    results = in_plan_order(run, seen)
    width = shutil.get_terminal_size((120, 40)).columns
    seconds = time.monotonic() - started
    print(terminal.summary(run, results, width=width, seconds=seconds, missing=0))
    for path in write_reports(folder, run, results):
        print(f"Report: {path}")
    print(terminal.page_line(folder.typed))
    if history := run.options.history:
        print(keep(history, folder))
    return exit_code(results)
