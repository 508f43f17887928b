"""``report.rst``: the run as a page in reStructuredText, from the template in ``reports/``.

Tables are ``list-table`` directives: they hold text of any width, which tables drawn with lines do not.
"""

import unicodedata
from collections.abc import Iterator, Sequence

import jinja2

from ..results import Result
from ..runs import Run
from . import escape
from .columns import PAGE, blocks, in_browser
from .matrix import Matrix
from .templates import Safe, environment, fill
from .text_page import values


def render(run: Run, results: Sequence[Result]) -> str:
    """Return the page. Same results, same text."""
    return fill(templates_of(run.options.templates), "report.rst.j2", values(run, results))


def templates_of(folder: str) -> jinja2.Environment:
    """Return what renders templates as reStructuredText; those in ``folder`` come first."""
    made = environment(folder, escape.rst)
    made.filters["as_table"] = lambda content, may_turn=False: Safe(table(content, may_turn=may_turn))
    made.filters["rows_as_table"] = lambda rows: Safe(_list_table(rows, stubs=0))
    made.filters["code"] = lambda text: Safe(escape.rst_code(str(text)))
    made.filters["title"] = lambda text, line, before="": Safe(title(before + _escaped(text), line))
    return made


def table(content: Matrix, *, may_turn: bool = False) -> str:
    """Return the matrix as a table whose first row and column are headings; several where one would be too wide."""
    return "\n\n".join(_table(block) for block in blocks(content, PAGE, in_browser, may_turn=may_turn))


def _table(content: Matrix) -> str:
    rows = [["", *content.columns], *([row, *words] for row, words in zip(content.rows, content.words, strict=True))]
    return _list_table(rows, stubs=1)


def _list_table(rows: Sequence[Sequence[object]], *, stubs: int) -> str:
    """Return the rows, of which the first is a heading; the directive wants one more."""
    return "\n".join(_table_lines(rows, stubs)) if len(rows) > 1 else "None."


def _table_lines(rows: Sequence[Sequence[object]], stubs: int) -> Iterator[str]:
    yield ".. list-table::"
    yield "   :header-rows: 1"
    yield from ([f"   :stub-columns: {stubs}"] if stubs else [])
    yield ""
    for row in rows:
        for position, value in enumerate(row):
            yield f"{'     -' if position else '   * -'} {_escaped(value)}".rstrip()


def _escaped(value: object) -> str:
    return value if isinstance(value, Safe) else escape.rst(str(value))


def title(text: str, line: str) -> str:
    """Return a heading that is already escaped, underlined with the character ``line`` as far as it reaches."""
    width = sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
    return f"{text}\n{line * width}"
