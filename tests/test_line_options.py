"""The line's options and its neighbours: narrowing, strictness, smoke code, settings, pytest, shell and report."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from line import PATIENCE, both_engines, lab, need_engine, on, read_lines, run, surroundings
from wheels import build_wheel

pytestmark = pytest.mark.real
BENCH = "debian-12:x86_64:cp311"
CHECKOUT = Path(__file__).resolve().parent.parent
LEAVES_A_PROCESS = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(600)\n"


def wheels(folder: Path) -> dict[str, Path]:
    """Write a wheel that works, one that fails, and one that leaves a process behind."""
    sources = {"fine": "", "broken": "raise ValueError('no luck')", "untidy": LEAVES_A_PROCESS}
    return {name: build_wheel(folder, name, files={f"{name}.py": code.encode()}) for name, code in sources.items()}


def test_a_warning_fails_only_where_that_is_asked(tmp_path: Path) -> None:
    untidy = wheels(tmp_path)["untidy"]
    warned = run(tmp_path, "bwrap", [untidy], *on("debian-12"))
    strict = run(tmp_path, "bwrap", [untidy], *on("debian-12"), "--strict")
    for ended, code, verdict in ((warned, 0, "warn"), (strict, 1, "fail")):
        assert ended.code == code, ended.words
        imported = ended.one(f"{BENCH}/import/*")
        assert (imported["verdict"], imported["outcome"]) == (verdict, "ok")
        assert "leaves a process running" in imported["side_effects"][0]


def test_cells_can_be_named_and_failures_repeated(tmp_path: Path) -> None:
    made = wheels(tmp_path)
    first = run(tmp_path, "bwrap", made.values(), *on("debian-12", "debian-13"))
    assert first.code == 1, first.words
    failed = [cell for cell, verdict in first.verdicts().items() if verdict == "fail"]
    assert len(failed) == 2
    again = lab(tmp_path, "run", "--only-failed", "latest", "--engine", "bwrap")
    assert again.code == 1, again.words
    assert sorted(again.verdicts()) == sorted(failed)
    one = run(tmp_path, "bwrap", made.values(), "--cell", f"{BENCH}/import/fine-*")
    assert one.verdicts() == {f"{BENCH}/import/{made['fine'].name}": "pass"}, one.words
    assert lab(tmp_path, "run", "--only-failed", one.runs[-1].name).code == 4
    none = run(tmp_path, "bwrap", [made["fine"]], "--cell", f"{BENCH}/imprt/*")
    assert none.code == 5, none.words


@both_engines
def test_smoke_code_that_fails_blames_the_wheel(tmp_path: Path, engine: str) -> None:
    words = ["--smoke", "MarkupSafe=import markupsafe; assert markupsafe.escape('<') == '<'"]
    ended = run(tmp_path, engine, ["markupsafe"], *on("debian-12"), *words)
    assert ended.code == 1, ended.words
    assert ended.one(f"{BENCH}/import/*")["verdict"] == "pass"
    smoke = ended.one(f"{BENCH}/smoke/*")
    assert (smoke["verdict"], smoke["grade"]) == ("fail", "none")
    assert smoke["reason"] == "The smoke code failed: AssertionError:"
    assert "AssertionError" in smoke["facts"]["trace"]


def test_what_stands_behind_two_dashes_goes_to_pytest(tmp_path: Path) -> None:
    made = wheels(tmp_path)
    ended = run(tmp_path, "bwrap", made.values(), *on("debian-12"), "--", "-k", "fine and install")
    assert ended.verdicts() == {f"{BENCH}/install/{made['fine'].name}": "pass"}, ended.words
    assert "cells did not run" in ended.out
    wrong = run(tmp_path, "bwrap", made.values(), *on("debian-12"), "--", "--no-such-option")
    assert wrong.code == 4, wrong.words


def test_settings_come_from_the_project(tmp_path: Path) -> None:
    settings = ["[tool.manylinux-lab]", 'distro = ["debian-12"]', 'engine = "bwrap"', 'out = "kept"', "strict = true"]
    (tmp_path / "pyproject.toml").write_text("\n".join(settings))
    ended = lab(tmp_path, "run", wheels(tmp_path)["untidy"])
    assert ended.code == 1, ended.words
    (folder,) = {file.parent for file in tmp_path.glob("kept/*/plan.json")}
    assert {line["bench"] for line in read_lines(folder / "results.jsonl")} == {"host", BENCH}
    (tmp_path / "pyproject.toml").write_text("[tool.manylinux-lab]\ndistros = ['debian-12']\n")
    wrong = lab(tmp_path, "run", "markupsafe")
    assert wrong.code == 4
    assert "The setting 'distros'" in wrong.err
    assert "'distro'" in wrong.err


def test_the_users_own_pytest_changes_nothing(tmp_path: Path) -> None:
    hostile = "raise RuntimeError('the user\\'s conftest was loaded')"
    for folder in (tmp_path, tmp_path / "runs"):
        folder.mkdir(exist_ok=True)
        (folder / "conftest.py").write_text(hostile)
        (folder / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\npython_files = nothing_*.py\n")
    (tmp_path / "pytest.py").write_text(hostile)
    (tmp_path / "sitecustomize.py").write_text("")
    ended = lab(
        tmp_path,
        "run",
        wheels(tmp_path)["fine"],
        *on("debian-12", "debian-13"),
        "--engine",
        "bwrap",
        environment={"PYTEST_ADDOPTS": "--no-such-option", "PYTHONSAFEPATH": "1"},
    )
    assert ended.code == 0, ended.words
    assert len(ended.results) == 5


def test_pytest_in_a_checkout_is_the_same_run(tmp_path: Path) -> None:
    need_engine("bwrap")
    made = wheels(tmp_path)
    words = f"--out {tmp_path}/own --coload off"
    argv = [sys.executable, "-m", "pytest", "suites", "-n", "2", "--engine", "bwrap", "--lab", words]
    argv += [word for path in made.values() for word in ("--wheel", str(path))]
    argv += [*on("debian-12"), "-p", "no:cacheprovider"]
    done = subprocess.run(argv, cwd=CHECKOUT, env=surroundings(), capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1, done.stdout + done.stderr
    (results,) = tmp_path.glob("own/*/results.jsonl")
    assert not list(tmp_path.glob("own/*/stage"))
    same = run(tmp_path, "bwrap", made.values(), *on("debian-12"))
    assert {line["cell"]: line["verdict"] for line in read_lines(results)} == same.verdicts()
    assert set(same.verdicts().values()) == {"pass", "warn", "fail"}


@both_engines
def test_a_shell_on_the_bench_of_a_cell(tmp_path: Path, engine: str) -> None:
    ended = run(tmp_path, engine, ["markupsafe"], *on("debian-12"))
    cell = ended.one(f"{BENCH}/import/*")["cell"]
    for command, code, word in (
        ("python3 -c 'import markupsafe; print(markupsafe.__file__)'", 0, "/work/"),
        ("exit 7", 7, ""),
        ("touch /etc/x || echo read-only", 0, "read-only"),
    ):
        shell = lab(tmp_path, "shell", cell, "--command", command)
        assert (shell.code, word in shell.out) == (code, True), shell.words
    unknown = lab(tmp_path, "shell", cell.replace("import", "imprt"))
    assert unknown.code == 4
    assert cell in unknown.err
    assert not (ended.runs[-1] / "stage").exists()


def test_a_report_can_be_made_again(tmp_path: Path) -> None:
    ended = run(tmp_path, "bwrap", wheels(tmp_path).values(), *on("debian-12"))
    page = (ended.runs[-1] / "report.md").read_text()
    (ended.runs[-1] / "report.md").unlink()
    again = lab(tmp_path, "report", "latest")
    assert again.code == 0, again.words
    assert (ended.runs[-1] / "report.md").read_text() == page
    assert "1 failed" in again.out


def test_a_check_of_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "test_named.py").write_text(
        "from manylinux_lab.judge import Grade, Outcome, OutcomeKind\n"
        "def test_named(cell, bench, wheel, installed, verdict):\n"
        "    events = bench.run_code(cell, wheel, f'import {wheel.project}; assert {wheel.project!r} == \"fine\"')\n"
        "    kind = OutcomeKind.OK if events[-1]['status'] == 'ok' else OutcomeKind.BROKEN\n"
        "    verdict(Outcome(kind=kind, reason='It is named otherwise.', grade=Grade.IMPORTED))\n"
    )
    made = wheels(tmp_path)
    subjects = [made["fine"], made["untidy"]]
    ended = run(tmp_path, "bwrap", subjects, *on("debian-12"), "--suite", "test_named.py")
    assert ended.verdicts("*/named/*") == {
        f"{BENCH}/named/{made['fine'].name}": "pass",
        f"{BENCH}/named/{made['untidy'].name}": "fail",
    }, ended.words


def test_the_plan_is_kept_and_printable(tmp_path: Path) -> None:
    fine = wheels(tmp_path)["fine"]
    ended = run(tmp_path, "bwrap", [fine], *on("debian-12"))
    printed = lab(tmp_path, "plan", fine, *on("debian-12"), "--engine", "bwrap", "--json")
    cells = [f"{cell['bench']}/{cell['check']}/{cell['subject']}" for cell in json.loads(printed.out)["cells"]]
    assert cells == list(ended.verdicts())
    assert shutil.which("bwrap")
