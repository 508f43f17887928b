"""``run``: plan, get the images, and hand the plan to pytest, shielded from whatever the user's project configures."""

import argparse
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from .. import options as options_module
from ..errors import UsageError
from ..folders import data_folder
from ..options import Options
from ..planning.begin import begin
from ..results import ExitCode
from ..runs import RunFolder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of a run."""
    options_module.add_arguments(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Run and return the exit code."""
    options = options_module.make(arguments, options_module.read_settings(Path.cwd()))
    return carry_out_options(options, arguments.pytest_arguments)


def carry_out_options(options: Options, further: Sequence[str]) -> int:
    """Plan what the options ask for, run it, and return the exit code; ``further`` are arguments for pytest."""
    started = begin(options)
    if started.nothing_to_do:
        print(started.nothing_to_do)
        return ExitCode.NOTHING_TO_RUN
    if started.is_known and not further:
        from ..plugin.concluding import conclude

        return conclude(started.folder)
    try:
        return carry_out(started.folder, started.workers, further, started.suites)
    finally:
        if not options.keep:
            started.folder.clear_stage()


def carry_out(folder: RunFolder, workers: int, further: Sequence[str], suites: Sequence[Path]) -> int:
    """Run pytest over the plan of ``folder`` in this process and return the lab's exit code."""
    import pytest

    checks = data_folder("suites")
    words = [
        *("-c", str(checks / "run.ini"), "--rootdir", str(checks)),
        *("--disable-plugin-autoload", "--noconftest", "-p", "xdist.plugin", "-p", "manylinux_lab.plugin.hooks"),
        *("-qq", "--no-header", "--tb=short", "-r", "N", "--import-mode=importlib"),
        *("--lab-run", str(folder.path)),
        *(("-n", str(workers)) if workers > 1 else ("-n", "0")),
        *further,
        *(str(path) for path in sorted(checks.glob("test_*.py"))),
        *(str(path.absolute()) for path in suites),
    ]
    os.environ.pop("PYTEST_ADDOPTS", None)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a CI that cancels gets the reports, as Ctrl-C does
    code = int(pytest.main(words))
    if code == ExitCode.USAGE and not folder.results_file.exists():
        raise UsageError("pytest did not take the arguments after '--'; see its message above.")
    return code
