"""A table of a hand-written TOML file, read with complaints that name the file, the place and the key."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from ..errors import UsageError, nearest


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Part of a TOML document; ``place`` says where in the file it stands, such as ``release '12'``, or is empty.

    Every reader raises ``UsageError`` when the value has the wrong type or an unknown word.
    """

    file: Path
    content: Mapping[str, object]
    place: str = ""

    def complaint(self, key: str, problem: str) -> UsageError:
        """Return the error that says what is wrong with ``key``."""
        place = f" of {self.place}" if self.place else ""
        return UsageError(f"In '{self.file}' the key '{key}'{place} {problem}.")

    def allow(self, known: Collection[str]) -> None:
        """Complain about the first key that is not known."""
        for key in sorted(set(self.content) - set(known)):
            raise self.complaint(key, f"is unknown{nearest(key, known)}")

    def at(self, place: str) -> "Table":
        """Return the same table, known by another place."""
        return replace(self, place=place)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a string; without a default the key is required."""
        value = self.content.get(key, default)
        if value is None:
            raise self.complaint(key, "is missing")
        if not isinstance(value, str):
            raise self.complaint(key, f"must be a string, not {value!r}")
        return value

    def word(self, key: str, known: Collection[str], default: str | None = None) -> str:
        """Return a string that must be one of the known words."""
        value = self.text(key, default)
        if value not in known:
            raise self.complaint(
                key, f"must be one of {', '.join(sorted(known))}, not '{value}'{nearest(value, known)}"
            )
        return value

    def flag(self, key: str) -> bool:
        """Return true or false; false where the key is absent."""
        value = self.content.get(key, False)
        if not isinstance(value, bool):
            raise self.complaint(key, f"must be true or false, not {value!r}")
        return value

    def day(self, key: str) -> date | None:
        """Return a date, or None where the key is absent."""
        value = self.content.get(key)
        if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
            raise self.complaint(key, f"must be a date such as 2028-06-30 without quotes, not {value!r}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings; empty where the key is absent."""
        value = self.content.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.complaint(key, f"must be a list of strings, not {value!r}")
        return tuple(value)

    def strings(self, key: str) -> dict[str, str]:
        """Return a table of strings; empty where the key is absent."""
        table = self.table(key)
        return {name: table.text(name) for name in table.content}

    def table(self, key: str) -> "Table":
        """Return a table; an empty one where the key is absent."""
        value = self.content.get(key, {})
        if not isinstance(value, dict):
            raise self.complaint(key, f"must be a table, not {value!r}")
        return Table(file=self.file, content=value, place=f"'{key}' of {self.place}" if self.place else f"'{key}'")

    def tables(self, key: str) -> tuple["Table", ...]:
        """Return a list of tables, each in the place of its number; empty where the key is absent."""
        value = self.content.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.complaint(key, f"must be a list of tables, not {value!r}")
        return tuple(
            Table(file=self.file, content=item, place=f"{key} {number}") for number, item in enumerate(value, 1)
        )
