"""Each format read by what reads it: docutils, a Markdown parser, a CSV reader, JSON Schema, an XML parser.

Hostile text comes in every field, and what a reader shows of it is the text itself.
"""

import csv
import io
import json
import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
import report_schema
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from records import bench, result, run, subject
from test_agreement import seen
from test_report import HOSTILE, full_run

from manylinux_lab.cells import Cell, LeftOut, Plan
from manylinux_lab.errors import UsageError
from manylinux_lab.judge import Grade, How, OutcomeKind, Promise, Verdict
from manylinux_lab.report import FORMATS, badge, escape, github, json_file, render, rst, sarif
from manylinux_lab.report.matrix import Matrix
from manylinux_lab.report.model import report_of
from manylinux_lab.results import Result

MISSING = "Install the development dependencies: pip install --group dev."
pytest.importorskip("docutils", reason=MISSING)
pytest.importorskip("jsonschema", reason=MISSING)

import docutils.core  # noqa: E402 - after the question whether they are there
import docutils.nodes  # noqa: E402
import jsonschema  # noqa: E402

NASTY = (
    HOSTILE,
    ".. raw:: html\n\n   <script>",
    "- x\n- y",
    "1. x",
    "(a) x",
    "x::",
    ":field: x",
    "name_ and __ and `a`_ and |s| and [1]_ and a_",
    "====",
    ">>> x",
    "-o x",
    "| x",
    "+---+",
    "http://evil.example a@b.c mailto:a@b.c",
    "\\",
    "``",
    "x\\`*",
    "=1+1;=2+2",
    "::error::x%0A::warning::y",
    "</details></summary>",
    "]]>&amp;\x00\ud800\ufffe",
    "\u8868 \uff58 e\u0301",
    "::",
    "",
)
TEXTS = st.one_of(
    st.sampled_from(NASTY), st.text(max_size=30), st.text("\\`*_|:<>[]()-+=.#@; \nab1'\"~^&", max_size=25)
)


def document(text: str) -> docutils.nodes.document:
    """Return the document tree of reStructuredText; a warning is an error."""
    said = {"halt_level": 2, "report_level": 2, "raw_enabled": False, "file_insertion_enabled": False}
    tree = docutils.core.publish_doctree(text, settings_overrides=said)
    for message in list(tree.findall(docutils.nodes.system_message)):  # of the level "info", which nobody is told
        message.parent.remove(message)
    return tree


def shown(node: docutils.nodes.Node) -> str:
    """Return the text of a node as plain text has it."""
    return " ".join(node.astext().split())


MANY = settings(deadline=None, max_examples=60)


@MANY
@given(TEXTS)
@example("a_b_ c__ d")
@example("\\\\")
def test_text_in_restructuredtext_stays_text(text: str) -> None:
    for source in (escape.rst(text), f"before {escape.rst(text)}", f"- {escape.rst(text)}", f"  {escape.rst(text)}"):
        tree = document(f"A paragraph.\n\n{source}\n")
        assert shown(tree.children[-1]).removeprefix("before ").strip() == escape.plain(text) or not escape.plain(text)
        kinds = {type(node).__name__ for node in tree.findall() if not isinstance(node, docutils.nodes.Text)}
        assert kinds <= {"document", "paragraph", "bullet_list", "list_item", "block_quote"}


@MANY
@given(TEXTS)
def test_literals_in_restructuredtext_stay_text(text: str) -> None:
    source = escape.rst_code(text)
    found = list(document(f"Run {source}\n").findall(docutils.nodes.literal))
    wanted = escape.plain(text).replace("`", "'")
    assert [shown(node) for node in found] == ([wanted] if wanted else [])


@MANY
@given(st.lists(TEXTS, min_size=1, max_size=3, unique=True))
@example(["\\\\"])
def test_tables_in_restructuredtext_hold_any_text(texts: list[str]) -> None:
    content = Matrix(rows=tuple(texts), columns=("a", texts[0]), words=tuple((text, "ok") for text in texts))
    tree = document(rst.table(content))
    entries = [shown(entry) for entry in tree.findall(docutils.nodes.entry)]
    assert entries == ["", "a", escape.plain(texts[0]), *(w for t in texts for w in (*[escape.plain(t)] * 2, "ok"))]


def hostile_run(text: str) -> tuple[Any, list[Result]]:
    """Return a run in which everything that a wheel or a bench can say is ``text``."""
    place = bench()
    names = {"project": text or "x", "version": text, "subject": text or "x", "reason": text, "repeat": text}
    facts = {
        "advice": [text],
        "likely_cause": text,
        "rate": text,
        "smallest": [text, text],
        "evidence": [{"kind": text, "weight": "fail", "words": text}, {"kind": text, "weight": "note", "words": text}],
    }
    results = [
        result(**names, verdict=Verdict.FAIL, outcome=OutcomeKind.BROKEN, facts=facts, grade=Grade.NONE),
        result(**names, check="effects", verdict=Verdict.WARN, side_effects=(text, text), facts=facts),
        result(**names, check="install", verdict=Verdict.ERROR, outcome=OutcomeKind.TROUBLE),
        result(**names, check="smoke", how=How.PREDICTED, verdict=Verdict.FAIL),
    ]
    cells = tuple(Cell(bench=place.id, check=one.check, subject=one.subject, promise=one.promise) for one in results)
    left_out = (LeftOut(bench=text, subject=text, reason=text),)
    plan = Plan(
        benches=(place,),
        subjects=(replace(subject(), id=text or "x", project=text, version=text),),
        cells=cells[:3],
        left_out=left_out,
        notes=(text,),
    )
    return run(plan), results


@pytest.mark.parametrize("text", NASTY)
def test_the_page_in_restructuredtext_is_valid_whatever_wheels_say(text: str) -> None:
    tree = document(render("rst", *hostile_run(text)))
    kinds = {type(node).__name__ for node in tree.findall()}
    assert not kinds & {"raw", "reference", "target", "emphasis", "strong", "system_message", "problematic", "comment"}


def test_the_page_in_restructuredtext_is_valid_where_a_prediction_was_wrong() -> None:
    wrong = [seen(OutcomeKind.BROKEN, name=name) for name in ("elm", "fir")]
    tree = document(render("rst", run(), wrong))
    (items,) = tree.findall(docutils.nodes.bullet_list)
    assert [shown(one).partition(": ")[2] for one in items] == ["its own code failed."] * 2


def test_the_page_in_restructuredtext_has_the_whole_matrix() -> None:
    tree = document(render("rst", *full_run()))
    table = next(tree.findall(docutils.nodes.table))
    rows = [[shown(entry) for entry in row.children] for row in table.findall(docutils.nodes.row)]
    assert ["numpy 2.1.3", "refused", "imported", "ERROR"] in rows


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("name", ["markdown", "github"])
def test_pages_in_markdown_hold_no_html_but_our_own(name: str, text: str) -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(render(name, *hostile_run(text)))
    html = "".join(
        inner.content for token in tokens for inner in (token, *(token.children or [])) if inner.type.startswith("html")
    )
    assert set(re.findall(r"</?[a-z]+", html)) <= {"<details", "<summary", "</summary", "</details"}
    assert not [inner for token in tokens for inner in (token.children or []) if inner.type in {"link_open", "image"}]


def table_of(text: str) -> list[dict[str, str]]:
    """Return the lines of a CSV file."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_a_line_for_each_cell_also_those_that_did_not_run() -> None:
    made, results = full_run()
    lines = table_of(render("csv", made, results[:3]))
    assert len(lines) == len(made.plan.cells)
    words = {line["cell"]: line["word"] for line in lines}
    assert sorted(words.values()) == ["imported", "installed", *["not run"] * 5, "refused"]
    assert {line["distro"] for line in lines if line["word"] == "not run"} == {"debian-11", "debian-12"}


SIGNS = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"


@pytest.mark.parametrize(
    "text", [*NASTY, "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", "\uff1d1+1", "a; =1", '";=1']
)
def test_no_text_starts_a_formula_in_a_spreadsheet(text: str) -> None:
    for line in csv.reader(io.StringIO(render("csv", *hostile_run(text)), newline="")):
        for value in line:
            assert not re.search(rf"(^|;)[\s\"]*{SIGNS}", value)


def test_the_published_schema_is_that_of_the_record() -> None:
    assert report_schema.FILE.read_text(encoding="utf-8") == report_schema.text()


@pytest.mark.parametrize("text", NASTY)
def test_json_is_as_the_published_schema_says(text: str) -> None:
    schema = json.loads(report_schema.FILE.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    for made in (hostile_run(text.replace("\ud800", "")), full_run()):
        said = json.loads(render("json", *made))
        jsonschema.validate(said, schema, cls=jsonschema.Draft202012Validator)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**said, "cells": [{}]}, schema, cls=jsonschema.Draft202012Validator)


def test_json_is_read_back_as_it_was() -> None:
    made, results = full_run()
    assert json_file.parse(render("json", made, results).encode(), "x") == report_of(
        made, sorted(results, key=lambda one: one.how is How.OBSERVED)
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"schema": 99}', "The report 'x' has schema 99; this lab reads up to 1. Use a newer lab."),
        (b'{"schema": 1}', "The file 'x' is not a report of this lab in JSON: Object missing required field `run`"),
        (b"[1]", "The file 'x' is not a report of this lab in JSON: Expected `object`, got `array`."),
        (b'{"schema": 1, "ru', "The file 'x' is not a report of this lab in JSON: Input data was truncated."),
        (b"\xff\xfe", "The file 'x' is not a report of this lab in JSON: "),
        (b"", "The file 'x' is not a report of this lab in JSON: Input data was truncated."),
        (b'{"a":' * 100_000, "The file 'x' is not a report of this lab in JSON: it is nested too deeply."),
    ],
)
def test_a_file_that_is_no_report_is_said_in_one_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        json_file.parse(content, "x")
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", NASTY)
def test_junit_and_the_badge_are_xml_whatever_wheels_say(text: str) -> None:
    suite = ElementTree.fromstring(render("junit", *hostile_run(text)).encode())
    assert len(list(suite.iter("testcase"))) == 4
    picture = ElementTree.fromstring(render("badge", *hostile_run(text)).encode())
    assert picture[0].tag.endswith("title")


def test_junit_has_a_case_for_each_cell_also_those_that_did_not_run() -> None:
    made, results = full_run()
    suite = ElementTree.fromstring(render("junit", made, results[:3]).encode())[0]
    assert (suite.get("tests"), suite.get("skipped"), suite.get("failures")) == ("8", "5", "0")
    case = next(case for case in suite.iter("testcase") if case.get("classname") == "install")
    properties = {one.get("name"): one.get("value") for one in case.iter("property")}
    assert properties.items() >= {"bench": "debian-12:x86_64:cp311", "how": "observed", "word": "installed"}.items()


def test_junit_shows_nothing_as_passed_that_was_only_predicted() -> None:
    made, results = full_run()
    kept = next(one for one in results if one.verdict is Verdict.PASS)
    foretold = [replace(kept, how=How.PREDICTED), *(one for one in results if one is not kept)]
    before, after = (ElementTree.fromstring(render("junit", made, those).encode())[0] for those in (results, foretold))
    case = next(case for case in after.iter("testcase") if case.get("name") == kept.cell)
    skipped = case.find("skipped")

    assert skipped is not None
    assert "(predicted)" in str(skipped.get("message"))
    assert int(str(after.get("skipped"))) == int(str(before.get("skipped"))) + 1


def test_notes_of_a_run_are_told_where_ci_systems_look() -> None:
    made, results = full_run()
    suite = ElementTree.fromstring(render("junit", made, results).encode())[0]
    assert [dict(one.attrib) for one in suite.findall("properties/property")] == [{"name": "note", "value": "a note"}]
    assert "\n- a note\n" in render("github", made, results)


def test_sarif_keeps_what_blames_a_wheel_apart_from_the_lab() -> None:
    log = json.loads(render("sarif", *full_run()))["runs"][0]
    assert [one["level"] for one in log["results"]] == ["error", "warning", "note"]
    notes = log["invocations"][0]["toolExecutionNotifications"]
    said = [(one["level"], one["message"]["text"].partition(" (")[0]) for one in notes]
    assert said == [("note", "a note"), ("error", "The registry died <in the middle>.")]


def test_sarif_has_a_rule_for_each_kind_of_evidence() -> None:
    evidence = [{"kind": "captured library", "weight": "fail", "words": "x"}]
    pair = result(check="coload", subject="a-1,b-2", verdict=Verdict.FAIL, facts={"evidence": evidence}, reason="y")
    log = json.loads(render("sarif", run(), [pair, result(verdict=Verdict.FAIL)]))["runs"][0]
    rules = [rule["id"] for rule in log["tool"]["driver"]["rules"]]
    assert rules == ["coload/captured-library", "import"]
    assert all(rules[one["ruleIndex"]] == one["ruleId"] for one in log["results"])


def test_fingerprints_outlive_versions_and_tell_benches_apart() -> None:
    def prints(**fields: Any) -> str:
        cell = report_of(run(), [result(verdict=Verdict.FAIL, **fields)]).cells[0]
        return sarif.fingerprint(cell)

    assert prints() == prints(version="9.9", subject="numpy-9.9-x.whl", sha256="9" * 64)
    assert prints() != prints(bench="debian-13:x86_64:cp313")
    assert prints(check="coload", subject="a-1,b-2") == prints(check="coload", subject="a-3,b-4")
    assert prints(check="coload", subject="a-1,b-2") != prints(check="coload", subject="b-2,a-1")


def test_what_sarif_cannot_take_is_counted() -> None:
    many = [result(subject=f"x{number}", verdict=Verdict.FAIL) for number in range(sarif.MOST + 3)]
    log = json.loads(render("sarif", run(), many))["runs"][0]
    assert len(log["results"]) == sarif.MOST
    assert "3 further results" in log["invocations"][0]["toolExecutionNotifications"][-1]["message"]["text"]


def test_a_summary_stays_within_what_a_step_may_have() -> None:
    many = [
        result(subject=f"x{number}", verdict=Verdict.FAIL, reason="表" * 500, project=f"x{number}")
        for number in range(1500)
    ]
    text = render("github", run(), many)
    assert len(text.encode()) <= 1024 * 1024
    left = re.search(r"(\d+) more tables and cells do not fit", text)
    assert left is not None
    assert text.count("<details>") + int(left[1]) == 1500


@pytest.mark.parametrize("text", NASTY)
def test_no_text_begins_a_command_of_its_own(text: str) -> None:
    lines = render("annotations", *hostile_run(text)).splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::error", "::warning", "::warning"]
    for line in lines:
        properties, _, message = line.partition(" ")[2].partition("::")
        assert not re.search(r"[:,\r\n]|%(?!25|0D|0A|3A|2C)", properties)
        assert not re.search(r"[\r\n]|%(?!25|0D|0A)", message)


def test_commands_are_escaped_as_the_runner_reads_them() -> None:
    assert github.command("error", "50%: a,b", "100%\nx", "y") == "::error title=50%25%3A a%2Cb::100%25 x%0Ay"


def test_annotations_stay_within_what_a_step_may_have() -> None:
    many = [result(subject=f"x{number}", verdict=Verdict.FAIL) for number in range(12)]
    lines = render("annotations", run(), many).splitlines()
    assert len(lines) == 10
    assert lines[-1] == "::error title=and more::3 more cells; the reports have them."


def half_predicted(most: int) -> list[Result]:
    """Return more broken promises that are only predicted than a format shows, and after them one that was seen."""
    foretold = [
        result(subject=f"x{number}", verdict=Verdict.FAIL, how=How.PREDICTED, grade=Grade.NONE)
        for number in range(most)
    ]
    return [*foretold, result(subject="seen", verdict=Verdict.FAIL)]


def test_predictions_take_no_place_from_what_was_seen() -> None:
    lines = render("annotations", run(), half_predicted(12)).splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::error"] + 10 * ["::warning"]
    assert "/seen::" in lines[0]
    assert lines[-1] == "::warning title=and more::3 more cells; the reports have them."
    text = render("github", run(), half_predicted(3))
    assert text.index("/seen<") < text.index("/x0<")


def test_sarif_cuts_off_predictions_before_what_was_seen() -> None:
    log = json.loads(render("sarif", run(), half_predicted(sarif.MOST)))["runs"][0]
    assert log["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "seen"
    assert [one["level"] for one in log["results"][:2]] == ["error", "warning"]


MUSL = bench("alpine-3.20", abi="cp312", libc="musl", libc_version=(1, 2))
REFUSED = result(bench=MUSL.id, check="refuse", promise=Promise.UNSUPPORTED, outcome=OutcomeKind.REFUSED)
ACCEPTED = replace(REFUSED, outcome=OutcomeKind.ACCEPTED, verdict=Verdict.FAIL)


@pytest.mark.parametrize(
    ("results", "message", "colour"),
    [
        ([result()], "1/1 distros", badge.GOOD),
        ([result(verdict=Verdict.WARN), result(check="install")], "1/1 distros", badge.GOOD),
        ([result(), result(bench="fedora-43:x86_64:cp314", verdict=Verdict.FAIL)], "1/2 distros", badge.BAD),
        ([result(), REFUSED], "1/1 distros, musl refused", badge.GOOD),
        ([result(), ACCEPTED], "accepted on musl, 1/1 distros", badge.BAD),
        ([result(verdict=Verdict.UNKNOWN)], "0/1 distros", badge.DOUBTFUL),
        ([result(verdict=Verdict.ERROR), REFUSED], "0/1 distros, musl refused", badge.DOUBTFUL),
        ([result(how=How.PREDICTED)], "not run", badge.IDLE),
        ([], "not run", badge.IDLE),
        (
            [result(), replace(ACCEPTED, distro="centos-7", bench="centos-7:x86_64:cp36")],
            "accepted on centos-7, 1/1 distros",
            badge.BAD,
        ),
    ],
)
def test_what_a_badge_says(results: list[Result], message: str, colour: str) -> None:
    made = run(Plan(benches=(bench(), MUSL), subjects=(), cells=()))
    assert badge.said(report_of(made, results)) == (message, colour)


def test_a_badge_has_a_title_and_loads_nothing() -> None:
    picture = render("badge", *full_run())
    assert "<title>wheels: 0/2 distros</title>" in picture
    assert 'role="img"' in picture
    assert not re.search(r"href|url\(|@import|<style|<script", picture)


def test_an_interrupted_run_is_not_praised() -> None:
    made, results = full_run()
    assert badge.said(report_of(made, [])) == ("0/2 distros", badge.IDLE)
    assert "not run" in render("rst", made, results[:1])


def test_every_format_takes_a_run_without_any_result() -> None:
    for name in FORMATS:
        assert render(name, full_run()[0], []) or name == "annotations"
