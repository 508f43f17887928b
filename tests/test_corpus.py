"""Tests of the corpus: its files become questions, its words become expectations, and results are held against them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from corpus_cases import Case, Question, fits, questions, read_corpus
from corpus_rules import CLEAN, Rating, expectations, rate
from corpus_runs import modes_of

from manylinux_lab.coload.evidence import Kind

ONE = "one-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"
TWO = "two-1.0-cp39-abi3-manylinux_2_17_x86_64.whl"
PYTHONS = {"debian-11": (3, 9), "debian-12": (3, 11)}


def question(text: str, phenomenon: str = "1 something", **further: Any) -> Question:
    """Return a question about two wheels on one distro."""
    case = Case(id="x", phenomenon=phenomenon, wheels={"debian-12": (ONE, TWO)}, texts={"debian-12": text}, **further)
    return Question(case=case, distro="debian-12", wheels=(ONE, TWO))


def result(project: str, verdict: str, check: str = "coload", reason: str = "", *kinds: Kind) -> dict[str, Any]:
    """Return a line of results."""
    evidence = [{"kind": kind.value, "words": kind.value} for kind in kinds]
    facts = {"evidence": evidence}
    return {
        "check": check, "project": project, "verdict": verdict, "reason": reason, "side_effects": [], "facts": facts
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "python", "expected"),
    [
        (ONE, (3, 11), True),
        (ONE, (3, 12), False),
        (TWO, (3, 11), True),
        (TWO, (3, 8), False),
        ("two-1.0-py3-none-manylinux1_x86_64.whl", (3, 13), True),
        ("two-1.0-py2.py3-none-any.whl", (3, 13), True),
        ("two-1.0-py2-none-any.whl", (3, 13), False),
        ("two-1.0-pp310-pypy310_pp73-any.whl", (3, 10), False),
    ],
)
def test_which_wheels_an_interpreter_takes(name: str, python: tuple[int, int], expected: bool) -> None:
    assert fits(name, python) is expected


@pytest.mark.parametrize(
    ("text", "verdict", "subject", "words"),
    [
        ("all ok", "clean", "", ()),
        ("runs: 4.0.0", "clean", "", ()),
        ("hash changes; after uninstall the file is gone", "fail", "", ()),
        ("solo ok; two,one: ImportError undefined symbol in libx.so.1", "fail", "two,one", ("libx.so.1",)),
        ("one solo ok; any import of two: InternalError", "fail", "two", ()),
        ("1.0: before False, after True", "fail", "", ()),
        ("before False, after False", "clean", "", ()),
        ("last import: cannot allocate memory in static TLS block", "fail", "", ("static TLS",)),
        ("import ok, [stack] becomes rwxp", "warn", "", ("executable",)),
        ("SIGINT handler changed", "warn", "", ("SIGINT",)),
        ("environment variable OMP_NUM_THREADS is set", "warn", "", ("OMP_NUM_THREADS",)),
        ("child hangs after fork", "warn or fail", "", ()),
        ("child status 0", "clean", "", ()),
        ("threads started at import", "note", "", ()),
        ("pip refuses; forced import ok", "refused", "", ()),
        ("pip ok, RECORD mismatch", "warn", "", ()),
        ("native ok; -cpu Nehalem: Illegal instruction (132)", "not asked", "", None),
        ("glibc ok; musl: __memcpy_chk: symbol not found", "not asked", "", None),
        ("something else entirely", "not asked", "", None),
    ],
)
def test_what_words_expect(text: str, verdict: str, subject: str, words: tuple[str, ...] | None) -> None:
    first = expectations(question(text))[0]
    assert (first.verdict, first.subject) == (verdict, subject)
    assert words is None or first.words == words


def test_a_control_expects_nothing() -> None:
    assert expectations(question("SIGINT handler changed", "10 control: fixed release")) == (CLEAN,)


def test_where_requires_python_is_ignored_forcing_is_what_is_asked() -> None:
    asked = question("pip refuses; forced: Segmentation fault", expectation="with --ignore-requires-python it shows")
    assert [one.verdict for one in expectations(asked)] == ["fail"]


def test_a_case_can_say_what_it_expects() -> None:
    own = {"verdict": "warn", "check": "coload", "subject": "one,two", "words": "libx"}
    (expected,) = expectations(question("all ok", expect={"debian-12": (own,)}))
    assert (expected.verdict, expected.check, expected.subject, expected.words) == (
        "warn",
        "coload",
        "one,two",
        ("libx",),
    )


@pytest.mark.parametrize(
    ("text", "results", "ratings"),
    [
        ("ok", [result("one,two", "pass")], [Rating.FOUND]),
        ("ok", [result("one,two", "fail")], [Rating.FALSE_ALARM]),
        ("ok", [result("one,two", "warn")], [Rating.FALSE_ALARM]),
        ("ok", [result("one", "warn", "effects")], [Rating.FOUND]),
        ("ok", [], [Rating.TROUBLE]),
        ("ok", [result("one", "error")], [Rating.TROUBLE]),
        ("one,two: ImportError", [result("one,two", "fail"), result("two,one", "pass")], [Rating.FOUND]),
        ("one,two: ImportError", [result("one,two", "pass"), result("two,one", "pass")], [Rating.MISSED]),
        (
            "one,two: ImportError",
            [result("one,two", "fail"), result("two", "fail", "import")],
            [Rating.FOUND, Rating.FALSE_ALARM],
        ),
        ("one,two: ImportError libx.so", [result("one,two", "fail", "coload", "another reason")], [Rating.MISSED]),
        ("one,two: ImportError libx.so", [result("one,two", "fail", "coload", "'libx.so' of 'two'")], [Rating.FOUND]),
        ("threads started", [result("one", "pass", "effects", "", Kind.THREADS)], [Rating.FOUND]),
        ("threads started", [result("one", "pass", "effects")], [Rating.MISSED]),
        ("RECORD mismatch", [result("one", "warn", "effects", "", Kind.RECORD)], [Rating.FOUND]),
        ("RECORD mismatch", [result("one", "warn", "effects", "", Kind.TOP_LEVEL)], [Rating.MISSED]),
        ("pip refuses", [result("one", "pass", "refuse")], [Rating.FOUND]),
        ("whatever", [result("one", "pass", "import")], [Rating.NOT_ASKED]),
    ],
)  # fmt: skip
def test_what_the_lab_said_is_rated(text: str, results: Sequence[Mapping[str, Any]], ratings: list[Rating]) -> None:
    assert [one.rating for one in rate(question(text), results)] == ratings


def test_both_forms_of_a_file_become_cases(tmp_path: Path) -> None:
    cases, healthy = tmp_path / "cases.json", tmp_path / "healthy.json"
    helpers = ["help-1.0-py3-none-any.whl", "help-2.0-py3-none-any.whl", "one-0.9-cp311-cp311-linux_x86_64.whl"]
    cases.write_text(
        json.dumps([
            {
                "id": "a", "phenomenon": "6 order", "wheels": [ONE, TWO], "helper_wheels": helpers,
                "distros": {"debian-11": "ok", "debian-12": "ValueError (with help 1.0: ok)"},
            }
        ])
    )  # fmt: skip
    healthy.write_text(json.dumps({"wheels": {"one": {"debian-12": ONE}}, "smoke": {"one": "import one"}}))
    (case,) = read_corpus(cases)
    asked = list(questions(case, PYTHONS))
    assert [(one.distro, one.wheels, one.special_pins) for one in asked] == [
        ("debian-11", (TWO,), (("help", "1.0"),)),
        ("debian-11", (TWO,), (("help", "2.0"),)),
        ("debian-12", (ONE, TWO), (("help", "1.0"),)),
        ("debian-12", (ONE, TWO), (("help", "2.0"),)),
    ]
    assert [expectations(one)[0].verdict for one in asked] == ["clean", "clean", "clean", "fail"]
    (case,) = read_corpus(healthy)
    (only,) = questions(case, PYTHONS)
    assert (case.id, only.wheels, modes_of(only)) == ("healthy", (ONE,), ("pairs",))
    assert [one.rating for one in rate(only, [result("one", "warn", "effects")])] == [Rating.FALSE_ALARM]
