"""``history``: import and export as a user types them, and what a run says of a history that cannot be used."""

from pathlib import Path

import pytest
from records import result, run

from manylinux_lab.__main__ import main
from manylinux_lab.history.keeping import keep
from manylinux_lab.history.store import results_of, runs
from manylinux_lab.results import Lines, Result, ResultsWriter
from manylinux_lab.runs import RunFolder

FIRST, SECOND = "20260101-101010-abcd", "20260102-101010-abcd"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def folder(name: str, *results: Result) -> RunFolder:
    found = RunFolder(path=Path("runs", name))
    found.write(run())
    with ResultsWriter(found.results_file) as writer:
        for one in results:
            writer.write(one)
    return found


def test_runs_are_imported_exported_and_imported_elsewhere(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    folder(FIRST, result(run=FIRST), result(run=FIRST, check="smoke"))
    folder(SECOND, result(run=SECOND, at="x"))
    assert main(["history", "import", "runs/" + FIRST, "latest", "--history", "a.sqlite"]) == 0
    said = capsysbinary.readouterr().out.decode()
    assert f"run {FIRST}: 2 new results, 2 in all" in said
    assert f"run {SECOND}: 1 new results, 1 in all" in said
    assert main(["history", "export", "--history", "a.sqlite"]) == 0
    Path("all.jsonl").write_bytes(capsysbinary.readouterr().out)
    assert main(["history", "import", "all.jsonl", "--history", "b.sqlite"]) == 0
    assert runs(Path("a.sqlite")) == runs(Path("b.sqlite"))
    for name in (FIRST, SECOND):
        assert results_of(Path("a.sqlite"), name) == results_of(Path("b.sqlite"), name)
    capsysbinary.readouterr()
    assert main(["history", "runs", "--history", "b.sqlite"]) == 0
    assert capsysbinary.readouterr().out.decode().splitlines()[0] == (
        f"{FIRST}  2026-01-01T10:10:10Z  2 cells  manylinux-lab 0.1.0"
    )


def test_lines_that_cannot_be_read_are_told_at_import(capsys: pytest.CaptureFixture[str]) -> None:
    made = folder(FIRST, result(run=FIRST), result(run=SECOND))
    lines = made.results_file.read_bytes().splitlines(keepends=True)
    made.results_file.write_bytes(lines[0] + b"{torn\n" + lines[1] + lines[1][:90])
    for name in (str(made.results_file), FIRST):
        assert main(["history", "import", name, "--history", f"{len(name)}.sqlite"]) == 0
        assert f"'{name}': 2 lines of 'results.jsonl' could not be read;" in capsys.readouterr().out


def test_a_results_file_without_run_ids_is_named_after_its_folder_or_itself() -> None:
    made = folder(FIRST, result(schema=1))
    Path("night.jsonl").write_bytes(made.results_file.read_bytes())
    assert main(["history", "import", str(made.results_file), "night.jsonl", "--history", "a.sqlite"]) == 0
    assert sorted(one.name for one in runs(Path("a.sqlite"))) == [FIRST, "night"]


def test_a_run_keeps_its_id_when_its_folder_is_renamed(capsys: pytest.CaptureFixture[str]) -> None:
    folder(FIRST, result(run=FIRST))
    assert main(["history", "import", FIRST, "--history", "a.sqlite"]) == 0
    Path("runs", FIRST).rename("runs/nightly")
    for name in ("nightly", "runs/nightly", "runs/nightly/results.jsonl"):
        capsys.readouterr()
        assert main(["history", "import", name, "--history", "a.sqlite"]) == 0
        assert capsys.readouterr().out == f"run {FIRST}: 0 new results, 1 in all\n"
    assert keep("a.sqlite", RunFolder(path=Path("runs/nightly"))).endswith(f"run {FIRST}: 0 new results, 1 in all")
    assert [one.name for one in runs(Path("a.sqlite"))] == [FIRST]


def test_a_run_that_went_on_in_two_places_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    both = result(run=FIRST)
    here, there = (result(run=FIRST, check=check) for check in ("smoke", "install"))
    folder(FIRST, both, here)
    folder("copied", both, there)
    assert main(["history", "import", FIRST, "copied", "--history", "a.sqlite"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"run {FIRST}: 2 new results, 2 in all"
    assert said[1] == (
        f"run {FIRST}: 1 new results, 3 in all; 1 that the history has of it are not among these, so the run was gone "
        "on with in two places: both are kept, and of a cell the result that came last counts"
    )
    assert {one.check for one in results_of(Path("a.sqlite"), FIRST)} == {"import", "smoke", "install"}
    capsys.readouterr()
    assert main(["history", "import", FIRST, "--history", "a.sqlite"]) == 0
    assert capsys.readouterr().out == f"run {FIRST}: 0 new results, 3 in all\n", "a part of it is nothing to tell of"


def test_the_settings_may_name_the_history(capsys: pytest.CaptureFixture[str]) -> None:
    Path("pyproject.toml").write_text("[tool.manylinux-lab]\nhistory = 'kept.sqlite'\n")
    folder(FIRST)
    assert main(["history", "import", FIRST]) == 0
    assert "has no results yet" in capsys.readouterr().out
    folder(FIRST, result())
    assert main(["history", "import", FIRST]) == 0
    assert Path("kept.sqlite").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["runs"], "Name the history"),
        (["runs", "--history", "gone.sqlite"], "There is no history 'gone.sqlite'"),
        (["import", "nothing", "--history", "a.sqlite"], "There is no run 'nothing'"),
        (["export", "nothing", "--history", "kept.sqlite"], "has no run 'nothing'"),
    ],
)
def test_what_is_missing_is_said(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder(FIRST, result())
    assert main(["history", "import", FIRST, "--history", "kept.sqlite"]) == 0
    assert main(["history", *words]) == 4
    assert said in capsys.readouterr().err


def test_a_run_says_what_it_kept_and_never_fails_because_of_it() -> None:
    made = folder(FIRST, result())
    assert keep("a.sqlite", made) == f"History: a.sqlite; run {FIRST}: 1 new results, 1 in all"
    made.results_file.write_bytes(b"")
    with ResultsWriter(made.results_file) as writer:
        writer.write(result(reason="another"))
    assert keep("a.sqlite", made).endswith(f"another run has the id '{FIRST}', so this one is kept as '{FIRST}#2'")
    Path("a.sqlite").write_bytes(b"something else, long enough to be looked at" * 100)
    said = keep("a.sqlite", made)
    assert said.startswith("This run is not in the history yet, and nothing of it is lost. The history 'a.sqlite' is")
    assert said.endswith(f"Add it later with 'manylinux-lab history import runs/{FIRST} --history a.sqlite'.")
    assert list(Lines(made.results_file)) == [result(reason="another")]
