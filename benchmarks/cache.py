"""An unchanged night: 10,000 cells that are all in the history, beside the same run without a history.

``python benchmarks/cache.py`` prints seconds of processor time and of the clock; docs/performance.md keeps them. The
wheels are tiny and pure, so that the run without a history is as quick as a run of so many cells can be: every ordered
pair of them in one process. ``start-up`` is the same command for a single wheel that is in the history too.

Asking 10,000 cells takes minutes, an unchanged night seconds. With ``--folder DIR`` what was asked stays there, and the
same command given again times only the unchanged night, as long as lab and image are those that filled the folder.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from wheels import build_wheel

WHEELS = 98  # 9,506 ordered pairs, 196 with the standard library, 3 cells for each alone, 1 for its file: 10,094 cells
MANY, ONE = ("many", "--coload", "pairs"), ("one",)
HISTORY = ("--history", "history.sqlite")

Measured = tuple[float, float, int, int]  # seconds of processor time, of the clock; cells, and how many were asked


def lab(folder: Path, *words: str) -> Measured:
    """Run the lab; its processor time is that of all its processes."""
    command = [sys.executable, "-m", "manylinux_lab", "run", *words, "--distro", "debian-12", "--engine", "bwrap"]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([*command, "--out", "runs"], capture_output=True, text=True, cwd=folder)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"the lab ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    latest = max((folder / "runs").glob("*/plan.json"), key=lambda plan: plan.stat().st_mtime_ns).parent
    results = [json.loads(line) for line in (latest / "results.jsonl").open()]
    shutil.rmtree(latest)
    asked = sum(result["cached"] is None and result["bench"] != "host" for result in results)
    print(f"{len(results)} cells, {asked} of them asked on a bench: {processor:.1f} s of processor time", flush=True)
    return processor, seconds, len(results), asked


def fill(folder: Path, wheels: int) -> None:
    """Make the wheels, ask all cells without a history and once more with one, and note how long the first took."""
    for number in range(wheels):
        build_wheel(folder / "many", f"tiny{number}", files={f"tiny{number}.py": b""})
    build_wheel(folder / "one", "single", files={"single.py": b""})
    plain = lab(folder, *MANY)
    for words in (MANY, ONE):
        lab(folder, *words, *HISTORY)
    (folder / "plain.json").write_text(json.dumps(plain))


def unchanged(folder: Path, words: Sequence[str], rounds: int) -> Measured:
    """Return the least of several runs that take everything over."""
    found = [lab(folder, *words, *HISTORY) for _ in range(rounds)]
    if any(asked for *_, asked in found):
        sys.exit(f"Lab or image changed since '{folder}' was filled: remove it, or name another.")
    return min(found)


def report(folder: Path, cached: Measured, first: Measured) -> None:
    """Print the table."""
    plain = json.loads((folder / "plain.json").read_text())
    rows = [
        ["without a history", f"{plain[0]:.1f}", f"{plain[1]:.1f}", ""],
        ["everything cached", f"{cached[0]:.2f}", f"{cached[1]:.2f}", f"1/{plain[0] / cached[0]:.0f}"],
        ["start-up", f"{first[0]:.2f}", f"{first[1]:.2f}", ""],
        ["beyond start-up", f"{cached[0] - first[0]:.2f}", f"{cached[1] - first[1]:.2f}", ""],
    ]
    size = (folder / HISTORY[1]).stat().st_size / (1 << 20)
    print(f"{cached[2]} cells; the history has {size:.0f} MiB")
    print(tabulate(rows, headers=["run", "processor seconds", "clock seconds", "ratio"], disable_numparse=True))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheels", type=int, default=WHEELS, help="how many tiny wheels meet")
    parser.add_argument("--rounds", type=int, default=3, help="runs with everything cached")
    parser.add_argument("--folder", type=Path, help="keep what was asked here, and use what is here")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="manylinux-lab-benchmark-"))
    try:
        if not (folder / "plain.json").exists():
            fill(folder, arguments.wheels)
        first = unchanged(folder, ONE, arguments.rounds)
        report(folder, unchanged(folder, MANY, arguments.rounds), first)
    finally:
        if arguments.folder is None:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
