"""For GitHub Actions: the step's summary in its Markdown, and annotations as commands in the log.

Both keep within what the runner takes: 1 MiB of summary for a step, ten errors and ten warnings of annotations.
"""

from collections.abc import Iterator, Sequence

from tabulate import tabulate

from ..judge import Verdict
from ..results import Result
from ..runs import Run
from . import escape
from .companies import counts_words
from .markdown import table
from .matrix import LEGEND, counts_sentence
from .model import Report, ReportCell, report_of

SUMMARY_BYTES = 1024 * 1024
TAIL_BYTES = 1000  # kept for the sentence that says what did not fit
ANNOTATIONS = 10
LEVELS = {Verdict.FAIL: "error", Verdict.ERROR: "error", Verdict.UNKNOWN: "warning", Verdict.WARN: "warning"}


def summary(run: Run, results: Sequence[Result]) -> str:
    """Return the step's summary: the matrix, and what needs attention folded away below. Same results, same text."""
    report = report_of(run, results)
    heading = f"## Compatibility of wheels\n\n{escape.markdown(counts_sentence(run, results))}.\n"
    notes = "".join(f"- {escape.markdown(note)}\n" for note in report.notes)
    return _fitting(
        [heading, *([notes] if notes else []), *_tables(report), *(_detail(cell) for cell in _needy(report))]
    )


def _fitting(parts: Sequence[str]) -> str:
    """Return the first parts that the runner takes, and how many are missing."""
    size, kept = 0, []
    for part in parts:
        size += len(part.encode()) + 1
        if size > SUMMARY_BYTES - TAIL_BYTES:
            break
        kept.append(part)
    left = len(parts) - len(kept)
    tail = (
        [f"{left} more tables and cells do not fit into the summary of a step; the reports have them.\n"]
        if left
        else []
    )
    return "\n".join([*kept, *tail])


def _tables(report: Report) -> Iterator[str]:
    if report.matrix.rows:
        yield f"{table(report.matrix, may_turn=True)}\n\n{LEGEND}.\n"
    for bench in report.together:
        yield f"### Loaded together on {escape.code(bench.title)}\n\n{escape.markdown(counts_words(bench))}.\n"
        yield from (f"{table(pairs)}\n" for pairs in bench.matrices)
    reasons = dict.fromkeys((entry.bench, entry.reason) for entry in report.left_out)
    if reasons:
        rows = [[escape.markdown(bench), escape.markdown(reason)] for bench, reason in reasons]
        lines = tabulate(rows, headers=["bench", "reason"], tablefmt="github", disable_numparse=True)
        yield _folded(f"Left out: {len(report.left_out)}", lines)


def _needy(report: Report) -> list[ReportCell]:
    """Return the cells that need attention: what was seen before what is predicted, and of each the worst first."""
    found = [cell for cell in report.cells if cell.verdict in LEVELS]
    return sorted(found, key=lambda cell: (cell.is_predicted, [*LEVELS].index(cell.verdict) if cell.verdict else 0))


def _level(cell: ReportCell) -> str:
    """Return the level of an annotation: what is only predicted is no error."""
    return LEVELS[cell.verdict] if cell.verdict and not cell.is_predicted else "warning"


def _detail(cell: ReportCell) -> str:
    lines = [escape.markdown(line) for line in (cell.reason, cell.cause and f"Likely cause: {cell.cause}") if line]
    lines += [f"Advice: {escape.markdown(advice)}" for advice in cell.advice]
    lines += [f"Repeat: {escape.code(cell.repeat)}"] if cell.repeat else []
    return _folded(f"{cell.word} {cell.cell}", "\n\n".join(lines))


def _folded(title: str, content: str) -> str:
    return f"<details><summary>{escape.html(title)}</summary>\n\n{content}\n\n</details>\n"


def annotations(run: Run, results: Sequence[Result]) -> str:
    """Return a command for each cell that needs attention, what was seen first. Same results, same text."""
    needy = _needy(report_of(run, results))
    lines: list[str] = []
    for level in ("error", "warning"):
        found = [cell for cell in needy if _level(cell) == level]
        shown = found if len(found) <= ANNOTATIONS else found[: ANNOTATIONS - 1]
        lines += [command(level, f"{cell.word} {cell.cell}", cell.reason, f"repeat: {cell.repeat}") for cell in shown]
        if len(shown) < len(found):
            lines.append(command(level, "and more", f"{len(found) - len(shown)} more cells; the reports have them."))
    return "".join(f"{line}\n" for line in lines)


def command(level: str, title: str, *lines: str) -> str:
    """Return a workflow command with a message; no text can end it, add a property or begin another one."""
    words = "\n".join(map(escape.plain, lines))
    return f"::{level} title={_data(escape.plain(title), ':,')}::{_data(words)}"


def _data(text: str, further: str = "") -> str:
    """Return text as the runner reads it back; the percent sign comes first, since it marks what is escaped."""
    for character in f"%\r\n{further}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text
