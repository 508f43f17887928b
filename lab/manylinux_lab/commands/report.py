"""``report``: the reports of a run again, from its ``plan.json`` and ``results.jsonl`` alone."""

import argparse
import shutil
import sys
from pathlib import Path

from ..errors import UsageError
from ..options import read_settings
from ..report import DEFAULTS, FORMATS, in_plan_order, render, terminal, with_templates, write_reports
from ..results import ExitCode
from ..runs import find_folder, write_whole

STDOUT = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the run, the formats and where they go."""
    parser.add_argument("run", metavar="RUN", help="a run's folder, its id, or 'latest'")
    parser.add_argument("--out", metavar="DIR", default="runs", help="where runs are kept (default: runs)")
    known = "; ".join(f"{name}: {one.words}" for name, one in FORMATS.items())
    parser.add_argument(
        "--format",
        metavar="NAME",
        action="append",
        default=[],
        help=f"what to write into the run's folder; several with commas or by saying it again. {known} "
        f"(default: the summary, and {', '.join(DEFAULTS)})",
    )
    parser.add_argument("--output", metavar="FILE", help="where the one format goes; - is the terminal")
    parser.add_argument("--templates", metavar="DIR", help="a folder with templates that come before the lab's own")


def execute(arguments: argparse.Namespace) -> int:
    """Write the reports; without a format print the summary too."""
    formats = [name.strip() for entry in arguments.format for name in entry.split(",")]
    if arguments.output and len(formats) != 1:
        raise UsageError("The option --output takes one report; name it with --format.")
    folder = find_folder(arguments.run, arguments.out)
    templates = arguments.templates or read_settings(Path.cwd()).get("templates", "")
    run, results = with_templates(folder.read(), templates), folder.results()
    if arguments.output:
        put(arguments.output, render(formats[0], run, results))
        if arguments.output != STDOUT:
            print(f"Report: {arguments.output}")
        return ExitCode.KEPT
    if not formats:
        print(terminal.whole(run, in_plan_order(run, results), width=shutil.get_terminal_size().columns))
    for path in write_reports(folder, run, results, formats or DEFAULTS):
        print(f"Report: {path}")
    return ExitCode.KEPT


def put(output: str, text: str) -> None:
    """Write a report to a file, whole or not at all, or to standard output (``-``), byte by byte the same.

    Raises:
        UsageError: the file cannot be written.
    """
    if output == STDOUT:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
        return
    path = Path(output).resolve()  # a link stays one
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(text.encode())  # a pipe or a device, which nothing may take the place of
        else:
            write_whole(path, text.encode())
    except FileExistsError as error:
        raise UsageError(f"The file '{output}' cannot be written: what should be its folder is a file.") from error
    except OSError as error:
        raise UsageError(f"The file '{output}' cannot be written: {error.strerror or error}.") from error
