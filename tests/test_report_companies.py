"""Wheels that were loaded together, in reports: matrices, bounds, details, and text that stays text."""

from collections.abc import Mapping, Sequence
from itertools import permutations, product
from pathlib import Path
from typing import Any

import pytest
from records import bench, result, run

from manylinux_lab.cells import Cell, LeftOut, Plan, Subject
from manylinux_lab.coload.evidence import Kind
from manylinux_lab.judge import Grade, OutcomeKind, Promise, Verdict
from manylinux_lab.report import companies, markdown, terminal, text_page
from manylinux_lab.report.companies import CompanyMatrix, company_matrices
from manylinux_lab.report.matrix import matrix
from manylinux_lab.results import Result
from manylinux_lab.runs import Run

PAGE = Path(__file__).parent / "pages" / "companies.md"
HOSTILE = "<b>|`x`\x1b[31m\u202e"


def evidence(kind: Kind, weight: str, words: str) -> dict[str, Any]:
    return {"kind": kind.value, "weight": weight, "words": words}


def company(*members: str, verdict: Verdict = Verdict.PASS, **fields: Any) -> Result:
    name = ",".join(members)
    return result(check="coload", subject=name, project="p", version="", sha256="", verdict=verdict, **fields)


def run_of(results: Sequence[Result], left_out: Sequence[tuple[str, ...]] = (), also: Sequence[str] = ()) -> Run:
    """Return a run that planned the companies of the results, and ``also`` some that have none."""
    names = [*(one.subject for one in results if one.check == "coload"), *also]
    subjects = tuple(Subject(id=name, project="p", members=tuple(name.split(","))) for name in names)
    cells = tuple(Cell(bench=bench().id, check="coload", subject=name, promise=Promise.SUPPORTED) for name in names)
    out = tuple(LeftOut(bench=bench().id, subject=",".join(pair), reason="a needs b<2") for pair in left_out)
    return run(Plan(benches=(bench(),), subjects=subjects, cells=cells, left_out=out))


def seen(results: Sequence[Result], **further: Any) -> CompanyMatrix:
    (found,) = company_matrices(run_of(results, **further), results)
    return found


FLAKY = {"evidence": [evidence(Kind.FLAKY, "warn", "sometimes")]}


def mixed() -> list[Result]:
    """Return pairs of three wheels that show every word but those of pairs that were not run."""
    return [
        company("a-1", "b-1"),
        company("b-1", "a-1", verdict=Verdict.FAIL, outcome=OutcomeKind.BROKEN),
        company("a-1", "stdlib", verdict=Verdict.WARN, facts=FLAKY),
        company("stdlib", "a-1", verdict=Verdict.WARN, side_effects=("it prints",)),
        company("b-1", "stdlib", verdict=Verdict.ERROR),
        company("stdlib", "b-1", verdict=Verdict.UNKNOWN),
        company("a-1", "c-1", verdict=Verdict.SKIP),
    ]


def test_one_word_for_each_ordered_pair() -> None:
    found = seen(mixed(), left_out=[("b-1", "c-1")], also=["c-1,a-1"])
    (content,) = found.matrices
    words = {
        (row, column): word
        for row, line in zip(content.rows, content.words, strict=True)
        for column, word in zip(content.columns, line, strict=True)
    }
    assert content.rows == content.columns == ("a-1", "b-1", "stdlib", "c-1")
    assert {pair: word for pair, word in words.items() if word != "-"} == {
        ("a-1", "b-1"): "ok",
        ("b-1", "a-1"): "FAIL",
        ("a-1", "stdlib"): "flaky",
        ("stdlib", "a-1"): "warn",
        ("b-1", "stdlib"): "ERROR",
        ("stdlib", "b-1"): "unknown",
        ("a-1", "c-1"): "skipped",
        ("b-1", "c-1"): "left out",
        ("c-1", "b-1"): "left out",
        ("c-1", "a-1"): "not run",
    }
    assert companies.counts_words(found) == (
        "4 wheels; 1 FAIL, 1 ERROR, 1 unknown, 1 flaky, 1 warn, 1 ok, 1 skipped, 2 left out, 1 not run"
    )


def test_two_sets_that_only_meet_each_other_have_a_matrix_for_each_order() -> None:
    olds, news = ("a-1", "a-2"), ("b-1", "b-2", "b-3")
    results = [company(one, two) for first, then in ((olds, news), (news, olds)) for one, two in product(first, then)]
    found = seen(results)
    assert [(one.rows, one.columns) for one in found.matrices] == [(olds, news), (news, olds)]
    assert {word for one in found.matrices for line in one.words for word in line} == {"ok"}
    assert not found.is_cut


def test_a_single_pair_has_one_matrix() -> None:
    (content,) = seen([company("a-1", "b-1"), company("b-1", "a-1")]).matrices
    assert content.words == (("-", "ok"), ("ok", "-"))


def test_orders_of_more_than_two_are_counted() -> None:
    found = seen([company("a", "b", "c"), company("c", "b", "a", verdict=Verdict.FAIL)])
    assert found.matrices == ()
    assert companies.counts_words(found) == "2 orders of more than two; 1 FAIL, 1 ok"
    assert companies.counts_words(seen([company("a", "b"), company("a", "b", "c")])) == (
        "2 wheels; 1 order of more than two; 2 ok"
    )


@pytest.mark.parametrize(
    ("bad", "rows", "columns"),
    [
        (set(), (), ()),
        ({("w03", "w07")}, ("w03",), ("w07",)),
        ({("w03", "w07"), ("w07", "w03"), ("w03", "w00")}, ("w03", "w07"), ("w00", "w03", "w07")),
    ],
)
def test_a_large_matrix_shows_where_there_is_something_to_see(
    bad: set[tuple[str, str]], rows: tuple[str, ...], columns: tuple[str, ...]
) -> None:
    names = [f"w{number:02}" for number in range(companies.LARGE + 2)]
    results = [company(*pair, verdict=Verdict.FAIL if pair in bad else Verdict.PASS) for pair in permutations(names, 2)]
    found = seen(results)
    assert [(one.rows, one.columns) for one in found.matrices] == [(rows, columns)]
    assert (found.is_cut, found.whole) == (True, len(names))


def test_a_matrix_has_no_more_rows_than_fit_a_page() -> None:
    names = [f"w{number:02}" for number in range(companies.LARGE + 2)]
    results = [company(*pair, verdict=Verdict.WARN) for pair in permutations(names, 2)]
    (content,) = seen(results).matrices
    assert len(content.rows) == len(content.columns) == companies.LARGE


def test_effects_are_told_in_the_row_of_the_wheel_and_companies_are_not() -> None:
    worried = result(check="effects", verdict=Verdict.WARN, side_effects=("it changes SIGINT",))
    results = [result(), worried, *mixed()]
    assert matrix(run_of(results), results).words == (("warn",),)
    assert "numpy 2.1.3" not in terminal.summary(run_of(mixed()), mixed(), width=80, seconds=1, missing=0)


def test_the_terminal_has_the_matrix_where_it_fits_and_else_the_list() -> None:
    results = mixed()
    wide = terminal.summary(run_of(results), results, width=100, seconds=1, missing=0)
    narrow = terminal.summary(run_of(results), results, width=28, seconds=1, missing=0)
    assert "loaded first" in wide
    assert "loaded first" not in narrow
    assert "  FAIL    b-1, then a-1" not in wide
    assert "  FAIL    b-1, then a-1" in narrow
    assert "  flaky   a-1, then stdlib" in narrow
    assert "a-1, then c-1" not in narrow


def test_the_terminal_explains_some_of_many() -> None:
    names = [f"project{number:02}-1.0" for number in range(9)]
    results = [company(*pair, verdict=Verdict.FAIL, reason="it breaks") for pair in permutations(names, 2)]
    text = terminal.summary(run_of(results), results, width=80, seconds=1, missing=0)
    assert text.count("\n  it breaks") == terminal.COMPANY_DETAILS
    assert f"FAIL {72 - terminal.COMPANY_DETAILS} more orders of wheels; the report explains them" in text
    assert f"and {72 - terminal.COMPANY_LINES} more; the report lists them all" in text


def test_markdown_explains_some_of_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_page, "COMPANY_DETAILS", 2)
    results = [company(*pair, verdict=Verdict.FAIL) for pair in permutations("abc", 2)]
    assert "\n4 more orders of wheels are in `results.jsonl` only." in markdown.render(run_of(results), results)


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"evidence": None, "advice": 3, "smallest": {}, "likely_cause": None, "rate": []},
        {"evidence": [None, 7, "x", {}, {"kind": 1}], "advice": [1, None], "smallest": [2]},
        {"evidence": {"kind": "x"}},
    ],
)
@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.WARN])
def test_facts_may_hold_anything(facts: Mapping[str, Any], verdict: Verdict) -> None:
    results = [company("a", "b", verdict=verdict, facts=facts)]
    assert "a" in markdown.render(run_of(results), results)
    assert "a" in terminal.summary(run_of(results), results, width=80, seconds=1, missing=0)


def test_nothing_a_wheel_says_steers_the_page_or_the_terminal() -> None:
    facts = {
        "evidence": [evidence(Kind.CAPTURED, HOSTILE, HOSTILE)],
        "advice": [HOSTILE],
        "smallest": [HOSTILE, HOSTILE],
        "likely_cause": HOSTILE,
        "rate": HOSTILE,
    }
    results = [company(HOSTILE, "b", verdict=Verdict.FAIL, facts=facts)]
    made = run_of(results, left_out=[(HOSTILE, "c")])
    for text in (markdown.render(made, results), terminal.summary(made, results, width=80, seconds=1, missing=0)):
        assert not {"\x1b", "\u202e"} & set(text)
    lines = [line for line in markdown.render(made, results).splitlines() if "`" not in line.replace("\\`", "")]
    assert not any("<b>" in line for line in lines)


def test_the_committed_page(request: pytest.FixtureRequest) -> None:
    captured = "'xmlsec' 1.3.16 was given 'libxml2.so.2' of 'lxml' 5.4.0 instead of its own"
    outcome = f"'xmlsec' 1.3.16 cannot be imported after 'lxml' 5.4.0: ImportError; {captured}"
    results = [
        company("lxml-5.4.0", "xmlsec-1.3.16", verdict=Verdict.FAIL, outcome=OutcomeKind.BROKEN, grade=Grade.NONE,
            reason=f"{outcome} (and 1 more)", side_effects=("Both install 'a.txt' with the same content",),
            repeat="manylinux-lab run lxml==5.4.0 xmlsec==1.3.16 --cell 'x'",
            facts={
                "evidence": [
                    evidence(Kind.OUTCOME, "fail", outcome),
                    evidence(Kind.CAPTURED, "fail", captured),
                    evidence(Kind.OVERLAP_EQUAL, "warn", "Both install 'a.txt' with the same content"),
                    evidence(Kind.RUNTIMES, "note", "The process holds 2 copies of libxml2"),
                ],
                "likely_cause": captured, "rate": "3 of 3", "advice": ["Give the library a SONAME of its own."],
            }),
        company("xmlsec-1.3.16", "lxml-5.4.0"),
        company("lxml-5.4.0", "stdlib", verdict=Verdict.WARN, side_effects=("'lxml' 5.4.0 prints <b>",),
            reason="'lxml' 5.4.0 prints <b>",
            facts={"evidence": [evidence(Kind.NOISE, "warn", "'lxml' 5.4.0 prints <b>")]}),
        company("a-1", "lxml-5.4.0", "xmlsec-1.3.16", verdict=Verdict.FAIL, reason="'a' 1 crashes",
            facts={"smallest": ["a-1", "xmlsec-1.3.16"], "evidence": [], "likely_cause": "a file of 'lxml' 5.4.0"}),
    ]  # fmt: skip
    text = markdown.render(run_of(results, left_out=[("b-1", "stdlib")]), results)
    if request.config.getoption("rewrite"):
        PAGE.write_text(text, encoding="utf-8")
    assert text == PAGE.read_text(encoding="utf-8")
