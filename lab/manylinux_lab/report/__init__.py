"""Reports of a run, made from its folder alone; a literal dict lists the formats."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from ..results import Result
from ..runs import Run, RunFolder, write_whole
from . import junit, markdown

Format = Callable[[Run, Sequence[Result]], str]

# File name to the function that renders it; docs/reports.md says how to add one.
FORMATS: Mapping[str, Format] = {
    "report.md": markdown.render,
    "junit.xml": junit.render,
}


def in_plan_order(run: Run, results: Iterable[Result]) -> tuple[Result, ...]:
    """Return results in the order of the plan, whatever order they arrived in; those of no planned cell come first."""
    order = {cell.id: position for position, cell in enumerate(run.plan.cells)}
    return tuple(sorted(results, key=lambda result: (order.get(result.cell, -1), result.cell)))


def write_reports(folder: RunFolder, run: Run, results: Sequence[Result]) -> tuple[Path, ...]:
    """Write every report into the run's folder, each whole or not at all, and return their paths.

    Raises:
        OSError: a file cannot be written, as on a full disk.
    """
    paths = []
    for name, render in FORMATS.items():
        path = folder.path / name
        write_whole(path, render(run, results).encode())
        paths.append(path)
    return tuple(paths)
