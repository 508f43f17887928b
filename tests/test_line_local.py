"""The whole line on the engine that isolates nothing: good for testing the line, and it says that no limit holds."""

import json
import platform
from pathlib import Path

import pytest
from line import lab
from wheels import build_wheel

pytestmark = pytest.mark.real


def test_the_line_runs_without_any_container(tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path, tag=f"py3-none-manylinux_2_17_{platform.machine()}")
    run = lab(tmp_path, "run", wheel, "--distro", "debian-12", "--engine", "local", "--smoke", "demo=import demo")
    assert run.code == 0, run.words
    assert [line["verdict"] for line in run.results if line["check"] in {"import", "smoke"}] == ["pass", "pass"]
    boundaries = json.loads((run.runs[-1] / "plan.json").read_text())["boundaries"]
    assert [(one["name"], one["in_force"]) for one in boundaries] == [("all", False)]
