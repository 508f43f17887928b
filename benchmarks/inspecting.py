"""Facts, truth and predictions of real wheels, cold and remembered, beside ``auditwheel show`` on the same files.

``python benchmarks/inspecting.py FOLDER [AUDITWHEEL]``: a folder of wheels, and the auditwheel to compare with. Both
tools start as commands, so both pay for the start of Python; what one wheel costs without it is told as well. Times
are CPU seconds: a machine that others use as well lengthens them least.
"""

import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tabulate import tabulate

from manylinux_lab.catalogue.distro import Release
from manylinux_lab.catalogue.reading import load_catalogue
from manylinux_lab.commands.predict import forecasts
from manylinux_lab.predicting.inspection import inspect
from manylinux_lab.wheels.reading import read_wheel

SECONDS = 120  # for one file
CONSISTENT = re.compile(r'is consistent with the following platform tag:\s+"([^"]+)"|platform tag: "([^"]+)"')


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """Seconds for one wheel, and the platform that each tool finds."""

    wheel: str
    cold: float
    remembered: float
    command: float
    auditwheel: float
    ours: str
    theirs: str


def main(folder: Path, auditwheel: str) -> None:
    """Print one line for each wheel, then medians and memory."""
    releases = load_catalogue()
    rows = []
    for path in sorted(folder.glob("*.whl")):
        with tempfile.TemporaryDirectory() as cache:
            os.environ["MANYLINUX_LAB_CACHE"] = cache
            cold = timed(path, releases)
            remembered = min(timed(path, releases) for _ in range(3))
            ours = inspect(read_wheel(path)).truths[0].lowest or "linux_x86_64"  # what auditwheel calls it
        with tempfile.TemporaryDirectory() as cache:
            os.environ["MANYLINUX_LAB_CACHE"] = cache
            _, command = run([sys.executable, "-m", "manylinux_lab", "inspect", str(path)])
        theirs, seconds = run([auditwheel, "show", str(path)]) if auditwheel else ("", 0.0)
        rows.append(
            Measured(
                wheel=path.name, cold=cold, remembered=remembered, command=command, auditwheel=seconds,
                ours=ours, theirs=policy_of(theirs),
            )
        )  # fmt: skip
        print(json.dumps({"wheel": path.name, "ours": ours, "theirs": policy_of(theirs)}), file=sys.stderr)
    report(rows)


def timed(path: Path, releases: Sequence[Release]) -> float:
    """Return the CPU seconds to read, judge and predict one wheel on every release that was measured on x86_64."""
    started = time.process_time()
    wheel = read_wheel(path)
    inspect(wheel)
    forecasts(wheel, releases, ("x86_64",))
    return time.process_time() - started


def run(argv: Sequence[str]) -> tuple[str, float]:
    """Return what a command prints and the CPU seconds it took; an empty text when it takes too long."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        text = subprocess.run(argv, capture_output=True, text=True, timeout=SECONDS, check=False).stdout
    except subprocess.TimeoutExpired:
        text = ""
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return text, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def policy_of(text: str) -> str:
    """Return the platform tag that auditwheel names."""
    match = CONSISTENT.search(" ".join(text.split()))
    return next((group for group in match.groups() if group), "") if match else ""


def report(rows: Sequence[Measured]) -> None:
    """Print the table and the summary."""
    lines = [
        (
            row.wheel[:50],
            f"{row.cold:.3f}",
            f"{row.remembered * 1000:.1f}",
            f"{row.command:.2f}",
            f"{row.auditwheel:.2f}",
        )
        for row in rows
    ]
    print(
        tabulate(
            lines, headers=("wheel", "cold s", "remembered ms", "command s", "auditwheel s"), disable_numparse=True
        )
    )
    print(f"\nmedian cold {statistics.median(row.cold for row in rows):.3f} s")
    print(f"median remembered {statistics.median(row.remembered for row in rows) * 1000:.1f} ms")
    compared = [row for row in rows if row.auditwheel]
    if compared:
        print(f"median auditwheel/cold {statistics.median(row.auditwheel / row.cold for row in compared):.1f}")
        print(f"median auditwheel/command {statistics.median(row.auditwheel / row.command for row in compared):.1f}")
        equal = [row for row in compared if row.ours == row.theirs]
        print(f"same policy: {len(equal)} of {len(compared)}")
        for row in compared:
            if row.ours != row.theirs:
                print(f"  {row.wheel}: {row.ours} / {row.theirs or 'no answer'}")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory: at most {own:.0f} MiB for all wheels in one process")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python benchmarks/inspecting.py FOLDER [AUDITWHEEL]")
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
