"""Install and import 16 wheels on 3 Debian benches: the lab beside a plain loop of one ``docker run`` for each cell.

``python benchmarks/matrix.py`` prints seconds and ratios; docs/performance.md keeps them. Both sides get the same wheel
files and the same prepared images, without network. The plain loop is what a maintainer's script does: one container
for each wheel and distro, ``pip install`` and ``python -c 'import ...'`` in it. The lab does more for each cell: it
loads every extension module and shared object, and offers what does not fit to the installer, which must refuse it.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tabulate import tabulate

from manylinux_lab.runs import find_folder

DISTROS = ("debian-11", "debian-12", "debian-13")
PROJECTS = {
    "bcrypt": "bcrypt",
    "brotli": "brotli",
    "charset-normalizer": "charset_normalizer",
    "zstandard": "zstandard",
    "frozenlist": "frozenlist",
    "greenlet": "greenlet",
    "kiwisolver": "kiwisolver",
    "lxml": "lxml.etree",
    "lz4": "lz4.frame",
    "markupsafe": "markupsafe",
    "mmh3": "mmh3",
    "msgpack": "msgpack",
    "numpy": "numpy",
    "psutil": "psutil",
    "pyyaml": "yaml",
    "rpds-py": "rpds",
}


def lab(engine: str, subjects: list[str], out: Path) -> tuple[float, Path]:
    """Run the lab; return the seconds of the whole command and the run's folder."""
    command = [sys.executable, "-m", "manylinux_lab", "run", *subjects, "--engine", engine, "--out", str(out), "--keep"]
    command += [word for distro in DISTROS for word in ("--distro", distro)]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"the lab ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    return seconds, find_folder("latest", str(out)).path


def wheel_files(run: Path, folder: Path) -> list[str]:
    """Return the wheels of a run, copied into one folder."""
    folder.mkdir()
    for file in run.glob("stage/wheels/*/*.whl"):
        shutil.copy(file, folder)
    return [str(file) for file in sorted(folder.iterdir())]


def naive(run: Path) -> tuple[float, int]:
    """Do the same with one ``docker run`` for each wheel and bench; return seconds and the number of containers."""
    plan = json.loads((run / "plan.json").read_text())["plan"]
    images = {
        f"{one['distro']}:{one['arch']}:{one['interpreter']['abi']}": one["image"]["reference"]
        for one in plan["benches"]
    }
    files = plan["files"]
    subjects = {one["id"]: one for one in plan["subjects"]}
    started = time.perf_counter()
    cells = [cell for cell in plan["cells"] if cell["check"] == "import"]
    for cell in cells:
        hashes = [subjects[cell["subject"]]["sha256"], *cell["dependencies"]]
        paths = [f"/lab/wheels/{sha256[:16]}/{Path(files[sha256]).name}" for sha256 in hashes]
        module = PROJECTS[subjects[cell["subject"]]["project"]]
        install = f"pip install -q --no-index --target /tmp/site {' '.join(paths)}"
        script = f"{install} && PYTHONPATH=/tmp/site python3 -c 'import {module}'"
        command = [
            "docker",
            "run",
            "--rm",
            "--network",
            "none",
            "-v",
            f"{run / 'stage'}:/lab:ro",
            images[cell["bench"]],
        ]
        subprocess.run([*command, "sh", "-c", script], check=True, capture_output=True)
    return time.perf_counter() - started, len(cells)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each engine (the plain loop runs once)")
    rounds = parser.parse_args().rounds
    out = Path(tempfile.mkdtemp(prefix="manylinux-lab-benchmark-"))
    try:
        _, first = lab("bwrap", list(PROJECTS), out)
        files = wheel_files(first, out / "wheels")
        _, warm = lab("docker", files, out)  # makes the images and fills the caches for both sides
        plain, containers = naive(warm)
        rows = [["docker run, one for each cell", f"{plain:.1f}", "1.0 x", ""]]
        for engine in ("docker", "bwrap"):
            measured = [lab(engine, files, out) for _ in range(rounds)]
            middle = statistics.median(seconds for seconds, _ in measured)
            cells = [json.loads(line)["seconds"] for line in (measured[-1][1] / "results.jsonl").open()]
            rows.append([f"manylinux-lab, {engine}", f"{middle:.1f}", f"{plain / middle:.1f} x", f"{sum(cells):.1f}"])
        print(
            f"{len(PROJECTS)} wheels on {len(DISTROS)} benches, {containers} installs and imports, median of {rounds}"
        )
        print(
            tabulate(rows, headers=["way", "seconds", "ratio", "of it in cells (all workers)"], disable_numparse=True)
        )
    finally:
        shutil.rmtree(out)


if __name__ == "__main__":
    main()
