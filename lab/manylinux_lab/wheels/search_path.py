"""Where a file's RPATH or RUNPATH leads that is not inside the wheel: folders of the machine that built it, mostly."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .elf import ElfFacts

ORIGIN = ("$ORIGIN", "${ORIGIN}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outside:
    """An entry of a file's search path for libraries that leads out of the site folder; ``why`` is a clause."""

    file: str
    entry: str
    why: str


def outside(facts: Iterable[ElfFacts]) -> tuple[Outside, ...]:
    """Return the entries that lead out of the folder that the wheel is installed to, as ld.so(8) reads them."""
    return tuple(found for fact in facts for found in _of_file(fact))


def _of_file(fact: ElfFacts) -> Iterator[Outside]:
    path = fact.runpath or fact.rpath  # RUNPATH hides RPATH
    for entry in dict.fromkeys(path.split(":") if path else ()):
        why = _why(entry, depth=fact.path.count("/"))
        if why:
            yield Outside(file=fact.path, entry=entry, why=why)


def _why(entry: str, *, depth: int) -> str:
    """Return why an entry leads out of the site folder; a file lies ``depth`` folders below it."""
    if entry.startswith("/"):
        return "a folder of the machine that it was built on"
    if not entry.startswith(ORIGIN):
        return "which counts from the current folder of whoever runs it"
    for part in entry.partition("/")[2].split("/"):
        depth += -1 if part == ".." else 1 if part not in ("", ".") else 0
        if depth < 0:
            return "which leads out of the folder that the wheel is installed to"
    return ""
