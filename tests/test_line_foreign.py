"""The line on other archs and another libc: i686 natively, aarch64 under emulation, and musl."""

from pathlib import Path

import company_wheels
import pytest
from company_rows import Row, clean, company, fails, trouble, warns
from line import both_engines, need_arch, need_musl, on, pinned, run

pytestmark = pytest.mark.real


@both_engines
def test_i686_is_an_arch_of_its_own(tmp_path: Path, engine: str) -> None:
    need_arch(engine, "i686")
    words = [
        *on("debian-12"),
        "--arch",
        "i686",
        "--smoke",
        "markupsafe=import struct; assert struct.calcsize('P') == 4",
    ]
    ended = run(tmp_path, engine, ["markupsafe==3.0.2", "lxml", "numpy"], *words)
    assert ended.code == 1, ended.words
    for project in ("lxml", "[Mm]arkup[Ss]afe"):
        imported = ended.one(f"debian-12:i686:cp311/import/{project}-*")
        assert (imported["verdict"], imported["grade"], imported["emulated"]) == ("pass", "imported", False)
    assert ended.one("debian-12:i686:cp311/smoke/[Mm]arkup[Ss]afe-*")["grade"] == "smoke-tested"
    # Falling back to the sdist without a word is a failed check of its own.
    fell_back = ended.one("*/numpy*")
    assert (fell_back["check"], fell_back["verdict"], fell_back["outcome"]) == ("resolve", "fail", "broken")
    assert fell_back["reason"].startswith("No wheel for this bench: "), fell_back
    assert "only an sdist" in fell_back["reason"], fell_back


def test_a_wheel_for_another_arch_must_be_refused(tmp_path: Path) -> None:
    need_arch("bwrap", "i686")
    wheel = pinned("austin-dist", "austin_dist-4.0.0-py3-none-manylinux_2_12_x86_64.manylinux2010_x86_64.whl")
    ended = run(tmp_path, "bwrap", [wheel], *on("debian-12"), "--arch", "i686")
    assert ended.code == 0, ended.words
    refused = ended.one("debian-12:i686:*")
    assert (refused["check"], refused["promise"], refused["verdict"]) == ("refuse", "unsupported", "pass")


@both_engines
def test_aarch64_is_emulated_and_says_so(tmp_path: Path, engine: str) -> None:
    need_arch(engine, "aarch64")
    smoke = "numpy=import numpy; assert (numpy.ones((9, 9)) @ numpy.ones((9, 9))).sum() == 729"
    words = [*on("debian-12"), "--arch", "aarch64", "--smoke", smoke]
    ended = run(tmp_path, engine, ["numpy", "lxml", "markupsafe"], *words)
    assert ended.code == 0, ended.words
    assert all(line["emulated"] and line["arch"] == "aarch64" for line in ended.results), ended.words
    assert ended.one("debian-12:aarch64:cp311/smoke/numpy-*aarch64.whl")["grade"] == "smoke-tested"
    grades = {line["grade"] for line in ended.results if line["check"] == "import"}
    assert grades == {"imported"}
    assert "emulated" in ended.out


def test_wheels_together_under_emulation(tmp_path: Path) -> None:
    need_arch("bwrap", "aarch64")
    wheels = company_wheels.outcomes(tmp_path / "wheels")
    rows = (
        clean("host,markupsafe"),
        fails("host,raises", "'raises' cannot be imported after 'host': RuntimeError: another host is here"),
        Row(order="host,crashes", verdict="unknown", words="under emulation of aarch64; a native run must confirm it"),
        warns("host,sets", "changes the environment variable 'HOST_IS_HERE' only when the others are loaded too"),
    )
    subjects = [*(wheels[name] for name in ("host", "raises", "crashes", "sets")), "markupsafe==3.0.2"]
    cells = [word for row in rows for word in ("--cell", company(row.order).replace("markupsafe-1.0", "markupsafe-*"))]
    words = [*on("debian-12"), "--arch", "aarch64", "--coload", "pairs", *cells]
    ended = run(tmp_path, "bwrap", subjects, *words)
    assert ended.code == 1, ended.words
    assert all(line["emulated"] for line in ended.results), ended.words
    wrong = [trouble(row, ended.one(company(row.order).replace("markupsafe-1.0", "markupsafe-*"))) for row in rows]
    assert not any(wrong), "\n".join(wrong)


@both_engines
def test_numpy_on_musl_and_its_musl_wheel_on_debian(tmp_path: Path, engine: str) -> None:
    root = need_musl()
    musl = pinned("numpy", "numpy-2.4.6-cp313-cp313-musllinux_1_2_x86_64.whl")
    glibc = pinned("numpy", "numpy-2.4.6-cp313-cp313-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl")
    ended = run(tmp_path, engine, [musl, glibc], *on("alpine-3.22", "debian-13"), "--image", f"alpine-3.22={root}")
    assert ended.code == 0, ended.words
    outcomes = {
        (line["distro"], line["check"], line["subject"]): (line["promise"], line["outcome"], line["grade"])
        for line in ended.results
        if line["check"] in ("refuse", "import")
    }
    assert outcomes == {
        ("alpine-3.22", "refuse", glibc.name): ("unsupported", "refused", "none"),
        ("alpine-3.22", "import", musl.name): ("supported", "ok", "imported"),
        ("debian-13", "refuse", musl.name): ("unsupported", "refused", "none"),
        ("debian-13", "import", glibc.name): ("supported", "ok", "imported"),
    }
    forced = ended.one("debian-13:*/refuse/*")["facts"]["forced"]["words"]
    assert any("libc.musl-x86_64.so.1: cannot open shared object file" in words for words in forced), forced
    forced = ended.one("alpine-3.22:*/refuse/*")["facts"]["forced"]["words"]
    assert any("Error loading shared library" in words for words in forced), forced


def test_a_requirement_on_musl_finds_the_wheel_for_musl(tmp_path: Path) -> None:
    ended = run(tmp_path, "bwrap", ["markupsafe"], *on("alpine-3.22"), "--image", f"alpine-3.22={need_musl()}")
    assert ended.code == 0, ended.words
    assert "musllinux" in ended.one("*/import/*")["subject"]
