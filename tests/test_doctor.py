"""Tests of ``doctor``: the lines and the JSON from given facts; the real machine once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from manylinux_lab.commands import doctor
from manylinux_lab.commands.doctor import (
    ENOUGH_DISK,
    TOOLS,
    Finding,
    State,
    as_json,
    disk_finding,
    engine_findings,
    index_finding,
    limit_findings,
    line,
    registry_finding,
    tool_findings,
)
from manylinux_lab.engines.contract import Boundary, Image
from manylinux_lab.results import ExitCode


@pytest.mark.parametrize(
    ("troubles", "expected"),
    [
        ({"docker": None, "bwrap": None}, ["usable, and what 'auto' takes", "usable"]),
        ({"docker": "Start one.", "bwrap": None}, ["not usable", "usable, and what 'auto' takes"]),
        ({"docker": "Start one.", "bwrap": "Install it."}, ["not usable", "not usable"]),
    ],
)
def test_engines_say_what_auto_takes(troubles: dict[str, str | None], expected: list[str]) -> None:
    assert [finding.found for finding in engine_findings(troubles)] == expected


def test_an_unusable_engine_is_in_the_way_only_when_no_other_is_usable() -> None:
    one = list(engine_findings({"docker": "Start one.", "bwrap": None}))
    none = list(engine_findings({"docker": "Start one.", "bwrap": "Install it."}))
    assert [finding.state for finding in one] == [State.ABSENT, State.OK]
    assert [finding.state for finding in none] == [State.TROUBLE, State.TROUBLE]
    assert [finding.advice for finding in none] == ["Start one.", "Install it."]


def test_a_limit_that_is_not_in_force_is_said_loudly() -> None:
    boundaries = [
        Boundary(name="network", in_force=True, detail="interfaces: lo"),
        Boundary(name="memory", in_force=False, detail="400 MiB\nwere used"),
    ]
    good, bad = limit_findings("bwrap", boundaries)
    assert line(good) == "ok  limits   bwrap network            interfaces: lo"
    assert line(bad) == (
        "!!  limits   bwrap memory             NOT in force: 400 MiB were used"
        " -> do not run wheels that you do not trust with 'bwrap' here"
    )


def test_every_tool_is_a_line_with_the_package_to_install() -> None:
    found = list(tool_findings({"skopeo": "/usr/bin/skopeo"}))
    assert [finding.name for finding in found] == list(TOOLS)
    assert [finding.name for finding in found if finding.state is State.OK] == ["skopeo"]
    apk = next(finding for finding in found if finding.name == "apk")
    assert apk.advice == "install the system package 'apk-tools' if you need it"


@pytest.mark.parametrize(("free", "state"), [(ENOUGH_DISK, State.OK), (ENOUGH_DISK - 1, State.TROUBLE)])
def test_a_full_disk_is_in_the_way(free: int, state: State) -> None:
    finding = disk_finding(free, Path("/cache"))
    assert finding.state is state
    assert bool(finding.advice) is (state is State.TROUBLE)


def test_an_index_that_refuses_is_in_the_way_and_a_registry_is_not() -> None:
    assert index_finding("packages", "https://index.example/", "").state is State.OK
    assert index_finding("packages", "https://index.example/", "it answered with 503 Busy").state is State.TROUBLE
    assert registry_finding("").state is State.OK
    assert registry_finding("Name or service not known").state is State.ABSENT


def test_json_carries_every_field() -> None:
    finding = Finding(topic="tool", name="apk", state=State.ABSENT, found="absent", advice="install it")
    assert json.loads(as_json([finding])) == {
        "schema": 1,
        "findings": [
            {"topic": "tool", "name": "apk", "state": "absent", "found": "absent", "advice": "install it"},
        ],
    }
    assert finding.id == "tool apk"


def test_limits_are_tried_on_the_smallest_whole_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "is_native", lambda arch: arch == "x86_64")

    def image(name: str, arch: str = "x86_64") -> Image:
        return Image(reference=name, digest="sha256:0", arch=arch, origin="a test")

    images = [
        ("big", image("big"), 9 << 20),
        ("crumb", image("crumb"), 1000),
        ("foreign", image("foreign", "aarch64"), 2 << 20),
        ("small", image("small"), 3 << 20),
    ]
    chosen = doctor._smallest(images)
    assert chosen is not None
    assert chosen.reference == "small"
    assert doctor._smallest(images[1:2]) is None


@pytest.mark.parametrize(
    ("states", "code"),
    [([State.OK, State.TROUBLE], ExitCode.KEPT), ([State.ABSENT, State.TROUBLE], ExitCode.LAB_FAILED)],
)
def test_the_code_says_whether_an_engine_can_be_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], states: list[State], code: int
) -> None:
    findings = [
        Finding(topic="engine", name=str(number), state=state, found="x") for number, state in enumerate(states)
    ]
    monkeypatch.setattr(doctor, "examine", lambda: findings)
    parser = doctor.argparse.ArgumentParser()
    doctor.add_arguments(parser)
    assert doctor.execute(parser.parse_args([])) == code
    assert capsys.readouterr().out.splitlines() == [line(finding) for finding in findings]


@pytest.mark.real
def test_this_machine_is_examined_in_one_line_each() -> None:
    argv = (sys.executable, "-m", "manylinux_lab", "doctor", "--json")
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode in (ExitCode.KEPT, ExitCode.LAB_FAILED), done.stderr
    findings = json.loads(done.stdout)["findings"]
    assert {"engine", "arch", "tool", "disk", "registry"} <= {finding["topic"] for finding in findings}
    assert all("\n" not in finding["found"] for finding in findings)
