"""Text from wheels and benches as one line that cannot steer a terminal. ``report.escape`` is for other formats."""

import re
import unicodedata

REASON = 300  # characters of a reason
COMMAND = re.compile(r"^([^\S\n]*):(?=:)|##(?=\[)", re.MULTILINE)  # of GitHub Actions, in the log of a step
WORDS = 2000  # characters of one text kept as a fact


def plain(text: str) -> str:
    """Return one line without control, format and private characters, so that no text can steer a terminal."""
    words = " ".join(text.split())
    if words.isprintable():  # which most texts are: no character of those categories is
        return words
    shown = "".join(character for character in words if not unicodedata.category(character).startswith("C"))
    return " ".join(shown.split())


def logged(text: str) -> str:
    """Return lines in which no CI system finds a command: what a wheel said may begin one of them after wrapping.

    GitHub Actions carries out ``::name::`` at the start of a line, and ``##[name]`` anywhere in it.
    """
    return COMMAND.sub(lambda match: f"{match[0]} ", text)


def short(text: object, length: int = REASON) -> str:
    """Return text as one line for a table, of so many characters at the most."""
    line = plain(str(text))
    return line if len(line) <= length else line[: length - 3].rstrip() + "..."


def tail(text: object) -> str:
    """Return the end of a text with its lines, without other control characters."""
    words = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in str(text or ""))
    return words.encode("utf-8", "replace").decode("utf-8")[-WORDS:]
