"""The line on Debian's releases: healthy wheels pass, and wheels that promise too much fail with the reason."""

import shlex
from pathlib import Path

import pytest
from line import both_engines, on, pinned, run

from manylinux_lab.results import SCHEMA

pytestmark = pytest.mark.real
HEALTHY = ("numpy", "lxml", "markupsafe")
SMOKE = ("--smoke", "numpy=import numpy; assert (numpy.ones((9, 9)) @ numpy.ones((9, 9))).sum() == 729")
DEBIANS = ("debian-11", "debian-12", "debian-13", "debian-testing")


@both_engines
def test_a_healthy_set_passes_everywhere(tmp_path: Path, engine: str) -> None:
    ended = run(tmp_path, engine, HEALTHY, *on(*DEBIANS), *SMOKE)
    assert ended.code == 0, ended.words
    for distro in DEBIANS:
        grades = {line["check"]: line["grade"] for line in ended.results if line["cell"].startswith(f"{distro}:")}
        assert grades == {
            "resolve": "resolved",
            "install": "installed",
            "import": "imported",
            "smoke": "smoke-tested",
        }, ended.words
        assert len(ended.verdicts(f"{distro}:x86_64:*/import/*")) == len(HEALTHY)
    for line in ended.results:
        said = (line["schema"], line["verdict"], line["promise"], line["how"])
        assert said == (SCHEMA, "pass", "supported", "observed")
        assert (line["engine"], line["emulated"], line["installer"]) == (engine, False, "pip")
        assert line["image"].startswith("sha256:"), line
        assert bool(line["sha256"]) == (line["check"] != "resolve"), line
        assert line["repeat"].startswith("manylinux-lab run ")
    assert "smoke-tested" in (ended.runs[-1] / "report.md").read_text()
    assert not (ended.runs[-1] / "stage").exists()


def test_the_command_in_a_result_repeats_just_that_cell(tmp_path: Path) -> None:
    first = run(tmp_path, "bwrap", ["markupsafe"], *on("debian-12")).one("*/import/*")
    again = run(tmp_path, "bwrap", shlex.split(first["repeat"])[2:])
    assert again.code == 0, again.words
    assert [line["cell"] for line in again.results] == [first["cell"]]


@both_engines
def test_cryptography_is_refused_on_debian_11_and_works_on_12(tmp_path: Path, engine: str) -> None:
    wheel = pinned("cryptography", "cryptography-44.0.1-cp39-abi3-manylinux_2_34_x86_64.whl")
    ended = run(tmp_path, engine, [wheel], *on("debian-11", "debian-12"))
    assert ended.code == 0, ended.words
    refused = ended.one("debian-11:*")
    assert (refused["check"], refused["promise"], refused["outcome"], refused["verdict"]) == (
        "refuse",
        "unsupported",
        "refused",
        "pass",
    )
    assert "is not a supported wheel on this platform" in refused["facts"]["installer_words"]
    assert any("version `GLIBC_2.33' not found" in words for words in refused["facts"]["forced"]["words"]), refused
    imported = ended.one("debian-12:*/import/*")
    assert (imported["promise"], imported["verdict"], imported["grade"]) == ("supported", "pass", "imported")


@both_engines
def test_austin_promises_more_than_it_delivers(tmp_path: Path, engine: str) -> None:
    wheel = pinned("austin-dist", "austin_dist-4.0.0-py3-none-manylinux_2_12_x86_64.manylinux2010_x86_64.whl")
    ended = run(tmp_path, engine, [wheel], *on("debian-11", "debian-12", "debian-13"))
    assert ended.code == 1, ended.words
    for distro in ("debian-11", "debian-12"):
        failed = ended.one(f"{distro}:*/import/*")
        assert (failed["promise"], failed["outcome"], failed["verdict"]) == ("supported", "broken", "fail")
        assert "needs glibc 2.38 or newer (symbol version 'GLIBC_2.38')" in failed["reason"]
        assert "manylinux_2_38" in " ".join(failed["facts"]["advice"])
    loaded = ended.one("debian-13:*/import/*")
    assert (loaded["verdict"], loaded["grade"]) == ("pass", "loaded")


def test_mnn_asks_for_an_executable_stack(tmp_path: Path) -> None:
    name = "mnn-3.6.1-{0}-{0}-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"
    wheels = [pinned("mnn", name.format(abi)) for abi in ("cp311", "cp313")]
    ended = run(tmp_path, "bwrap", wheels, *on("debian-12", "debian-13"))
    assert ended.code == 1, ended.words
    assert ended.one("debian-12:*/import/*")["grade"] == "imported"
    failed = ended.one("debian-13:*/import/*")
    assert failed["verdict"] == "fail"
    assert "asks for an executable stack, which glibc 2.41 and newer refuse" in failed["reason"]
    assert "stack" in " ".join(failed["facts"]["advice"])
    assert failed["facts"]["advice"][0] in " ".join(ended.out.replace("\n", " ").split())
    # A wheel for another interpreter is left out with that reason, not failed.
    left_out = {entry["bench"]: (entry["subject"], entry["reason"]) for entry in ended.plan["left_out"]}
    assert left_out == {
        "debian-12:x86_64:cp311": (wheels[1].name, "the wheel is for cp313-cp313, the interpreter is cp311"),
        "debian-13:x86_64:cp313": (wheels[0].name, "the wheel is for cp311-cp311, the interpreter is cp313"),
    }


@both_engines
def test_the_deaths_of_shiboken_are_told_apart(tmp_path: Path, engine: str) -> None:
    wheel = pinned("shiboken6", "shiboken6-6.2.4-6.2.4-cp36.cp37.cp38.cp39.cp310-abi3-manylinux1_x86_64.whl")
    ended = run(tmp_path, engine, [wheel], "--ignore-requires-python", *on("debian-11", "debian-12", "debian-13"))
    assert ended.code == 1, ended.words
    assert ended.one("debian-11:*/import/*")["verdict"] == "pass"
    at_exit, at_import = ended.one("debian-12:*/import/*"), ended.one("debian-13:*/import/*")
    assert "but the interpreter then crashed with SIGABRT (abort) while ending" in at_exit["reason"]
    assert "crashed with SIGSEGV (segmentation fault) while being imported" in at_import["reason"]
    deaths = [
        (item["name"], item["status"], item["signal"])
        for line in (at_exit, at_import)
        for item in line["facts"]["deviations"]
        if item["kind"] == "import"
    ]
    assert deaths == [("shiboken6", "exit-crash", 6), ("shiboken6", "crash", 11)]
    assert "Segmentation fault" in at_import["facts"]["deviations"][0]["trace"]


def test_without_being_asked_a_python_that_the_wheel_excludes_is_left_out(tmp_path: Path) -> None:
    wheel = pinned("shiboken6", "shiboken6-6.2.4-6.2.4-cp36.cp37.cp38.cp39.cp310-abi3-manylinux1_x86_64.whl")
    ended = run(tmp_path, "bwrap", [wheel], *on("debian-12"))
    assert ended.code == 5, ended.words
    assert "it requires Python <3.11,>=3.6, the bench has 3.11" in ended.out
