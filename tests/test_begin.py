"""The start of a run, as far as no engine is needed: what an earlier run narrows it to."""

from pathlib import Path

import pytest
from records import result, run
from wheels import build_wheel

from manylinux_lab.errors import UsageError
from manylinux_lab.judge import Verdict
from manylinux_lab.options import Options
from manylinux_lab.planning.begin import plan_only
from manylinux_lab.results import ResultsWriter
from manylinux_lab.runs import RunFolder


def earlier_run(out: Path, wheel: Path, verdict: Verdict) -> str:
    """Write a run whose import of the wheel on Debian 11, which is not a default distro, has the verdict."""
    folder = RunFolder(path=out / "earlier")
    folder.path.mkdir(parents=True)
    folder.write(run())
    with ResultsWriter(folder.results_file) as writer:
        writer.write(result(bench="debian-11:x86_64:cp39", subject=wheel.name, verdict=verdict))
    return folder.path.name


def test_only_failed_brings_the_benches_of_the_failed_cells(tmp_path: Path) -> None:
    wheel, out = build_wheel(tmp_path), tmp_path / "runs"
    earlier = earlier_run(out, wheel, Verdict.FAIL)
    made = plan_only(Options(subjects=(str(wheel),), only_failed=earlier, out=str(out)))
    assert [cell.id for cell in made.cells] == [f"debian-11:x86_64:cp39/import/{wheel.name}"]


def test_nothing_failed(tmp_path: Path) -> None:
    wheel, out = build_wheel(tmp_path), tmp_path / "runs"
    earlier = earlier_run(out, wheel, Verdict.UNKNOWN)
    with pytest.raises(UsageError, match="In the run 'earlier' nothing failed"):
        plan_only(Options(subjects=(str(wheel),), only_failed=earlier, out=str(out)))


def test_smoke_code_for_no_subject_is_said(tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path, "demo_kit")
    smoke = ("Demo.Kit=pass", "demo-kid=pass")
    made = plan_only(Options(subjects=(str(wheel),), distro=("debian-12",), smoke=smoke))
    (note,) = [note for note in made.notes if "smoke" in note]
    assert note == "the smoke code for 'demo-kid' is not used: no subject is called so (did you mean 'demo-kit'?)"
