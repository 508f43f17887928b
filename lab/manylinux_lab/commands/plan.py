"""``plan``: the cells of a run and what is left out, from the catalogue and what is cached; no engine is touched."""

import argparse
import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from .. import options as options_module
from ..cells import Plan
from ..judge import Promise
from ..planning.begin import plan_only
from ..printable import logged
from ..report.escape import plain
from ..results import ExitCode

FEW = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of a run, and how to print the plan."""
    options_module.add_arguments(parser)
    parser.add_argument("--full", action="store_true", help="list the cells of wheels in one process, however many")
    parser.add_argument("--json", action="store_true", help="the plan as JSON")


def execute(arguments: argparse.Namespace) -> int:
    """Print the plan."""
    options = options_module.make(arguments, options_module.read_settings(Path.cwd()))
    made = plan_only(options)
    if arguments.json:
        import msgspec

        print(json.dumps({"schema": 1, **msgspec.to_builtins(made)}, indent=1, sort_keys=True))
    else:
        print(logged(as_text(made, full=arguments.full)))
    return ExitCode.NOTHING_TO_RUN if made.is_idle else ExitCode.KEPT


def as_text(made: Plan, *, full: bool = False) -> str:
    """Return the plan as lines: cells, then what is left out, then counts.

    Where a bench has more than a few cells of wheels in one process, they get one line, unless ``full``.
    """
    lines = list(_cells(made, len(made.cells) if full else FEW))
    lines += [f"left out  {entry.bench}  {entry.subject or '(all)'}: {entry.reason}" for entry in made.left_out]
    lines += [f"note  {bench.distro}: {bench.ending}" for bench in made.benches if bench.ending]
    lines += [f"note  {note}" for note in made.notes]
    numbers = (_number(len(made.cells), "cell"), _number(len(made.benches), "bench", "es"))
    lines.append(f"{numbers[0]} on {numbers[1]}; {len(made.left_out)} left out")
    return "\n".join(plain(line) for line in lines)


def _cells(made: Plan, few: int) -> Iterator[str]:
    """Yield a line for each cell; more than ``few`` companies of a bench are only counted."""
    for (bench, check), group in groupby(made.cells, key=lambda cell: (cell.bench, cell.check)):
        cells = tuple(group)
        if check == "coload" and len(cells) > few:
            yield f"{bench}/{check}/*  [{len(cells)} orders of wheels in one process; --full lists them]"
            continue
        for cell in cells:
            yield f"{cell.id}  [must be refused: {cell.reason}]" if cell.promise is Promise.UNSUPPORTED else cell.id


def _number(count: int, noun: str, plural: str = "s") -> str:
    return f"{count} {noun}{'' if count == 1 else plural}"
