"""Requirement files as pip reads them: what they ask for, and where to look for it.

A line that the lab cannot follow is refused by name; nothing is passed over in silence.
"""

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from ..errors import UsageError

COMMENT = re.compile(r"(^|\s+)#.*$")
VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
OPTION = re.compile(r"\s+(?=--?[a-z])")
HASH = re.compile(r"^--hash[=\s]+(?P<hash>[a-z0-9]+:[0-9a-f]+)$")
LONG = {"-r": "--requirement", "-c": "--constraint", "-i": "--index-url", "-f": "--find-links", "-e": "--editable"}
FILES_LIMIT = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A line that asks for something: its text, the allowed hashes (``sha256:...``), and where it stands, in words."""

    text: str
    hashes: frozenset[str]
    where: str


@dataclass(kw_only=True, slots=True)
class Lines:
    """What requirement files hold, in their order. ``index_url`` is empty where none names one."""

    entries: list[Entry] = field(default_factory=list)
    constraints: list[Requirement] = field(default_factory=list)
    index_url: str = ""
    extra_index_urls: list[str] = field(default_factory=list)
    find_links: list[str] = field(default_factory=list)
    trusted_hosts: list[str] = field(default_factory=list)
    pre: bool = False
    seen: list[Path] = field(default_factory=list)


def read_requirement_file(path: Path, lines: Lines, *, is_constraint: bool = False) -> None:
    """Add the lines of a requirement file, and of those that it names, to ``lines``.

    Raises:
        UsageError: a file cannot be read, names itself, or has a line that the lab cannot follow.
    """
    path = path.resolve()
    if path in lines.seen:
        return
    lines.seen.append(path)
    if len(lines.seen) > FILES_LIMIT:
        raise UsageError(f"The requirement files name more than {FILES_LIMIT} others; '{path}' was the next.")
    for number, text in _logical_lines(_text(path)):
        where = f"line {number} of '{path.name}'"
        if text.startswith("-"):
            _follow(_option(text, where), path, where, lines, is_constraint=is_constraint)
        elif is_constraint:
            lines.constraints.append(_constraint(text, where))
        else:
            lines.entries.append(_entry(text, where))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"The requirement file '{path}' is no UTF-8 text.") from error
    except OSError as error:
        raise UsageError(f"The requirement file '{path}' cannot be read: {error.strerror or error}.") from error


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number, text) with continuations joined, comments dropped and set ``${VARIABLES}`` filled in."""
    started, joined = 0, ""
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        started = started or number
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            joined += line[:-1]
            continue
        whole = COMMENT.sub("", joined + line).strip()
        if whole:
            yield started, VARIABLE.sub(lambda match: os.environ.get(match[1], match[0]), whole)
        started, joined = 0, ""


def _option(text: str, where: str) -> tuple[str, str]:
    """Return the long name and the value of an option line."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"The option in {where} cannot be read: {error}.") from error
    name, equals, value = words[0].partition("=")
    if not name.startswith("--") and len(name) > 2:  # -rFILE
        name, value, equals = name[:2], name[2:] + equals + value, "="
    rest = ([value] if equals else []) + words[1:]
    if len(rest) > 1:
        raise UsageError(f"The option '{name}' in {where} has more than one value.")
    return LONG.get(name, name), rest[0] if rest else ""


def _follow(option: tuple[str, str], path: Path, where: str, lines: Lines, *, is_constraint: bool) -> None:
    name, value = option
    lists = {"--extra-index-url": lines.extra_index_urls, "--trusted-host": lines.trusted_hosts}
    if name == "--pre" and not value:
        lines.pre = True
    elif name not in (*lists, "--requirement", "--constraint", "--index-url", "--find-links"):
        raise UsageError(f"The lab does not follow the option '{name}' in {where}; remove it or run without the file.")
    elif not value:
        raise UsageError(f"The option '{name}' in {where} has no value.")
    elif name in ("--requirement", "--constraint"):
        if "://" in value:
            raise UsageError(f"The lab reads requirement files from disk only; {where} names '{value}'.")
        below = is_constraint or name == "--constraint"
        read_requirement_file(path.parent / value, lines, is_constraint=below)
    elif name == "--index-url":
        lines.index_url = value
    elif name == "--find-links":
        beside = path.parent / value
        lines.find_links.append(str(beside) if "://" not in value and beside.exists() else value)
    else:
        lists[name].append(value)


def _entry(text: str, where: str) -> Entry:
    requirement, *options = OPTION.split(text)
    hashes = set()
    for option in options:
        match = HASH.match(option.strip())
        if match is None:
            raise UsageError(f"The lab does not follow the option '{option}' in {where}; remove it.")
        hashes.add(match["hash"])
    return Entry(text=requirement.strip(), hashes=frozenset(hashes), where=where)


def _constraint(text: str, where: str) -> Requirement:
    entry = _entry(text, where)
    try:
        requirement = Requirement(entry.text)
    except InvalidRequirement as error:
        raise UsageError(f"The constraint '{entry.text}' in {where} cannot be read: {error}.") from error
    if requirement.extras or requirement.url or entry.hashes:
        raise UsageError(f"The constraint '{entry.text}' in {where} may only restrict versions.")
    return requirement
