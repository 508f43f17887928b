"""Projects that many processes hold, with smoke code: ``reference/neighbours.toml``, or a file of the user in its form.

The format is described in docs/run.md. The standard library is a neighbour too; its codes stand in the same file.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from ..catalogue.toml_table import Table
from ..errors import UsageError
from ..folders import data_folder
from ..options import Options, smoke_code

SCHEMA = 1
POPULAR = "popular"
KEYS = ("schema", "source", "neighbour", "stdlib")
NEIGHBOUR_KEYS = ("name", "requirement", "smoke", "note", "popular")


@dataclass(frozen=True, kw_only=True, slots=True)
class Neighbour:
    """A project, the requirement that chooses its release, and code that must run once it is installed.

    ``is_popular`` tells whether the word ``popular`` means it too; the others are there for their smoke code.
    """

    name: str
    requirement: str
    smoke: str = ""
    note: str = ""
    is_popular: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Neighbours:
    """One file: its projects, and smoke code by module of the standard library."""

    projects: tuple[Neighbour, ...] = ()
    stdlib: Mapping[str, str] = field(default_factory=dict)


def read_neighbours(file: Path) -> Neighbours:
    """Return what a file says.

    Raises:
        UsageError: it cannot be read or breaks the format; the message names file and key.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"The neighbours in '{file}' cannot be read: {error}.") from error
    document = Table(file=file, content=content)
    if content.get("schema") != SCHEMA:
        raise document.complaint("schema", f"must be {SCHEMA}, the format that this lab knows")
    document.allow(KEYS)
    projects = tuple(_neighbour(table) for table in document.tables("neighbour"))
    names = [project.name for project in projects]
    for name in names:
        if names.count(name) > 1:
            raise document.complaint("neighbour", f"has '{name}' twice")
    stdlib = {module: _code(document.table("stdlib"), module) for module in document.table("stdlib").content}
    return Neighbours(projects=projects, stdlib=stdlib)


def _neighbour(table: Table) -> Neighbour:
    table.allow(NEIGHBOUR_KEYS)
    name = canonicalize_name(table.text("name"))
    text = table.text("requirement", name)
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise table.complaint("requirement", f"is no requirement: {str(error).partition(chr(10))[0]}") from error
    if canonicalize_name(requirement.name) != name:
        raise table.complaint("requirement", f"is for '{requirement.name}', not for '{name}'")
    return Neighbour(
        name=name,
        requirement=text,
        smoke=_code(table, "smoke"),
        note=table.text("note", ""),
        is_popular="popular" not in table.content or table.flag("popular"),
    )


def _code(table: Table, key: str) -> str:
    code = table.text(key, "")
    try:
        compile(code, key, "exec")
    except (SyntaxError, ValueError) as error:
        raise table.complaint(key, f"is no Python code: {error}") from error
    return code


@cache
def curated() -> Neighbours:
    """Return the lab's own list."""
    return read_neighbours(data_folder("reference") / "neighbours.toml")


def asked_for(words: Sequence[str]) -> tuple[str, ...]:
    """Return the subjects that the words of ``--with`` mean: ``popular`` and TOML files stand for their projects.

    Raises:
        UsageError: a file cannot be used.
    """
    return tuple(dict.fromkeys(subject for word in words for subject in _subjects(word)))


def _subjects(word: str) -> Iterator[str]:
    if word == POPULAR:
        yield from (project.requirement for project in curated().projects if project.is_popular)
    elif _is_file(word):
        yield from (project.requirement for project in read_neighbours(Path(word)).projects if project.is_popular)
    else:
        yield word


def _is_file(word: str) -> bool:
    return word.endswith(".toml")


@cache
def smoke_codes(options: Options) -> Mapping[str, str]:
    """Return smoke code by normalised project name: the user's, then that of the files of ``--with``, then the lab's.

    Raises:
        UsageError: a file cannot be used.
    """
    codes: dict[str, str] = {}
    files = [read_neighbours(Path(word)) for word in reversed(options.neighbours) if _is_file(word)]
    for neighbours in (curated(), *files):
        codes |= {project.name: project.smoke for project in neighbours.projects if project.smoke}
    return codes | smoke_code(options)


def stdlib_smoke() -> Mapping[str, str]:
    """Return smoke code by module of the standard library; each ends within a few milliseconds."""
    return curated().stdlib
