"""``bisect`` as a user types it: what is wrong usage, and where a search cannot begin."""

from dataclasses import replace
from pathlib import Path

import pytest
from test_bisecting import planned
from wheels import build_wheel

from manylinux_lab.__main__ import main
from manylinux_lab.commands import bisect
from manylinux_lab.engines.contract import Image
from manylinux_lab.history.bisect_log import Search, log_step, open_log, read_log
from manylinux_lab.history.bisecting import Judged, Step
from manylinux_lab.history.variants import asked_cell, of_cell, version_of, with_image, with_release
from manylinux_lab.judge import Verdict
from manylinux_lab.runs import Run, RunFolder

NAMES = ("20260101-101010-abcd", "20260102-101010-abcd", "20260103-101010-abcd")
IMAGES = [Image(reference=str(n), digest=f"sha256:{n}", arch="x86_64", origin="") for n in range(3)]
CELL, PAIR = (planned().plan.cells[number].id for number in (1, 3))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for minor in range(6):
        build_wheel(tmp_path / "index", "dep", f"1.{minor}")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for name, image in zip(NAMES, IMAGES, strict=True):
        made = with_image(planned(), image)
        options = replace(made.options, find_links=(str(tmp_path / "index"),))
        RunFolder(path=Path("runs", name)).write(replace(made, id=name, options=options))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Name a cell that fails"),
        ([CELL], "either --release PROJECT or --image"),
        ([CELL, "--release", "dep"], "Say which release is good"),
        ([CELL, "--release", "other", "--good", "1"], "no wheel of 'other'; it has dep, numpy"),
        ([CELL, "--release", "dep", "--good", "one"], "'one' is no version"),
        ([CELL, "--release", "dep", "--good", "1.1", "--bad", "1.0"], "the good end is not older"),
        ([CELL, "--release", "dep", "--good", "0.5"], "no wheel of 'dep 0.5'"),
        ([CELL, "--release", "dep", "--good", "1.0"], "nothing to search"),
        (["x/import/y", "--image"], "has no cell 'x/import/y'"),
        ([CELL, "--image", "--run", NAMES[0]], "nothing to search"),
        ([CELL, "--image", "--run", NAMES[0], "--good-run", NAMES[1]], "no earlier image"),
        (["--replay", "gone.jsonl"], "There is no log 'gone.jsonl'"),
    ],
)
def test_wrong_usage(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bisect", *words]) == 4
    assert said in capsys.readouterr().err


def test_images_are_searched_in_the_order_of_the_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def carried_out(run: Run, below: Path) -> list[object]:
        from records import result

        (bench,) = run.plan.benches
        assert bench.image is not None
        asked.append(bench.image.digest)
        return [result(cell=CELL, verdict=Verdict.FAIL if bench.image.digest > "sha256:0" else Verdict.PASS)]

    monkeypatch.setattr(bisect, "carried_out", carried_out)
    assert main(["bisect", CELL, "--image"]) == 0
    assert asked == ["sha256:2", "sha256:0", "sha256:1"]
    assert "The first bad image is sha256:1; the last good one is sha256:0." in capsys.readouterr().out
    assert len(read_log(Path("bisect.jsonl"))[1]) == 3
    assert main(["bisect", "--replay", "bisect.jsonl"]) == 0
    assert capsys.readouterr().out.count("[as in the log]") == 3


@pytest.mark.parametrize("project", ["numpy", "dep"])
def test_what_was_planned_need_not_be_in_the_index(project: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bisect", CELL, "--release", project, "--good", "0.5"]) == 4
    assert f"no wheel of '{project} 0.5'" in capsys.readouterr().err


def test_the_good_end_may_be_that_of_a_pair_in_another_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for version in ("1.9.0", "2.0.0", "2.1.3"):
        build_wheel(Path("index"), "numpy", version)
    made = planned()
    older = with_release(of_cell(made, PAIR), "numpy", "f" * 64, Path("/w/numpy-1.9.0-py3-none-any.whl"))
    RunFolder(path=Path("runs", NAMES[0])).write(older)
    asked = []

    def carried_out(run: Run, below: Path) -> list[object]:
        from records import result

        asked.append(asked_cell(run).id)
        is_bad = version_of(run.plan, "numpy") != "1.9.0"
        return [result(cell=asked_cell(run).id, verdict=Verdict.FAIL if is_bad else Verdict.PASS)]

    monkeypatch.setattr(bisect, "carried_out", carried_out)
    assert main(["bisect", PAIR, "--release", "numpy", "--good-run", NAMES[0]]) == 0
    said = capsys.readouterr().out
    assert "The first bad release of numpy is 2.0.0; the last good one is 1.9.0." in said
    assert [cell.rpartition("/")[2] for cell in asked] == [f"numpy-{one},stdlib" for one in ("2.1.3", "1.9.0", "2.0.0")]


def test_an_image_that_no_run_has_any_more_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    search = Search(run=str(Path("runs", NAMES[2])), cell=CELL, project="", candidates=("sha256:old", "sha256:2"))
    open_log(Path("bisect.jsonl"), search)
    log_step(Path("bisect.jsonl"), Step(candidate="sha256:old", judged=Judged.GOOD))
    assert main(["bisect", "--replay", "bisect.jsonl"]) == 3
    assert "No run in the folder has the image 'sha256:old' any more." in capsys.readouterr().err


def test_releases_come_from_where_the_run_took_its_wheels(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def carried_out(run: Run, below: Path) -> list[object]:
        from records import result

        minor = int(version_of(run.plan, "dep").partition(".")[2])
        return [] if minor == 3 else [result(cell=CELL, verdict=Verdict.FAIL if minor > 3 else Verdict.PASS)]

    monkeypatch.setattr(bisect, "carried_out", carried_out)
    assert main(["bisect", CELL, "--release", "Dep", "--good", "1.0", "--bad", "1.5"]) == 0
    said = capsys.readouterr().out
    assert "The first bad release of dep is 1.4; the last good one is 1.2." in said
    assert "Between them could not be tested: 1.3." in said
    assert main(["bisect", CELL, "--release", "dep", "--good", "1.1", "--bad", "1.2", "--log", "other.jsonl"]) == 0
    assert "is not the cause: with '1.2' the cell is good, not bad" in capsys.readouterr().out
