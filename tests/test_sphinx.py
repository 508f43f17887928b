"""The directive ``wheel-matrix`` in real Sphinx builds, in which every warning is an error."""

import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from test_columns import large
from test_report import HOSTILE, full_run

from manylinux_lab.judge import Verdict
from manylinux_lab.report import render
from manylinux_lab.report.filtering import filtered
from manylinux_lab.report.model import report_of
from manylinux_lab.results import ResultsWriter
from manylinux_lab.runs import RunFolder

pytest.importorskip("sphinx", reason="Install the development dependencies: pip install --group dev.")


class Cells(HTMLParser):
    """Collects the rows of all tables as text."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._is_cell = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Begin a row or a cell."""
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
            self._is_cell = True

    def handle_endtag(self, tag: str) -> None:
        """End a cell."""
        self._is_cell = self._is_cell and tag not in {"td", "th"}

    def handle_data(self, data: str) -> None:
        """Take text of a cell."""
        if self._is_cell:
            self.rows[-1][-1] += data.strip("\n")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return the source of a documentation with a report beside its page."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "conf.py").write_text('extensions = ["manylinux_lab.sphinx"]\nhtml_theme = "basic"\n')
    (folder / "report.json").write_text(render("json", *full_run()))
    write_page(folder)
    return folder


def write_page(folder: Path, directive: str = ".. wheel-matrix:: report.json", name: str = "index") -> None:
    """Write a page with the directive."""
    (folder / f"{name}.rst").write_text(f"{name}\n{'=' * len(name)}\n\n{directive}\n")


def build(folder: Path, *words: str) -> int:
    """Build the documentation as ``sphinx-build -W`` does; return its exit code."""
    from sphinx.cmd.build import build_main

    arguments = ["-q", "-W", "--keep-going", "-b", "html", *words, str(folder), str(folder.parent / "html")]
    return int(build_main(arguments))


def rows(folder: Path, name: str = "index") -> list[list[str]]:
    """Return the rows of a page that was built."""
    cells = Cells()
    cells.feed((folder.parent / "html" / f"{name}.html").read_text(encoding="utf-8"))
    return cells.rows


def test_the_matrix_stands_in_the_page_as_text(source: Path) -> None:
    assert build(source) == 0
    found = rows(source)
    assert found[0] == ["", "debian-11:x86_64:cp39", "debian-12:x86_64:cp311", "debian-12:aarch64:cp311 (emulated)"]
    assert ["numpy 2.1.3", "refused", "imported", "ERROR"] in found
    evil = next(row[0] for row in found if row[0].startswith("evil"))
    assert evil == "evil <script>alert(1)</script> | **x** `y` [31m [a](b) zz"
    assert HOSTILE not in (source.parent / "html" / "index.html").read_text(encoding="utf-8")
    assert 'class="wheel-fail"' in (source.parent / "html" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("option", "titles", "columns"),
    [
        (":project: nu* sh*", ["numpy 2.1.3", "shy 2.1.3"], 3),
        (":distro: debian-11", ["evil", "noisy 2.1.3", "numpy 2.1.3", "seer 2.1.3", "shy 2.1.3"], 1),
        (":arch: aarch64", ["evil", "noisy 2.1.3", "numpy 2.1.3", "seer 2.1.3", "shy 2.1.3"], 1),
        (":only-failures:", ["evil", "numpy 2.1.3"], 2),
    ],
)
def test_filters(option: str, titles: list[str], columns: int, source: Path) -> None:
    write_page(source, f".. wheel-matrix:: /report.json\n   {option}\n   :no-legend:")
    assert build(source) == 0
    found = rows(source)
    assert ["evil" if row[0].startswith("evil") else row[0] for row in found[1:]] == titles
    assert len(found[0]) == columns + 1
    assert "the strongest evidence" not in (source.parent / "html" / "index.html").read_text(encoding="utf-8")


def test_a_wide_matrix_comes_as_several_tables(source: Path) -> None:
    (source / "report.json").write_text(render("json", *large()))
    assert build(source) == 0
    found = rows(source)
    assert max(map(len, found)) <= 12
    assert sum(row.count("imported") for row in found) == 30 * 120


def test_a_page_of_plain_text_has_whole_words(source: Path) -> None:
    assert build(source, "-b", "text") == 0
    lines = (source.parent / "html" / "index.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "debian-11:x86_64:cp39" in line]
    assert [line for line in lines if "numpy 2.1.3" in line]


def test_what_is_left_of_nothing_is_said(source: Path) -> None:
    write_page(source, ".. wheel-matrix:: report.json\n   :distro: plan9")
    assert build(source) == 0
    assert "Nothing of this run is left to show." in (source.parent / "html" / "index.html").read_text(encoding="utf-8")


def test_a_page_is_read_again_when_its_run_changes_and_only_then(source: Path, tmp_path: Path) -> None:
    made, results = full_run()
    run = RunFolder(path=tmp_path / "docs" / "run")
    run.path.mkdir()
    run.write(made)
    with ResultsWriter(run.results_file) as writer:
        for result in results[:3]:
            writer.write(result)
    write_page(source, ".. wheel-matrix:: run")
    assert build(source) == 0
    assert ["numpy 2.1.3", "refused", "imported", "not run"] in rows(source)
    page = source.parent / "html" / "index.html"
    before = page.stat().st_mtime_ns
    assert build(source) == 0
    assert page.stat().st_mtime_ns == before
    with ResultsWriter(run.results_file) as writer:
        writer.write(results[3])
    later = page.stat().st_mtime + 10
    os.utime(run.results_file, (later, later))
    assert build(source) == 0
    assert ["numpy 2.1.3", "refused", "imported", "ERROR"] in rows(source)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "There is neither a run nor a report at 'report.json'."),
        ("{", "The file 'report.json' is not a report of this lab in JSON: Input data was truncated."),
        ('{"schema": 7}', "The report 'report.json' has schema 7; this lab reads up to 1. Use a newer lab."),
    ],
)
def test_a_report_that_cannot_be_read_is_an_error_with_its_line(
    content: str | None, sentence: str, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (source / "report.json").unlink()
    if content is not None:
        (source / "report.json").write_text(content)
    assert build(source) == 1
    said = re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().err)
    assert "index.rst:4:" in said
    assert sentence in said


@pytest.mark.real
def test_pages_are_read_in_parallel(source: Path) -> None:
    names = [f"page{number}" for number in range(8)]
    for name in names:
        write_page(source, name=name)
    (source / "index.rst").write_text("index\n=====\n\n.. toctree::\n\n" + "".join(f"   {name}\n" for name in names))
    assert build(source, "-j", "2") == 0
    assert all(len(rows(source, name)) == 6 for name in names)
    shutil.rmtree(source.parent / "html")
    assert build(source) == 0


def test_a_filter_keeps_the_words_in_their_places() -> None:
    report = report_of(*full_run())
    content = filtered(report, distro=["debian-12"], project=["numpy"])
    assert (content.rows, content.columns[0], content.words[0]) == (
        ("numpy 2.1.3",),
        "debian-12:x86_64:cp311",
        ("imported", "ERROR"),
    )
    assert filtered(report) == report.matrix
    assert any(cell.verdict is Verdict.FAIL for cell in report.cells)
