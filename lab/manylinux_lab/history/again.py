"""Asks cells again under the same conditions, in runs of their own below its folder: some are flaky."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ..errors import UsageError
from ..judge import Verdict
from ..results import Result
from ..runs import Run, RunFolder, new_folder
from .changes import Comparison, decided, in_order

TIMES = 5
SECONDS = 3600  # for one round of all cells that changed without a cause


def repeated(compared: Comparison, folder: RunFolder | None, times: int) -> Comparison:
    """Return the comparison after every change that nothing explains was asked again up to ``times`` times.

    ``folder`` is the newer run's, with its plan and the paths of its wheels; None where only its results are known.
    """
    unexplained = [changed for changed in compared.changes if changed.is_unexplained]
    if not unexplained or times < 1:
        return compared
    why = hindrance(compared, folder)
    if folder is None or why:
        told = {id(changed): replace(changed, unrepeated=why) for changed in unexplained}
    else:
        seen = _rounds(folder, [changed.cell for changed in unexplained], times)
        told = {id(changed): decided(changed, seen[changed.cell]) for changed in unexplained}
    return replace(compared, changes=in_order(told.get(id(changed), changed) for changed in compared.changes))


def hindrance(compared: Comparison, folder: RunFolder | None) -> str:
    """Return why what nothing explains cannot be asked again, or an empty text. A history holds no plans."""
    if folder is None:
        return "that takes the folder of the newer run, and only its results are at hand"
    try:
        plan = folder.read().plan
    except UsageError as error:
        return str(error).rstrip(".")
    if not {changed.cell for changed in compared.changes if changed.is_unexplained} <= {cell.id for cell in plan.cells}:
        return "the newer run has not planned it"
    gone = next((path for path in plan.files.values() if not Path(path).is_file()), "")
    return f"the wheel '{gone}' is gone" if gone else ""


def _rounds(folder: RunFolder, cells: Sequence[str], times: int) -> Mapping[str, list[Verdict]]:
    """Return the verdicts of each cell, one for each round that reached it."""
    run = folder.read()
    seen: dict[str, list[Verdict]] = {cell: [] for cell in cells}
    for _ in range(times):
        for result in _round(run, folder, cells):
            if result.cell in seen:
                seen[result.cell].append(result.verdict)
    return seen


def _round(run: Run, folder: RunFolder, cells: Sequence[str]) -> Sequence[Result]:
    wanted = frozenset(cells)
    plan = replace(run.plan, cells=tuple(cell for cell in run.plan.cells if cell.id in wanted))
    return carried_out(replace(run, plan=plan), folder.path / "repeats")


def carried_out(run: Run, below: Path) -> Sequence[Result]:
    """Carry out a planned run in a new folder, as a process of its own, and return what it has seen.

    It keeps nothing in a history: what it asks are not the cells of a run as they were planned.
    """
    again = new_folder(str(below))
    options = replace(run.options, history="", only_failed="", resume="")
    again.write(replace(run, id=again.path.name, options=options, finished=()))
    argv = [sys.executable, "-m", "manylinux_lab", "run", "--resume", str(again.path), "--history", ""]
    with suppress(subprocess.TimeoutExpired):  # what did finish counts
        subprocess.run(argv, capture_output=True, timeout=SECONDS, check=False)
    return again.results()
