"""The page's data: words as in the other reports, columns in order, changes, details, the summary, the policy.

``pytest tests/test_page.py --rewrite`` writes what the page holds anew, ``tests/pages/page.json``.
"""

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from page_runs import (
    ARM,
    FORESEEN,
    HOSTILE,
    MUSL,
    NEW,
    OLD,
    SCRIPT,
    held,
    hostile,
    pair,
    rich,
    rich_changes,
    seen,
    unpacked,
    with_limits,
)
from records import bench, result, run

from manylinux_lab.cells import Cell, LeftOut, Plan, Subject
from manylinux_lab.errors import UsageError
from manylinux_lab.folders import data_folder
from manylinux_lab.judge import Grade, How, OutcomeKind, Promise, Verdict
from manylinux_lab.report import page, with_templates
from manylinux_lab.report.matrix import LEFT_OUT, NOT_RUN, PRECEDENCE, PREDICTED, matrix
from manylinux_lab.report.page_data import natural, overview
from manylinux_lab.report.page_details import PIECE, detail, packed, pieces
from manylinux_lab.report.page_summary import LINES, NAMED, summary_of
from manylinux_lab.results import Result
from manylinux_lab.runs import Run

PAGE = Path(__file__).parent / "pages" / "page.json"


def words_of(made: Run, results: list[Result]) -> dict[tuple[str, str], str]:
    """Return the words that the page's program would show: of each place's entries the first in precedence."""
    data = overview(made, results)
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    columns = zip(*(getattr(data.entries, name) for name in ("row", "column", "word", "how")), strict=True)
    for row, column, word, how in columns:
        found.setdefault((data.rows[row], data.columns[column].id), []).append((word, data.hows[how]))
    return {
        place: data.words[min(entries)[0]] + (PREDICTED if all(how == "predicted" for _, how in entries) else "")
        for place, entries in found.items()
    }


def matrix_words(made: Run, results: list[Result]) -> dict[tuple[str, str], str]:
    """Return the words of the matrix that the other reports show."""
    content = matrix(made, results)
    return {
        (row, column.removesuffix(" (emulated)")): word
        for row, line in zip(content.rows, content.words, strict=True)
        for column, word in zip(content.columns, line, strict=True)
    }


def test_the_page_says_what_the_other_reports_say() -> None:
    made, results = rich()
    shown, expected = words_of(made, results), matrix_words(made, results)
    assert set(shown) <= set(expected)
    assert {place: shown.get(place, LEFT_OUT) for place in expected} == expected


KINDS: list[dict[str, Any]] = [
    *({"grade": grade} for grade in Grade),
    {"promise": Promise.UNSUPPORTED, "outcome": OutcomeKind.REFUSED, "grade": Grade.NONE},
    *({"verdict": verdict, "grade": Grade.NONE} for verdict in Verdict if verdict is not Verdict.PASS),
    {"how": How.PREDICTED, "grade": Grade.RESOLVED},
]


@pytest.mark.parametrize(("first", "second"), list(combinations(range(len(KINDS)), 2)))
def test_any_two_cells_of_a_place_give_the_word_of_the_matrix(first: int, second: int) -> None:
    results = [result(check=f"check-{number}", **KINDS[number]) for number in (first, second)]
    plan = Plan(benches=(bench(),), subjects=(), cells=())
    assert words_of(run(plan), results) == matrix_words(run(plan), results)


def test_a_cell_without_a_result_and_one_that_was_left_out() -> None:
    words = words_of(*rich())
    assert words["beta 1.0", OLD.id] == NOT_RUN
    assert words["gamma 1.0", OLD.id] == LEFT_OUT
    assert ("delta 1.0", OLD.id) not in words


def test_columns_are_grouped_by_family_then_arch_and_sorted_by_release() -> None:
    assert [column.id for column in overview(*rich()).columns] == [OLD.id, NEW.id, ARM.id, MUSL.id, FORESEEN.id]
    mixed = [bench(name) for name in ("debian-13", "debian-testing", "debian-9", "debian-12")]
    made = run(Plan(benches=tuple(mixed), subjects=(), cells=()))
    assert [column.distro for column in overview(made, []).columns] == [
        "debian-9", "debian-12", "debian-13", "debian-testing",
    ]  # fmt: skip
    assert {column.family for column in overview(made, []).columns} == {"debian"}
    assert natural("a-10") > natural("a-9")


def test_a_file_that_cannot_be_read_has_a_column() -> None:
    bad = result(bench="host", check="read", verdict=Verdict.FAIL, version="", subject="x.whl")
    data = overview(run(), [bad])
    assert (data.rows, data.columns[0].id) == (("x.whl",), "host")
    assert [column.id for column in overview(run(), [result(bench="host", check="read")]).columns] == [bench().id]


def test_pairs_name_their_strongest_evidence() -> None:
    together = overview(*rich()).together
    (pairs,) = together.pairs
    place = pairs.rows.index("alpha-1.0") * len(pairs.columns) + pairs.columns.index("beta-1.0")
    assert together.words[pairs.word[place]] == "FAIL"
    assert together.kinds[pairs.kind[place]] == "captured library"
    assert together.weights[pairs.kind[place]] == "fail"
    assert rich()[1][pairs.detail[place]].subject == "alpha-1.0,beta-1.0"
    assert [crowd.members for crowd in together.crowds] == [("alpha-1.0", "beta-1.0", "gamma-1.0")]


def test_a_map_of_pairs_is_never_cut() -> None:
    names = [f"w{number}-1" for number in range(45)]
    results = [pair(one, other) for one in names for other in names if one != other]
    subjects = tuple(Subject(id=one.subject, project="p", members=tuple(one.subject.split(","))) for one in results)
    cells = tuple(
        Cell(bench=one.bench, check="coload", subject=one.subject, promise=Promise.SUPPORTED) for one in results
    )
    made = run(Plan(benches=(bench(),), subjects=subjects, cells=cells))
    (pairs,) = overview(made, results).together.pairs
    assert (len(pairs.rows), len(pairs.columns), sum(number >= 0 for number in pairs.detail)) == (45, 45, 45 * 44)


def test_changes_name_their_place_and_their_cause() -> None:
    told = overview(*rich(), changes=rich_changes()).changes
    assert [(one.place, one.kind) for one in told] == [
        ("beta 1.0", "regressed"),
        ("alpha-1.0,beta-1.0", "regressed"),
        ("alpha 1.0", "vanished"),
    ]
    assert told[0].words == "import: pass before, fail now (the wheel changed)"
    assert told[2].words == "import: pass before, nothing now (the wheel changed)"


# --- details ---


def test_details_come_in_pieces_and_keep_what_was_seen() -> None:
    results = [result(subject=f"w{number}.whl", facts={"number": number}) for number in range(PIECE + 1)]
    found = [unpacked(piece) for piece in pieces(results)]
    assert [len(piece) for piece in found] == [PIECE, 1]
    assert found[1][0]["facts"] == {"number": PIECE}


def test_what_has_a_place_of_its_own_is_no_fact_besides() -> None:
    facts = {
        "evidence": [{"kind": "x"}],
        "advice": ["y"],
        "rate": "3 of 3",
        "likely_cause": "z",
        "smallest": ["a"],
        "k": 1,
    }
    told = detail(result(facts=facts))
    assert (told.facts, told.evidence, told.advice) == ({"k": 1}, ({"kind": "x"},), ("y",))
    assert (told.rate, told.cause, told.smallest) == ("3 of 3", "z", ("a",))


@pytest.mark.parametrize("evidence", ["text", 3, None, {"kind": "x"}])
def test_evidence_of_another_shape_is_none(evidence: object) -> None:
    assert detail(result(facts={"evidence": evidence})).evidence == ()


# --- the summary ---


def test_the_summary_as_text() -> None:
    lines = summary_of(*rich()).text.splitlines()
    assert lines[0] == (
        "3 promises broken: alpha-1.0, then beta-1.0; alpha-1.0, then beta-1.0, then gamma-1.0; beta 1.0"
    )
    assert "- beta 1.0: 'beta' needs 'libx.so.1'. [debian-12:x86_64:cp311]" in lines
    assert "- beta 1.0: 'libx.so.1' is missing [fedora-43:x86_64:cp314]" in lines
    assert "- 1 cell: planned, and the run ended before" in lines
    assert "- no registry answers [suse-15:x86_64]" in lines
    assert "- the limit 'memory' is not in force: no cgroup" in lines


@pytest.mark.parametrize(
    ("results", "headline"),
    [
        ([], "Nothing was run"),
        ([result()], "Every promise that was looked at is kept"),
        ([result(verdict=Verdict.UNKNOWN)], "No promise was seen broken; not every cell is known"),
        ([result(), result(check="x", verdict=Verdict.ERROR)], "No promise was seen broken; the lab failed in 1 cell"),
        ([result(how=How.PREDICTED, verdict=Verdict.FAIL)], "Nothing was run; predicted to break: numpy 2.1.3"),
        (
            [result(), result(how=How.PREDICTED, verdict=Verdict.FAIL)],
            "Every promise that was looked at is kept; predicted to break: numpy 2.1.3",
        ),
        ([result(verdict=Verdict.ERROR)], "Nothing is known: the lab failed in 1 cell"),
        ([result(verdict=Verdict.FAIL)], "1 promise broken: numpy 2.1.3"),
    ],
)
def test_the_headline(results: list[Result], headline: str) -> None:
    assert summary_of(run(), results).headline == headline


def test_a_long_summary_counts_what_it_does_not_name() -> None:
    broken = [
        result(
            project=f"p{number:02}",
            bench=f"debian-{release}:x86_64:cp311",
            verdict=Verdict.FAIL,
            reason=f"{number}" + "r" * 600,
        )
        for number in range(LINES + 3)
        for release in range(NAMED + 2)
    ]
    section = summary_of(run(), broken).sections[1]
    assert (section.title, len(section.lines), section.more) == ("Promised and broken", LINES, 3)
    assert section.lines[0].where.endswith("debian-5:x86_64:cp311 and 2 more")
    assert section.lines[0].words.endswith("r ...")
    assert summary_of(run(), broken).text.count("- and 3 more") == 1


def test_one_reason_of_very_many_wheels_names_the_first() -> None:
    troubled = [result(project=f"p{number}", verdict=Verdict.ERROR, reason="died") for number in range(NAMED + 900)]
    section = next(one for one in summary_of(run(), troubled).sections if one.tone == "error")
    (line,) = section.lines
    assert line.who.endswith(f"; p{NAMED - 1} 2.1.3 and 900 more")


def test_what_is_said_of_several_wheels_everywhere_is_said_once() -> None:
    benches = (bench(), bench("debian-13"))
    results = [
        result(project=name, bench=where.id, verdict=Verdict.WARN, side_effects=("it prints",))
        for name in ("a", "b")
        for where in benches
    ]
    (_, section) = summary_of(run(Plan(benches=benches, subjects=(), cells=())), results).sections
    assert [line.text for line in section.lines] == ["a 2.1.3; b 2.1.3: it prints [all 2 benches]"]


def test_places_that_lack_an_image_share_a_line() -> None:
    left_out = tuple(
        LeftOut(bench=f"fedora-{number}:x86_64", subject="", reason=f"no image of fedora-{number} for x86_64: none")
        for number in (1, 2)
    )
    made = run(Plan(benches=(), subjects=(), cells=(), left_out=left_out))
    (_, section) = summary_of(made, []).sections
    assert [line.text for line in section.lines] == ["no image: none [fedora-1:x86_64, fedora-2:x86_64]"]


# --- the page itself ---


def test_what_the_page_holds(request: pytest.FixtureRequest) -> None:
    found = held(page.render(*rich(), changes=rich_changes()))
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    if request.config.getoption("rewrite"):
        PAGE.write_text(text, encoding="utf-8")
    assert text == PAGE.read_text(encoding="utf-8")


def test_same_results_same_page() -> None:
    assert page.render(*rich()) == page.render(*rich())


def test_the_policy_allows_our_style_and_program_alone() -> None:
    text = page.render(*rich())
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    (style,) = re.findall(r"<style>(.*)</style>", text, re.DOTALL)
    (program,) = re.findall(r'<script type="module">(.*)</script>', text, re.DOTALL)
    assert policy.replace("&#39;", "'") == page.policy(style, program)
    assert "default-src 'none'" in page.policy("", "")
    assert page.policy("a", "b") != page.policy("b", "a")


def test_nothing_is_fetched_from_elsewhere() -> None:
    text = page.render(*rich())
    assert not re.search(r"""(?:src|href)=["']?(?!["'#])|url\(|@import|https?://""", text)


def test_hostile_text_is_escaped_or_packed() -> None:
    text = page.render(*hostile())
    assert "<script>window" not in text
    assert "<img" not in text
    assert not set("\u202e\u2028\x1b\x00") & set(text)
    assert held(text)["piece-0"][0]["reason"] == HOSTILE
    assert text.count("<script") == len(SCRIPT.findall(text)) + 1


def test_files_that_go_into_the_page_cannot_end_their_element() -> None:
    folder = data_folder("reports")
    for name in (page.STYLE, *page.PROGRAM):
        content = (folder / name).read_text(encoding="utf-8")
        assert "</" not in content, name
        assert content.endswith("\n")


def test_every_file_of_the_page_is_used() -> None:
    folder = data_folder("reports")
    names = {f"page/{path.name}" for path in (folder / "page").iterdir()}
    assert names == {page.TEMPLATE, page.STYLE, *page.PROGRAM}


def test_every_word_is_explained_and_coloured() -> None:
    explained = {word for word, _ in page.LEGEND}
    assert set(PRECEDENCE) - {"ok", LEFT_OUT} <= explained
    style = (data_folder("reports") / page.STYLE).read_text(encoding="utf-8")
    for word in explained:
        assert f".word.{page.slug(word)}" in style, word


def test_a_users_own_style_is_used_and_allowed(tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "page.css").write_text("body { color: teal; }")
    made, results = rich()
    text = page.render(with_templates(made, str(tmp_path)), results)
    assert "<style>body { color: teal; }</style>" in text
    (tmp_path / "page" / "page.css").write_bytes(b"\xff")
    with pytest.raises(UsageError, match=r"'page/page.css' is not text in UTF-8"):
        page.render(with_templates(made, str(tmp_path)), results)


def test_a_run_without_anything_has_a_page() -> None:
    assert held(page.render(with_limits(run()), []))["data"]["rows"] == []


def test_packing_is_the_inverse_of_unpacking() -> None:
    assert unpacked(packed({"x": [1, "<&>"]})) == {"x": [1, "<&>"]}
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", packed(seen("alpha", NEW)))
