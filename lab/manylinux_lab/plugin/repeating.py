"""The command that runs one cell of a run again, on its own."""

import shlex
from collections.abc import Sequence
from dataclasses import replace

from ..cells import Cell, Subject
from ..coload.neighbours import curated, smoke_codes
from ..options import Options, command_line, smoke_code
from ..runs import Run

LINES = "\n\r\t"
ESCAPED = str.maketrans({"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"})  # as printf's %b reads it


def repeat_command(run: Run, cell: Cell, subject: Subject, beside: Sequence[Subject] = ()) -> str:
    """Return the command. ``beside`` are the wheels that share a process, in their order."""
    projects = [one.project for one in beside] or [subject.project]
    options = replace(run.options, smoke=_smoke(run.options, projects)) if beside else run.options
    words = [
        "manylinux-lab",
        "run",
        *(dict.fromkeys(one.argument for one in beside) or [subject.argument]),
        "--cell",
        cell.id,
        *_together(cell, subject),
        *command_line(options, cell.bench.partition(":")[0], projects),
    ]
    return " ".join(_shell_word(word) for word in words)


def _shell_word(word: str) -> str:
    """Return a word as any POSIX shell takes it, in one line: reports show a command so, and code needs its lines."""
    if not any(character in word for character in LINES):
        return shlex.quote(word)
    return f'"$(printf %b {shlex.quote(word.translate(ESCAPED))})"'


def _together(cell: Cell, subject: Subject) -> list[str]:
    """Return the options that plan a cell of wheels in one process: an order of many is that of the command line."""
    if cell.check not in {"effects", "coload"}:
        return []
    mode = "all" if len(subject.members) > 2 else "pairs"
    return ["--coload", mode, *(["--force-together"] if len(cell.sites) > 1 else [])]


def _smoke(options: Options, projects: Sequence[str]) -> tuple[str, ...]:
    """Return the smoke code that the run took for the projects, but for what the lab's own list says anyway."""
    said, taken = smoke_code(options), smoke_codes(options)
    own = {project.name: project.smoke for project in curated().projects}
    return tuple(
        f"{project}={taken[project]}"
        for project in dict.fromkeys(projects)
        if project in taken and (project in said or taken[project] != own.get(project))
    )
