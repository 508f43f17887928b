"""``report --inject``: the block between markers is renewed, and nothing else of the file ever changes."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from records import result, run
from test_report import HOSTILE, full_run
from test_report_command import folder as folder  # the fixture
from test_report_formats import document, hostile_run

from manylinux_lab.__main__ import main
from manylinux_lab.judge import How, Verdict
from manylinux_lab.report import block, inject

MD, RST = inject.MARKDOWN, inject.RST
PAGE = f"# Mine\n\n{MD.begin}\nold\n{MD.end}\n\nafter\n"


@pytest.mark.parametrize("markup", [MD, RST], ids=["markdown", "rst"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_only_what_is_between_the_markers_changes(markup: inject.Markup, ending: str) -> None:
    name = "x.md" if markup is MD else "x.rst"
    before, after = f"\ufeffA\x0cb{ending}{ending}  {markup.begin}{ending}", f"  {markup.end}{ending}last\u2028line"
    made = inject.injected(name, f"{before}old{ending}lines{ending}{after}", "| a |\n\n| b |\n")
    middle = ["", "  | a |", "", "  | b |", "", ""]
    assert made == before + ending.join(middle) + after
    assert inject.injected(name, made, "| a |\n\n| b |\n") == made


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_a_marker_behind_a_byte_order_mark_is_seen(ending: bytes, folder: Path) -> None:
    mark, begin, end = b"\xef\xbb\xbf", MD.begin.encode(), MD.end.encode()
    Path("x.md").write_bytes(mark + b"  " + begin + ending + end + ending + b"last")
    assert main(["report", str(folder), "--inject", "x.md"]) == 0
    made = Path("x.md").read_bytes()
    assert made.startswith(mark + b"  " + begin + ending + ending + b"  | ")
    assert made.endswith(ending + end + ending + b"last")
    assert made.count(mark) == 1
    assert made.count(b"\r\n") == (made.count(b"\n") if ending == b"\r\n" else 0)
    assert main(["report", str(folder), "--inject", "x.md", "--check"]) == 0


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_regular_file_is_refused_at_once(
    make: Callable[[str], None], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make("x.md")
    assert main(["report", str(folder), "--inject", "x.md"]) == 4
    assert capsys.readouterr().err.endswith("'x.md' is not a regular file; name a page of documentation.\n")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nothing", f"The file 'x.md' has no line '{MD.begin}'; the block comes between"),
        (f"{MD.begin}\n", f"The file 'x.md' has no line '{MD.end}'; the block comes between"),
        (f"{MD.end}\n", f"The file 'x.md' has no line '{MD.begin}'"),
        (f"{MD.begin}\n{MD.begin}\n{MD.end}", f"'{MD.begin}' more than once, in lines 1 and 2; keep one."),
        (f"{MD.begin}\n{MD.end}\n\n{MD.end}", f"'{MD.end}' more than once, in lines 2 and 4; keep one."),
        (f"{MD.end}\n{MD.begin}\n", f"'{MD.end}' in line 1, before the line that begins it."),
    ],
)
def test_markers_that_cannot_be_used_leave_the_file_alone(
    text: str, sentence: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("x.md").write_text(text)
    assert main(["report", str(folder), "--inject", "x.md"]) == 4
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert Path("x.md").read_text() == text


def test_a_stale_block_is_found_renewed_and_then_fresh(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.md").write_text(PAGE)
    assert main(["report", str(folder), "--inject", "x.md", "--check"]) == 1
    said = capsys.readouterr()
    assert "-old" in said.out
    assert "The block in 'x.md' is stale; 'manylinux-lab report" in said.err
    assert Path("x.md").read_text() == PAGE
    assert main(["report", str(folder), "--inject", "x.md"]) == 0
    assert "| numpy 2.1.3 " in Path("x.md").read_text()
    assert main(["report", str(folder), "--inject", "x.md", "--check"]) == 0
    assert capsys.readouterr().out == "Renewed: x.md\nUp to date: x.md\n"


def test_a_difference_has_few_and_short_lines() -> None:
    wide = "".join(f"| {number} {'x' * 1_000_000} |\n" for number in range(30))
    lines = inject.difference("x.md", "", wide).splitlines()
    assert len(lines) == inject.DIFF_LINES + 1
    assert lines[3].endswith("xxx ... and 999807 more characters")
    assert max(map(len, lines)) < inject.DIFF_WIDTH + 40
    assert lines[-1] == "... and 13 more lines"
    assert inject.difference("x.md", "a" * 199, "").splitlines()[3] == "-" + "a" * 199


def test_several_files_are_renewed_all_or_none(folder: Path) -> None:
    Path("x.md").write_text(PAGE)
    Path("y.rst").write_text(f"{RST.begin}\n")
    assert main(["report", str(folder), "--inject", "x.md", "--inject", "y.rst"]) == 4
    assert Path("x.md").read_text() == PAGE
    Path("y.rst").write_text(f"{RST.begin}\n{RST.end}\n")
    assert main(["report", str(folder), "--inject", "x.md", "--inject", "y.rst"]) == 0
    assert "list-table" in Path("y.rst").read_text()


def test_mode_link_and_fresh_files_stay_as_they_are(folder: Path, tmp_path: Path) -> None:
    real = tmp_path / "docs" / "x.md"
    real.parent.mkdir()
    real.write_bytes(PAGE.replace("\n", "\r\n").encode())
    real.chmod(0o640)
    Path("x.md").symlink_to(real)
    assert main(["report", str(folder), "--inject", "x.md"]) == 0
    assert Path("x.md").is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert b"\n" not in real.read_bytes().replace(b"\r\n", b"")
    before = real.stat()
    assert main(["report", str(folder), "--inject", "x.md"]) == 0
    assert (real.stat().st_ino, real.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [path.name for path in real.parent.iterdir()] == ["x.md"]


def test_a_file_that_changes_meanwhile_is_left_as_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("x.md").write_text(PAGE)
    made = inject.injected

    def slow(name: str, text: str, words: str) -> str:
        Path("x.md").write_text(f"{PAGE}by another\n")
        return made(name, text, words)

    monkeypatch.setattr(inject, "injected", slow)
    assert main(["report", str(folder), "--inject", "x.md"]) == 4
    assert "The file 'x.md' changed meanwhile; it is left as it is. Run this again." in capsys.readouterr().err
    assert Path("x.md").read_text() == f"{PAGE}by another\n"


def test_a_full_disk_leaves_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    Path("x.md").write_text(PAGE)
    monkeypatch.setattr(os, "replace", full)
    assert main(["report", str(folder), "--inject", "x.md"]) == 4
    assert "The file 'x.md' cannot be written: No space left on device." in capsys.readouterr().err
    assert Path("x.md").read_text() == PAGE
    assert {path.name for path in Path().iterdir()} == {"x.md", "runs"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--inject", "x.txt"], "The file 'x.txt' is neither Markdown nor reStructuredText by its name: .md or .rst."),
        (["--inject", "away.md"], "The file 'away.md' cannot be read: No such file or directory."),
        (["--inject", "bytes.md"], "The file 'bytes.md' cannot be read: it is not text in UTF-8."),
        (["--check"], "The option --check goes with --inject."),
        (["--inject", "x.md", "--format", "json"], "The option --inject goes without --format and --output."),
    ],
)
def test_mistakes_of_the_user(
    words: list[str], sentence: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("bytes.md").write_bytes(b"\xff")
    assert main(["report", str(folder), *words]) == 4
    assert capsys.readouterr().err == f"manylinux-lab: {sentence}\n"


def test_the_block_is_the_same_as_long_as_the_matrix_is() -> None:
    made, results = full_run()
    other = run(made.plan)
    for name in block.TEMPLATES:
        assert block.render(name, made, results) == block.render(name, other, results)


def test_a_block_tells_what_is_broken_and_predictions_once() -> None:
    foretold = [
        result(bench=f"fedora-4{n}:x86_64:cp314", how=How.PREDICTED, verdict=Verdict.FAIL, reason="no x") for n in "23"
    ]
    text = block.render("markdown", run(), [result(verdict=Verdict.FAIL, reason="no y"), *foretold])
    assert text.count("\n- ") == 2
    assert "- numpy 2.1.3 on debian-12:x86_64:cp311: no y\n" in text
    assert "on fedora-42:x86_64:cp314, fedora-43:x86_64:cp314: no x (predicted)" in text


def test_hostile_text_in_a_block_can_neither_end_it_nor_be_markup() -> None:
    for text in (HOSTILE, MD.end, RST.end, f"x\n{MD.end}\n", f"x\n\n{RST.end}\n"):
        made = block.render("rst", *hostile_run(text))
        assert RST.end not in [line.strip() for line in made.splitlines()]
        assert not {type(node).__name__ for node in document(made).findall()} & {"comment", "problematic", "raw"}
        lines = block.render("markdown", *hostile_run(text)).splitlines()
        assert not any("<!--" in line for line in lines)
