"""Tests of wheels together: repetition, and what becomes of evidence, with a probe that says what it must."""

from pathlib import Path
from typing import Any

import pytest
from company_events import Request, failed, healthy, member, order
from company_lab import LIBRARIES, MODULE, OTHER, OWN, SITE, Lab, fails, kinds

from manylinux_lab.bench.probe.control import control
from manylinux_lab.errors import EngineError
from manylinux_lab.judge import Grade, OutcomeKind
from manylinux_lab.planning.plan import STDLIB

LOADED = "'alpha' and 'beta' can be loaded together"
FORKED = "A child that is forked after 'alpha' and 'beta' are loaded"
FACTS = {"event": "facts", "control": control()}


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


def test_what_only_forks_show_is_the_method(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    broken = fails("alpha-1.0", "beta-1.0")
    lab.special = lambda request: None if request["fresh"] else broken(request)
    outcome = lab.coload("alpha", "beta")
    assert (kinds(outcome), outcome.side_effects) == (["seen only in a forked process"], ())
    assert lab.engine.ran(fresh=False) == [("alpha-1.0", "beta-1.0"), ("alpha-1.0",), *[("alpha-1.0", "beta-1.0")] * 2]


def test_what_happens_once_is_flaky(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    broken = fails("alpha-1.0", "beta-1.0")
    lab.special = lambda request: None if len(lab.engine.ran()) > 3 else broken(request)
    outcome = lab.coload("alpha", "beta")
    assert outcome.kind is OutcomeKind.OK
    assert kinds(outcome) == ["flaky"]
    assert outcome.facts["rate"] == "1 of 4"
    assert outcome.side_effects[0].endswith("(1 of 4 times)")
    assert lab.engine.ran()[-2:] == [("alpha-1.0",), ("alpha-1.0", "beta-1.0")]


def test_what_happens_sometimes_has_a_rate(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    broken = fails("alpha-1.0", "beta-1.0")
    lab.special = lambda request: None if len(lab.engine.ran()) == 5 else broken(request)
    outcome = lab.coload("alpha", "beta")
    assert outcome.facts["rate"] == "2 of 3"
    assert kinds(outcome) == ["flaky"]


def test_different_trouble_each_time_is_flaky(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    break_beta = fails("alpha-1.0", "beta-1.0")

    def special(request: dict[str, Any]) -> dict[str, Any] | None:
        if order(request) != ("alpha-1.0", "beta-1.0"):
            return None
        if len(lab.engine.ran(fresh=True)) % 2:
            return {**healthy(request), "exit": {"status": "exit-crash", "signal": 6}}
        return break_beta(request)

    lab.special = special
    outcome = lab.coload("alpha", "beta")
    assert outcome.kind is OutcomeKind.OK
    assert kinds(outcome) == ["flaky"]
    assert outcome.facts["rate"] == "2 of 3"


def test_a_mother_that_cannot_be_forked_is_the_method_and_its_row_runs_fresh(tmp_path: Path) -> None:
    lab = Lab(tmp_path)

    def special(request: Request) -> Any:
        if request["fresh"] or order(request)[0] != "alpha-1.0":
            return None
        return {**healthy(request), "status": "hang", "stage": "smoke", "member": "alpha-1.0", "members": []}

    lab.special = special
    outcome = lab.coload("alpha", "beta")
    assert outcome.kind is OutcomeKind.OK
    assert outcome.side_effects == ()
    assert kinds(outcome) == ["seen only in a forked process"]
    lab.engine.asked.clear()
    assert lab.coload("alpha", "gamma").kind is OutcomeKind.OK
    assert lab.engine.ran() == [("gamma-1.0",), ("alpha-1.0", "gamma-1.0")]
    assert lab.engine.ran(fresh=False) == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"status": "crash", "stage": "load", "member": "beta-1.0", "item": "beta", "signal": 11},
            "'beta' crashed with SIGSEGV (segmentation fault) while being imported after 'alpha'",
        ),
        (
            {"status": "hang", "stage": "smoke", "member": "alpha-1.0"},
            "The smoke code of 'alpha' did not finish being run before the deadline where 'beta' is there too",
        ),
        (
            {"status": "early-exit", "stage": "load", "member": "beta-1.0", "item": "beta._core", "exit_code": 3},
            "'beta._core' of 'beta' ended the process with exit code 3 while being imported after 'alpha'",
        ),
        (
            {"exit": {"status": "exit-crash", "signal": 6, "exit_code": 0}},
            f"{LOADED}, but the interpreter then crashed with SIGABRT (abort) while ending",
        ),
        (
            {"exit": {"status": "exit-hang", "signal": 0, "exit_code": 0}},
            f"{LOADED}, but the interpreter then does not end",
        ),
        (
            {"fork": {"status": "hang", "member": "beta-1.0"}},
            f"{FORKED} does not end before the deadline; it hangs in the smoke code of 'beta'",
        ),
        (
            {"fork": {"status": "exception", "member": "", "exception": "OSError", "message": "gone"}},
            f"{FORKED} fails: OSError: gone",
        ),
    ],
)
def test_every_way_to_die_has_its_words(tmp_path: Path, fields: dict[str, Any], words: str) -> None:
    lab = Lab(tmp_path)
    lab.special = lambda request: {**healthy(request), **fields} if len(order(request)) == 2 else None
    outcome = lab.coload("alpha", "beta")
    assert (outcome.kind, outcome.reason) == (OutcomeKind.BROKEN, words)
    emulated = Lab(tmp_path, emulated=True)
    emulated.special = lambda request: [FACTS] if request["op"] == "facts" else lab.special(request)
    outcome = emulated.coload("alpha", "beta")
    died = fields.get("status", "") != "early-exit" and fields.get("fork", {}).get("status") != "exception"
    assert outcome.kind is (OutcomeKind.UNKNOWN if died else OutcomeKind.BROKEN)
    assert outcome.reason.startswith(words)


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "crash", "stage": "load", "member": "beta-1.0", "item": "beta", "signal": 9},
        {"members": [member("alpha-1.0"), member("beta-1.0", items=[failed("beta", "MemoryError", "")])]},
    ],
)
def test_a_bench_that_runs_out_of_memory_blames_no_wheel(tmp_path: Path, fields: dict[str, Any]) -> None:
    lab = Lab(tmp_path)
    lab.special = lambda request: {**healthy(request), **fields} if len(order(request)) == 2 else None
    outcome = lab.coload("alpha", "beta")
    assert outcome.kind is OutcomeKind.UNKNOWN
    assert "out of memory" in outcome.reason


def test_a_failing_order_is_shrunk_to_those_that_it_takes(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.special = fails("delta-1.0", "gamma-1.0", "beta-1.0")
    outcome = lab.coload("delta", "alpha", "gamma", "beta", STDLIB)
    assert outcome.facts["smallest"] == ["delta-1.0", "gamma-1.0", "beta-1.0"]
    assert outcome.reason.startswith("'beta' cannot be imported after 'delta' and 'gamma': ImportError")
    assert outcome.reason.endswith("these 3 of the 5 are enough")


def test_a_failing_pair_within_many_is_found(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.special = fails("delta-1.0", "beta-1.0")
    assert lab.coload("delta", "alpha", "gamma", "beta").facts["smallest"] == ["delta-1.0", "beta-1.0"]


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


def test_a_damaged_bench_blames_no_wheel(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.special = fails("alpha-1.0", "beta-1.0")
    lab.engine.refused["import ctypes"] = "gone"
    with pytest.raises(EngineError, match="is damaged"):
        lab.coload("alpha", "beta")


def test_a_failure_on_damaged_sites_is_asked_again_on_new_ones(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    break_beta = fails("alpha-1.0", "beta-1.0")
    lab.special = lambda request: break_beta(request) if lab.engine.starts < 2 else None
    lab.engine.damages = [[f"{SITE}/beta/__init__.py"]]
    assert lab.coload("alpha", "beta").kind is OutcomeKind.OK
    assert lab.engine.starts == 2


def test_members_that_damage_new_sites_are_blamed(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.special = fails("alpha-1.0", "beta-1.0")
    lab.engine.damages = [[f"{SITE}/beta/__init__.py"]] * 2
    outcome = lab.coload("alpha", "beta")
    assert outcome.kind is OutcomeKind.BROKEN
    assert outcome.reason.startswith(
        "Loading this changes or deletes installed files, such as 'beta/__init__.py'; 'beta'"
    )
    lab.special = None
    assert lab.coload("alpha", "gamma").kind is OutcomeKind.OK
    assert lab.engine.starts == 3


def test_a_wheel_that_damages_files_quietly_is_blamed_by_its_effects(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.engine.damages = [[f"{SITE}/beta/__init__.py"]] * 2
    outcome = lab.effects("alpha")
    assert outcome.kind is OutcomeKind.BROKEN
    assert outcome.reason == "Loading this changes or deletes installed files, such as 'beta/__init__.py'."
