"""Text from wheels and benches made harmless for the format it goes to: they may name themselves as they like."""

import re

from ..printable import plain as plain  # for all formats

SPECIAL = re.compile(r"[\\`*\[\]|~<>&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
LINE_START = re.compile(r"^(?:[#=]|[-+](?=\s)|\d+(?=[.)]\s))")
SAFE = frozenset(" -./,()'")
# Emphasis, literals, substitutions, targets; a word that ends in "_" is a reference, and "scheme:x" or "a@b" a link.
RST_SPECIAL = re.compile(r"[\\`*|@<>\[\]]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?!\s)")
# What begins with a sign or an enumerator is a list, a field, an option, a directive, a doctest or a transition.
RST_START = re.compile(r"[^\w\\]|\(?\w+[.)](?:\s|$)")
RST_RULE = re.compile(r"\\+")  # a line of one sign alone underlines a title, and a backslash is a sign
ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "|": "&#124;"}


def markdown(text: str) -> str:
    """Return text that Markdown shows as it is: its own characters, HTML and table bars are escaped."""
    line = SPECIAL.sub(lambda match: ENTITIES.get(match[0], f"\\{match[0]}"), plain(text))
    return LINE_START.sub(_harmless, line)


def html(text: str) -> str:
    """Return text that HTML shows as it is, also in a Markdown file: no character is left that either would read."""
    return "".join(
        character if character.isalnum() or character in SAFE else f"&#{ord(character)};" for character in plain(text)
    )


def rst(text: str) -> str:
    """Return text that reStructuredText shows as it is, at the start of a block or within a line."""
    line = RST_SPECIAL.sub(lambda match: f"\\{match[0]}", plain(text))
    if RST_RULE.fullmatch(line):
        return f"\\ {line}"  # an escaped space shows nothing
    return f"\\{line}" if RST_START.match(line) else line


def rst_code(text: str) -> str:
    """Return text as an inline literal of reStructuredText; backticks inside become quotes."""
    words = plain(text).replace("`", "'")
    return f"``{words}``" if words else ""


def _harmless(match: re.Match[str]) -> str:
    """Keep the start of a line from making a heading or a list."""
    return f"&#{ord(match[0][0])};{match[0][1:]}"


def code(text: str) -> str:
    """Return text as a Markdown code span; backticks inside become quotes and a table bar its escape."""
    words = plain(text).replace("`", "'").replace("|", "\\|")
    return f"`{words}`" if words else ""
