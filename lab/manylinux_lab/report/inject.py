"""Replaces the block between two markers in a page of documentation. Pure: ``commands/report.py`` reads and writes."""

import difflib
from dataclasses import dataclass
from pathlib import PurePath

from ..errors import UsageError
from .escape import plain

BYTE_ORDER_MARK = "\ufeff"
DIFF_LINES = 20
DIFF_WIDTH = 200  # characters of a line


@dataclass(frozen=True, kw_only=True, slots=True)
class Markup:
    """What a page is written in: the ``format`` of its block, and the lines around it, which readers do not see."""

    format: str
    begin: str
    end: str


MARKDOWN = Markup(format="markdown", begin="<!-- manylinux-lab: begin -->", end="<!-- manylinux-lab: end -->")
RST = Markup(format="rst", begin=".. manylinux-lab: begin", end=".. manylinux-lab: end")
MARKUPS = {".md": MARKDOWN, ".markdown": MARKDOWN, ".rst": RST}


def markup_of(name: str) -> Markup:
    """Return the markup of a page by its name.

    Raises:
        UsageError: the name says neither.
    """
    markup = MARKUPS.get(PurePath(name).suffix.lower())
    if markup is None:
        raise UsageError(f"The file '{name}' is neither Markdown nor reStructuredText by its name: .md or .rst.")
    return markup


def injected(name: str, text: str, block: str) -> str:
    """Return the page with the block between its markers, indented as they are and with the page's own line ends.

    A byte order mark stays at the start of the page, also before a marker.

    Raises:
        UsageError: the markers are missing, doubled or in the wrong order.
    """
    mark = BYTE_ORDER_MARK if text.startswith(BYTE_ORDER_MARK) else ""
    lines = text.removeprefix(mark).split("\n")
    first, last = _places(name, [line.strip() for line in lines], markup_of(name))
    indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
    ending = "\r" if lines[first].endswith("\r") else ""
    inside = ["", *block.strip("\n").split("\n"), ""]
    new = [f"{indent}{line}".rstrip() + ending for line in inside]
    return mark + "\n".join([*lines[: first + 1], *new, *lines[last:]])


def _places(name: str, lines: list[str], markup: Markup) -> tuple[int, int]:
    begins, ends = ([place for place, line in enumerate(lines) if line == word] for word in (markup.begin, markup.end))
    for word, places in ((markup.begin, begins), (markup.end, ends)):
        if not places:
            raise UsageError(
                f"The file '{name}' has no line '{word}'; the block comes between '{markup.begin}' and '{markup.end}'."
            )
        if len(places) > 1:
            numbers = " and ".join(str(place + 1) for place in places[:2])
            raise UsageError(f"The file '{name}' has '{word}' more than once, in lines {numbers}; keep one.")
    if ends[0] < begins[0]:
        raise UsageError(f"The file '{name}' has '{markup.end}' in line {ends[0] + 1}, before the line that begins it.")
    return begins[0], ends[0]


def difference(name: str, old: str, new: str) -> str:
    """Return what would change, as a diff that no text can steer a terminal with, and that a terminal has room for.

    It has at most ``DIFF_LINES`` lines of ``DIFF_WIDTH`` characters, and says how much there is besides.
    """
    lines = [*difflib.unified_diff(old.splitlines(), new.splitlines(), name, f"{name} (renewed)", n=0, lineterm="")]
    shown = [line[:1] + plain(line[1:]) if line[:1] in "+- " else plain(line) for line in lines[:DIFF_LINES]]
    more = [f"... and {len(lines) - DIFF_LINES} more lines"] if len(lines) > DIFF_LINES else []
    return "\n".join([*map(_cut, shown), *more])


def _cut(line: str) -> str:
    more = len(line) - DIFF_WIDTH
    return f"{line[:DIFF_WIDTH]} ... and {more} more characters" if more > 0 else line
