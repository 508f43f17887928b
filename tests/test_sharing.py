"""Tests of controls that one worker asks and another takes over."""

import fcntl
from pathlib import Path
from typing import Any

import pytest
from company_events import Request, failed, healthy, library, order
from company_lab import OWN, Lab, fails, kinds

from manylinux_lab.bench import sharing
from manylinux_lab.judge import OutcomeKind

EVERYBODY = {("alpha-1.0",), ("beta-1.0",), ("gamma-1.0",), ("delta-1.0",), ("stdlib",)}


def labs(tmp_path: Path, **fields: Any) -> tuple[Lab, Lab]:
    """Return two workers on the same bench, with the same wheels, which share what they find."""
    return Lab(tmp_path / "one", shared=tmp_path, **fields), Lab(tmp_path / "other", shared=tmp_path, **fields)


def test_the_first_worker_asks_all_controls_and_the_second_none(tmp_path: Path) -> None:
    one, other = labs(tmp_path)
    first, second = one.coload("alpha", "beta"), other.coload("alpha", "beta")
    assert set(one.engine.ran(fresh=True)) == EVERYBODY
    assert other.engine.ran() == [("alpha-1.0", "beta-1.0")]
    assert first == second
    one.coload("gamma", "delta")
    assert one.engine.ran(fresh=False) == [("alpha-1.0", "beta-1.0"), ("gamma-1.0", "delta-1.0")]


def test_a_shared_control_says_the_same_as_an_own_one(tmp_path: Path) -> None:
    one, other = labs(tmp_path)

    def special(request: Request) -> dict[str, Any]:
        event = healthy(request)
        for member in event["members"]:
            member["items"] = [
                failed(*item[:1], "OSError", "no") if item[0] == "beta._core" else item for item in member["items"]
            ]
        return event

    one.special = other.special = special
    assert one.coload("alpha", "beta") == other.coload("alpha", "beta")
    assert other.engine.asked[-1]["order"][-1]["items"] == [["import", "beta"]]
    other.special = fails("alpha-1.0", "gamma-1.0")
    assert other.coload("alpha", "gamma").kind is OutcomeKind.BROKEN


def test_files_of_a_shared_control_are_those_of_the_own_bench(tmp_path: Path) -> None:
    one, other = labs(tmp_path)
    one.special = lambda request: {**healthy(request), "mapped": [OWN] if order(request) == ("beta-1.0",) else []}
    one.coload("alpha", "beta")
    other.engine.described = [library(OWN, "libshared.so.1", inode="7:7")]
    other.coload("alpha", "beta")
    assert [OWN] in [request["paths"] for request in other.engine.asked if request["op"] == "libraries"]


def test_nothing_is_shared_after_files_were_changed(tmp_path: Path) -> None:
    one, other = labs(tmp_path)
    one.engine.damages = [["/work/sites/s1/alpha/__init__.py"]]
    assert one.coload("alpha", "beta").kind is OutcomeKind.OK
    assert one.engine.starts == 2
    assert not list(tmp_path.glob("*.json"))
    other.coload("alpha", "beta")
    assert set(other.engine.ran(fresh=True)) == EVERYBODY


def test_a_member_that_ends_the_probe_fails_no_cell_of_others(tmp_path: Path) -> None:
    one, _ = labs(tmp_path)
    one.special = lambda request: [{"event": "nonsense"}] if order(request) == ("gamma-1.0",) else None
    assert one.coload("alpha", "beta").kind is OutcomeKind.OK
    with pytest.raises(Exception, match="did not report"):
        one.coload("alpha", "gamma")


def test_who_is_asked_by_another_worker_is_asked_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = labs(tmp_path)
    one.coload("alpha", "beta")
    taken = sorted(tmp_path.glob("*.json"))[0]
    taken.unlink()
    pauses = []
    with taken.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock.fileno(), fcntl.LOCK_EX)
        monkeypatch.setattr(sharing.time, "sleep", lambda seconds: pauses.append(fcntl.flock(lock, fcntl.LOCK_UN)))
        other.coload("alpha", "beta")
    assert len(pauses) == 1
    assert len(set(other.engine.ran(fresh=True))) == 1


def test_a_file_that_is_no_control_is_asked_again(tmp_path: Path) -> None:
    one, other = labs(tmp_path)
    one.coload("alpha", "beta")
    for file in tmp_path.glob("*.json"):
        file.write_bytes(file.read_bytes()[:50])
    assert other.coload("alpha", "beta").kind is OutcomeKind.OK
    assert set(other.engine.ran(fresh=True)) == EVERYBODY
    assert kinds(other.coload("alpha", "beta")) == []


def test_what_a_member_needs_without_declaring_it_is_shared_too(tmp_path: Path) -> None:
    one, other = labs(tmp_path)

    def special(request: Request) -> Any:
        if "gamma" not in request["hidden"] or order(request)[0] != "delta-1.0":
            return None
        event = healthy(request)
        event["members"][0]["items"] = [["delta", "exception", "No module", "ModuleNotFoundError", "gamma", ""]]
        return event

    one.special = other.special = special
    for lab in (one, other):
        assert lab.coload("delta", "alpha").kind is OutcomeKind.OK
        assert "gamma" not in lab.engine.asked[-1]["hidden"]
    assert other.engine.ran(fresh=True) == []
