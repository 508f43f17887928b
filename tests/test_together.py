"""Tests of wheels together: what is asked, and what becomes of evidence, with a probe that says what it must."""

from pathlib import Path
from typing import Any

import pytest
from company_events import Request, failed, healthy, order
from company_lab import LIBRARIES, MODULE, OTHER, OWN, Lab, fails, kinds

from manylinux_lab.cells import STDLIB
from manylinux_lab.errors import EngineError
from manylinux_lab.judge import Grade, OutcomeKind


def test_a_good_pair_costs_one_question(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    outcome = lab.coload("alpha", "beta")
    assert (outcome.kind, outcome.grade, outcome.side_effects) == (OutcomeKind.OK, Grade.SMOKE_TESTED, ())
    assert lab.engine.ran() == [("alpha-1.0",), ("beta-1.0",), ("alpha-1.0", "beta-1.0")]
    lab.coload("beta", "alpha")
    lab.coload("alpha", "gamma")
    assert lab.engine.ran(fresh=False) == [
        ("alpha-1.0", "beta-1.0"),
        ("beta-1.0", "alpha-1.0"),
        ("alpha-1.0", "gamma-1.0"),
    ]
    assert lab.engine.ran(fresh=True) == [("alpha-1.0",), ("beta-1.0",), ("gamma-1.0",)]
    assert lab.engine.starts == 1


def test_what_nobody_needs_is_hidden(tmp_path: Path) -> None:
    lab = Lab(tmp_path, requires={"beta": ["Requires-Dist: gamma>=1", "Requires-Dist: delta; extra == 'more'"]})
    lab.coload("alpha", "beta")
    hidden = {order(request): request["hidden"] for request in lab.engine.asked if request["op"] == "coload"}
    assert hidden == {
        ("alpha-1.0",): ["beta", "delta", "gamma"],
        ("beta-1.0",): ["alpha", "delta"],
        ("alpha-1.0", "beta-1.0"): ["delta"],
    }
    assert lab.engine.asked[-1]["hidden_first"] == ["beta", "delta", "gamma"]


def test_each_wheel_is_installed_once_and_again_after_a_loss(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.coload("alpha", "beta")
    lab.coload("beta", "alpha")
    assert [request["op"] for request in lab.engine.asked].count("install") == 4
    lab.special = lambda request: [{"event": "strange"}]
    with pytest.raises(EngineError, match="did not report on the wheels in one process"):
        lab.coload("alpha", "beta")
    lab.special = lambda request: [{**healthy(request), "members": 3}]
    with pytest.raises(EngineError, match="is not understood"):
        lab.coload("alpha", "beta")
    lab.company.close()
    lab.special = None
    assert lab.coload("alpha", "beta").kind is OutcomeKind.OK
    assert [request["op"] for request in lab.engine.asked].count("install") == 8
    assert lab.engine.starts == 2


def test_a_failure_that_repeats_is_blamed(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.special = fails("alpha-1.0", "beta-1.0")
    outcome = lab.coload("alpha", "beta")
    assert outcome.kind is OutcomeKind.BROKEN
    assert outcome.reason.startswith("'beta' cannot be imported after 'alpha': ImportError: beta/_core.abi3.so: undefi")
    assert outcome.facts["rate"] == "3 of 3"
    assert lab.engine.ran(fresh=True)[2:] == [("alpha-1.0", "beta-1.0")] * 3


def test_a_failure_with_a_captured_library_names_it(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    mapped = {("alpha-1.0",): [OTHER], ("beta-1.0",): [OWN, MODULE], ("alpha-1.0", "beta-1.0"): [OTHER]}
    break_beta = fails("alpha-1.0", "beta-1.0")

    def special(request: Request) -> Any:
        event = break_beta(request) or healthy(request)
        return [*LIBRARIES, {**event, "mapped": mapped[order(request)]}]

    lab.special = special
    outcome = lab.coload("alpha", "beta")
    assert kinds(outcome) == ["outcome differs from alone", "captured library"]
    assert outcome.facts["likely_cause"] == "it was given 'libshared.so.1' of 'alpha' instead of its own"
    assert "; it was given 'libshared.so.1' of 'alpha' instead of its own" in outcome.reason
    assert "'alpha' and 'beta' bring a library under the plain SONAME 'libshared.so.1'" in outcome.facts["advice"][0]


def test_the_standard_library_is_asked_only_for_what_is_there(tmp_path: Path) -> None:
    lab = Lab(tmp_path)

    def special(request: Request) -> Any:
        event = healthy(request)
        for one in event["members"]:
            if one["id"] == STDLIB:
                one["items"] = [
                    failed(*item[:1], "ModuleNotFoundError", "No module named '_sqlite3'")
                    if item[0] == "sqlite3"
                    else item
                    for item in one["items"]
                ]
        return event

    lab.special = special
    assert lab.coload("alpha", STDLIB).grade is Grade.SMOKE_TESTED
    asked = lab.engine.asked[-1]["order"][-1]
    assert asked == {"id": STDLIB, "items": [["import", "ssl"]], "smoke": "import ssl"}


def test_a_captured_library_fails_though_nothing_broke(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    mapped = {("alpha-1.0",): [OTHER], ("beta-1.0",): [OWN, MODULE], ("alpha-1.0", "beta-1.0"): [OTHER, MODULE]}
    lab.special = lambda request: [*LIBRARIES, {**healthy(request), "mapped": mapped[order(request)]}]
    outcome = lab.coload("alpha", "beta")
    assert outcome.kind is OutcomeKind.BROKEN
    assert outcome.reason == "'beta' was given 'libshared.so.1' of 'alpha' instead of its own"
    assert lab.engine.ran(fresh=True)[2:] == [("alpha-1.0", "beta-1.0")]


def test_what_only_a_forked_process_shows_of_libraries_is_not_told(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    alone = {("alpha-1.0",): [OTHER], ("beta-1.0",): [OWN, MODULE]}

    def special(request: Request) -> Any:
        both = [OTHER, OWN, MODULE] if request["fresh"] else [OTHER, MODULE]
        return [*LIBRARIES, {**healthy(request), "mapped": alone.get(order(request), both)}]

    lab.special = special
    outcome = lab.coload("alpha", "beta")
    assert (outcome.kind, kinds(outcome)) == (OutcomeKind.OK, [])


def test_changes_and_output_that_only_company_brings_are_told(tmp_path: Path) -> None:
    lab = Lab(tmp_path)

    def special(request: Request) -> Any:
        event = healthy(request)
        for one in event["members"]:
            one["changes"] = {"threads": [[1], [2, "x"]], "environment": [None, {"ALONE": [None, "1"]}]}
        if len(order(request)) == 2:
            event["members"][1]["changes"] = {
                "threads": [3, 9],
                "environment": {"ALONE": ["1", "2"], "HOME": ["a", "b"]},
            }
            event["members"][1]["noise"] = "loaded twice?"
        return event

    lab.special = special
    outcome = lab.coload("alpha", "beta")
    assert outcome.side_effects == (
        "'beta' changes the environment variable 'HOME' only when the others are loaded too: 'a' before, 'b' after",
        "'beta' prints only when the others are loaded too: 'loaded twice?'",
    )
