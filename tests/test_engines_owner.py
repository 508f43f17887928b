"""Tests of who started a bench, and of when that process counts as gone."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from manylinux_lab.engines import owner as subject
from manylinux_lab.engines.owner import Owner, is_gone, parse_owner, start_time, this_process

HERE = Owner(host="h", boot="b", namespace="pid:[1]", pid=10, start=500)


def test_the_running_process_is_not_gone_and_survives_the_label() -> None:
    me = this_process()
    assert me.pid == os.getpid()
    assert parse_owner(me.id) == me
    assert not is_gone(me, me)


@pytest.mark.parametrize("text", ["", "a b c d", "h b n x 5", "h b n 5 x", "h b n 1 2 3"])
def test_other_labels_are_nobodys(text: str) -> None:
    assert parse_owner(text) is None


@pytest.mark.parametrize(
    ("change", "start", "gone"),
    [
        ({}, 500, False),
        ({}, None, True),
        ({}, 501, True),  # the number was given to another process
        ({"host": "other"}, None, False),
        ({"host": "other", "boot": "other"}, None, False),
        ({"boot": "other"}, 500, True),
        ({"namespace": "pid:[2]"}, None, False),
    ],
)
def test_gone_means_known_to_be_gone(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, str], start: int | None, gone: bool
) -> None:
    monkeypatch.setattr(subject, "start_time", lambda pid: start)
    assert is_gone(replace(HERE, **change), HERE) is gone


@pytest.mark.parametrize(("state", "expected"), [("S", 777), ("Z", None), ("X", None)])
def test_a_zombie_has_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, state: str, expected: int | None) -> None:
    (tmp_path / "5").mkdir()
    numbers = " ".join(["1"] * 18)
    (tmp_path / "5/stat").write_text(f"5 (a ) name) {state} {numbers} 777 0 0\n")
    monkeypatch.setattr(subject, "PROC", tmp_path)
    assert start_time(5) == expected
    assert start_time(6) is None
