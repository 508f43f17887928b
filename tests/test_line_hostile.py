"""The line with wheels that do their worst: each is blamed for what it did, and no other cell of the run is touched."""

import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import manners
import pytest
from line import Ended, benches_of, both_engines, on, read_lines, run
from wheels import build_wheel

pytestmark = pytest.mark.real

# Verdict and words of the import check, by project; what is not listed passes.
EXPECTED = {
    "hangs": ("fail", "did not finish being imported before the deadline"),
    "dies_at_exit": ("fail", "can be imported, but the interpreter then crashed with SIGABRT (abort) while ending"),
    "dies": ("fail", "crashed with SIGSEGV (segmentation fault) while being imported"),
    "leaves": ("fail", "ended the process with exit code 0 while being imported"),
    "forges_and_fails": ("fail", "cannot be imported: RuntimeError: it does not work"),
    "forges_and_leaves": ("fail", "ended the process with exit code 0 while being imported"),
    "forks": ("fail", "did not finish being imported before the deadline"),
    "eats_memory": ("fail", "being imported"),  # killed by the kernel, or late: that depends on the machine
    "fills_disk": ("error", "The bench ran out of space or memory"),
    "kills_parent": ("fail", "killed the lab's program that had started it, 3 times of 3"),
    "kills_all": ("fail", "killed the lab's program that had started it, 3 times of 3"),
    "dies_natively": ("fail", "crashed with SIGSEGV (segmentation fault) while being imported"),
    "dies_when_loaded": ("fail", "crashed with SIGILL"),
    "wants_more": ("fail", "uses the symbol 'nowhere_at_all', which no library here defines"),
}


@both_engines
def test_wheels_with_the_worst_manners(tmp_path: Path, engine: str) -> None:
    wheels = {**manners.write_pure(tmp_path / "wheels"), **_native(tmp_path / "native")}
    words = [*on("debian-12"), "--timeout", "8", "-n", "1"]
    ended = run(tmp_path, engine, [*wheels.values(), "markupsafe"], *words)
    assert ended.code == 1, ended.words
    for name in wheels:
        verdict, reason = EXPECTED.get(name, ("pass", ""))
        imported = ended.one(f"debian-12:*/import/{name}-1.0-*")
        assert imported["verdict"] == verdict, f"{name}: {imported['reason']}"
        assert reason in imported["reason"], imported
        assert ended.one(f"debian-12:*/install/{name}-1.0-*")["verdict"] == "pass", ended.words
    assert ended.one("debian-12:*/import/*arkup*")["grade"] == "imported"
    _nothing_was_forged(ended)


def _native(folder: Path) -> dict[str, Path]:
    return manners.write_native(folder) if shutil.which("cc") else {}


def _nothing_was_forged(ended: Ended) -> None:
    planned = {cell["bench"] + "/" + cell["check"] + "/" + cell["subject"] for cell in ended.plan["cells"]}
    lines = read_lines(ended.runs[-1] / "results.jsonl")
    assert len(lines) == len(planned)
    assert {line["cell"] for line in lines} == planned
    cases = [case.get("name") for case in ElementTree.parse(ended.runs[-1] / "junit.xml").iter("testcase")]
    assert len(cases) == len(planned)
    assert "forged" not in (ended.runs[-1] / "report.md").read_text()
    assert "forged" not in ended.out
    assert "\x1b" not in ended.out + (ended.runs[-1] / "report.md").read_text()


@both_engines
def test_a_bench_ends_with_the_run(tmp_path: Path, engine: str) -> None:
    wheels = manners.write_pure(tmp_path / "wheels")
    subjects = [wheels[name] for name in ("aa_fine", "forks")]
    ended = run(tmp_path, engine, subjects, *on("debian-12", "debian-13"), "--timeout", "3", "-n", "2")
    assert ended.code == 1, ended.words
    assert benches_of(engine, ended.runs[-1]) == []


def test_text_of_a_wheel_is_escaped_wherever_it_is_shown(tmp_path: Path) -> None:
    words = "<script>alert(1)</script> | `a` \\x1b[31m \\r\\n| forged | row |"
    code = f'raise RuntimeError("{words}")'
    wheel = build_wheel(tmp_path / "wheels", "loud", files={"loud.py": code.encode()})
    ended = run(tmp_path, "bwrap", [wheel], *on("debian-12"))
    assert ended.code == 1, ended.words
    report = (ended.runs[-1] / "report.md").read_text()
    assert "<script>" not in report
    assert "\n| forged |" not in report
    assert "\x1b" not in report + ended.out
    assert ended.one("*/import/*")["reason"].count("\n") == 0


@both_engines
def test_a_wheel_cannot_open_the_event_stream(tmp_path: Path, engine: str) -> None:
    spy = {"spy/__init__.py": b"import os; os.listdir('/proc/%d/fd' % os.getppid())"}
    ended = run(tmp_path, engine, [build_wheel(tmp_path, "spy", files=spy)], *on("debian-12"))
    assert ended.code == 1, ended.words
    assert "PermissionError" in ended.one("debian-12:*/import/spy-*")["reason"]
