"""Tests of wheels together that die, or damage a bench: whose doing it is."""

from pathlib import Path
from typing import Any

import pytest
from company_events import ProbeKilledError, Request, failed, healthy, member, order
from company_lab import SITE, Lab, fails, kinds

from manylinux_lab.bench.probe.control import control
from manylinux_lab.errors import EngineError
from manylinux_lab.judge import OutcomeKind

LOADED = "'alpha' and 'beta' can be loaded together"
FORKED = "A child that is forked after 'alpha' and 'beta' are loaded"
FACTS = {"event": "facts", "control": control()}


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
    assert kinds(outcome) == []


def test_a_doubtful_death_takes_nothing_from_what_is_certain(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    killed = {"exit": {"status": "exit-crash", "signal": 9}}
    break_beta = fails("alpha-1.0", "beta-1.0")

    def special(request: Request) -> Any:
        broken = break_beta(request)
        return None if broken is None else {**broken, **killed}

    lab.special = special
    outcome = lab.coload("alpha", "beta")
    assert outcome.kind is OutcomeKind.BROKEN
    assert kinds(outcome) == ["outcome differs from alone"]
    assert "'beta' cannot be imported after 'alpha'" in outcome.reason
    assert "out of memory" in outcome.facts["doubts"][0]


def test_a_death_under_emulation_that_comes_and_goes_is_unknown(tmp_path: Path) -> None:
    lab = Lab(tmp_path, emulated=True)
    crash = {"status": "crash", "stage": "load", "member": "beta-1.0", "item": "beta", "signal": 11}

    def special(request: Request) -> Any:
        if request["op"] == "facts":
            return [FACTS]
        is_bad = len(order(request)) == 2 and len(lab.engine.ran()) != 5
        return {**healthy(request), **crash} if is_bad else None

    lab.special = special
    outcome = lab.coload("alpha", "beta")
    assert (outcome.kind, kinds(outcome)) == (OutcomeKind.UNKNOWN, [])
    assert "under emulation of" in outcome.reason
    assert outcome.reason.endswith("(2 of 3 times).")


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


def kills(*names: str) -> Any:
    """Return what kills the probe wherever these are in one process, in this order."""

    def special(request: Request) -> None:
        if request["op"] == "coload" and order(request) == names:
            raise ProbeKilledError

    return special


def test_a_wheel_that_kills_the_probe_alone_is_left_out_with_a_pointer(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.special = kills("beta-1.0")
    for pair in (("alpha", "beta"), ("beta", "gamma")):
        outcome = lab.coload(*pair)
        assert outcome.kind is OutcomeKind.NOT_APPLIED
        assert outcome.reason.startswith(
            "'beta' has trouble alone: it killed the lab's program that had started it. See"
        )
    assert lab.engine.ran().count(("beta-1.0",)) == 3
    assert lab.coload("alpha", "gamma").kind is OutcomeKind.OK
    assert lab.engine.starts == 1 + 3


def test_wheels_that_kill_the_probe_only_together_are_blamed(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.special = kills("alpha-1.0", "beta-1.0")
    outcome = lab.coload("alpha", "beta")
    assert outcome.kind is OutcomeKind.BROKEN
    assert outcome.reason == "The process killed the lab's program that had started it after 'alpha' and 'beta'"
    assert lab.engine.ran().count(("alpha-1.0", "beta-1.0")) == 3


def test_a_probe_that_is_lost_once_is_nobodys_doing(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    killing = kills("alpha-1.0", "beta-1.0")
    lab.special = lambda request: killing(request) if lab.engine.starts < 2 else None
    assert lab.coload("alpha", "beta").kind is OutcomeKind.OK
    assert lab.engine.starts == 2


def test_under_emulation_a_lost_probe_is_trouble_of_the_lab(tmp_path: Path) -> None:
    lab = Lab(tmp_path, emulated=True)
    killing = kills("alpha-1.0")
    lab.special = lambda request: [FACTS] if request["op"] == "facts" else killing(request)
    with pytest.raises(EngineError, match="something killed it"):
        lab.coload("alpha", "beta")


def test_an_emulated_bench_has_longer_for_gathering_as_for_everything(tmp_path: Path) -> None:
    seconds = []
    for emulated in (False, True):
        lab = Lab(tmp_path, emulated=emulated)
        lab.special = lambda request: [FACTS] if request["op"] == "facts" else None
        lab.coload("alpha", "beta")
        seconds += [request["seconds"] for request in lab.engine.asked if request["op"] == "gather"][:1]
    assert seconds[1] == 10 * seconds[0]
