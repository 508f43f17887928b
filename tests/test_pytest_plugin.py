"""The plugin: cells become tests, results reach file and exit code, with xdist and without; no bench is needed."""

import io
import json
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from records import run

from manylinux_lab.cells import HOST, Cell, Plan, Subject
from manylinux_lab.folders import data_folder
from manylinux_lab.judge import Grade, Outcome, OutcomeKind, Promise, Verdict
from manylinux_lab.plugin.recorder import Progress
from manylinux_lab.plugin.scheduling import share_of, shares_of_a_bench
from manylinux_lab.results import read_results
from manylinux_lab.runs import RunFolder

OK = Outcome(kind=OutcomeKind.OK, reason="", grade=Grade.RESOLVED)
BROKEN = Outcome(kind=OutcomeKind.BROKEN, reason="It is no zip archive.")
TROUBLE = Outcome(kind=OutcomeKind.TROUBLE, reason="The index does not answer.")
UNKNOWN = Outcome(kind=OutcomeKind.UNKNOWN, reason="Nobody can tell.")
NOISY = Outcome(kind=OutcomeKind.OK, reason="", side_effects=("a file cannot be loaded",))


def write_run(path: Path, *outcomes: Outcome, **options: object) -> RunFolder:
    """Write a run whose cells were all decided when it was planned."""
    subjects = tuple(
        Subject(id=f"{number}.whl", project=f"project{number}", version="1", argument="x")
        for number in range(len(outcomes))
    )
    cells = tuple(
        Cell(bench=HOST, check="read", subject=one.id, promise=Promise.SUPPORTED, finding=outcome)
        for one, outcome in zip(subjects, outcomes, strict=True)
    )
    path.mkdir()
    folder = RunFolder(path=path)
    folder.write(run(Plan(benches=(), subjects=subjects, cells=cells), **options))
    return folder


def carry_out(
    pytester: pytest.Pytester, folder: RunFolder, *further: str, plugins: Sequence[object] = ()
) -> pytest.RunResult:
    """Run the suites over a run's plan in this process, as the command ``run`` does."""
    checks = data_folder("suites")
    words = [
        "-c",
        str(checks / "run.ini"),
        "--rootdir",
        str(checks),
        "--import-mode=importlib",
        "-qq",
        "-p",
        "no:xdist",
    ]
    words += ["-p", "manylinux_lab.plugin.hooks", "--lab-run", str(folder.path), *further]
    return pytester.runpytest_inprocess(*words, str(checks / "test_read.py"), plugins=plugins)


@pytest.mark.parametrize(
    ("outcomes", "code", "verdicts"),
    [
        ([OK, NOISY, UNKNOWN], 0, ["pass", "warn", "unknown"]),
        ([OK, BROKEN, TROUBLE], 1, ["pass", "fail", "error"]),
        ([OK, TROUBLE], 3, ["pass", "error"]),
        ([], 5, []),
    ],
)
def test_outcomes_reach_the_file_and_the_exit_code(
    pytester: pytest.Pytester, tmp_path: Path, outcomes: list[Outcome], code: int, verdicts: list[str]
) -> None:
    folder = write_run(tmp_path / "run", *outcomes)
    ended = carry_out(pytester, folder)
    assert ended.ret == code
    results = read_results(folder.results_file)
    assert [result.verdict.value for result in results] == verdicts
    for result in results:
        ended.stdout.fnmatch_lines([f"*{result.cell}*"])


def test_strict_turns_a_warning_into_a_failure(pytester: pytest.Pytester, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", NOISY, strict=True)
    assert carry_out(pytester, folder).ret == 1
    assert read_results(folder.results_file)[0].verdict.value == "fail"


def test_what_has_finished_is_not_run_again(pytester: pytest.Pytester, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", OK, BROKEN)
    carry_out(pytester, folder, "-k", "0.whl")
    assert len(read_results(folder.results_file)) == 1
    before = folder.results_file.read_bytes()
    whole = folder.read()
    folder.write(
        type(whole)(
            **{name: getattr(whole, name) for name in type(whole).__slots__} | {"finished": ("host/read/0.whl",)}
        )
    )
    assert carry_out(pytester, folder).ret == 1
    assert folder.results_file.read_bytes().startswith(before)
    assert [json.loads(line)["cell"] for line in folder.results_file.read_text().splitlines()] == [
        "host/read/0.whl",
        "host/read/1.whl",
    ]


def test_junit_has_a_case_for_each_cell_and_no_facts(pytester: pytest.Pytester, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", OK, BROKEN, TROUBLE)
    carry_out(pytester, folder, f"--junitxml={tmp_path / 'junit.xml'}")
    cases = list(ElementTree.parse(tmp_path / "junit.xml").iter("testcase"))
    assert len(cases) == 3
    words = [{one.get("name"): one.get("value") for one in case.iter("property")} for case in cases]
    assert [one["verdict"] for one in words] == ["pass", "fail", "error"]
    assert all(set(one) == {"promise", "outcome", "verdict", "grade"} for one in words)


@pytest.mark.parametrize(("words", "kept"), [(("-rN",), 0), (("-rA",), 3)])
def test_pytest_keeps_no_reports_unless_it_is_to_list_them(
    pytester: pytest.Pytester, tmp_path: Path, words: tuple[str, ...], kept: int
) -> None:
    seen = []

    class Last:
        @pytest.hookimpl(trylast=True)
        def pytest_sessionfinish(self, session: pytest.Session) -> None:
            stats = session.config.pluginmanager.getplugin("terminalreporter").stats
            seen.append([len(stats["passed"]), sum(hasattr(report, "nodeid") for report in stats["passed"])])

    folder = write_run(tmp_path / "run", OK, OK, OK)
    assert carry_out(pytester, folder, *words, plugins=[Last()]).ret == 0
    assert seen == [[3, kept]]


def test_a_full_disk_loses_no_result_and_is_said(
    pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from manylinux_lab import results

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    folder = write_run(tmp_path / "run", OK, OK)
    monkeypatch.setattr(results.ResultsWriter, "write", full)
    ended = carry_out(pytester, folder)
    assert ended.ret == 3
    ended.stdout.fnmatch_lines(["*2 results could not be written to disk: No space left on device*"])
    ended.stdout.fnmatch_lines(["project1 1*"])


def test_a_check_that_cannot_be_loaded_is_no_interruption(pytester: pytest.Pytester, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", OK)
    own = tmp_path / "test_own.py"
    own.write_text("import nowhere_at_all\ndef test_own(cell): ...")
    ended = carry_out(pytester, folder, str(own))
    assert ended.ret == 4
    ended.stdout.fnmatch_lines(["*No module named 'nowhere_at_all'*"])


def test_a_plan_of_a_newer_lab_is_said(pytester: pytest.Pytester, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", OK)
    folder.plan_file.write_text("{}")
    ended = carry_out(pytester, folder)
    assert ended.ret == 4
    ended.stderr.fnmatch_lines(["*cannot be read by this lab*"])


SEVERAL = """
def test_good(cell):
    pass


def test_bad(cell):
    assert cell.subject == "1.whl", "it is not"


def test_fine(cell):
    pass
"""
AFTER = """
from manylinux_lab.judge import Outcome, OutcomeKind


def test_more(cell, verdict):
    verdict(Outcome(kind=OutcomeKind.OK, reason=""))
    assert cell.subject == "1.whl", "it is not"
"""


@pytest.mark.parametrize("check", [SEVERAL, AFTER])
def test_what_fails_beside_a_judgement_or_another_test_of_the_check_counts(
    pytester: pytest.Pytester, tmp_path: Path, check: str
) -> None:
    folder = write_run(tmp_path / "run", OK, OK)
    whole = folder.read()
    cells = tuple(replace(cell, check="more") for cell in whole.plan.cells)
    folder.write(replace(whole, plan=replace(whole.plan, cells=cells)))
    ended = carry_out(pytester, folder, str(pytester.makepyfile(test_more=check)))
    assert ended.ret == 1
    ended.stdout.fnmatch_lines(["2 of 2 cells: 1 kept, 0 warned, 1 failed*"])
    verdicts = {result.subject: (result.verdict.value, result.reason) for result in read_results(folder.results_file)}
    assert verdicts["0.whl"][0] == "fail"
    assert verdicts["0.whl"][1].startswith("it is not")
    assert verdicts["1.whl"][0] == "pass"


def test_results_that_a_full_disk_took_later_are_no_trouble(
    pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from manylinux_lab import results

    write, attempts = results.ResultsWriter.write, iter([True, False, False])

    def full_at_first(writer: results.ResultsWriter, result: results.Result) -> None:
        if next(attempts):
            raise OSError(28, "No space left on device")
        write(writer, result)

    folder = write_run(tmp_path / "run", OK, OK)
    monkeypatch.setattr(results.ResultsWriter, "write", full_at_first)
    assert carry_out(pytester, folder).ret == 0
    assert len(read_results(folder.results_file)) == 2


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_progress_of_a_resumed_run_counts_what_had_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Screen())
    screen = Screen()
    progress = Progress(screen, total=10, finished=7)
    progress.line("FAIL x", Verdict.FAIL, cells=1)
    assert "8/10 cells done, 1 failed, about" in screen.getvalue()


SEEN = """
def pytest_runtest_logreport(report):
    if report.when == "call" and hasattr(report, "node"):  # on the controller only
        with open("workers.txt", "a") as file:
            print(report.node.gateway.id, report.nodeid.partition("[")[2].rpartition("/")[2], file=file)
"""


@pytest.mark.real
def test_with_xdist_every_result_arrives_and_a_subject_stays_with_one_worker(
    pytester: pytest.Pytester, tmp_path: Path
) -> None:
    folder = write_run(tmp_path / "run", *[OK] * 9, BROKEN)
    whole = folder.read()
    twice = tuple(replace(cell, check=check) for cell in whole.plan.cells for check in ("read", "resolve"))
    folder.write(replace(whole, plan=replace(whole.plan, cells=twice)))
    pytester.makepyfile(seen=SEEN)
    checks = data_folder("suites")
    words = ["-c", str(checks / "run.ini"), "--rootdir", str(checks), "--import-mode=importlib", "-qq", "-n", "2"]
    words += ["-p", "seen", "-p", "manylinux_lab.plugin.hooks", "--lab-run", str(folder.path), str(checks)]
    assert pytester.runpytest_subprocess(*words).ret == 1
    assert len(read_results(folder.results_file)) == 20
    lines = [line.split() for line in (pytester.path / "workers.txt").read_text().splitlines()]
    assert len({tuple(line) for line in lines}) == 10
    assert len({worker for worker, _ in lines}) == 2


BENCH_ID = "debian-12:x86_64:cp311"


def nodeid(check: str, subject: str) -> str:
    return f"suites/test_{check}.py::test_{check}[{BENCH_ID}/{check}/{subject}]"


def test_checks_of_one_subject_stay_together() -> None:
    groups = {share_of(nodeid(check, "a[b].whl"), 4) for check in ("install", "import", "smoke")}
    assert len(groups) == 1


def test_wheels_that_share_a_process_are_grouped_by_the_first_of_them() -> None:
    row = {share_of(nodeid("coload", f"a-1.0,b-{number}.0"), 1000) for number in range(50)}
    column = {share_of(nodeid("coload", f"a-{number}.0,b-1.0"), 1000) for number in range(50)}
    assert (len(row), len(column)) == (1, 50)
    assert {share_of(nodeid("coload", f"a-{number}.0,b-1.0"), 1) for number in range(50)} == {f"{BENCH_ID}#0"}


def test_a_bench_is_cut_into_shares() -> None:
    subjects = [f"{number}.whl" for number in range(100)]
    assert {share_of(nodeid("import", subject), 1) for subject in subjects} == {"debian-12:x86_64:cp311#0"}
    assert len({share_of(nodeid("import", subject), 3) for subject in subjects}) == 3
    assert share_of("tests/test_x.py::test_x", 3) == "tests/test_x.py::test_x"


@pytest.mark.parametrize(("benches", "workers", "shares"), [(1, 2, 6), (3, 2, 2), (40, 2, 1), (0, 2, 6)])
def test_shares(benches: int, workers: int, shares: int) -> None:
    assert shares_of_a_bench(benches, workers) == shares
