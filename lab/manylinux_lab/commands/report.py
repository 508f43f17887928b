"""``report``: the reports of a run again, from its ``plan.json`` and ``results.jsonl`` alone."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import UsageError
from ..options import read_settings
from ..printable import logged
from ..report import (
    DEFAULTS,
    FORMATS,
    block,
    in_plan_order,
    inject,
    render,
    renewing,
    terminal,
    with_templates,
    write_reports,
)
from ..results import ExitCode, Result
from ..runs import Run, find_folder, write_whole

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
    parser.add_argument(
        "--inject",
        metavar="FILE",
        action="append",
        default=[],
        help=f"renew the matrix in a page of documentation, between the lines '{inject.MARKDOWN.begin}' and "
        f"'{inject.MARKDOWN.end}', in reStructuredText '{inject.RST.begin}' and '{inject.RST.end}'",
    )
    parser.add_argument("--check", action="store_true", help="with --inject: write nothing, and end with 1 when stale")
    parser.add_argument("--templates", metavar="DIR", help="a folder with templates that come before the lab's own")


def execute(arguments: argparse.Namespace) -> int:
    """Write the reports; without a format print the summary too."""
    formats = [name.strip() for entry in arguments.format for name in entry.split(",")]
    _refuse_contradictions(arguments, formats)
    folder = find_folder(arguments.run, arguments.out)
    templates = arguments.templates or read_settings(Path.cwd()).get("templates", "")
    is_whole = bool(arguments.inject) or any(name not in FORMATS or FORMATS[name].is_whole for name in formats)
    run, results = folder.seen(with_templates(folder.read(), templates), is_whole=is_whole)
    if arguments.inject:
        return _inject(arguments, run, in_plan_order(run, results))
    if arguments.output:
        put(arguments.output, render(formats[0], run, results))
        if arguments.output != STDOUT:
            print(f"Report: {arguments.output}")
        return ExitCode.KEPT
    if not formats:
        print(terminal.whole(run, in_plan_order(run, results), width=shutil.get_terminal_size().columns))
    for path in write_reports(folder, run, results, formats or DEFAULTS):
        print(f"Report: {path}")
    if not formats:
        print(terminal.page_line(folder.typed))
    return ExitCode.KEPT


def _refuse_contradictions(arguments: argparse.Namespace, formats: Sequence[str]) -> None:
    if arguments.check and not arguments.inject:
        raise UsageError("The option --check goes with --inject.")
    if arguments.inject and (formats or arguments.output):
        raise UsageError("The option --inject goes without --format and --output.")
    if arguments.output and len(formats) != 1:
        raise UsageError("The option --output takes one report; name it with --format.")


def _inject(arguments: argparse.Namespace, run: Run, results: Sequence[Result]) -> int:
    """Renew the blocks of all files, or none where one of them cannot be; with ``--check`` only look."""
    blocks = {name: block.render(inject.markup_of(name).format, run, results) for name in arguments.inject}
    pages = [renewing.read(name, made) for name, made in blocks.items()]
    if arguments.check:
        return max(map(_say, pages))
    for one in pages:
        renewing.renew(one)
        print(f"{'Renewed' if one.is_stale else 'Up to date'}: {one.name}")
    return ExitCode.KEPT


def _say(one: renewing.Page) -> int:
    if not one.is_stale:
        print(f"Up to date: {one.name}")
        return ExitCode.KEPT
    print(logged(inject.difference(one.name, one.old, one.new)))
    command = f"manylinux-lab report ... --inject {one.name}"
    print(f"manylinux-lab: The block in '{one.name}' is stale; '{command}' renews it.", file=sys.stderr)
    return ExitCode.WHEEL_FAILED


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
