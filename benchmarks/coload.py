"""All ordered pairs of 18 wheels in one process each: the lab beside plain loops, and memory with the number of pairs.

``python benchmarks/coload.py`` prints seconds and ratios; docs/performance.md keeps them. All ways get the same wheel
files. The lab installs them, loads every pair on one bench with all evidence, and repeats what deviates; its seconds
are those of the whole command. The plain loops find them installed:

- one ``docker run ... python3 -c "import a; import b"`` for each pair, in the same image, which loads few of the
  modules; a sample of pairs stands for all;
- the same with all modules that the lab loads of each wheel;
- the least that could be done: one container, one process for each first wheel, and a fork of it for each second one
  that loads the same modules as the lab, ends as an interpreter does, and collects nothing.

``--engine`` measures one engine only. ``--memory N`` loads all ordered pairs of N tiny wheels and prints what the
lab's processes took at most.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from tabulate import tabulate

from manylinux_lab.runs import find_folder
from manylinux_lab.wheels.reading import read_wheel
from manylinux_lab.wheels.wheel import loadable

DISTRO = "debian-12"
ENGINES = ("docker", "bwrap")
PROJECTS = (
    "numpy", "scipy", "lxml", "pillow", "cryptography", "bcrypt", "brotli", "charset-normalizer", "frozenlist",
    "greenlet", "kiwisolver", "lz4", "markupsafe", "mmh3", "msgpack", "multidict", "orjson", "regex",
)  # fmt: skip
# Loads each first wheel in a child, and in a fork of that each second one; what fails to load is passed over.
FORKS = """
import importlib, json, os, sys, time
wheels = json.load(open(sys.argv[1]))
def load(names):
    for name in names:
        try:
            importlib.import_module(name)
        except BaseException:
            pass
def forked(work):
    child = os.fork()
    if not child:
        work()
        sys.exit(0)
    os.waitpid(child, 0)
def row(first):
    load(wheels[first])
    for second in range(len(wheels)):
        if second != first:
            forked(lambda: load(wheels[second]))
started = time.perf_counter()
for first in range(len(wheels)):
    forked(lambda: row(first))
print(time.perf_counter() - started)
"""
# Loads all modules of two wheels, in a process of its own.
PAIR = """
import importlib, json, sys
wheels = json.load(open(sys.argv[1]))
for wheel in sys.argv[2:]:
    for name in wheels[int(wheel)]:
        try:
            importlib.import_module(name)
        except BaseException:
            pass
"""
MODULES = "/site/modules.json"
COLOAD = ("--coload", "pairs", "--cell", "*/coload/*")


def lab(engine: str, subjects: Sequence[str], out: Path, *, watch: bool = False) -> tuple[float, Path, dict[str, int]]:
    """Run the lab; return the seconds of the whole command, the run's folder, and peaks of memory in MB by process."""
    words = [*subjects, "--engine", engine, "--distro", DISTRO, "--out", str(out), "--keep", *COLOAD]
    started = time.perf_counter()
    with (out / "said.txt").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "manylinux_lab", "run", *words], stdout=said, stderr=subprocess.STDOUT
        )
        peaks = _watched(process) if watch else {}
        process.wait()
    seconds = time.perf_counter() - started
    if process.returncode not in (0, 1):
        sys.exit(f"the lab ended with {process.returncode}:\n{(out / 'said.txt').read_text()[-3000:]}")
    return seconds, find_folder("latest", str(out)).path, peaks


def _watched(process: "subprocess.Popen[bytes]") -> dict[str, int]:
    """Return the peak of the controller and that of its largest worker; wait for the end."""
    peaks = {"controller": 0, "largest worker": 0}
    while process.poll() is None:
        try:
            workers = [
                int(pid)
                for children in Path(f"/proc/{process.pid}/task").glob("*/children")
                for pid in children.read_text().split()
            ]
            peaks["controller"] = max(peaks["controller"], _peak(process.pid))
            peaks["largest worker"] = max(peaks["largest worker"], *map(_peak, workers), 0)
        except (OSError, ValueError, IndexError):
            pass  # it ended meanwhile
        time.sleep(0.2)
    return peaks


def _peak(pid: int) -> int:
    """Return the most memory in MB that a process ever held (VmHWM)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def pair_cells(run: Path) -> list[dict[str, Any]]:
    """Return the results of pairs of wheels, without the standard library."""
    results = [json.loads(line) for line in (run / "results.jsonl").open()]
    return [one for one in results if one["check"] == "coload" and "stdlib" not in one["project"].split(",")]


class Installed:
    """The wheels of a run, installed into one folder by the image's own pip, and what they import."""

    def __init__(self, run: Path, out: Path) -> None:
        """Install once; nothing of this is measured."""
        plan = json.loads((run / "plan.json").read_text())["plan"]
        self.image = plan["benches"][0]["image"]["reference"]
        abi, arch = plan["benches"][0]["interpreter"]["abi"], plan["benches"][0]["arch"]
        self.site = out / "site"
        self.site.mkdir()
        self.site.chmod(0o777)
        files = sorted(run.glob("stage/wheels/*/*.whl"))
        wheels = [loadable(read_wheel(file), abi, arch) for file in files]
        self.names = {wheel.project: wheel.import_names[0] for wheel in wheels}
        self.modules = {
            wheel.project: [*wheel.import_names, *(one.name for one in wheel.extensions)] for wheel in wheels
        }
        paths = [f"/lab/wheels/{file.parent.name}/{file.name}" for file in files]
        self.docker("pip", "install", "-q", "--no-index", "--no-deps", "--target", "/site", *paths, stage=run / "stage")

    def put(self, name: str, text: str) -> None:
        """Write a file beside what is installed."""
        (self.site / name).write_text(text)

    def docker(self, *words: str, stage: Path | None = None) -> str:
        """Run a command in a container of its own, with the folder in PYTHONPATH; return what it printed."""
        mounts = ["-v", f"{self.site}:/site{'' if stage else ':ro'}"] + (["-v", f"{stage}:/lab:ro"] if stage else [])
        options = ["--rm", "--network", "none", "-e", "PYTHONPATH=/site", "-e", "PYTHONDONTWRITEBYTECODE=1", *mounts]
        done = subprocess.run(
            ["docker", "run", *options, self.image, *words], capture_output=True, text=True, check=True
        )
        return done.stdout


def containers(installed: Installed, projects: Sequence[str], sample: int, *, whole: bool) -> float:
    """Return the seconds that one container for each pair takes, from a sample; ``whole`` loads all modules."""
    pairs = list(permutations(range(len(projects)), 2))
    chosen = random.Random(1).sample(pairs, min(sample, len(pairs)))
    names = [installed.names[project] for project in projects]
    installed.put("pair.py", PAIR)
    started = time.perf_counter()
    for first, second in chosen:
        words = ["-c", f"import {names[first]}; import {names[second]}"]
        installed.docker("python3", *(["/site/pair.py", MODULES, str(first), str(second)] if whole else words))
    return (time.perf_counter() - started) * len(pairs) / len(chosen)


def forks(installed: Installed) -> float:
    """Return the seconds of the bare fork loop over all pairs, without the start of its container."""
    installed.put("forks.py", FORKS)
    return float(installed.docker("python3", "/site/forks.py", MODULES))


def pairs(sample: int, rounds: int, engines: Sequence[str], out: Path) -> str:
    """Measure the lab and the loops; return the table."""
    _, first, _ = lab("docker", PROJECTS, out)
    every = {read_wheel(file).project: str(file) for file in sorted(first.glob("stage/wheels/*/*.whl"))}
    subjects = [every[project] for project in PROJECTS]
    installed = Installed(first, out)
    installed.put("modules.json", json.dumps([installed.modules[project] for project in PROJECTS]))
    count = len(PROJECTS) * (len(PROJECTS) - 1)
    few, whole = (containers(installed, PROJECTS, sample, whole=whole) for whole in (False, True))
    measured = {
        f"docker run, import of both names ({sample} pairs, scaled)": few,
        f"docker run, all modules of both ({sample} pairs, scaled)": whole,
        "bare fork loop, all modules": (least := statistics.median(forks(installed) for _ in range(rounds))),
    }
    for engine in engines:
        lab(engine, subjects, out)  # fills the caches
        seconds = [lab(engine, subjects, out)[0] for _ in range(rounds)]
        measured[f"manylinux-lab, {engine}"] = statistics.median(seconds)
    rows = [[way, took, took / count, few / took, whole / took, took / least] for way, took in measured.items()]
    headers = ["way", "seconds", "a pair", "x few modules", "x all modules", "of the fork loop"]
    return f"{len(PROJECTS)} wheels, {count} ordered pairs\n" + tabulate(
        rows, headers=headers, floatfmt=("", ".1f", ".3f", ".1f", ".1f", ".2f")
    )


def memory(numbers: Sequence[int], engine: str, out: Path) -> str:
    """Run all pairs of tiny wheels, for each number of them; return the table."""
    rows = []
    for number in numbers:
        wheels = [str(tiny_wheel(out / "tiny", f"tiny{place:03}")) for place in range(number)]
        seconds, run, peaks = lab(engine, wheels, out, watch=True)
        rows.append([number, len(pair_cells(run)), seconds, peaks.get("controller"), peaks.get("largest worker")])
    headers = ["wheels", "pairs", "seconds", "controller, peak MB", "largest worker, peak MB"]
    return tabulate(rows, headers=headers, floatfmt=".1f")


def tiny_wheel(folder: Path, name: str) -> Path:
    """Write a wheel with one module."""
    folder.mkdir(exist_ok=True)
    path, info = folder / f"{name}-1.0-py3-none-any.whl", f"{name}-1.0.dist-info"
    with ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", f"NAME = '{name}'\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return path


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each engine and of the fork loop")
    parser.add_argument("--sample", type=int, default=60, help="pairs for which a container is started")
    parser.add_argument("--memory", type=int, action="append", metavar="N", help="measure memory with N tiny wheels")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="measure this one (default: both)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="manylinux-lab-benchmark-") as scratch:
        if arguments.memory:
            print(memory(arguments.memory, (arguments.engine or ENGINES)[-1], Path(scratch)))
        else:
            print(pairs(arguments.sample, arguments.rounds, arguments.engine or ENGINES, Path(scratch)))


if __name__ == "__main__":
    main()
