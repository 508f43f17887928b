"""A lab that is killed at ten moments loses no finished cell, is resumed, and leaves a history that is consistent."""

import random
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from line import PATIENCE, command, lab, need_engine, surroundings
from wheels import build_wheel

from manylinux_lab.history.store import results_of, runs
from manylinux_lab.results import Result, read_results
from manylinux_lab.runs import RunFolder

pytestmark = pytest.mark.real
SEED = 5
WHEELS = 4  # on one bench: each is read, installed and imported, which makes 12 cells
IN_THE_HISTORY = -1
MOMENTS = (IN_THE_HISTORY, 0, 1, 3, 5, 7, 9, 10, 11, IN_THE_HISTORY)  # finished cells; 0 is once the plan is written
UNITS = {IN_THE_HISTORY: 0.01}  # seconds: writing so small a history takes about as long


@dataclass(frozen=True, kw_only=True, slots=True)
class Killed:
    """A run that was killed: its folder, what it had finished, and whether it had not ended by itself before."""

    folder: Path
    finished: dict[str, Result]
    is_killed: bool


def killed(folder: Path, moment: int, chance: random.Random) -> Killed:
    """Start a run, and kill it shortly after it has come so far.

    Only the lab's own process is killed, as by the kernel when memory runs out; it can tell nobody.
    """
    words = ["run", folder / "wheels", "--distro", "debian-12", "--engine", "bwrap", "--coload", "off", "-n", "2"]
    argv = command(*words, "--history", "history.sqlite", "--fresh")
    known = set(folder.glob("runs/*"))
    process = subprocess.Popen(
        argv, cwd=folder, env=surroundings(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    patience = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < patience and not has_come(folder, known, moment):
        time.sleep(0.001)
    time.sleep(chance.uniform(0, UNITS.get(moment, 0.05)))
    process.send_signal(signal.SIGKILL)
    is_killed = process.wait(timeout=PATIENCE) == -signal.SIGKILL
    (begun,) = set(folder.glob("runs/*")) - known
    file = begun / "results.jsonl"
    finished = {result.cell: result for result in read_results(file)} if file.exists() else {}
    return Killed(folder=begun, finished=finished, is_killed=is_killed)


def has_come(folder: Path, known: set[Path], moment: int) -> bool:
    """Tell whether the newest run has come so far; a history is open while its log stands beside it."""
    if moment == IN_THE_HISTORY:
        return (folder / "history.sqlite-wal").exists()
    files = [path / "results.jsonl" for path in set(folder.glob("runs/*")) - known if (path / "plan.json").exists()]
    return bool(files) and sum(file.read_bytes().count(b"\n") for file in files if file.exists()) >= moment


def test_a_lab_killed_at_ten_moments_loses_no_finished_cell(tmp_path: Path) -> None:
    need_engine("bwrap")
    for number in range(WHEELS):
        build_wheel(tmp_path / "wheels", f"small{number}", files={f"small{number}.py": b""})
    chance = random.Random(SEED)
    runs_killed = []
    for moment in MOMENTS:
        run = killed(tmp_path, moment, chance)
        file = run.folder / "results.jsonl"
        planned = cells_of(run.folder)
        resumed = lab(tmp_path, "run", "--resume", run.folder)
        whole = lab(tmp_path, "history", "import", run.folder, "--history", "history.sqlite")
        after = {result.cell: result for result in read_results(file)}
        assert resumed.code == (5 if run.finished.keys() == planned else 0), resumed.words
        assert after.keys() == planned
        assert {cell: after[cell] for cell in run.finished} == run.finished, "a finished cell stays as it was"
        assert {one.cell: one for one in results_of(tmp_path / "history.sqlite", run.folder.name)} == after, whole.words
        runs_killed += [run] if run.is_killed else []
    numbers = [len(run.finished) for run in runs_killed]
    print("finished cells when it was killed:", *numbers)
    assert min(numbers) < 3 * WHEELS == max(numbers), "one is killed early, and one while it writes the history"
    assert len(set(numbers)) > 2, "and some in between"
    again = lab(tmp_path, "history", "import", *tmp_path.glob("runs/*"), "--history", "history.sqlite")
    assert all(": 0 new results" in line for line in again.out.splitlines()), again.words
    with closing(sqlite3.connect(tmp_path / "history.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert len(runs(tmp_path / "history.sqlite")) == len(MOMENTS)


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
