"""A comparison as text, Markdown and JSON: everything escaped, the same bytes for the same results, a committed page.

``pytest tests/test_comparison.py --rewrite`` writes the committed page anew; review the difference like code.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from records import result

from manylinux_lab.history.changes import Changed, Comparison, changes, decided, in_order
from manylinux_lab.judge import How, Verdict
from manylinux_lab.report.comparison import PAGE as ROOM
from manylinux_lab.report.comparison import as_json, as_markdown, as_text, because, counts_words
from manylinux_lab.results import Conditions, Result

PAGE = Path(__file__).parent / "pages" / "comparison.md"
HOSTILE = "<script>alert(1)</script> | **x** `y` \x1b[31m [a](b) \u202e\nzz"
SAME = Conditions(python="3.11.2", installer="pip 23.0.1", probe="aaaa", options={"timeout": "120"})


def compared() -> Comparison:
    """Return a comparison that shows every change once."""

    def one(project: str, verdict: Verdict = Verdict.PASS, **fields: object) -> Result:
        subject = f"{project}-{fields.get('version', '1.0')}-py3-none-any.whl"
        given = {"version": "1.0", "conditions": SAME, **fields}
        return result(**{"project": project, "subject": subject, "verdict": verdict, **given})

    old = [
        one("upgraded"),
        one("rebuilt"),
        one("shaky"),
        one("mended", Verdict.FAIL),
        one("clouded"),
        one("foretold", how=How.PREDICTED),
        one("lost"),
        one("gone"),
        one("same"),
    ]
    new = [
        one("upgraded", Verdict.FAIL, version="2.0", sha256="1" * 64, reason=HOSTILE, repeat=HOSTILE),
        one("rebuilt", Verdict.WARN, image="sha256:" + "9" * 64, side_effects=(HOSTILE,)),
        one("shaky", Verdict.FAIL, reason="It broke."),
        one("mended"),
        one("clouded", Verdict.ERROR, reason="The registry died."),
        one("foretold"),
        one("lost", how=How.PREDICTED),
        one("come"),
        one("same"),
    ]
    found = changes(old, new)
    told = [decided(one, [Verdict.PASS, Verdict.FAIL] * 2) if one.is_unexplained else one for one in found.changes]
    return replace(found, changes=in_order(told))


def test_the_committed_page(request: pytest.FixtureRequest) -> None:
    page = as_markdown("before", "after", compared())
    if request.config.getoption("--rewrite"):
        PAGE.write_text(page, encoding="utf-8")
    assert page == PAGE.read_text(encoding="utf-8")


def test_hostile_text_stays_text() -> None:
    text, page = as_text("before", "after", compared(), 100), as_markdown("before", "after", compared())
    assert "\x1b" not in text + page
    assert "\u202e" not in text + page
    assert "<script>" not in page.replace("`<script>", "")


def test_the_terminal_shows_a_table_details_and_counts() -> None:
    lines = as_text("before", "after", compared(), 100).splitlines()
    assert lines[0] == "after compared with before"
    assert any(
        line.startswith("regressed") and "upgraded 1.0 -> 2.0" in line and "pass -> FAIL" in line for line in lines
    )
    assert "REGRESSED debian-12:x86_64:cp311/import/upgraded-2.0-py3-none-any.whl" in lines
    assert any("asked again, 2 of 4 times it was not so" in " ".join(line.split()) for line in lines)
    assert lines[-1] == (
        "2 regressed, 2 flaky, 1 unclear, 1 observed now, 1 predicted now, 1 vanished, 1 appeared; 1 unchanged"
    )


def test_nothing_changed() -> None:
    same = Comparison(changes=(), unchanged=7)
    assert as_text("a", "b", same, 80).splitlines()[-1] == counts_words(same) == "7 unchanged"
    assert "7 unchanged." in as_markdown("a", "b", same)


def test_a_terminal_shows_the_first_of_very_many_and_the_page_all() -> None:
    many = changes([], [result(subject=f"wheel{number:03}.whl") for number in range(200)])
    text = as_text("a", "b", many, 100)
    assert text.count("\nappeared") == 60
    assert "and 140 more appeared; --json has all" in text
    assert text.endswith("200 appeared; 0 unchanged\n")
    assert as_markdown("a", "b", many).count("| appeared ") == 200


@pytest.mark.parametrize("number", [300, 3000])
def test_a_page_is_cut_to_what_an_issue_can_hold(number: int) -> None:
    names = [f"wheel{place:04}.whl" for place in range(number)]
    before = [result(subject=name) for name in names]
    after = [result(subject=name, verdict=Verdict.FAIL, reason="it broke, " * 20) for name in names]
    page = as_markdown("a", "b", changes(before, after))
    assert ROOM - 1000 < len(page) <= ROOM
    rows = page.count("\n| regressed ")
    assert rows == page.count("\n## regressed: ") > 10
    assert page.count("\nRepeat: ") == rows
    assert f"{number} regressed; 0 unchanged; {number - rows} changes have no room here and are left out" in page


def test_a_template_of_the_user_comes_first(tmp_path: Path) -> None:
    (tmp_path / "comparison.md.j2").write_text("only {{ counts }}")
    assert as_markdown("a", "b", Comparison(changes=(), unchanged=7), str(tmp_path)) == "only 7 unchanged"


def test_json_holds_the_records() -> None:
    document = json.loads(as_json("before", "after", compared()))
    assert (document["schema"], document["unchanged"], len(document["changes"])) == (1, 1, 9)
    first = document["changes"][0]
    assert (first["change"], first["old"]["verdict"], first["new"]["image"][:8]) == ("regressed", "pass", "sha256:9")
    assert [cause["kind"] for cause in first["causes"]] == ["image"]


def test_why_a_cell_was_not_asked_again_is_told() -> None:
    (changed,) = changes([result(conditions=SAME)], [result(verdict=Verdict.FAIL, conditions=SAME)]).changes
    told: Changed = replace(changed, unrepeated="the wheel 'x.whl' is gone")
    assert because(told) == "nothing that is recorded changed; not asked again: the wheel 'x.whl' is gone"
