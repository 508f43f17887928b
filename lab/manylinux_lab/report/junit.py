"""``junit.xml``: one case for each cell, for what reads JUnit reports. Its class is the check, its name the id."""

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import Enum
from functools import lru_cache
from xml.sax.saxutils import escape, quoteattr

from ..judge import Verdict
from ..results import Result
from ..runs import Run
from .escape import plain
from .model import Report, ReportCell, report_of

ELEMENTS = {
    Verdict.FAIL: "failure",
    Verdict.ERROR: "error",
    Verdict.UNKNOWN: "skipped",
    Verdict.SKIP: "skipped",
    None: "skipped",  # planned, and not run
}
WORDS = (
    "bench", "project", "version", "sha256", "image", "emulated", "promise", "outcome", "verdict", "grade", "how",
    "word",
)  # fmt: skip


def render(run: Run, results: Sequence[Result]) -> str:
    """Return the document. Same results, same text."""
    return "\n".join(_lines(report_of(run, results))) + "\n"


def _lines(report: Report) -> Iterator[str]:
    cells = report.cells
    count = Counter(map(_element, cells))
    seconds = sum(cell.seconds for cell in cells)
    numbers = f'tests="{len(cells)}" failures="{count["failure"]}" errors="{count["error"]}"'
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield "<testsuites>"
    yield f'<testsuite name={_value(report.run)} {numbers} skipped="{count["skipped"]}" time="{seconds:.3f}">'
    if report.notes:
        yield f"<properties>{''.join(_property('note', note) for note in report.notes)}</properties>"
    for cell in cells:
        yield from _case(cell)
    yield "</testsuite>"
    yield "</testsuites>"


def _case(cell: ReportCell) -> Iterator[str]:
    yield f'<testcase classname={_value(cell.check)} name={_value(cell.cell)} time="{cell.seconds:.3f}">'
    words = [(name, _text(getattr(cell, name))) for name in WORDS]
    yield f"<properties>{''.join(_property(name, text) for name, text in words if text)}</properties>"
    element = _element(cell)
    if element == "skipped":
        yield f"<skipped message={_value(_why_skipped(cell))}/>"
    elif element:
        text = escape(plain(f"repeat: {cell.repeat}"))
        yield f"<{element} message={_value(cell.reason)}>{text}</{element}>"
    yield "</testcase>"


def _element(cell: ReportCell) -> str | None:
    """Return what a case is marked with, None for one that passed: what was not run did not pass."""
    return ELEMENTS.get(cell.verdict) or ("skipped" if cell.is_predicted else None)


def _why_skipped(cell: ReportCell) -> str:
    if not cell.is_predicted:
        return cell.reason or cell.word
    return f"Not run; {cell.word}{f': {cell.reason}' if cell.reason else ''}"


def _property(name: str, text: str) -> str:
    return f'<property name="{name}" value={_value(text)}/>'


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.value if isinstance(value, Enum) else value or "")


@lru_cache(maxsize=1 << 12)
def _value(text: str) -> str:
    """Return a text as an attribute; thousands of cells share most of theirs."""
    return quoteattr(plain(text))
