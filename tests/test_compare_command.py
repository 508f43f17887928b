"""``compare`` as a user types it: what a run may be called, what stops a release, and what is wrong usage."""

import json
from pathlib import Path

import pytest
from page_runs import held
from records import result, run

from manylinux_lab.__main__ import main
from manylinux_lab.commands import compare
from manylinux_lab.history import again
from manylinux_lab.history.store import add
from manylinux_lab.judge import How, Verdict
from manylinux_lab.results import Conditions, Result, ResultsWriter
from manylinux_lab.runs import RunFolder

FIRST, SECOND = "20260101-101010-abcd", "20260102-101010-abcd"
THIRD = "20260103-101010-abcd"
SAME = Conditions(python="3.11.2")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder(FIRST, result(conditions=SAME))
    folder(SECOND, result(verdict=Verdict.FAIL, image="sha256:" + "2" * 64, conditions=SAME))
    add(Path("h.sqlite"), "evening", [result(conditions=SAME)])


def folder(name: str, *results: Result) -> RunFolder:
    found = RunFolder(path=Path("runs", name))
    found.write(run())
    with ResultsWriter(found.results_file) as writer:
        for one in results:
            writer.write(one)
    return found


@pytest.mark.parametrize("old", [FIRST, f"runs/{FIRST}", f"runs/{FIRST}/results.jsonl", "evening"])
@pytest.mark.parametrize("new", ["latest", SECOND])
def test_a_run_may_be_named_in_many_ways(old: str, new: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", old, new, "--history", "h.sqlite", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [one["change"] for one in document["changes"]] == ["regressed"]
    assert [cause["kind"] for cause in document["changes"][0]["causes"]] == ["image"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 0),
        (["--fail-on", "regressed"], 1),
        (["--fail-on", "vanished, flaky"], 0),
        (["--fail-on", "vanished,regressed", "--markdown"], 1),
    ],
)
def test_only_the_changes_that_are_named_stop(words: list[str], code: int) -> None:
    assert main(["compare", FIRST, SECOND, *words]) == code


@pytest.mark.parametrize("old", [FIRST, f"runs/{FIRST}/results.jsonl"])
def test_lines_that_cannot_be_read_are_told(old: str, capsys: pytest.CaptureFixture[str]) -> None:
    with Path("runs", FIRST, "results.jsonl").open("a") as stream:
        stream.write('{"schema": 2, "cell": "debi\n{')
    assert main(["compare", old, SECOND, "--html", "x.html"]) == 0
    said = capsys.readouterr()
    assert f"{old}: 2 lines of 'results.jsonl' could not be read;" in said.err
    assert "could not be read" not in said.out
    assert "could not be read" not in Path("x.html").read_text()
    assert main(["compare", SECOND, old, "--repeat", "0", "--html", "x.html"]) == 0
    assert "2 lines of &#39;results.jsonl&#39; could not be read" in Path("x.html").read_text()


def test_a_failure_that_stays_does_not_stop() -> None:
    assert main(["compare", SECOND, SECOND, "--fail-on", "regressed,failing"]) == 0


@pytest.mark.parametrize(
    "before",
    [
        (result(),),
        (),
        (result(verdict=Verdict.ERROR),),
        (result(verdict=Verdict.UNKNOWN),),
        (result(how=How.PREDICTED),),
        (result(how=How.PREDICTED, verdict=Verdict.FAIL),),
    ],
)
def test_a_failure_that_was_not_seen_before_stops(before: tuple[Result, ...]) -> None:
    folder(THIRD, *before)
    assert main(["compare", THIRD, SECOND, "--repeat", "0", "--fail-on", "failing"]) == 1
    assert main(["compare", SECOND, THIRD, "--repeat", "0", "--fail-on", "failing"]) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([FIRST, "nothing"], "There is no run 'nothing'"),
        ([FIRST, "nothing", "--history", "h.sqlite"], "Nor is it in the history 'h.sqlite'"),
        ([FIRST, SECOND, "--fail-on", "regresed"], "did you mean 'regressed'"),
        ([FIRST, SECOND, "--repeat", "-1"], "takes a number from 0 up"),
    ],
)
def test_wrong_usage(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *words]) == 4
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("artifact.jsonl", "that takes the folder of the newer run, and only its results are at hand"),
        ("night", "that takes the folder of the newer run, and only its results are at hand"),
        ("runs/{}/results.jsonl", "the newer run has not planned it"),
        ("{}", "the newer run has not planned it"),
        ("damaged", "The plan in '{}/runs/damaged' cannot be read"),
    ],
)
def test_what_cannot_be_asked_again_says_why_and_what_to_do(
    name: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = folder(THIRD, result(verdict=Verdict.FAIL, conditions=SAME))
    Path("artifact.jsonl").write_bytes(made.results_file.read_bytes())
    add(Path("h.sqlite"), "night", [result(verdict=Verdict.FAIL, conditions=SAME)])
    damaged = folder("damaged", result(verdict=Verdict.FAIL, conditions=SAME))
    damaged.plan_file.write_text("{")
    assert main(["compare", FIRST, name.format(THIRD), "--json", "--history", "h.sqlite"]) == 0
    said = capsys.readouterr()
    (changed,) = json.loads(said.out)["changes"]
    assert (changed["change"], changed["rate"]) == ("regressed", None)
    assert changed["unrepeated"].startswith(why.format(Path.cwd()))
    assert said.err == (
        f"Nothing explains 1 change; not asked again: {changed['unrepeated']}. "
        "Each one's repeat command asks it by hand.\n"
    )


def test_each_round_adds_a_verdict(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = iter([Verdict.FAIL, Verdict.PASS, Verdict.ERROR])
    for module in (again, compare):
        monkeypatch.setattr(module, "hindrance", lambda compared, folder: "")
    monkeypatch.setattr(again, "_round", lambda run, folder, cells: [result(verdict=next(verdicts))])
    folder(THIRD, result(verdict=Verdict.FAIL, conditions=SAME))
    assert main(["compare", FIRST, "latest", "--json", "--repeat", "3", "--fail-on", "regressed"]) == 0
    (changed,) = json.loads(capsys.readouterr().out)["changes"]
    assert (changed["change"], changed["rate"]) == ("flaky", {"deviations": 1, "times": 2})


def test_the_page_of_the_newer_run_has_the_changes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", FIRST, SECOND, "--json", "--html", "deep/page.html"]) == 0
    assert json.loads(capsys.readouterr().out)["changes"]
    (change,) = held(Path("deep/page.html").read_text())["data"]["changes"]
    assert (change["place"], change["kind"]) == ("numpy 2.1.3", "regressed")
    assert "pass before, fail now" in change["words"]


def test_the_page_needs_the_plan_of_the_newer_run(capsys: pytest.CaptureFixture[str]) -> None:
    Path("artifact.jsonl").write_bytes(Path("runs", SECOND, "results.jsonl").read_bytes())
    assert main(["compare", FIRST, "artifact.jsonl", "--html", "page.html"]) == 4
    assert "has no folder with one" in capsys.readouterr().err
    assert not Path("page.html").exists()
