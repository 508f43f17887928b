"""Bisections on real benches: compiled wheels of a small index, images that were rebuilt, and one real project."""

import json
from pathlib import Path

import pytest
from line import lab, need_engine, need_musl, on, run
from local_bench import compile_object
from test_history_line import rebuilt
from wheels import build_wheel

pytestmark = pytest.mark.real
TAG = "py3-none-manylinux_2_17_x86_64"
BENCH = "debian-12:x86_64:cp311"
FIRST_BAD = 6  # of the releases 1.0 to 1.8; 1.4 cannot be installed
LOADS = (
    "import ctypes, pathlib, kernel\nlibrary = ctypes.CDLL(str(pathlib.Path(kernel.__file__).parent / 'kernel.so'))\n"
)


def small_index(folder: Path) -> Path:
    """Write nine releases of a compiled project, which stops to bring a symbol, and a wheel that uses it."""
    for minor in range(9):
        name = "answer" if minor < FIRST_BAD else "reply"
        native = compile_object(folder / f"{minor}.so", f"int {name}(void) {{ return 42; }}", "-nostdlib")
        files = {"kernel/__init__.py": b"", "kernel/kernel.so": native.read_bytes()}
        lines = ["Requires-Dist: nowhere-to-be-found"] if minor == 4 else []
        build_wheel(folder / "index", "kernel", f"1.{minor}", files, lines, TAG)
    return folder / "index"


def test_the_first_bad_release_of_a_dependency_is_found_replayed_and_resumed(tmp_path: Path) -> None:
    need_engine("bwrap")
    index = small_index(tmp_path)
    files = {"user/__init__.py": f"{LOADS}assert library.answer() == 42\n".encode()}
    wheel = build_wheel(tmp_path, "user", files=files, lines=["Requires-Dist: kernel"])
    ended = run(tmp_path, "bwrap", [wheel], *on("debian-12"), "--index-url", "", "--find-links", index)
    cell = f"{BENCH}/import/{wheel.name}"
    assert ended.one(cell)["verdict"] == "fail", ended.words
    assert "kernel-1.8" in " ".join(ended.one(cell)["conditions"]["beside"])
    words = ["bisect", cell, "--release", "kernel", "--good", "1.0"]
    first = lab(tmp_path, *words)
    assert first.code == 0, first.words
    assert f"The first bad release of kernel is 1.{FIRST_BAD}; the last good one is 1.5." in first.out
    log = tmp_path / "bisect.jsonl"
    search, *steps = [json.loads(line) for line in log.read_text().splitlines()]
    assert search["candidates"] == [f"1.{minor}" for minor in range(9)]
    assert len(steps) <= 6
    again = lab(tmp_path, *words)
    assert again.out.count("[from the log]") == len(steps), again.words
    log.write_text("\n".join(log.read_text().splitlines()[:3]) + "\n")
    resumed = lab(tmp_path, *words)
    assert resumed.out.count("[from the log]") == 2
    assert resumed.out.splitlines()[-2] == first.out.splitlines()[-2]
    replayed = lab(tmp_path, "bisect", "--replay", log)
    assert replayed.code == 0, replayed.words
    assert replayed.out.count("[as in the log]") == len(steps)
    log.write_text(log.read_text().replace('"judged":"bad"', '"judged":"good"', 1))
    assert lab(tmp_path, "bisect", "--replay", log).code == 1
    wrong = lab(tmp_path, "bisect", cell, "--release", "numpy", "--good", "1.0", "--log", "other.jsonl")
    assert wrong.code == 4
    assert "it has kernel, user" in wrong.err


def test_the_first_bad_image_is_found(tmp_path: Path) -> None:
    need_engine("bwrap")
    code = b"open('/etc/needy.conf')\n"
    wheel = build_wheel(tmp_path, "needy", files={"needy.py": code})
    runs = []
    for number, is_new in enumerate((False, False, True, True)):
        image = rebuilt(need_musl(), tmp_path / f"{number}.tar", is_new, note=str(number))
        runs.append(run(tmp_path, "bwrap", [wheel], *on("alpine-3.22"), "--image", f"alpine-3.22={image}"))
    assert [ended.code for ended in runs] == [0, 0, 1, 1], runs[-1].words
    (cell,) = runs[-1].verdicts("*/import/*")
    done = lab(tmp_path, "bisect", cell, "--image", "--good-run", runs[0].runs[-1].name)
    assert done.code == 0, done.words
    digests = [ended.one("*/import/*")["image"] for ended in runs]
    assert len(set(digests)) == 4
    assert f"The first bad image is {digests[2]}; the last good one is {digests[1]}." in done.out


def test_the_first_bad_release_of_a_member_of_a_pair_is_found(tmp_path: Path) -> None:
    need_engine("bwrap")
    for minor in range(6):
        code = b"" if minor < 3 else b"import sys\nsys.modules['victim'] = None\n"
        build_wheel(tmp_path / "index", "vandal", f"1.{minor}", {"vandal/__init__.py": code})
    candidate = build_wheel(tmp_path / "dist", "vandal", "1.6", {"vandal/__init__.py": code})
    victim = build_wheel(tmp_path / "dist", "victim")
    words = [*on("debian-12"), "--coload", "pairs", "--index-url", "", "--find-links", tmp_path / "index"]
    ended = run(tmp_path, "bwrap", [candidate, victim], *words)
    cell = f"{BENCH}/coload/vandal-1.6,victim-1.0"
    assert ended.one(cell)["verdict"] == "fail", ended.words
    done = lab(tmp_path, "bisect", cell, "--release", "vandal", "--good", "1.0")
    assert done.code == 0, done.words
    assert "The first bad release of vandal is 1.3; the last good one is 1.2." in done.out, done.words
    assert lab(tmp_path, "bisect", "--replay", "bisect.jsonl").out.count("[as in the log]") == len(
        (tmp_path / "bisect.jsonl").read_text().splitlines()[1:]
    )


def test_a_real_dependency_on_a_real_bench(tmp_path: Path) -> None:
    """``markupsafe.soft_unicode`` was deprecated in 2.0 and removed in 2.1.0, as its change log says."""
    need_engine("bwrap")
    files = {"oldish.py": b"from markupsafe import soft_unicode\n"}
    wheel = build_wheel(tmp_path, "oldish", files=files, lines=["Requires-Dist: markupsafe<3"])
    ended = run(tmp_path, "bwrap", [wheel], *on("debian-11"))
    (cell,) = ended.verdicts("*/import/*")
    assert ended.one(cell)["verdict"] == "fail", ended.words
    done = lab(tmp_path, "bisect", cell, "--release", "markupsafe", "--good", "2.0.0")
    assert done.code == 0, done.words
    assert "The first bad release of markupsafe is 2.1.0; the last good one is 2.0.1." in done.out, done.words
