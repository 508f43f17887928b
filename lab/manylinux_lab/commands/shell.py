"""``shell``: the bench of a cell, with its wheel installed, on the user's terminal."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from ..cells import HOST, STDLIB, Cell
from ..errors import UsageError, nearest
from ..judge import Promise
from ..plugin.stand import Stand
from ..runs import Run, find_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the cell and the run that planned it."""
    parser.add_argument("cell", metavar="CELL", help="a cell's id, as the report and the plan show it")
    parser.add_argument("--run", metavar="RUN", default="latest", help="the run that planned it (default: the latest)")
    parser.add_argument("--out", metavar="DIR", default="runs", help="where runs are kept (default: runs)")
    parser.add_argument("--command", metavar="WORDS", default="", help="run this instead of an interactive shell")


def execute(arguments: argparse.Namespace) -> int:
    """Open the shell and return its exit code."""
    folder = find_folder(arguments.run, arguments.out)
    run = folder.read()
    cell = as_installed(run, find_cell(run, arguments.cell))
    had_stage = folder.stage.exists()
    folder.fill_stage(_files(run, cell))
    stand = Stand(folder=folder)
    try:
        return _open(stand, cell, arguments.command)
    finally:
        stand.close()
        if not had_stage:
            folder.clear_stage()


def find_cell(run: Run, name: str) -> Cell:
    """Return the planned cell of that id.

    Raises:
        UsageError: the run has no such cell, or it needs no bench.
    """
    cells = {cell.id: cell for cell in run.plan.cells}
    if name not in cells:
        raise UsageError(f"The run '{run.id}' has no cell '{name}'{nearest(name, cells)}.")
    if cells[name].bench == HOST:
        raise UsageError(f"The cell '{name}' has no bench: its file is read on this machine.")
    return cells[name]


def as_installed(run: Run, cell: Cell) -> Cell:
    """Return what to install for a cell: for wheels in one process, the first of them with all of their site."""
    members = next(subject.members for subject in run.plan.subjects if subject.id == cell.subject)
    names = [name for name in members if name != STDLIB]
    if not names or len(cell.sites) != 1:
        return cell
    own = run.plan.rosters[cell.bench][names[0]]
    sha256 = next(subject.sha256 for subject in run.plan.subjects if subject.id == own)
    wheels = next(site.wheels for site in run.plan.sites if site.id in cell.sites)
    return replace(cell, subject=own, dependencies=tuple(wheel for wheel in wheels if wheel != sha256))


def _files(run: Run, cell: Cell) -> dict[str, str]:
    own = next(subject.sha256 for subject in run.plan.subjects if subject.id == cell.subject)
    wanted = {sha256: run.plan.files[sha256] for sha256 in (own, *cell.dependencies) if sha256 in run.plan.files}
    for path in wanted.values():
        if not Path(path).is_file():
            raise UsageError(f"The wheel '{path}' of the cell is gone; run the cell again first.")
    return wanted


def _open(stand: Stand, cell: Cell, command: str) -> int:
    bench = stand.workbench(cell)
    if not stand.planned.subject(cell).sha256:
        site = ""
    elif cell.promise is Promise.SUPPORTED:
        site = bench.install_for_shell(cell, stand.planned.wheel(cell))
    else:
        site = bench.unpack_for_shell(stand.planned.wheel(cell))
    python = bench.bench.interpreter.path
    print(f"{cell.bench}: PYTHONPATH={site}; Python is {python}; leave with 'exit'.", file=sys.stderr)
    words = ["-c", command] if command else ["-i"]
    environment = f"export PYTHONPATH={site}; PATH={site}/bin:{Path(python).parent}:$PATH; " if site else ""
    return bench.interactive(["sh", "-c", f'{environment}exec sh "$@"', "sh", *words])
