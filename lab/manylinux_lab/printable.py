"""Text from wheels and benches as one line that cannot steer a terminal. ``report.escape`` is for other formats."""

import unicodedata


def plain(text: str) -> str:
    """Return one line without control, format and private characters, so that no text can steer a terminal."""
    words = " ".join(text.split())
    if words.isprintable():  # which most texts are: no character of those categories is
        return words
    shown = "".join(character for character in words if not unicodedata.category(character).startswith("C"))
    return " ".join(shown.split())
