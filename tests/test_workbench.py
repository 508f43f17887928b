"""Tests of the workbench: a wheel is blamed only on a bench that is sound."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from image_records import release
from records import bench
from wheels import build_wheel

from manylinux_lab.bench.connection import Terms
from manylinux_lab.bench.probe.control import control
from manylinux_lab.bench.workbench import Workbench
from manylinux_lab.cells import Cell
from manylinux_lab.engines.contract import Image
from manylinux_lab.errors import EngineError
from manylinux_lab.judge import OutcomeKind, Promise
from manylinux_lab.wheels.reading import read_wheel

IMAGE = Image(reference="1", digest="sha256:1", arch="x86_64", origin="here")
CRASHED = {"event": "installed", "status": "exited", "exit_code": 2, "output": "ImportError: no 'distro'", "seconds": 1}
FINE = {"event": "installed", "status": "exited", "exit_code": 0, "output": "", "seconds": 1}
RAISED = {"event": "import", "name": "demo", "status": "exception", "exception": "OSError", "message": "gone"}


class Probe:
    """An engine, container and process in one: answers the operations with the events that are put in."""

    root = ""

    def __init__(self, *answers: Mapping[str, Any]) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []
        self.starts = 0
        self._token = ""
        self._pending = b""

    @contextmanager
    def started(self) -> Iterator["Probe"]:
        self.starts += 1
        yield self

    def start(self, *arguments: Any, **_: Any) -> Any:
        self._token = ""
        return self if isinstance(arguments[0], Sequence) else self.started()

    def send(self, data: bytes) -> None:
        record = json.loads(data)
        if not self._token:
            self._token = record["token"]
            return
        self.asked.append(record)
        events = [{"event": "cleared", "left": 0}] if record["op"] == "clear" else [self.answers.pop(0)]
        for event in (*events, {"event": "done"}):
            self._pending += json.dumps({"token": self._token, "request": record["request"], **event}).encode() + b"\n"

    def receive(self, seconds: float) -> bytes:
        assert seconds > 0
        pending, self._pending = self._pending, b""
        return pending

    def errors(self) -> str:
        return ""

    def close(self) -> None:
        pass


def questions(
    tmp_path: Path, *answers: Mapping[str, Any], installer: str = "pip", emulated: bool = False
) -> tuple[Workbench, Probe, Any]:
    probe = Probe(*answers)
    wheel = read_wheel(build_wheel(tmp_path))
    terms = Terms(run="r", timeout=9, installer=installer, variant="minimal", ignore_requires_python=False, mounts=())
    where = bench(image=IMAGE, emulated=emulated)
    made = Workbench(where, release(), probe, terms, {wheel.sha256: wheel})  # type: ignore[arg-type]
    cell = Cell(bench=made.bench.id, check="install", subject=wheel.id, promise=Promise.SUPPORTED)
    return made, probe, (cell, wheel)


@pytest.mark.parametrize(
    ("installer", "control"),
    [
        ("pip", "/usr/bin/python3 -m pip install --help"),
        ("newest-pip", "/usr/bin/python3 /installers/newest-pip/pip install --help"),
        ("uv", "/installers/uv/uv pip install --help"),
    ],
)
def test_an_installer_that_never_works_blames_no_wheel(tmp_path: Path, installer: str, control: str) -> None:
    workbench, probe, subject = questions(tmp_path, CRASHED, CRASHED, FINE, installer=installer)
    with pytest.raises(EngineError, match=r"is damaged: .* fails as well, so no wheel is blamed"):
        workbench.installation(*subject)
    assert " ".join(probe.asked[-1]["argv"]) == control
    assert workbench.installation(*subject).kind is OutcomeKind.OK
    assert probe.starts == 2


def test_an_installer_that_works_otherwise_blames_the_wheel(tmp_path: Path) -> None:
    workbench, _, subject = questions(tmp_path, CRASHED, FINE)
    assert workbench.installation(*subject).kind is OutcomeKind.BROKEN


def test_an_interpreter_that_never_works_blames_no_wheel(tmp_path: Path) -> None:
    workbench, _, subject = questions(tmp_path, FINE, RAISED, CRASHED)
    with pytest.raises(EngineError, match=r"is damaged: .*At first: 'demo' cannot be imported: OSError: gone"):
        workbench.imports(*subject)


def test_an_interpreter_that_works_otherwise_blames_the_wheel(tmp_path: Path) -> None:
    workbench, _, subject = questions(tmp_path, FINE, RAISED, FINE)
    assert workbench.imports(*subject).kind is OutcomeKind.BROKEN


def test_a_wheel_that_cannot_be_installed_again_on_a_fresh_bench_is_not_blamed(tmp_path: Path) -> None:
    workbench, _, subject = questions(tmp_path, FINE, CRASHED, FINE)
    assert workbench.installation(*subject).kind is OutcomeKind.OK
    workbench.close()  # as after any trouble with the probe
    with pytest.raises(EngineError, match=r"is not installed on 'debian-12:x86_64:cp311': The installation failed"):
        workbench.imports(*subject)


def test_an_emulator_that_computes_wrong_never_judges_a_wheel(tmp_path: Path) -> None:
    wrong = {"event": "facts", "control": {"matrix": "233"}}
    workbench, probe, subject = questions(tmp_path, wrong, wrong, emulated=True)
    for _ in range(2):
        with pytest.raises(EngineError, match="computes wrong results"):
            workbench.installation(*subject)
    assert [record["op"] for record in probe.asked] == ["facts", "facts"]
    assert probe.starts == 2


def test_an_emulator_that_computes_right_is_asked_once(tmp_path: Path) -> None:
    right = {"event": "facts", "control": control()}
    workbench, probe, subject = questions(tmp_path, right, FINE, emulated=True)
    assert workbench.installation(*subject).kind is OutcomeKind.OK
    assert [record["op"] for record in probe.asked] == ["facts", "install"]
