"""Tests of what one wheel changes for others."""

from pathlib import Path
from typing import Any

from company_events import Request, coload, failed, healthy, member, order
from company_lab import BENCH, MODULE, Lab, kinds

from manylinux_lab.judge import OutcomeKind


def test_effects_name_what_was_before_and_after(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    changes = {
        "denormals": ["kept", "flushed"],
        "denormals_in_threads": ["kept", "flushed"],
        "threads": [[1], [3, "python3", "python3"]],
        "signals": [None, {"2": ["default_int_handler", "SIG_DFL"]}],
    }
    lab.special = lambda request: coload(member("alpha-1.0", changes=changes, noise="hello\n"))
    outcome = lab.effects("alpha")
    assert outcome.kind is OutcomeKind.BROKEN
    assert kinds(outcome) == ["floating-point state", "process state", "output while loading", "threads"]
    assert outcome.reason == (
        "'alpha' makes the processor treat numbers close to zero (denormals) as zero for the whole process when it is "
        "loaded: 'kept' before, 'flushed' after"
    )
    assert "-ffast-math" in outcome.facts["advice"][0]


def test_effects_of_a_requirement_are_told_of_that(tmp_path: Path) -> None:
    lab = Lab(tmp_path, requires={"beta": ["Requires-Dist: alpha"]})
    shared = {"warning_filters": [[5], [6, "ignore"]], "environment": [None, {"FROM_ALPHA": [None, "1"]}]}
    own = {**shared, "environment": [None, {"FROM_ALPHA": [None, "1"], "FROM_BETA": [None, "2"]}]}

    def special(request: Request) -> Any:
        (name,) = order(request)
        return coload(member(name, changes=own if name == "beta-1.0" else shared, noise="hello"))

    lab.special = special
    outcome = lab.effects("beta")
    assert outcome.side_effects == (
        "'beta' changes the environment variable 'FROM_BETA' when it is loaded: nothing before, '2' after",
    )
    assert outcome.facts["comes_with"] == {"alpha": ["environment", "warning_filters"]}
    assert len(lab.effects("alpha").side_effects) == 3


def test_python_code_that_nobody_imports_is_not_told_of(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    soft = {"warning_filters": [[5], [6, "ignore"]], "environment": [None, {"NAME": [None, "1"]}]}
    hard = {"denormals": ["kept", "flushed"]}

    def special(request: Request) -> Any:
        (asked,) = request["order"]
        if len(asked["items"]) > 1:
            return coload(member("beta-1.0", changes={**soft, **hard}, noise="a test is deprecated"))
        return coload(member("beta-1.0", changes={"warning_filters": soft["warning_filters"]}))

    lab.special = special
    outcome = lab.effects("beta")
    assert kinds(outcome) == ["floating-point state", "process state"]
    assert "warnings.filters" in outcome.side_effects[0]
    assert len(outcome.side_effects) == 1


def test_handlers_of_c_and_a_child_that_hangs_are_effects(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    details = {
        "handlers": {"2": MODULE, "SIGTERM": "/usr/lib/libc.so.6", "SIGHUP": ""},
        "environ": {"LC_ALL": ["C", "de"], "SAME": ["1", "1"]},
    }
    fork = {"status": "hang", "member": "", "exception": "", "message": "", "signal": 0, "exit_code": 0}
    lab.special = lambda request: {**healthy(request), "details": details, "fork": fork}
    outcome = lab.effects("beta")
    assert outcome.side_effects == (
        "'beta' changes the environment variable 'LC_ALL' when it is loaded: 'C' before, 'de' after",
        (
            "'beta' changes what happens on the signal SIGINT when it is loaded: 'not by this wheel' before, "
            "'handled, by code in _core.abi3.so' after"
        ),
        "A child that is forked after 'beta' was loaded does not end before the deadline",
    )


def test_effects_of_a_wheel_that_does_not_load_are_not_asked(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.special = lambda request: coload(member("gamma-1.0", items=[failed("gamma", "OSError", "no")]))
    outcome = lab.effects("gamma")
    assert outcome.kind is OutcomeKind.NOT_APPLIED
    assert outcome.reason == (
        f"'gamma' has trouble alone: it cannot be imported: OSError: no. See {BENCH}/import/gamma-1.0-py3-none-any.whl"
    )


def test_files_are_told_of_though_the_wheel_does_not_load(tmp_path: Path) -> None:
    lab = Lab(tmp_path, further={"gamma": {"tests/__init__.py": b""}})
    lab.special = lambda request: coload(member("gamma-1.0", items=[failed("gamma", "OSError", "no")]))
    outcome = lab.effects("gamma")
    assert (outcome.kind, kinds(outcome)) == (OutcomeKind.OK, ["top-level name that no library should own"])
    assert outcome.facts["notes"][0].startswith("'gamma' has trouble alone: it cannot be imported: OSError: no.")
