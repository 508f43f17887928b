"""The block for a page of documentation: matrix, legend and what is broken, without name, time and size of the run.

So it changes only when something changed that a reader of the page would want to know.
"""

from collections.abc import Callable, Mapping, Sequence

import jinja2

from ..judge import How, Verdict
from ..results import Result
from ..runs import Run
from . import markdown, rst
from .matrix import LEGEND
from .model import Report, ReportCell, report_of
from .templates import fill

TEMPLATES: Mapping[str, tuple[str, Callable[[str], jinja2.Environment]]] = {
    "markdown": ("block.md.j2", markdown.templates_of),
    "rst": ("block.rst.j2", rst.templates_of),
}


def render(name: str, run: Run, results: Sequence[Result]) -> str:
    """Return the block in the format ``name``, ``markdown`` or ``rst``. Same results, same text."""
    template, templates_of = TEMPLATES[name]
    report = report_of(run, results)
    values = {"report": report, "matrix": report.matrix, "legend": LEGEND, "broken": broken(report)}
    return fill(templates_of(run.options.templates), template, values)


def broken(report: Report) -> tuple[tuple[str, str, str], ...]:
    """Return wheel, place and reason of every broken promise; predictions once for all places that they hold for."""
    seen = [cell for cell in report.cells if cell.verdict is Verdict.FAIL and cell.how is How.OBSERVED]
    foretold = [one for one in report.predictions if one.verdict is Verdict.FAIL]
    return (
        *((_wheel(cell), cell.bench, cell.reason) for cell in seen),
        *((one.subject, ", ".join(one.benches), f"{one.reason} (predicted)") for one in foretold),
    )


def _wheel(cell: ReportCell) -> str:
    return f"{cell.project} {cell.version}" if cell.version else cell.subject
