"""The command ``manylinux-lab``: a parser, a module for each command, and one place where trouble becomes a code."""

import argparse
import importlib
import sys
import traceback
from collections.abc import Sequence

from . import __version__
from .errors import EngineError, UsageError
from .printable import logged
from .results import ExitCode

COMMANDS = {
    "run": "test wheels on benches and report",
    "plan": "show the cells of a run, and what is left out and why; starts nothing",
    "grid": "load the newest releases of two projects together, every one of the one with every one of the other",
    "inspect": "say what is in wheels and whether their tags can be true; starts nothing",
    "predict": "say what wheels would do on distros, from measured profiles; starts nothing",
    "profile": "measure the ABI of distros on benches, for predictions",
    "distros": "list the distros the lab knows",
    "doctor": "say what this machine can do for the lab, and what to do about the rest",
    "images": "list, build, lock and clean the images of the benches",
    "shell": "open a shell on the bench of a cell",
    "report": "make the reports of a run again from its results",
    "bisect": "find the first bad release of a dependency, or the first bad image, of a cell that fails",
    "compare": "say what changed from one run to another, and why",
    "history": "say how wheels, distros and pairs fared from run to run; import and export what runs saw",
    "repro": "write a shell script that shows what a cell showed, without the lab",
}
RUNNING = ("run", "grid")
EPILOG = """exit codes: 0 every promise kept; 1 a wheel failed; 2 interrupted; 3 the lab failed somewhere and no wheel
did; 4 wrong usage; 5 nothing to run"""
OTHERS = "2 interrupted; 3 the lab failed; 4 wrong usage"
EPILOGS = {  # of commands that judge no wheel
    "report": f"exit codes: 0 done, whatever the run's own was; 1 a block is stale, with --check; {OTHERS}",
    "compare": f"exit codes: 0 compared; 1 there are changes that --fail-on names; {OTHERS}",
    "history": f"exit codes: 0 done; {OTHERS}",
    "bisect": f"exit codes: 0 found, or narrowed down; 1 a step came out otherwise, with --replay; {OTHERS}",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    words, rest = _split(words)
    try:
        parser, chosen = _parser(words)
        arguments = parser.parse_args(words)
        arguments.pytest_arguments = rest
        if rest and chosen not in RUNNING:
            raise UsageError(f"Only 'run' and 'grid' take arguments for pytest after '--', '{chosen}' does not.")
        return int(importlib.import_module(f".commands.{chosen}", __package__).execute(arguments))
    except UsageError as error:
        return _say(f"manylinux-lab: {error}", ExitCode.USAGE)
    except EngineError as error:
        return _say(f"manylinux-lab: the lab failed: {error}", ExitCode.LAB_FAILED)
    except KeyboardInterrupt:
        return _say("manylinux-lab: interrupted", ExitCode.INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone; there is nobody to tell
        return ExitCode.KEPT
    except OSError as error:
        return _say(f"manylinux-lab: the lab failed: {_in_words(error)}", ExitCode.LAB_FAILED)
    except Exception as error:  # Python would end with 1, and 1 blames a wheel
        traceback.print_exc()
        return _say(f"manylinux-lab: the lab failed, by a mistake of its own: {error!r}", ExitCode.LAB_FAILED)


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    if "--" not in words:
        return words, []
    cut = words.index("--")
    return words[:cut], words[cut + 1 :]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]  # argparse exits with 2, which means interrupted here
        raise UsageError(f"{message}; '{self.prog} --help' lists what can be said.")


def _parser(words: Sequence[str]) -> tuple[argparse.ArgumentParser, str]:
    """Return the parser. Only the module of the chosen command is imported, so that ``--help`` is quick."""
    parser = _Parser(
        prog="manylinux-lab", description="A compatibility test lab for Python wheels on Linux.", epilog=EPILOG
    )
    parser.add_argument("--version", action="version", version=f"manylinux-lab {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    chosen = next((word for word in words if word in COMMANDS), "")
    for name, summary in COMMANDS.items():
        command = commands.add_parser(
            name, help=summary, description=summary[0].upper() + summary[1:] + ".", epilog=EPILOGS.get(name, EPILOG)
        )
        if name == chosen:
            importlib.import_module(f".commands.{name}", __package__).add_arguments(command)
    return parser, chosen


def _in_words(error: OSError) -> str:
    if error.strerror is None:
        return str(error)
    name = error.filename2 or error.filename  # the second is where something should go
    return f"{error.strerror}{f': {str(name)!r}' if name else ''}."


def _say(sentence: str, code: int) -> int:
    print(logged(sentence), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
