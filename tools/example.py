"""Make the example under docs/example: a real run of some twenty projects, shown in several formats.

``python tools/example.py`` runs the projects of ``docs/example/requirements.txt`` on every Debian bench that can be
had, loads every ordered pair of them, and names some other distros, which are predicted where their image cannot be
had. ``--run RUN`` takes a run that is there instead, and only writes its reports anew.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from manylinux_lab.report import FORMATS
from manylinux_lab.runs import find_folder

EXAMPLE = Path(__file__).parents[1] / "docs" / "example"
SHOWN = ("html", "markdown", "rst", "csv", "badge")
OBSERVED = ("debian-1[1-3]", "debian-testing", "debian-unstable")
PREDICTED = ("ubuntu-2[246].04", "fedora-4[34]", "almalinux-9", "almalinux-10", "opensuse-16.0", "alpine-3.24")


def main() -> None:
    """Run the lab, or take a run, and write its reports into the documentation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", metavar="RUN", help="the folder of a run that is there")
    parser.add_argument("--engine", default="auto", help="as for 'manylinux-lab run' (default: auto)")
    arguments = parser.parse_args()
    if arguments.run:
        write(Path(arguments.run))
        return
    where = [word for place in (*OBSERVED, *PREDICTED) for word in ("--distro", place)]
    with tempfile.TemporaryDirectory() as out:
        done = lab("run", str(EXAMPLE / "requirements.txt"), *where, "--engine", arguments.engine, "--out", out)
        if done not in {0, 1}:
            sys.exit(f"The run ended with {done}; nothing is written.")
        write(find_folder("latest", out).path)


def write(run: Path) -> None:
    """Write each format from a run's results."""
    for name in SHOWN:
        target = EXAMPLE / FORMATS[name].file
        if lab("report", str(run), "--format", name, "--output", str(target)):
            sys.exit(f"The report '{name}' of {run} was not made.")


def lab(*words: str) -> int:
    """Run the lab's command line as it is installed here, and return its exit code."""
    return subprocess.run([sys.executable, "-m", "manylinux_lab", *words], check=False).returncode


if __name__ == "__main__":
    main()
