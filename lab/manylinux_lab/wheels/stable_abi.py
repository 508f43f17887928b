"""Whether extension modules keep to the limited API that their tag ``abi3`` promises (PEP 384)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from packaging.tags import Tag

from ..tables import reference
from .elf import ElfFacts

Version = tuple[int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """A symbol that the promise does not cover.

    ``since`` is the first Python whose limited API has it, None where none has. ``is_there`` tells that the oldest
    Python promised exports it all the same.
    """

    file: str
    symbol: str
    since: Version | None
    is_there: bool = False


def promised(tags: Iterable[Tag]) -> Version | None:
    """Return the oldest Python that a tag ``cpXY-abi3`` names, or None without such a tag."""
    found = (re.fullmatch(r"cp3(\d+)", tag.interpreter) for tag in tags if tag.abi == "abi3")
    return min(((3, int(match[1])) for match in found if match), default=None)


def violations(facts: Iterable[ElfFacts], extensions: Iterable[str], oldest: Version) -> tuple[Violation, ...]:
    """Return what extension modules (paths) use of Python beyond the limited API of the oldest Python promised."""
    return tuple(_violations(facts, frozenset(extensions), oldest))


def _violations(facts: Iterable[ElfFacts], extensions: frozenset[str], oldest: Version) -> Iterator[Violation]:
    known, exported = stable_symbols()
    for fact in facts:
        for symbol in fact.python if fact.path in extensions else ():
            since = known.get(symbol)
            if since is None or since > oldest:
                is_there = symbol in exported and exported[symbol] <= oldest
                yield Violation(file=fact.path, symbol=symbol, since=since, is_there=is_there)


@cache
def stable_symbols() -> tuple[Mapping[str, Version], Mapping[str, Version]]:
    """Return the Python whose limited API first had each symbol, and the one that exported it before that.

    Raises:
        UsageError: the file of this installation is damaged.
    """
    return reference("stable_abi.json", lambda table: (_by_symbol(table["added"]), _by_symbol(table["exported"])))


@cache
def late_symbols() -> Mapping[str, Version]:
    """Return the first Python that is known to have a symbol of the limited API, for those that came after 3.6.

    Raises:
        UsageError: the file of this installation is damaged.
    """
    known, exported = stable_symbols()
    first = {name: min(since, exported.get(name, since)) for name, since in known.items()}
    return {name: since for name, since in first.items() if since > min(exported.values())}


@cache
def surely_lacks(version: Version, since: Version) -> bool:
    """Whether a Python is too old for a symbol that is first known of ``since``.

    Many symbols are older than their promise. The list shows it of the Pythons whose exports were read for it; what the
    next of these lacks, those before it lack too. Of Pythons newer than all of them nothing is said.
    """
    read = sorted({seen for seen in stable_symbols()[1].values() if seen >= version})
    return bool(read) and since > read[0]


def _by_symbol(table: Mapping[str, Iterable[str]]) -> dict[str, Version]:
    return {name: _version(text) for text, names in table.items() for name in names}


def _version(text: str) -> Version:
    major, _, minor = text.partition(".")
    return int(major), int(minor)
