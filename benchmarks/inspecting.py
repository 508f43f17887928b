"""Facts, truth and predictions of real wheels, cold and remembered, beside ``auditwheel show`` on the same files.

``python benchmarks/inspecting.py FOLDER... [--auditwheel COMMAND]``: folders of wheels, and the auditwheel to compare
with. Both tools run as commands, once for each wheel, so both pay for the start of Python; what one wheel costs without
it, and what one command for all of them costs, is told as well. Times are CPU seconds: a machine that others use as
well lengthens them least. Each wheel of which the two say another policy is listed with the reason.
"""

import argparse
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
from manylinux_lab.predicting.inspection import Inspection, inspect
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
    reason: str


def main(folders: Sequence[Path], auditwheel: str) -> None:
    """Print one line for each wheel, then medians, differences and memory."""
    releases = load_catalogue()
    paths = sorted(path for folder in folders for path in folder.glob("*.whl"))
    rows = []
    for path in paths:
        rows.append(measured(path, releases, auditwheel))
        print(json.dumps({"wheel": path.name, "ours": rows[-1].ours, "theirs": rows[-1].theirs}), file=sys.stderr)
    report(rows)
    with tempfile.TemporaryDirectory() as cache:
        os.environ["MANYLINUX_LAB_CACHE"] = cache
        command = [sys.executable, "-m", "manylinux_lab", "inspect", *map(str, paths)]
        seconds = [run(command)[1], run(command)[1]]
    print(f"all wheels in one command: cold {seconds[0]:.1f} s, remembered {seconds[1]:.1f} s")


def measured(path: Path, releases: Sequence[Release], auditwheel: str) -> Measured:
    """Return what one wheel costs, cold and remembered, and what both tools say of it."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["MANYLINUX_LAB_CACHE"] = cache
        cold = timed(path, releases)
        remembered = min(timed(path, releases) for _ in range(3))
        inspection = inspect(read_wheel(path))
    with tempfile.TemporaryDirectory() as cache:
        os.environ["MANYLINUX_LAB_CACHE"] = cache
        _, command = run([sys.executable, "-m", "manylinux_lab", "inspect", str(path)])
    text, seconds = run([auditwheel, "show", str(path)]) if auditwheel else ("", 0.0)
    theirs = policy_of(text)
    ours = inspection.truths[-1].lowest or f"linux_{inspection.needs[-1].arch}"  # what auditwheel calls it
    return Measured(
        wheel=path.name, cold=cold, remembered=remembered, command=command, auditwheel=seconds,
        ours=ours, theirs=theirs, reason="" if ours == theirs else reason_of(inspection, ours, text),
    )  # fmt: skip


def reason_of(inspection: Inspection, ours: str, text: str) -> str:
    """Return why auditwheel says another policy, where that is known."""
    if not inspection.files:
        return "no machine code: auditwheel has no answer"
    if not text:
        return f"auditwheel took more than {SECONDS} s"
    if ours.startswith("musllinux"):
        return "musl: auditwheel goes by the musl of its machine, or the newest; libraries alone tell nothing newer"
    if any(truth.flaws for truth in inspection.truths):
        return "a flaw that breaks every policy, which the lab tells beside the policy of the symbols"
    if any(needs.carried for needs in inspection.needs):
        return "libraries of its own that no search path leads to, which auditwheel counts as missing"
    return "not explained"


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
        total = sum(row.auditwheel for row in compared) / sum(row.cold for row in compared)
        print(f"auditwheel for all wheels {sum(row.auditwheel for row in compared):.1f} s, {total:.1f} times all cold")
        print(f"median auditwheel/cold {statistics.median(row.auditwheel / row.cold for row in compared):.1f}")
        print(f"median auditwheel/command {statistics.median(row.auditwheel / row.command for row in compared):.1f}")
        equal = [row for row in compared if row.ours == row.theirs]
        print(f"same policy: {len(equal)} of {len(compared)}")
        for row in compared:
            if row.ours != row.theirs:
                print(f"  {row.wheel}: {row.ours} / {row.theirs or 'no answer'}: {row.reason}")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory: at most {own:.0f} MiB for all wheels in one process")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", metavar="FOLDER", nargs="+", type=Path)
    parser.add_argument("--auditwheel", metavar="COMMAND", default="")
    arguments = parser.parse_args()
    main(arguments.folders, arguments.auditwheel)
