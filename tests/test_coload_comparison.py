"""Tests of what one process shows against the controls of its members."""

from typing import Any

import pytest
from company_events import coload, library, member
from test_coload_ground import wheel

from manylinux_lab.coload.capture import Need
from manylinux_lab.coload.comparison import Control, Party, compare
from manylinux_lab.coload.ground import Ground
from manylinux_lab.coload.observation import read_observation
from manylinux_lab.wheels.elf import ElfFacts

SITE = "/work/sites/s"
MODULE, OWN, OTHER = f"{SITE}/c/core.so", f"{SITE}/c/libx.so.1", f"{SITE}/a/libx.so.1"
SYSTEM = "/usr/lib/libx.so.1"
CRASHED = {"status": "crash", "stage": "load", "member": "c", "item": "c", "signal": 11}
BOUND = [[MODULE, OTHER, 1, ["f"]]]
NOT_TRIED = [["c", "not-tried", "", "", "", ""]]
FAILED = [["c", "exception", "no", "ImportError", "", ""]]


@pytest.mark.parametrize(
    ("ending", "items", "wanted", "is_captured"),
    [
        ({}, FAILED, OWN, True),
        ({}, FAILED, SYSTEM, True),
        (CRASHED, NOT_TRIED, OWN, True),
        (CRASHED, NOT_TRIED, SYSTEM, False),
        ({**CRASHED, "bindings": BOUND}, NOT_TRIED, SYSTEM, True),
        ({**CRASHED, "member": "b", "item": "b"}, NOT_TRIED, OWN, False),
    ],
)
def test_a_capture_needs_one_who_was_reached_and_a_file_that_is_surely_not_there(
    ending: dict[str, Any], items: list[list[str]], wanted: str, is_captured: bool
) -> None:
    wheels = [wheel("a", files=["a/libx.so.1"]), wheel("b"), wheel("c", files=["c/libx.so.1", "c/core.so"])]
    ground = Ground({SITE: wheels}, {}, lambda one: [ElfFacts(path=path, sha256=path) for path in one.objects])
    event = coload(member("a"), member("b"), member("c", items=items), mapped=[OTHER], **ending)
    told = [library(MODULE, needed=["libx.so.1"]), library(OWN, "libx.so.1"), library(OTHER, "libx.so.1")]
    seen, libraries = read_observation([*told, event])
    controls = {
        one.project: Control(
            party=Party(name=one.project, label=f"'{one.project}'", wheel=one, items=()),
            seen=read_observation([coload(member(one.project))])[0],
            needs=(Need(asker=MODULE, soname="libx.so.1", wanted=wanted),) if one.project == "c" else (),
        )
        for one in wheels
    }
    comparison = compare(seen, controls, {one.path: one for one in libraries}, ground)
    assert [capture.given for capture in comparison.captures] == ([OTHER] if is_captured else [])


@pytest.mark.parametrize(
    ("source", "crosses"), [(MODULE, False), (f"{SITE}/c/other.so", False), (f"{SITE}/b/b.so", True)]
)
def test_bindings_that_follow_from_a_capture_are_not_told_again(source: str, crosses: bool) -> None:
    files = {"a": ["a/libx.so.1"], "b": ["b/b.so"], "c": ["c/libx.so.1", "c/core.so", "c/other.so"]}
    wheels = [wheel(name, files=paths) for name, paths in files.items()]
    ground = Ground({SITE: wheels}, {}, lambda one: [ElfFacts(path=path, sha256=path) for path in one.objects])
    event = coload(*(member(name) for name in files), mapped=[MODULE, OTHER], bindings=[[source, OTHER, 3, ["f"]]])
    told = [library(MODULE, needed=["libx.so.1"]), library(OWN, "libx.so.1"), library(OTHER, "libx.so.1")]
    seen, libraries = read_observation([*told, event])
    controls = {
        one.project: Control(
            party=Party(name=one.project, label=f"'{one.project}'", wheel=one, items=()),
            seen=read_observation([coload(member(one.project))])[0],
            needs=(Need(asker=MODULE, soname="libx.so.1", wanted=OWN),) if one.project == "c" else (),
        )
        for one in wheels
    }
    comparison = compare(seen, controls, {one.path: one for one in libraries}, ground)
    assert [capture.given for capture in comparison.captures] == [OTHER]
    assert bool(comparison.crossings) is crosses
