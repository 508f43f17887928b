"""``badge.svg``: one sentence about a run, such as ``31/31 distros, musl refused``, as a picture without a font."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from ..judge import How, Promise, Verdict
from ..results import Result
from ..runs import Run
from .escape import plain
from .model import Report, ReportCell, report_of

LABEL = "wheels"
GOOD, DOUBTFUL, BAD, IDLE = "#1a7f37", "#9a6700", "#b42318", "#57606a"  # white text on each has a contrast over 4.5:1
KEPT = frozenset({Verdict.PASS, Verdict.WARN})
SIZE = 11  # font size in pixels; a character of a proportional font takes about 0.6 of it, and a space at each end
HEIGHT = 20


def render(run: Run, results: Sequence[Result]) -> str:
    """Return the picture. Same results, same text."""
    message, colour = said(report_of(run, results))
    return _svg(LABEL, message, colour)


def said(report: Report) -> tuple[str, str]:
    """Return the message of a badge and its colour.

    Counted are distros on which a tag must work; those with a kept promise only are in front of the stroke. Predictions
    do not count: a badge says what was seen. A wheel that is accepted where it must be refused is said first.
    """
    seen = [cell for cell in report.cells if cell.how is not How.PREDICTED and cell.distro]
    wanted = _by_distro(seen, Promise.SUPPORTED)
    unwanted = _by_distro(seen, Promise.UNSUPPORTED)
    musl = {bench.distro for bench in report.benches if bench.libc.startswith("musl")} & set(unwanted)
    accepted = [distro for distro, cells in unwanted.items() if any(cell.verdict is Verdict.FAIL for cell in cells)]
    kept = sum(map(_is_kept, wanted.values()))
    counted = [f"{kept}/{len(wanted)} distros"] if wanted else []
    if accepted:
        place = "musl" if musl & set(accepted) else plain(accepted[0])
        return ", ".join([f"accepted on {place}", *counted]), BAD
    refused = ["musl refused"] if musl and all(_is_kept(unwanted[distro]) for distro in musl) else []
    return ", ".join([*counted, *refused]) or "not run", _colour([*wanted.values(), *unwanted.values()])


def _by_distro(cells: Sequence[ReportCell], promise: Promise) -> dict[str, list[ReportCell]]:
    found: dict[str, list[ReportCell]] = {}
    for cell in cells:
        if cell.promise is promise and cell.verdict is not Verdict.SKIP:
            found.setdefault(cell.distro, []).append(cell)
    return found


def _is_kept(cells: Sequence[ReportCell]) -> bool:
    return all(cell.verdict in KEPT for cell in cells)


def _colour(groups: Sequence[Sequence[ReportCell]]) -> str:
    verdicts = {cell.verdict for cells in groups for cell in cells}
    if Verdict.FAIL in verdicts:
        return BAD
    if verdicts <= {None}:
        return IDLE
    return GOOD if verdicts <= KEPT else DOUBTFUL


def _svg(label: str, message: str, colour: str) -> str:
    left, right = _width(label), _width(message)
    title = escape(f"{label}: {message}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{HEIGHT}" role="img" '
        f'aria-label="{title}">\n'
        f"<title>{title}</title>\n"
        f'<rect width="{left}" height="{HEIGHT}" fill="#24292f"/>\n'
        f'<rect x="{left}" width="{right}" height="{HEIGHT}" fill="{colour}"/>\n'
        f'<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="{SIZE}">\n'
        f"{_word(label, 0, left)}{_word(message, left, right)}</g>\n</svg>\n"
    )


def _width(text: str) -> int:
    return round((len(text) + 2) * SIZE * 0.6)


def _word(text: str, start: int, width: int) -> str:
    """Return text that fills its field whichever font draws it."""
    length = round(len(text) * SIZE * 0.6)
    return f'<text x="{start + width / 2:g}" y="14" textLength="{length}">{escape(text)}</text>\n'
