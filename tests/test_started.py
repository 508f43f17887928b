"""A run as it starts and, where nothing is left to ask, as it ends: what is known is written without a bench."""

from dataclasses import replace
from pathlib import Path

import pytest
from records import result
from test_history_cache import AT, EARLIER, planned, seen

from manylinux_lab.history.store import add, results_of
from manylinux_lab.judge import Grade, Outcome, OutcomeKind, Verdict
from manylinux_lab.planning.started import taken_from_history, workers, written
from manylinux_lab.plugin.concluding import conclude
from manylinux_lab.results import ExitCode, read_results
from manylinux_lab.runs import Run, RunFolder

READABLE = Outcome(kind=OutcomeKind.OK, reason="", grade=Grade.RESOLVED)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(path=tmp_path / "runs" / "20260102-101010-abcd")
    made.path.mkdir(parents=True)
    return made


def night(tmp_path: Path, **options: object) -> Run:
    """Return a run with a history, whose cell without a bench has its outcome in the plan."""
    made = planned(history=str(tmp_path / "history.sqlite"), **options)
    cells = tuple(replace(cell, finding=READABLE if cell.check == "read" else None) for cell in made.plan.cells)
    return replace(made, plan=replace(made.plan, cells=cells))


def test_a_run_that_is_known_needs_neither_stage_nor_bench(
    tmp_path: Path, folder: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    made = night(tmp_path)
    add(tmp_path / "history.sqlite", EARLIER, [seen(made), seen(made, "install", verdict=Verdict.FAIL, reason="no")])
    taken = taken_from_history(made)
    started = written(folder, made, taken, (), ())
    assert started.is_known
    assert not folder.stage.exists()
    assert folder.read().plan.notes == (f"2 results are cached from {EARLIER}, {AT[:10]}",)
    assert conclude(folder) == ExitCode.WHEEL_FAILED
    assert {one.check for one in read_results(folder.results_file)} == {"read", "install", "import"}
    said = capsys.readouterr().out
    assert f"2 results are cached from {EARLIER}" in said
    assert f"run {folder.path.name}: 3 new results" in said
    assert (folder.path / "report.md").is_file()
    assert len(results_of(tmp_path / "history.sqlite", folder.path.name)) == 3


def test_what_is_not_known_is_left_for_a_bench(tmp_path: Path, folder: RunFolder) -> None:
    made = night(tmp_path)
    made = replace(made, plan=replace(made.plan, files={}))
    add(tmp_path / "history.sqlite", EARLIER, [seen(night(tmp_path))])
    started = written(folder, made, [result(cell=made.plan.cells[1].id)], (), ())
    assert not started.is_known
    assert (folder.stage / "probe").is_dir()
    assert folder.read().finished == (made.plan.cells[1].id,)


@pytest.mark.parametrize("options", [{"fresh": True}, {"history": ""}])
def test_nothing_is_taken_over_where_that_is_asked(tmp_path: Path, options: dict[str, object]) -> None:
    made = night(tmp_path)
    add(tmp_path / "history.sqlite", EARLIER, [seen(made)])
    assert len(taken_from_history(made)) == 1
    assert taken_from_history(replace(made, options=replace(made.options, **options))) == ()


def test_a_damaged_history_is_said_and_every_cell_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "history.sqlite").write_bytes(b"not a database, but long enough to be looked at" * 100)
    assert taken_from_history(night(tmp_path)) == ()
    assert capsys.readouterr().err.startswith("Every cell is asked: The history ")


def test_a_worker_is_worth_its_start_for_a_bench_or_for_many_cells() -> None:
    cells = planned().plan.cells[:2]
    assert workers(planned(workers=4).options, cells) == 1
    assert workers(planned(workers=4).options, cells * 100) == 4
    assert workers(planned(workers=4).options, ()) == 1
