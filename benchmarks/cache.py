"""An unchanged night: 10,000 cells that are all in the history, beside the same run without a history.

``python benchmarks/cache.py`` prints seconds of processor time and of the clock; docs/performance.md keeps them. The
wheels are tiny and pure, so that the run without a history is as quick as a run of so many cells can be: every ordered
pair of them in one process. ``start-up`` is the same command for a single wheel that is in the history too.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tabulate import tabulate

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from wheels import build_wheel

WHEELS = 98  # 9,506 ordered pairs, 196 with the standard library, 3 cells for each alone, 1 for its file: 10,094 cells


def lab(folder: Path, *words: str) -> tuple[float, float, int]:
    """Run the lab; return seconds of processor time (its children's too), of the clock, and the number of cells."""
    command = [sys.executable, "-m", "manylinux_lab", "run", *words, "--distro", "debian-12", "--engine", "bwrap"]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([*command, "--out", str(folder / "runs")], capture_output=True, text=True, cwd=folder)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"the lab ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    latest = max((folder / "runs").glob("*/plan.json"), key=lambda plan: plan.stat().st_mtime_ns).parent
    results = [json.loads(line) for line in (latest / "results.jsonl").open()]
    asked = sum(result["cached"] is None and result["bench"] != "host" for result in results)
    print(f"{len(results)} cells, {asked} of them asked on a bench: {processor:.1f} s of processor time", flush=True)
    return processor, seconds, len(results)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheels", type=int, default=WHEELS, help="how many tiny wheels meet")
    parser.add_argument("--rounds", type=int, default=3, help="runs with everything cached")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="manylinux-lab-benchmark-"))
    try:
        for number in range(arguments.wheels):
            build_wheel(folder / "many", f"tiny{number}", files={f"tiny{number}.py": b""})
        build_wheel(folder / "one", "single", files={"single.py": b""})
        many, one, history = (str(folder / "many"), str(folder / "one"), ("--history", str(folder / "history.sqlite")))
        plain = lab(folder, many, "--coload", "pairs")
        lab(folder, many, "--coload", "pairs", *history)
        lab(folder, one, *history)
        first = min(lab(folder, one, *history) for _ in range(arguments.rounds))
        cached = min(lab(folder, many, "--coload", "pairs", *history) for _ in range(arguments.rounds))
        rows = [
            ["without a history", f"{plain[0]:.1f}", f"{plain[1]:.1f}", ""],
            ["everything cached", f"{cached[0]:.1f}", f"{cached[1]:.1f}", f"1/{plain[0] / cached[0]:.0f}"],
            ["start-up", f"{first[0]:.1f}", f"{first[1]:.1f}", ""],
            ["beyond start-up", f"{cached[0] - first[0]:.1f}", f"{cached[1] - first[1]:.1f}", ""],
        ]
        size = Path(history[1]).stat().st_size / (1 << 20)
        print(f"{cached[2]} cells; the history of {2 * arguments.rounds + 2} runs has {size:.0f} MiB")
        headers = ["run", "processor seconds", "clock seconds", "ratio"]
        print(tabulate(rows, headers=headers, disable_numparse=True))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
