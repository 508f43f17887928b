"""``report.md``: the run as a Markdown page, from the template in ``reports/``; everything it shows is escaped."""

from collections.abc import Sequence

import jinja2
from tabulate import tabulate

from ..results import Result
from ..runs import Run
from . import escape
from .columns import PAGE, blocks, in_browser
from .matrix import Matrix
from .templates import Safe, environment, fill
from .text_page import values


def render(run: Run, results: Sequence[Result]) -> str:
    """Return the page. Same results, same text."""
    return fill(templates_of(run.options.templates), "report.md.j2", values(run, results))


def templates_of(folder: str) -> jinja2.Environment:
    """Return what renders templates as Markdown; those in ``folder`` come first."""
    made = environment(folder, escape.markdown)
    made.filters["as_table"] = lambda content, may_turn=False: Safe(table(content, may_turn=may_turn))
    made.filters["code"] = lambda text: Safe(escape.code(str(text)))
    return made


def table(content: Matrix, *, may_turn: bool = False) -> str:
    """Return the matrix as a Markdown table, or as several where one would be too wide for a browser."""
    return "\n\n".join(_table(block) for block in blocks(content, PAGE, in_browser, may_turn=may_turn))


def _table(content: Matrix) -> str:
    body = [
        [escape.markdown(row), *(escape.markdown(word) for word in line)]
        for row, line in zip(content.rows, content.words, strict=True)
    ]
    headers = ["", *(escape.markdown(column) for column in content.columns)]
    return tabulate(body, headers=headers, tablefmt="github", disable_numparse=True)
