"""Texts that come many times, each kept once and named by its number."""

from collections.abc import Iterable


class Vocabulary:
    """Texts and their numbers, in the order in which they were met."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._numbers = {text: number for number, text in enumerate(dict.fromkeys(known))}

    def number(self, text: str) -> int:
        """Return the number of a text, a new one if it is met for the first time."""
        return self._numbers.setdefault(text, len(self._numbers))

    @property
    def texts(self) -> tuple[str, ...]:
        """All texts, each at its number."""
        return tuple(self._numbers)
