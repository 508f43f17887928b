"""A matrix that is too wide: blocks of columns that fit, families together, nothing lost and nothing twice."""

import pytest
from markdown_it import MarkdownIt
from records import bench, result, run, subject

from manylinux_lab.planning.plan import Plan
from manylinux_lab.report import render
from manylinux_lab.report.columns import blocks, in_browser
from manylinux_lab.report.matrix import Matrix
from manylinux_lab.results import Result
from manylinux_lab.runs import Run

FAMILIES = ("debian", "ubuntu", "fedora", "opensuse")


def plain_width(heading: str, words: tuple[str, ...]) -> int:
    return max(map(len, (heading, *words))) + 2


def grid(rows: int, columns: list[str], word: str = "ok") -> Matrix:
    names = tuple(f"w{row} 1.0" for row in range(rows))
    return Matrix(rows=names, columns=tuple(columns), words=tuple((word,) * len(columns) for _ in names))


@pytest.mark.parametrize(
    ("columns", "room", "expected"),
    [
        (["a-1", "a-2", "b-1"], 30, [["a-1", "a-2", "b-1"]]),
        (["a-1", "a-2", "b-1", "b-2"], 24, [["a-1", "a-2"], ["b-1", "b-2"]]),  # three would fit, and tear b
        (["a-1", "b-1", "b-2", "b-3", "b-4"], 23, [["a-1"], ["b-1", "b-2", "b-3"], ["b-4"]]),
        (["a-1", "a-2"], 1, [["a-1"], ["a-2"]]),  # a column that fits nowhere is shown all the same
        ([], 10, [[]]),
    ],
)
def test_columns_in_blocks(columns: list[str], room: int, expected: list[list[str]]) -> None:
    found = blocks(grid(2, columns), room, plain_width)
    assert [[*one.columns] for one in found] == expected
    assert {one.rows for one in found} == {("w0 1.0", "w1 1.0")}
    assert all(len(line) == len(one.columns) for one in found for line in one.words)


def test_words_stay_with_their_columns() -> None:
    content = Matrix(rows=("x",), columns=("a", "b", "c"), words=(("1", "2", "3"),))
    parts = blocks(content, 7, plain_width)
    assert [(one.columns, one.words) for one in parts] == [
        (("a",), (("1",),)),
        (("b",), (("2",),)),
        (("c",), (("3",),)),
    ]


def test_few_wheels_on_many_benches_stand_upright_only_where_they_may() -> None:
    content = grid(2, [f"debian-{number}" for number in range(30)])
    (turned,) = blocks(content, 60, plain_width, may_turn=True)
    assert (turned.columns, turned.rows) == (content.rows, content.columns)
    assert len(blocks(content, 60, plain_width)) > 1


def test_a_browser_breaks_a_heading_after_its_hyphen() -> None:
    assert in_browser("debian-12:x86_64:cp311", ("ok",)) == len("12:x86_64:cp311") + 3
    assert in_browser("x", ("resolved (predicted)",)) == len("(predicted)") + 3


def large() -> tuple[Run, list[Result]]:
    """Return 30 wheels on 120 benches."""
    benches = tuple(bench(f"{family}-{number}", abi="cp312") for family in FAMILIES for number in range(30))
    wheels = [subject(f"wheel{number}") for number in range(30)]
    found = [result(bench=place.id, subject=wheel.id, project=wheel.project) for place in benches for wheel in wheels]
    return run(Plan(benches=benches, subjects=tuple(wheels), cells=())), found


def test_no_line_of_a_large_table_on_a_terminal_is_wider_than_it() -> None:
    text = render("terminal", *large())
    assert max(map(len, text.splitlines())) <= 120
    assert text.count("imported") == 30 * 120 + 1  # once in the legend
    assert text.count("debian-7:x86_64:cp312") > 1


@pytest.mark.parametrize("name", ["markdown", "github"])
def test_no_table_of_a_large_page_has_more_columns_than_a_browser_shows(name: str) -> None:
    text = render(name, *large())
    matrices = [
        line for line in text.splitlines() if line.startswith("| debian-7:x86_64:cp312 ") and "imported" in line
    ]
    assert len(matrices) > 1
    assert max(line.count("|") for line in matrices) <= 13
    assert sum(line.count("imported") for line in matrices) == 30
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    assert sum(token.type == "table_open" for token in tokens) >= len(matrices)


def test_the_matrix_of_a_large_page_in_restructuredtext_is_several_tables() -> None:
    tables = render("rst", *large()).split("   :stub-columns: 1\n")[1:]
    assert len(tables) > 1
    assert sum(table.count("     - imported\n") for table in tables) == 30 * 120
    assert all(table.count("* - debian-7\\:x86_64\\:cp312\n") == 1 for table in tables)
