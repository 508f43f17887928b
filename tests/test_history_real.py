"""A history on a real disk: many processes at once, a full one, a read-only one, and lock holders that die."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from line import lab
from records import result

from manylinux_lab.errors import EngineError, UsageError
from manylinux_lab.history.store import add, results_of, runs
from manylinux_lab.results import ResultsWriter, read_results

pytestmark = pytest.mark.real
ADD = """
import sys
from pathlib import Path
from manylinux_lab.history.store import add
from manylinux_lab.results import Lines
for number in range(5):
    add(Path("history.sqlite"), f"{sys.argv[1]}-{number}", Lines(Path("results.jsonl")))
"""
HOLD = """
import sqlite3, sys, time
connection = sqlite3.connect("history.sqlite", isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
connection.execute("DELETE FROM results")
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 512 KiB, or skip."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root")
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", place], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_many_processes_add_at_the_same_time(tmp_path: Path) -> None:
    with ResultsWriter(tmp_path / "results.jsonl") as writer:
        for number in range(40):
            writer.write(result(subject=f"wheel-{number}.whl"))
    argvs = [[sys.executable, "-c", ADD, f"process-{number}"] for number in range(4)]
    processes = [subprocess.Popen(argv, cwd=tmp_path, stderr=subprocess.PIPE, text=True) for argv in argvs]
    for process in processes:
        assert process.communicate(timeout=300)[1] == ""
    kept = runs(tmp_path / "history.sqlite")
    assert len(kept) == 20
    assert {run.cells for run in kept} == {40}


def test_a_full_disk_loses_nothing(small_disk: Path) -> None:
    path = small_disk / "history.sqlite"
    add(path, "first", [result()])
    many = [result(subject=f"wheel-{number}.whl", facts={"log": "x" * 2000}) for number in range(1000)]
    with pytest.raises(EngineError, match="the disk is full"):
        add(path, "second", many)
    assert [run.name for run in runs(path)] == ["first"]
    assert results_of(path, "first") == (result(run="first"),)
    assert add(path, "third", [result(check="smoke")]) is not None


def test_a_history_on_a_read_only_disk_is_read_and_not_written(small_disk: Path) -> None:
    path = small_disk / "history.sqlite"
    add(path, "first", [result()])
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert results_of(path, "first") == (result(run="first"),)
    with pytest.raises(UsageError, match=r"cannot be (written|opened)"):
        add(path, "second", [result()])


def test_a_writer_that_dies_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    add(path, "first", [result()])
    process = subprocess.Popen([sys.executable, "-c", HOLD], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(EngineError, match="is held by another process"):
        add(path, "second", [result()], patience=0.1)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert add(path, "second", [result()]) is not None
    assert [run.cells for run in runs(path)] == [1, 1]


def test_a_run_keeps_its_results_and_a_damaged_history_does_not_fail_it(tmp_path: Path) -> None:
    from wheels import build_wheel

    wheel = build_wheel(tmp_path)
    words = ["run", wheel, "--distro", "debian-12", "--engine", "local", "--history", "history.sqlite"]
    first = lab(tmp_path, *words)
    assert first.code == 0, first.words
    assert f"run {first.runs[-1].name}: {len(first.results)} new results" in first.out
    assert results_of(tmp_path / "history.sqlite", first.runs[-1].name) == read_results(
        first.runs[-1] / "results.jsonl"
    )
    (tmp_path / "history.sqlite").write_bytes(b"not a database at all " * 400)
    second = lab(tmp_path, *words)
    assert second.code == 0, second.words
    assert "This run is not in the history yet, and nothing of it is lost." in second.out
    (tmp_path / "history.sqlite").unlink()
    again = lab(tmp_path, "history", "import", *second.runs, "--history", "history.sqlite")
    assert again.code == 0, again.words
    assert len(runs(tmp_path / "history.sqlite")) == 2
