"""``report.csv``: one line for each cell, for spreadsheets and scripts; no text in it starts a formula."""

import csv
import io
import re
from collections.abc import Sequence
from enum import Enum

from ..results import Result
from ..runs import Run
from .escape import plain
from .model import ReportCell, report_of

COLUMNS = (
    "cell", "distro", "arch", "interpreter", "emulated", "check", "subject", "project", "version", "promise", "word",
    "verdict", "outcome", "how", "grade", "reason", "cause", "advice", "seconds", "repeat", "image", "sha256",
)  # fmt: skip
# What spreadsheets take for a formula, their full-width twins too; a semicolon parts cells in many countries.
FORMULA = re.compile(r"(^|;)([\s\"']*)([=+\-@\uff1d\uff0b\uff0d\uff20])")


def render(run: Run, results: Sequence[Result]) -> str:
    """Return the table as RFC 4180 has it, every value in quotes. Same results, same text."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    writer.writerows([_text(cell, column) for column in COLUMNS] for cell in report_of(run, results).cells)
    return stream.getvalue()


def harmless(text: str) -> str:
    """Return one line in which an apostrophe keeps a spreadsheet from calculating."""
    return FORMULA.sub(r"\1\2'\3", plain(text))


def _text(cell: ReportCell, column: str) -> str:
    value = getattr(cell, column)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, tuple):
        value = " ".join(value)
    return harmless(str(value.value if isinstance(value, Enum) else value))
