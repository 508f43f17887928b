"""Run folders: written whole, found by name, staged for benches."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from records import bench, run, subject

import manylinux_lab.bench.probe
from manylinux_lab.cells import Cell, LeftOut, Plan, Subject
from manylinux_lab.errors import UsageError
from manylinux_lab.judge import Outcome, OutcomeKind, Promise
from manylinux_lab.runs import RunFolder, find_folder, new_folder, write_whole


def a_plan() -> Plan:
    finding = Outcome(kind=OutcomeKind.BROKEN, reason="no wheel", facts={"a": [1]})
    cell = Cell(bench=bench().id, check="resolve", subject=subject().id, promise=Promise.SUPPORTED, finding=finding)
    left_out = (LeftOut(bench="x", subject="", reason="y"),)
    return Plan(benches=(bench(),), subjects=(subject(),), cells=(cell,), left_out=left_out, files={"0" * 64: "/x"})


def test_cells_of_one_bench_and_site_share_their_words_when_read(tmp_path: Path) -> None:
    cells = tuple(
        Cell(bench=bench().id, check="coload", subject=f"{name},stdlib", promise=Promise.SUPPORTED, sites=("0a1b",))
        for name in "ab"
    )
    subjects = tuple(Subject(id=f"{name},stdlib", project=name, members=(name, "stdlib")) for name in "ab")
    RunFolder(path=tmp_path).write(run(Plan(benches=(bench(),), subjects=subjects, cells=cells)))
    read = RunFolder(path=tmp_path).read().plan
    assert (read.cells, read.subjects) == (cells, subjects)
    first, second = read.cells
    assert first.bench is second.bench
    assert first.sites is second.sites
    assert first.subject is read.subjects[0].id


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    folder, made = RunFolder(path=tmp_path), run(a_plan(), distro=("debian-*",))
    folder.write(made)
    assert folder.read() == made
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]


def test_a_plan_that_is_none(tmp_path: Path) -> None:
    folder = RunFolder(path=tmp_path)
    with pytest.raises(UsageError, match="is not a run"):
        folder.read()
    folder.plan_file.write_text('{"schema": 1}')
    with pytest.raises(UsageError, match="cannot be read by this lab"):
        folder.read()


def test_a_plan_of_a_newer_lab_is_said(tmp_path: Path) -> None:
    folder = RunFolder(path=tmp_path)
    folder.write(replace(run(), schema=2))
    with pytest.raises(UsageError, match="has schema 2; this lab reads up to 1"):
        folder.read()


def test_run_folders_are_found(tmp_path: Path) -> None:
    out = str(tmp_path / "runs")
    with pytest.raises(UsageError, match="no run in"):
        find_folder("latest", out)
    first, *_, last = folders = [
        new_folder(out) for _ in range(20)
    ]  # more than one in a second: names alone cannot tell
    assert len({folder.path for folder in folders}) == 20
    for age, folder in enumerate(folders):
        folder.write(run())
        os.utime(folder.plan_file, ns=(age, age))
    newest = max(folder.path.name.rpartition("-")[0] for folder in folders)
    assert last.path.name.startswith(newest)
    assert find_folder("latest", out).path == last.path
    assert find_folder(first.path.name, out) == find_folder(str(first.path), out) == first
    with pytest.raises(UsageError, match="no run 'x'"):
        find_folder("x", out)


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(UsageError, match="--out"):
        new_folder(str(tmp_path / "runs"))


def test_the_stage_is_readable_for_any_user(tmp_path: Path) -> None:
    private, public = tmp_path / "private-1-py3-none-any.whl", tmp_path / "public-1-py3-none-any.whl"
    for wheel, mode in ((private, 0o600), (public, 0o644)):
        wheel.write_bytes(b"wheel")
        wheel.chmod(mode)
    folder = RunFolder(path=tmp_path / "run")
    folder.fill_stage({"a" * 64: str(private), "b" * 64: str(public)})
    probe = sorted(path.name for path in Path(manylinux_lab.bench.probe.__file__).parent.glob("*.py"))
    assert "__main__.py" in probe
    staged = sorted(path for path in folder.stage.rglob("*") if path.is_file())
    assert [path.name for path in staged] == [*probe, private.name, public.name]
    assert all(path.stat().st_mode & 0o444 == 0o444 for path in staged)
    assert private.stat().st_mode & 0o777 == 0o600
    assert all(path.stat().st_mode & 0o555 == 0o555 for path in folder.stage.rglob("*") if path.is_dir())
    folder.clear_stage()
    assert private.exists()
    assert not folder.stage.exists()


def test_a_failed_write_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    write_whole(path, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"new")
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("x", b"old")]
