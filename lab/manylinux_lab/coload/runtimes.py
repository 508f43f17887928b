"""Runtimes of which a process should hold one copy, and C++ symbols that it must hold once. Pure, but for its data.

These are notes: most such pairs work. They stand beside a failure as something to look at.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..printable import short
from ..tables import reference
from ..wheels.elf import ElfFacts
from .evidence import Evidence, Kind

KEPT = 20  # copies kept as facts
NAMED = 3  # names in a sentence
SHOWN = 120  # characters of a name in a sentence


@dataclass(frozen=True, kw_only=True, slots=True)
class Runtime:
    """A runtime with its kinds (what tells their file names) and why several are something to know."""

    name: str
    why: str
    kinds: tuple[tuple[str, re.Pattern[str]], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Copy:
    """A copy of a runtime in a process; several files of one owner are one copy."""

    kind: str
    owner: str
    file: str


@cache
def runtimes() -> tuple[Runtime, ...]:
    """Return the runtimes that ``reference/runtimes.toml`` names."""
    return reference("runtimes.toml", lambda content: tuple(_runtime(table) for table in content["runtime"]))


def _runtime(table: Mapping[str, Any]) -> Runtime:
    kinds = tuple((kind, _pattern(names)) for kind, names in table["kinds"].items())
    return Runtime(name=table["name"], why=table["why"], kinds=kinds)


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    """Return what matches the file names of libraries: plain, with versions, and as repair tools rename them."""
    stems = "|".join(re.escape(name).replace(r"\*", "[^/]*") for name in names)
    return re.compile(rf"lib(?:{stems})(?:[-.][^/]*)?\.so(?:\.[^/]*)?")


def runtime_evidence(mapped: Mapping[str, str]) -> tuple[Evidence, ...]:
    """Return runtimes that a process holds from several owners, one note each.

    Args:
        mapped: the mapped files, each with what a sentence calls the wheel that brought it, or the system.
    """
    return tuple(evidence for runtime in runtimes() if (evidence := _several(runtime, mapped)) is not None)


def _several(runtime: Runtime, mapped: Mapping[str, str]) -> Evidence | None:
    copies = {(copy.kind, copy.owner): copy for copy in _copies(runtime, mapped)}
    owners = sorted({owner for _, owner in copies})
    if len(owners) < 2:
        return None
    shown = [f"'{short(copy.file, SHOWN)}' of {copy.owner}" for _, copy in sorted(copies.items())]
    kinds = {kind for kind, _ in copies}
    what = f"{len(copies)} copies of {runtime.name}"
    several = f" of {len(kinds)} kinds ({', '.join(sorted(kinds))})" if len(kinds) > 1 else ""
    return Evidence(
        kind=Kind.RUNTIMES,
        words=f"The process holds {what}{several}: {_listed(shown)}. {runtime.why.removesuffix('.')}",
        facts={
            "runtime": runtime.name,
            "copies": [{"kind": copy.kind, "file": copy.file, "of": copy.owner} for _, copy in sorted(copies.items())][
                :KEPT
            ],
        },
    )


def _copies(runtime: Runtime, mapped: Mapping[str, str]) -> Iterator[_Copy]:
    for path, owner in sorted(mapped.items(), reverse=True):
        file = path.rpartition("/")[2]
        for kind, pattern in runtime.kinds:
            if pattern.fullmatch(file):
                yield _Copy(kind=kind, owner=owner, file=file)


def unique_evidence(one: str, ones: Iterable[ElfFacts], other: str, others: Iterable[ElfFacts]) -> tuple[Evidence, ...]:
    """Return the symbols that files of two wheels define with STB_GNU_UNIQUE, as one note or nothing.

    Args:
        one, other: what a sentence calls the wheels.
        ones, others: the facts of their files, best only of those that are loaded.
    """
    both = sorted(_unique(ones) & _unique(others), key=lambda name: (len(name), name))
    if not both:
        return ()
    shown = _listed([f"'{short(name, SHOWN)}'" for name in both])
    symbols = "1 symbol that is" if len(both) == 1 else f"{len(both)} symbols that are"
    return (
        Evidence(
            kind=Kind.UNIQUE,
            words=(
                f"{one} and {other} both define {symbols} unique in a process (STB_GNU_UNIQUE), such as "
                f"{shown}: whichever is loaded first gives them to both"
            ),
            facts={"count": len(both), "symbols": [short(name) for name in both[:NAMED]]},
        ),
    )


def _unique(files: Iterable[ElfFacts]) -> frozenset[str]:
    return frozenset().union(*(file.unique for file in files))


def _listed(words: list[str]) -> str:
    if len(words) > NAMED:
        return f"{', '.join(words[:NAMED])} and {len(words) - NAMED} more"
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]
