"""The log of a bisection: what is searched, and each step as it is made. A search goes on where its log ends."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ..errors import UsageError
from .bisecting import Step

SCHEMA = 1
NAME_ANOTHER = "name the file that '--log' of a bisection wrote"


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """What is searched: in which run's cell, what is varied (``project``; empty for the image), and the candidates."""

    schema: int = SCHEMA
    run: str
    cell: str
    project: str
    candidates: tuple[str, ...]


def open_log(path: Path, search: Search) -> tuple[Step, ...]:
    """Return the steps of an earlier attempt at the same search; a new log is begun with the search itself.

    Raises:
        UsageError: the file is the log of another search, or no log.
    """
    if not path.exists() or not path.stat().st_size:
        path.write_bytes(msgspec.json.encode(search) + b"\n")
        return ()
    known, steps = read_log(path)
    if known != search:
        raise UsageError(f"The log '{path}' is of another search; name another with --log.")
    return steps


def read_log(path: Path) -> tuple[Search, tuple[Step, ...]]:
    """Return the search and its steps; a torn last line is passed over.

    Raises:
        UsageError: the file is no log of this lab.
    """
    lines = _lines(path)
    try:
        search = msgspec.json.decode(lines[0], type=Search)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"The file '{path}' is not the log of a bisection; {NAME_ANOTHER}.") from error
    if search.schema > SCHEMA:
        raise UsageError(f"The log '{path}' has schema {search.schema}; this lab reads up to {SCHEMA}.")
    steps = tuple(_steps(lines[1:]))
    unknown = next((step.candidate for step in steps if step.candidate not in search.candidates), None)
    if len(search.candidates) < 2 or unknown is not None:
        what = "nothing to search" if unknown is None else f"a step with '{unknown}', which is not searched"
        raise UsageError(f"The log '{path}' was changed: it has {what}; {NAME_ANOTHER}.")
    return search, steps


def _lines(path: Path) -> list[bytes]:
    """Return the lines of a log.

    Raises:
        UsageError: there is no such file, it is empty, or it cannot be read.
    """
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError as error:
        raise UsageError(f"There is no log '{path}'; 'manylinux-lab bisect CELL' writes one.") from error
    except OSError as error:
        raise UsageError(f"The log '{path}' cannot be read: {error.strerror}.") from error
    if not lines:
        raise UsageError(f"The log '{path}' is empty: its bisection has not begun. {NAME_ANOTHER.capitalize()}.")
    return lines


def _steps(lines: list[bytes]) -> Iterator[Step]:
    for line in lines:
        try:
            yield msgspec.json.decode(line, type=Step)
        except (ValueError, RecursionError):
            continue


def log_step(path: Path, step: Step) -> None:
    """Append a step; it is in the file before the next is made."""
    with path.open("ab") as file:
        content = b"" if path.read_bytes().endswith(b"\n") else b"\n"  # a torn line stays alone on its line
        file.write(content + msgspec.json.encode(step) + b"\n")
