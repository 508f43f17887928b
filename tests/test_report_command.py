"""``report``: which formats go where, templates of the user's own, and one sentence for each mistake."""

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from page_runs import rich
from records import result
from test_report import full_run

from manylinux_lab.__main__ import main
from manylinux_lab.report import DEFAULTS, FORMATS, render
from manylinux_lab.results import Result, ResultsWriter, in_short
from manylinux_lab.runs import Run, RunFolder, noted


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a finished run; the current folder is empty beside it."""
    run, results = full_run()
    made = RunFolder(path=tmp_path / "runs" / run.id)
    made.path.mkdir(parents=True)
    made.write(run)
    with ResultsWriter(made.results_file) as writer:
        for result in results:
            writer.write(result)
    monkeypatch.chdir(tmp_path)
    return made.path


def reports(folder: Path) -> set[str]:
    """Return the names of the reports in a run's folder."""
    return {path.name for path in folder.iterdir()} - {"plan.json", "results.jsonl"}


def test_without_a_format_the_defaults_are_written_and_the_summary_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(folder)]) == 0
    assert reports(folder) == {FORMATS[name].file for name in DEFAULTS}
    said = capsys.readouterr().out
    assert ": 3 kept, 1 warned, 1 failed, 1 unknown" in said
    command = f"manylinux-lab report runs/{folder.name} --format html"
    assert said.splitlines()[-1] == f"A page with filters and all evidence: {command}"
    assert main(command.split()[1:]) == 0
    assert "report.html" in reports(folder)


def test_formats_are_named_with_commas_and_again(folder: Path) -> None:
    assert main(["report", "latest", "--format", "json,terminal", "--format", "junit"]) == 0
    assert reports(folder) == {"report.json", "report.txt", "junit.xml"}


@pytest.mark.parametrize("name", ["terminal", "markdown", "rst", "json", "html"])
def test_lines_that_cannot_be_read_are_a_note_of_the_report(
    name: str, folder: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    results = folder / "results.jsonl"
    whole = results.read_bytes()
    results.write_bytes(whole + whole[:200])
    assert main(["report", str(folder), "--format", name, "--output", "-"]) == 0
    said = capsysbinary.readouterr().out.replace(b"&#39;", b"'")
    assert b"1 line of 'results.jsonl' could not be read; a cell that has no other line has no result" in said


@pytest.mark.parametrize("name", sorted(name for name, one in FORMATS.items() if not one.is_whole))
@pytest.mark.parametrize("make", [full_run, rich])
def test_a_format_that_is_not_whole_is_the_same_with_results_in_short(
    name: str, make: Callable[[], tuple[Run, list[Result]]]
) -> None:
    run, results = make()
    whole = [replace(one, facts={"evidence": [], "x": "y", **one.facts}) for one in results]
    assert render(name, run, [in_short(one) for one in whole]) == render(name, run, whole)


def test_what_was_seen_of_kept_promises_is_in_memory_only_where_a_format_shows_it(folder: Path) -> None:
    words = "words of an installer " * 50_000
    with ResultsWriter(folder / "results.jsonl") as writer:
        for number in range(30):
            writer.write(result(check=f"check-{number}", facts={"installer_words": f"{number} {words}"}))
    peaks = {}
    for name in ("markdown", "json"):
        tracemalloc.start()
        assert main(["report", str(folder), "--format", name]) == 0
        peaks[name] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peaks["markdown"] < 30 * len(words) / 2 < peaks["json"]


@pytest.mark.parametrize("name", FORMATS)
def test_one_format_goes_to_a_file_or_to_standard_output(
    name: str, folder: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["report", str(folder), "--format", name, "--output", "deep/file"]) == 0
    said = capsysbinary.readouterr().out
    assert said == b"Report: deep/file\n"
    assert main(["report", str(folder), "--format", name, "--output", "-"]) == 0
    said = capsysbinary.readouterr().out
    assert said == Path("deep/file").read_bytes() == render(name, *full_run()).encode()
    assert reports(folder) == set()


def test_a_link_stays_one_and_its_target_gets_the_report(folder: Path, tmp_path: Path) -> None:
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to(target)
    assert main(["report", str(folder), "--format", "json", "--output", "link"]) == 0
    assert link.is_symlink()
    assert target.read_text().startswith("{")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--format", "jsn"], "There is no report format 'jsn' (did you mean 'json'"),
        (["--format", "json,junit", "--output", "x"], "The option --output takes one report; name it with --format."),
        (["--output", "x"], "The option --output takes one report; name it with --format."),
        (
            ["--format", "json", "--output", "plain/x"],
            "The file 'plain/x' cannot be written: what should be its folder is a file.",
        ),
        (["--templates", "away"], "The folder 'away' for templates does not exist; name another with --templates."),
    ],
)
def test_mistakes_of_the_user(
    words: list[str], sentence: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("plain").touch()
    assert main(["report", str(folder), *words]) == 4
    assert sentence in capsys.readouterr().err
    assert reports(folder) == set()


def test_own_templates_come_first_and_are_escaped_all_the_same(folder: Path) -> None:
    Path("mine").mkdir()
    Path("mine/report.md.j2").write_text("{% for result in details[0][1] %}{{ result.reason }}{% endfor %}\n")
    assert main(["report", str(folder), "--templates", "mine"]) == 0
    assert (folder / "report.md").read_text().startswith("&lt;script&gt;alert(1)&lt;/script&gt; &#124; \\*\\*x")


def test_templates_are_a_setting(folder: Path) -> None:
    Path("pyproject.toml").write_text('[tool.manylinux-lab]\ntemplates = "mine"\n')
    Path("mine").mkdir()
    Path("mine/report.md.j2").write_text("{{ run.id }}")
    assert main(["report", str(folder), "--format", "markdown"]) == 0
    assert (folder / "report.md").read_text() == full_run()[0].id


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("one\n\n{{ rum.id }}\n", "The template 'mine/report.md.j2' has a mistake in line 3: 'rum' is undefined."),
        ("{% if %}", "The template 'mine/report.md.j2' has a mistake in line 1: Expected an expression, got 'end of"),
        ("\n{{ 1 / 0 }}", "The template 'mine/report.md.j2' has a mistake in line 2: division by zero."),
        (
            "\n{{ matrix | tabel }}",
            "The template 'mine/report.md.j2' has a mistake in line 2: No filter named 'tabel'.",
        ),
        (
            "\n{% include 'other.j2' %}",
            "The template 'mine/report.md.j2' has a mistake in line 2: 'other.j2' not found",
        ),
        ("\n{{ 'x' | as_table }}", "The template 'mine/report.md.j2' has a mistake in line 2: "),
        (b"\xff", "The template 'report.md.j2' is not text in UTF-8; save it as that."),
    ],
)
def test_a_mistake_in_a_template_leaves_the_earlier_files(
    template: str | bytes, sentence: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "report.md").write_text("earlier")
    (folder / "junit.xml").write_text("earlier")
    Path("mine").mkdir()
    Path("mine/report.md.j2").write_bytes(template if isinstance(template, bytes) else template.encode())
    assert main(["report", str(folder), "--format", "junit,markdown", "--templates", "mine"]) == 4
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert (folder / "report.md").read_text() == (folder / "junit.xml").read_text() == "earlier"


def test_a_mistake_of_our_own_is_not_blamed_on_the_user(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("manylinux_lab.report.text_page.predictions", lambda results: 5)
    assert main(["report", str(folder), "--format", "markdown"]) == 3


@pytest.mark.parametrize("name", FORMATS)
def test_a_torn_results_file_is_reported_as_far_as_it_goes(name: str, folder: Path) -> None:
    file = folder / "results.jsonl"
    file.write_bytes(file.read_bytes()[:-40])
    assert main(["report", str(folder), "--format", name]) == 0
    run, results = full_run()
    told = noted(run, "1 line of 'results.jsonl' could not be read; a cell that has no other line has no result")
    assert (folder / FORMATS[name].file).read_bytes() == render(name, told, results[:-1]).encode()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda line: line.replace(b'"schema":', b'"schema":9'), "this lab reads up to"),
        (lambda line: b"not a line\n", "is not a results file"),
    ],
)
def test_results_that_cannot_be_read_leave_the_earlier_reports(
    change: Callable[[bytes], bytes], sentence: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(folder)]) == 0
    earlier = (folder / "report.md").read_bytes()
    file = folder / "results.jsonl"
    file.write_bytes(b"".join(change(line) for line in file.read_bytes().splitlines(keepends=True)))
    assert main(["report", str(folder)]) == 4
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert (folder / "report.md").read_bytes() == earlier
