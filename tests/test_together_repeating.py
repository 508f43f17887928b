"""Tests of wheels together that deviate: what is repeated, what only forks show, and the fewest that it takes."""

from pathlib import Path
from typing import Any

import pytest
from company_events import Request, healthy, order
from company_lab import Lab, fails, kinds

from manylinux_lab.cells import STDLIB
from manylinux_lab.coload.shrink import shrink
from manylinux_lab.judge import OutcomeKind


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
    assert lab.engine.ran()[-3:] == [("alpha-1.0",), *[("alpha-1.0", "beta-1.0")] * 2]


def test_what_some_forks_show_and_no_fresh_process_is_the_method(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    broken = fails("alpha-1.0", "beta-1.0")
    pair = ("alpha-1.0", "beta-1.0")

    def special(request: Request) -> Any:
        is_bad = not request["fresh"] and lab.engine.ran(fresh=False).count(pair) != 3
        return broken(request) if is_bad else None

    lab.special = special
    assert kinds(lab.coload("alpha", "beta")) == ["seen only in a forked process"]
    assert lab.engine.ran(fresh=True).count(pair) == 3 + 4


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


def test_a_reduction_that_runs_out_of_processes_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shrink, "__kwdefaults__", {**(shrink.__kwdefaults__ or {}), "runs": 1})
    lab = Lab(tmp_path)
    lab.special = fails("delta-1.0", "gamma-1.0", "beta-1.0")
    outcome = lab.coload("delta", "alpha", "gamma", "beta", STDLIB)
    assert outcome.facts["is_smallest"] is False
    assert outcome.reason.endswith("; 5 of the 5 are enough, perhaps fewer (the search ended after 1 tries)")
