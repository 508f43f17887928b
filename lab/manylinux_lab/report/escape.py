"""Text from wheels and benches made harmless for the format it goes to: they may name themselves as they like."""

import re

from ..printable import plain as plain  # for all formats

SPECIAL = re.compile(r"[\\`*\[\]|~<>&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
LINE_START = re.compile(r"^(?:[#=]|[-+](?=\s)|\d+(?=[.)]\s))")
ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "|": "&#124;"}


def markdown(text: str) -> str:
    """Return text that Markdown shows as it is: its own characters, HTML and table bars are escaped."""
    line = SPECIAL.sub(lambda match: ENTITIES.get(match[0], f"\\{match[0]}"), plain(text))
    return LINE_START.sub(_harmless, line)


def _harmless(match: re.Match[str]) -> str:
    """Keep the start of a line from making a heading or a list."""
    return f"&#{ord(match[0][0])};{match[0][1:]}"


def code(text: str) -> str:
    """Return text as a Markdown code span; backticks inside become quotes and a table bar its escape."""
    words = plain(text).replace("`", "'").replace("|", "\\|")
    return f"`{words}`" if words else ""
