"""Tests of a planned run: what was planned is what is run."""

from pathlib import Path

import pytest
from records import run
from wheels import build_wheel

from manylinux_lab.cells import Cell, Plan, Subject
from manylinux_lab.errors import EngineError
from manylinux_lab.judge import Promise
from manylinux_lab.planned import PlannedRun
from manylinux_lab.runs import RunFolder
from manylinux_lab.wheels.reading import read_wheel


def planned(tmp_path: Path) -> tuple[PlannedRun, Cell, Path]:
    """Return a run whose plan has one cell, for a wheel file."""
    wheel = read_wheel(build_wheel(tmp_path))
    subject = Subject(id=wheel.id, project="demo", version="1.0", sha256=wheel.sha256, argument=str(wheel.path))
    cell = Cell(bench="debian-12:x86_64:cp311", check="import", subject=subject.id, promise=Promise.SUPPORTED)
    (tmp_path / "run").mkdir()
    folder = RunFolder(path=tmp_path / "run")
    files = {wheel.sha256: str(wheel.path)}
    folder.write(run(Plan(benches=(), subjects=(subject,), cells=(cell,), files=files)))
    return PlannedRun(folder), cell, wheel.path


def test_a_wheel_that_stays_is_read_once(tmp_path: Path) -> None:
    one, cell, path = planned(tmp_path)
    assert one.wheel(cell).path == path
    path.unlink()
    assert one.wheel(cell).project == "demo"


def test_a_wheel_that_was_built_again_is_not_blamed(tmp_path: Path) -> None:
    one, cell, path = planned(tmp_path)
    build_wheel(tmp_path, files={"demo.py": b"another = 1"})
    with pytest.raises(EngineError, match="has changed since the run was planned; start another run"):
        one.wheel(cell)
    assert path.is_file()


@pytest.mark.parametrize("content", [None, b"half"])
def test_a_wheel_that_is_gone_is_not_blamed(tmp_path: Path, content: bytes | None) -> None:
    one, cell, path = planned(tmp_path)
    path.unlink()
    if content:
        path.write_bytes(content)
    with pytest.raises(EngineError, match="was readable when the run was planned"):
        one.wheel(cell)
