"""Scripts that repeat a cell without the lab: what stands in them, and that they do what they say."""

import ast
import os
import re
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from elves import elf
from records import bench, result, run
from wheels import build_wheel, wheel_entries, write_archive

from manylinux_lab.__main__ import main
from manylinux_lab.cells import HOST, Cell, Plan, Site, Subject
from manylinux_lab.coload.evidence import Kind
from manylinux_lab.judge import Promise, Verdict
from manylinux_lab.report.repro import Action, Loaded, Recipe, Step, script
from manylinux_lab.results import Result, ResultsWriter
from manylinux_lab.runs import RunFolder
from manylinux_lab.wheels.reading import read_wheel

HOSTILE = "a'\"; $(touch hacked) `touch hacked`\nPROGRAM\nWHEELS\ntouch hacked\n\x1b[31m"


def recipe(**fields: Any) -> Recipe:
    defaults: dict[str, Any] = {
        "cell": "debian-12:x86_64:cp311/coload/a-1,b-1",
        "seen_on": "debian-12",
        "lab": "0.1.0",
        "version": "3.11",
        "action": Action.LOAD,
        "steps": (Step(pins=("a==1 --hash=sha256:0",), name="a-1"), Step(pins=("b==1 --hash=sha256:1",), name="b-1")),
        "members": {"a-1": Loaded(items=(("import", "a"),)), "b-1": Loaded(items=(("extension", "b.c"),))},
        "orders": (("a-1",), ("b-1",), ("a-1", "b-1")),
        "contested": ("a-1", "b-1"),
        "last": "b",
    }
    return Recipe(**(defaults | fields))


def evidence(kind: Kind, words: str = "x", **facts: Any) -> dict[str, Any]:
    return {"kind": kind.value, "weight": kind.name, "words": words, "facts": facts}


def seen(*pieces: dict[str, Any], **fields: Any) -> Result:
    return result(**{"check": "coload", "verdict": Verdict.FAIL, "facts": {"evidence": list(pieces)}, **fields})


def programs(text: str) -> list[str]:
    return re.findall(r"<<'PROGRAM'[^\n]*\n(.*?)^PROGRAM$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("is_each", [True, False])
@pytest.mark.parametrize(
    "found",
    [
        None,
        seen(),
        seen(evidence(Kind.FLOATING_POINT), evidence(Kind.OUTCOME, aspect="fork")),
        seen(evidence(Kind.CAPTURED, soname="libx.so.1"), evidence(Kind.OVERLAP, paths=["a b.so", "-c.py"])),
        seen(evidence(Kind.RECORD), evidence(Kind.TOP_LEVEL, names=["tests"]), check="effects"),
        seen({"kind": Kind.CAPTURED.value}, {"facts": 7}, {"kind": Kind.TOP_LEVEL.value, "facts": {"names": 3}}),
    ],
)
def test_the_python_in_it_is_python(found: Result | None, is_each: bool) -> None:
    smoke = {"a-1": Loaded(items=(("import", "a"),), smoke=("print('''x''')\nassert 1",))}
    for members in (recipe().members, smoke):
        text = script(recipe(result=found, is_each=is_each, members=members))
        for program in programs(text):
            ast.parse(program, feature_version=(3, 6))


def test_only_what_the_case_needs_is_in_it() -> None:
    plain = script(recipe(result=seen(evidence(Kind.OUTCOME))))
    full = script(recipe())
    for word in ("def state", "os.fork", "sha256sum", "RECORD", "smoke"):
        assert word not in plain
    assert "def state" in full
    assert "os.fork" in full
    assert "['libx.so.1']" in script(recipe(result=seen(evidence(Kind.CAPTURED, soname="libx.so.1"))))


def test_wheels_are_installed_one_after_the_other_with_hashes() -> None:
    text = script(recipe(sources=("--index-url", "https://index.example/simple")))
    assert text.index("a==1 --hash=sha256:0") < text.index("b==1 --hash=sha256:1")
    assert "--no-deps --only-binary :all: --index-url https://index.example/simple --require-hashes" in text
    assert "PYTHONPATH" not in text


def test_wheels_that_cannot_be_installed_together_have_folders_of_their_own() -> None:
    steps = (Step(pins=("a==1",), name="a-1"), Step(pins=("a==2",), site=2), Step(pins=("b==1",), site=2, name="b-1"))
    text = script(recipe(steps=steps, result=seen(evidence(Kind.OVERLAP, paths=["x"]))))
    assert "PYTHONPATH=$folder/site-1:$folder/site-2\n" in text
    assert text.count('--target "$folder/site-2"') == 2
    assert "sha256sum" not in text


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (Action.INSTALL, 'install -r "$folder/wheels-1.txt" || result=1'),
        (Action.REFUSE, "where its tag does not reach"),
    ],
)
def test_installing_and_refusing_load_nothing(action: Action, words: str) -> None:
    text = script(recipe(action=action))
    assert words in text
    assert "load.py" not in text


# --- from a run ---


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MANYLINUX_LAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


FILES = {
    "calm": {"calm.py": b"", "shared.py": b"1"},
    "setter": {"setter.py": b"import os\nos.environ['SETTER'] = '1'\n", "shared.py": b"2"},
    "lowers": {
        "lowers.py": b"import multiprocessing, resource\nmultiprocessing.set_start_method('spawn')\n"
        b"resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\nimport threading\nthreading.excepthook = print\n"
    },
    "victim": {"victim.py": b"import os\nif 'SETTER' in os.environ: raise ImportError('SETTER is there')\n"},
    "needy": {"needy.py": b"import base\n"},
    "base": {"base.py": b""},
    "needs_calm": {"needs_calm.py": b"import calm\n"},
    "half": {"half/__init__.py": b"", "half/lost.abi3.so": elf("PyInit_lost")},
    "broken": {"broken.py": b"import ctypes\nctypes.string_at(0)\n"},
}


class Folder:
    """A run's folder with the wheels of ``FILES`` in it and cells of any check."""

    def __init__(self, root: Path) -> None:
        self.root = root
        paths = {name: build_wheel(root / "dist & co", name, files=files) for name, files in FILES.items()}
        entries = wheel_entries("liar", "1.0", {"liar.py": b"1", "tests/__init__.py": b""})
        entries["liar.py"] = b"2"
        paths["liar"] = write_archive(root / "dist & co" / "liar-1.0-py3-none-any.whl", entries)
        paths["other"] = build_wheel(root / "dist & co", "other", tag="cp311-cp311-win_amd64")
        for name, needed in (("needy", "base"), ("needs_calm", "calm")):
            lines = [f"Requires-Dist: {needed}"]
            paths[name] = build_wheel(root / "dist & co", name, files=FILES[name], lines=lines)
        self.wheels = {name: read_wheel(path) for name, path in paths.items()}
        self.subjects = [
            Subject(id=one.id, project=one.project, version="1.0", sha256=one.sha256, argument=str(one.path))
            for one in self.wheels.values()
        ]
        self.cells: list[Cell] = []
        self.results: list[Result] = []

    def add(self, check: str, *names: str, found: Mapping[str, Any] | None = None, **fields: Any) -> str:
        members = tuple(name if name == "stdlib" else f"{name}-1.0" for name in names)
        subject = ",".join(members) if check == "coload" else self.wheels[names[0]].id
        if check == "coload":
            self.subjects.append(Subject(id=subject, project=",".join(names), members=members))
        where = HOST if check == "read" else bench().id
        defaults = {"sites": ("s",)} if check in {"coload", "effects"} else {}
        cell = Cell(bench=where, check=check, subject=subject, promise=Promise.SUPPORTED, **(defaults | fields))
        self.cells.append(cell)
        if found is not None:
            self.results.append(result(bench=where, check=check, subject=subject, verdict=Verdict.FAIL, **found))
        return cell.id

    def write(self) -> Path:
        names = ["base", "setter", "lowers", "victim", "calm", "needy", "needs_calm", "half", "broken", "liar"]
        site = Site(id="s", wheels=tuple(self.wheels[name].sha256 for name in names))
        roster = {f"{name}-1.0": wheel.id for name, wheel in self.wheels.items()}
        plan = Plan(
            benches=(bench(),),
            subjects=tuple(self.subjects),
            cells=tuple(self.cells),
            files={wheel.sha256: str(wheel.path) for wheel in self.wheels.values()},
            sites=(site,),
            rosters={bench().id: roster},
        )
        folder = RunFolder(path=self.root / "runs" / "20260101-000000-abcd")
        folder.path.mkdir(parents=True)
        folder.write(run(plan))
        with ResultsWriter(folder.results_file) as writer:
            for one in self.results:
                writer.write(one)
        return folder.path.parent


def written(folder: Folder, cell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["repro", cell, "--out", str(folder.write())]) == 0
    return capsys.readouterr().out


def test_a_pair_that_has_not_run_yet(tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Folder(tmp_path)
    text = written(folder, folder.add("coload", "needy", "stdlib"), capsys)
    assert "needy-1.0,stdlib: not run" in text
    assert re.findall(
        r"^(\S+) @ file:///\S+dist%20%26%20co/\S+whl --hash=sha256:[0-9a-f]{64}$", text, re.MULTILINE
    ) == [
        "base",
        "needy",
    ]
    assert "'ssl'" in text


def test_what_was_reduced_is_repeated_reduced(tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Folder(tmp_path)
    facts = {"smallest": ["setter-1.0", "victim-1.0"]}
    cell = folder.add("coload", "calm", "setter", "victim", found={"facts": facts, "reason": HOSTILE})
    text = written(folder, cell, capsys)
    assert "calm" not in text.partition("set -u")[2]
    assert "== 'setter-1.0, then victim-1.0'" in text
    assert not any(line.startswith("touch hacked") for line in text.splitlines())


def test_wheels_of_an_index_and_of_an_address(tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Folder(cache / "downloads")
    folder.root = tmp_path
    far = folder.wheels["victim"]
    folder.subjects = [one for one in folder.subjects if one.project != "victim"]
    address = "victim @ https://me:secret@host.example/victim-1.0-py3-none-any.whl"
    folder.subjects.append(Subject(id=far.id, project="victim", version="1.0", sha256=far.sha256, argument=address))
    text = written(folder, folder.add("coload", "setter", "victim"), capsys)
    assert f"\nsetter==1.0 --hash=sha256:{folder.wheels['setter'].sha256}\n" in text
    assert "\nvictim @ https://host.example/victim-1.0-py3-none-any.whl --hash=" in text
    assert "secret" not in text


@pytest.mark.parametrize(
    ("check", "message"), [("read", "has no bench"), ("resolve", "is about 'resolve'"), ("mine", "is about 'mine'")]
)
def test_cells_that_no_script_can_repeat(
    tmp_path: Path, cache: Path, check: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Folder(tmp_path)
    cell = folder.add(check, "calm")
    assert main(["repro", cell, "--out", str(folder.write())]) == 4
    assert message in capsys.readouterr().err


def test_a_file_that_cannot_be_written(tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Folder(tmp_path)
    cell = folder.add("import", "calm")
    out = str(folder.write())
    assert main(["repro", cell, "--out", out, "--script", str(tmp_path / "no" / "x.sh")]) == 4
    assert "cannot be written" in capsys.readouterr().err


# --- for real ---


def carried_out(folder: Folder, cell: str, tmp_path: Path) -> tuple[int, str]:
    """Return the exit code of the cell's script and what it said."""
    path = tmp_path / "repro.sh"
    assert main(["repro", cell, "--out", str(folder.write()), "--script", str(path)]) == 0
    environment = {"PATH": os.environ["PATH"], "PYTHON": sys.executable, "TMPDIR": str(tmp_path), "PIP_NO_INDEX": "1"}
    done = subprocess.run(
        [path], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert not (tmp_path / "hacked").exists()
    assert not list(tmp_path.glob("tmp.*"))
    return done.returncode, done.stdout + done.stderr


@pytest.mark.real
def test_a_pair_fails_as_it_did(tmp_path: Path, cache: Path) -> None:
    folder = Folder(tmp_path)
    cell = folder.add(
        "coload", "setter", "victim", found={"reason": HOSTILE, "facts": {"evidence": [evidence(Kind.OUTCOME)]}}
    )
    code, said = carried_out(folder, cell, tmp_path)
    assert code == 1
    assert "== victim-1.0 alone\n  ok: import victim\n  exit code 0\n" in said
    assert said.endswith(
        "== setter-1.0, then victim-1.0\n  ok: import setter\n  ok: import shared\n"
        "  FAILS: import victim: ImportError: SETTER is there\n  exit code 1\n"
    )


@pytest.mark.real
def test_a_healthy_pair_that_shares_a_file(tmp_path: Path, cache: Path) -> None:
    folder = Folder(tmp_path)
    both = [folder.wheels[name].id for name in ("calm", "setter")]
    pieces = [evidence(Kind.OVERLAP, paths=["shared.py"], wheels=both), evidence(Kind.OUTCOME, aspect="fork")]
    cell = folder.add("coload", "calm", "setter", found={"facts": {"evidence": pieces}})
    code, said = carried_out(folder, cell, tmp_path)
    digests = re.findall(r"^([0-9a-f]{64})  \S+/shared\.py$", said, re.MULTILINE)
    assert (code, len(digests), len(set(digests))) == (1, 2, 2)
    assert "  ok: forked child" in said
    assert said.endswith("== setter was uninstalled\n  none of these files is left\n")


@pytest.mark.real
def test_a_file_that_what_a_member_requires_overwrites(tmp_path: Path, cache: Path) -> None:
    folder = Folder(tmp_path)
    both = [folder.wheels[name].id for name in ("calm", "setter")]
    pieces = [evidence(Kind.OVERLAP, paths=["shared.py"], wheels=both)]
    cell = folder.add("coload", "setter", "needs_calm", found={"facts": {"evidence": pieces}})
    code, said = carried_out(folder, cell, tmp_path)
    assert code == 1
    assert said.index("== calm-1.0-py3-none-any.whl was installed") < said.index("== setter-1.0 was installed")
    assert said.endswith("== setter was uninstalled\n  none of these files is left\n")


@pytest.mark.real
def test_what_fails_alone_is_left_out_of_the_company(tmp_path: Path, cache: Path) -> None:
    folder = Folder(tmp_path)
    code, said = carried_out(folder, folder.add("coload", "calm", "half"), tmp_path)
    assert code == 0, said
    assert re.search(r"== half-1.0 alone\n  exit code 139\n", said), "it dies of this module"
    together = said.partition("== calm-1.0, then half-1.0")[2]
    assert "  left out, since it fails alone: import half.lost\n" in together
    assert "  ok: import half\n" in together


@pytest.mark.real
def test_what_a_wheel_changes(tmp_path: Path, cache: Path) -> None:
    folder = Folder(tmp_path)
    pieces = [evidence(Kind.PROCESS_STATE, what="environment")]
    code, said = carried_out(folder, folder.add("effects", "setter", found={"facts": {"evidence": pieces}}), tmp_path)
    assert code == 1
    assert "  setter-1.0 changes environment SETTER: None before, '1' after\n" in said


@pytest.mark.real
def test_limits_hooks_and_the_start_method_that_a_wheel_changes(tmp_path: Path, cache: Path) -> None:
    folder = Folder(tmp_path)
    pieces = [evidence(Kind.PROCESS_STATE, what="limits")]
    cell = folder.add("effects", "lowers", found={"facts": {"evidence": pieces}})
    code, said = carried_out(folder, cell, tmp_path)
    assert code == 1, said
    for what in ("start method: None before, 'spawn' after", "exception hook of threads: "):
        assert f"  lowers-1.0 changes {what}" in said
    is_lowered = resource.getrlimit(resource.RLIMIT_CORE) != (0, 0)
    assert ("  lowers-1.0 changes limit Max core file size: [" in said) is is_lowered


@pytest.mark.real
def test_what_is_wrong_with_the_files_of_a_wheel(tmp_path: Path, cache: Path) -> None:
    folder = Folder(tmp_path)
    pieces = [evidence(Kind.RECORD), evidence(Kind.TOP_LEVEL, names=["tests"])]
    code, said = carried_out(folder, folder.add("effects", "liar", found={"facts": {"evidence": pieces}}), tmp_path)
    assert code == 1
    assert "  FAILS: liar.py: RECORD says " in said
    assert "  FAILS: tests belongs to everyone" in said


@pytest.mark.real
def test_an_import_that_crashes(tmp_path: Path, cache: Path) -> None:
    folder = Folder(tmp_path)
    code, said = carried_out(folder, folder.add("import", "broken", found={}), tmp_path)
    assert code == 1
    assert "  FAILS: broken: exit code -11: " in said


@pytest.mark.real
@pytest.mark.parametrize(("name", "code"), [("other", 0), ("calm", 1)])
def test_a_wheel_that_must_be_refused(tmp_path: Path, cache: Path, name: str, code: int) -> None:
    folder = Folder(tmp_path)
    assert carried_out(folder, folder.add("refuse", name, found={}), tmp_path)[0] == code
