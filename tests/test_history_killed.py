"""A lab that is killed at ten moments loses no finished cell, is resumed, and leaves a history that is consistent."""

import random
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest
from line import PATIENCE, command, lab, need_engine, surroundings
from wheels import build_wheel

from manylinux_lab.history.store import results_of, runs
from manylinux_lab.results import read_results
from manylinux_lab.runs import RunFolder

pytestmark = pytest.mark.real
MOMENTS = 10
SEED = 5
CELLS = 10  # of the wheels below on one bench: each is read, installed and imported


def killed(folder: Path, moment: float, wanted: int) -> Path | None:
    """Start a run, kill it ``moment`` seconds after so many cells are in its file, and return its folder if it has one.

    Only the lab's own process is killed, as by the kernel when memory runs out; it can tell nobody.
    """
    words = ["run", folder / "wheels", "--distro", "debian-12", "--engine", "bwrap", "--coload", "off", "-n", "2"]
    argv = command(*words, "--history", "history.sqlite", "--fresh")
    known = set(folder.glob("runs/*"))
    process = subprocess.Popen(
        argv, cwd=folder, env=surroundings(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    patience = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < patience and finished(folder, known) < wanted:
        time.sleep(0.002)
    time.sleep(moment)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=PATIENCE)
    return next(iter(set(folder.glob("runs/*")) - known), None)


def finished(folder: Path, known: set[Path]) -> int:
    """Return how many lines the newest run has written."""
    files = [path / "results.jsonl" for path in set(folder.glob("runs/*")) - known]
    return sum(file.read_bytes().count(b"\n") for file in files if file.exists())


def test_a_lab_killed_at_ten_moments_loses_no_finished_cell(tmp_path: Path) -> None:
    need_engine("bwrap")
    for number in range(CELLS // 3 + 1):
        build_wheel(tmp_path / "wheels", f"small{number}", files={f"small{number}.py": b""})
    chance = random.Random(SEED)
    interrupted = 0
    for _ in range(MOMENTS):
        folder = killed(tmp_path, chance.uniform(0, 0.05), chance.randrange(CELLS + 2))
        if folder is None or not (folder / "plan.json").exists():
            continue  # killed before the run began
        file = folder / "results.jsonl"
        before = {result.cell: result for result in read_results(file)} if file.exists() else {}
        resumed = lab(tmp_path, "run", "--resume", folder)
        whole = lab(tmp_path, "history", "import", folder, "--history", "history.sqlite")
        after = {result.cell: result for result in read_results(file)}
        planned = cells_of(folder)
        assert resumed.code == (5 if before.keys() == planned else 0), resumed.words
        assert after.keys() == planned
        assert {cell: after[cell] for cell in before} == before, "a finished cell stays as it was"
        assert {one.cell: one for one in results_of(tmp_path / "history.sqlite", folder.name)} == after, whole.words
        interrupted += before.keys() != planned
    assert interrupted, "no run was killed before its end"
    begun = [plan.parent for plan in tmp_path.glob("runs/*/plan.json")]
    again = lab(tmp_path, "history", "import", *begun, "--history", "history.sqlite")
    assert all(": 0 new results" in line for line in again.out.splitlines()), again.words
    with closing(sqlite3.connect(tmp_path / "history.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert len(runs(tmp_path / "history.sqlite")) == len(list(tmp_path.glob("runs/*/results.jsonl")))


def cells_of(folder: Path) -> set[str]:
    """Return the ids of the planned cells of a run."""
    return {cell.id for cell in RunFolder(path=folder).read().plan.cells}


def test_an_unchanged_night_starts_no_bench(tmp_path: Path) -> None:
    need_engine("bwrap")
    build_wheel(tmp_path / "wheels", "fine")
    build_wheel(tmp_path / "wheels", "broken", files={"broken.py": b"raise ValueError('no luck')"})
    words = ["run", "wheels", "--distro", "debian-12", "--engine", "bwrap", "--history", "history.sqlite"]
    first, second = lab(tmp_path, *words), lab(tmp_path, *words)
    name = first.runs[-1].name
    assert first.code == second.code == 1, second.words
    assert first.verdicts() == second.verdicts()
    on_bench = [line for line in second.results if line["bench"] != "host"]
    assert {line["cached"] and line["cached"]["run"] for line in on_bench} == {name}
    assert f"{len(on_bench)} results are cached from {name}, " in second.out
    assert not (second.runs[-1] / "stage").exists(), "nothing was prepared for a bench"
    fresh = lab(tmp_path, *words, "--fresh")
    assert all(line["cached"] is None for line in fresh.results), fresh.words
    build_wheel(tmp_path / "wheels", "fine", files={"fine/__init__.py": b"value = 1"})
    changed = lab(tmp_path, *words)
    alone = [line for line in changed.results if line["check"] in {"install", "import"}]
    assert {line["subject"]: line["cached"] is None for line in alone} == {
        "broken-1.0-py3-none-any.whl": False,
        "fine-1.0-py3-none-any.whl": True,
    }, changed.words
    coload = [line["cached"] for line in changed.results if line["check"] == "coload"]
    assert not any(coload), "their site folder holds another wheel"
