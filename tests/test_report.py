"""Reports: words in the matrix, counts per blame, hostile text, and committed pages byte by byte.

``pytest tests/test_report.py --rewrite`` writes the committed pages anew; review the difference like code.
"""

from pathlib import Path

import pytest
from records import bench, result, run, subject

from manylinux_lab.cells import Cell, LeftOut, Plan, Subject
from manylinux_lab.engines.contract import Boundary, Image
from manylinux_lab.errors import UsageError
from manylinux_lab.judge import Grade, How, OutcomeKind, Promise, Verdict
from manylinux_lab.report import DEFAULTS, FORMATS, escape, in_plan_order, render, terminal, write_reports
from manylinux_lab.report.matrix import counts_sentence, matrix
from manylinux_lab.results import Result
from manylinux_lab.runs import Run, RunFolder

PAGES = Path(__file__).parent / "pages"
HOSTILE = "<script>alert(1)</script> | **x** `y` \x1b[31m [a](b) \u202e\nzz"
IMAGE = Image(reference="x", digest="sha256:" + "1" * 64, arch="x86_64", origin="bootstrapped")


def full_run() -> tuple[Run, list[Result]]:
    """Return a run that shows every word of a report once."""
    old = bench("debian-11", abi="cp39", ending="past its end of life", image=IMAGE, libc_version=(2, 31))
    arm = bench("debian-12", "aarch64", emulated=True, trouble="The registry died <in the middle>.")
    new = bench("debian-12", image=IMAGE)
    results = [
        result(
            bench=old.id, check="refuse", promise=Promise.UNSUPPORTED, outcome=OutcomeKind.REFUSED, grade=Grade.NONE
        ),
        result(bench=new.id, check="install", grade=Grade.INSTALLED),
        result(bench=new.id),
        result(bench=arm.id, verdict=Verdict.ERROR, outcome=OutcomeKind.TROUBLE, reason=arm.trouble),
        result(
            bench=old.id,
            subject=subject("evil").id,
            project="evil",
            version=HOSTILE,
            verdict=Verdict.FAIL,
            reason=HOSTILE,
            repeat=HOSTILE,
            facts={"advice": ["Link with <care>."]},
        ),
        result(
            bench=new.id, subject=subject("shy").id, project="shy", verdict=Verdict.UNKNOWN, reason="needs libGL.so.1"
        ),
        result(bench=arm.id, subject=subject("shy").id, project="shy", verdict=Verdict.SKIP, reason="see install"),
        result(
            bench=old.id,
            subject=subject("noisy").id,
            project="noisy",
            verdict=Verdict.WARN,
            side_effects=("x.so cannot be loaded",),
        ),
        result(bench=new.id, subject=subject("seer").id, project="seer", how=How.PREDICTED, grade=Grade.RESOLVED),
    ]
    cells = tuple(
        Cell(bench=one.bench, check=one.check, subject=one.subject, promise=one.promise)
        for one in results
        if one.how is How.OBSERVED
    )
    subjects = (
        Subject(id=subject("evil").id, project="evil", version=HOSTILE),
        *(subject(project) for project in ("noisy", "numpy", "seer", "shy")),
    )
    left_out = (LeftOut(bench="fedora-43:x86_64", subject="", reason="no registry | answers"),)
    plan = Plan(benches=(old, new, arm), subjects=subjects, cells=cells, left_out=left_out, notes=("a note",))
    made = run(plan)
    boundaries = (
        Boundary(name="network", in_force=True, detail="only lo"),
        Boundary(name="memory", in_force=False, detail="no cgroup"),
    )
    return Run(**{name: getattr(made, name) for name in Run.__slots__} | {"boundaries": boundaries}), results


def test_words() -> None:
    made, results = full_run()
    content = matrix(made, results)
    assert content.columns[2] == "debian-12:aarch64:cp311 (emulated)"
    words = dict(zip(content.rows, content.words, strict=True))
    assert words["numpy 2.1.3"] == ("refused", "imported", "ERROR")
    assert words["shy 2.1.3"] == ("-", "unknown", "skipped")
    assert words["noisy 2.1.3"] == ("warn", "-", "-")
    assert words["seer 2.1.3"] == ("-", "resolved (predicted)", "-")
    assert words[f"evil {HOSTILE}"] == ("FAIL", "-", "-")


def test_a_file_that_cannot_be_read_has_a_column() -> None:
    bad = result(bench="host", check="read", verdict=Verdict.FAIL, version="", subject="x.whl")
    content = matrix(run(), [bad])
    assert (content.rows, content.columns[0], content.words[0][0]) == (("x.whl",), "file", "FAIL")


def test_what_was_not_run_is_not_shown_as_left_out() -> None:
    made, _ = full_run()
    content = matrix(made, [])
    words = dict(zip(content.rows, content.words, strict=True))
    assert words == {
        "numpy 2.1.3": ("not run", "not run", "not run"),
        f"evil {HOSTILE}": ("not run", "-", "-"),
        "noisy 2.1.3": ("not run", "-", "-"),
        "shy 2.1.3": ("-", "not run", "not run"),
    }
    idle = run(Plan(benches=(bench(),), subjects=(subject(),), cells=()))
    assert matrix(idle, [result(bench="debian-13:x86_64:cp313")]).words == (("-",),)


def test_a_requirement_has_a_row_only_where_it_could_not_be_resolved() -> None:
    resolved = result(check="resolve", version="", subject="numpy")
    assert matrix(run(), [resolved]).rows == ()
    failed = result(check="resolve", version="", subject="numpy", verdict=Verdict.FAIL)
    assert matrix(run(), [failed]).rows == ("numpy",)


def test_counts_are_per_blame() -> None:
    sentence = counts_sentence(*full_run())
    assert (
        "3 kept, 1 warned, 1 failed, 1 unknown; lab errors: 1; skipped: 1; left out: 1; predicted: 1 kept" in sentence
    )


def test_the_summary_comes_in_blocks_where_it_would_not_fit() -> None:
    made, results = full_run()
    wide = terminal.summary(made, results, width=200, seconds=3, missing=0)
    narrow = terminal.summary(made, results, width=40, seconds=3, missing=2)
    starts = [sum(line.startswith("numpy 2.1.3 ") for line in text.splitlines()) for text in (wide, narrow)]
    assert starts == [1, 3]
    assert "2 cells did not run." in narrow
    assert "the limit 'memory' is not in force: no cgroup" in wide
    assert "repeat: manylinux-lab run dist/numpy.whl" in wide


def test_many_reasons_for_what_was_left_out_are_cut_short() -> None:
    left_out = tuple(LeftOut(bench=f"b{number}", subject="", reason=f"reason {number}.") for number in range(15))
    made = run(Plan(benches=(bench(),), subjects=(), cells=(), left_out=(*left_out, left_out[3])))
    lines = terminal.summary(made, [], width=80, seconds=3, missing=0).splitlines()
    said = [line for line in lines if line.startswith("left out")]
    assert said[0] == "left out b3 and 1 more: reason 3."
    assert len(said) == 13
    assert said[-1] == "left out for 3 further reasons; the report lists them all"


def test_a_terminal_explains_the_first_failures_and_files_all() -> None:
    failed = [result(subject=f"x{number}", verdict=Verdict.FAIL, reason="bad") for number in range(25)]
    orders = [result(subject=f"a,x{number}", check="coload", verdict=Verdict.FAIL, reason="bad") for number in range(3)]
    made = run(Plan(benches=(bench(),), subjects=(), cells=()))
    text = terminal.summary(made, [*orders, *failed], width=80, seconds=3, missing=0)
    assert text.count("\nFAIL debian-12") == terminal.DETAILS + len(orders)
    assert "\n\nFAIL 5 more; report.md has them all\n" in text
    for name in ("terminal", "markdown"):
        page = render(name, made, [*orders, *failed])
        assert all(escape.code(one.cell).strip("`") in page for one in failed)


def test_nothing_a_wheel_says_steers_the_terminal() -> None:
    made, results = full_run()
    text = terminal.summary(made, results, width=100, seconds=1, missing=0)
    assert not {"\x1b", "\u202e"} & set(text)
    line = terminal.cell_line(result(verdict=Verdict.FAIL, reason=HOSTILE))
    assert not {"\x1b", "\u202e", "\n"} & set(line)


@pytest.mark.parametrize("width", range(40, 60))
def test_nothing_a_wheel_says_is_a_command_in_the_log_of_a_step(width: int) -> None:
    said = "x" * 30 + " ::stop-commands::x ##[add-mask]y " + "z" * 30 + "::error::b " * 9
    failed = result(verdict=Verdict.FAIL, reason=said, facts={"advice": [said]}, repeat=said)
    made = run(Plan(benches=(bench(),), subjects=(), cells=(), left_out=(LeftOut(bench="b", subject="", reason=said),)))
    text = terminal.summary(made, [failed], width=width, seconds=1, missing=0) + terminal.cell_line(failed)
    assert "stop-commands::x" in text
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::") or "##[" in line]


@pytest.mark.parametrize("text", [HOSTILE, "a|b", "`", "<b>", "a_b*c", "\\", "![x](y)", "~~a~~"])
def test_markdown_text_stays_text(text: str) -> None:
    shown = escape.markdown(text)
    assert "<" not in shown
    assert "|" not in shown.replace("&#124;", "")
    for position, character in enumerate(shown):
        if character in "`*[]~":
            assert shown[position - 1] == "\\"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# x", "&#35; x"),
        ("- x", "&#45; x"),
        ("1. x", "&#49;. x"),
        ("a_b _c_", "a_b \\_c\\_"),
        ("-", "-"),
        ("2.1", "2.1"),
    ],
)
def test_line_starts_and_underscores(text: str, shown: str) -> None:
    assert escape.markdown(text) == shown


def test_code_spans() -> None:
    assert escape.code("a`b|c") == "`a'b\\|c`"
    assert escape.code("") == ""


# The page is packed, and how is a matter of the zlib at hand; test_page.py compares what is in it.
@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"html"}))
def test_committed_pages(name: str, request: pytest.FixtureRequest) -> None:
    made, results = full_run()
    page, text = PAGES / FORMATS[name].file, render(name, made, results)
    if request.config.getoption("rewrite"):
        page.parent.mkdir(exist_ok=True)
        page.write_bytes(text.encode())
    assert text == page.read_bytes().decode()


def test_the_order_of_arrival_does_not_show() -> None:
    first, second, unplanned = result(check="install"), result(check="import"), result(check="a-check-of-before")
    cells = tuple(
        Cell(bench=one.bench, check=one.check, subject=one.subject, promise=one.promise) for one in (first, second)
    )
    made = run(Plan(benches=(bench(),), subjects=(), cells=cells))
    assert in_plan_order(made, [second, unplanned, first]) == (unplanned, first, second)


def test_reports_are_written_whole(tmp_path: Path) -> None:
    paths = write_reports(RunFolder(path=tmp_path), *full_run())
    files = [FORMATS[name].file for name in DEFAULTS]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(files)
    assert [path.name for path in paths] == files


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_results_give_the_same_bytes(name: str) -> None:
    made, results = full_run()
    assert render(name, made, results[::-1]) == render(name, made, results) == render(name, *full_run())


def test_each_format_has_a_file_of_its_own() -> None:
    assert len({one.file for one in FORMATS.values()}) == len(FORMATS)


def test_a_format_that_is_none_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no report format 'junti' \(did you mean 'junit'\?\)"):
        render("junti", *full_run())
