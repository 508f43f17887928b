"""Predictions in real runs: beside what was seen, and in place of what could not be run."""

from pathlib import Path

import pytest
from dynamic_elves import NEEDED, dynamic_elf
from line import both_engines, lab, need_engine, need_musl, on, pinned, run
from wheels import build_wheel

from manylinux_lab.predicting.profile import Answer, read_profiles

pytestmark = pytest.mark.real

# Nothing answers there, and no tool bootstraps this distro.
NOWHERE = ("--registry-mirror", "127.0.0.1:1")


def wheel(folder: Path) -> Path:
    """Return a wheel whose extension module needs a library that nobody has."""
    core = dynamic_elf(texts=((NEEDED, "libnowhere.so.9"),), ordinary=["PyInit__core"], align=4096)
    files = {"demo/__init__.py": b"from . import _core\n", "demo/_core.abi3.so": core}
    return build_wheel(folder, files=files, tag="cp39-abi3-manylinux_2_17_x86_64")


@both_engines
def test_a_place_without_an_image_is_predicted(tmp_path: Path, engine: str) -> None:
    done = run(tmp_path, engine, [wheel(tmp_path)], *on("debian-12", "clearlinux-latest"), *NOWHERE)

    seen = done.one("debian-12:*/import/*")
    told = done.one("clearlinux-latest:*/import/*")
    assert (seen["how"], seen["verdict"]) == ("observed", "fail"), done.words
    assert (told["how"], told["verdict"]) == ("predicted", "unknown"), done.words
    assert seen["facts"]["predicted"]["agrees"] is True
    assert done.code == 1
    assert any(entry["bench"] == "clearlinux-latest:x86_64" for entry in done.plan["left_out"])
    assert "(predicted)" in done.out
    assert "predicted: 1 unknown" in done.out


@both_engines
def test_a_distro_is_measured_and_has_not_aged_at_once(tmp_path: Path, engine: str) -> None:
    need_engine(engine)
    first = lab(tmp_path, "profile", "debian-12", "--variant", "minimal", "--engine", engine, "--out", tmp_path)

    assert first.code == 0, first.words
    assert "measured  debian-12-x86_64-minimal: glibc 2.36" in first.out
    assert (tmp_path / "base-x86_64-measured.json").is_file()


def test_a_root_with_musl_is_measured(tmp_path: Path) -> None:
    need_engine("bwrap")
    image = ("--image", f"alpine-3.22={need_musl()}")
    done = lab(
        tmp_path, "profile", "alpine-3.22", "--variant", "minimal", "--engine", "bwrap", "--out", tmp_path, *image
    )
    measured = read_profiles(tmp_path / "base-x86_64-measured.json")["alpine-3.22"]

    assert "measured  alpine-3.22-x86_64-minimal: musl 1.2" in done.out, done.words
    assert measured.folders == ("/usr/lib/x86_64-linux-musl",)
    assert [measured.library(name) for name in ("libc.so", "libstdc++.so.6")] == [Answer.RESOLVED, Answer.UNRESOLVED]


def test_a_wheel_for_musl_does_what_was_foretold(tmp_path: Path) -> None:
    core = dynamic_elf(texts=((NEEDED, "libowl.so.1"),), ordinary=["PyInit__core"], align=4096)
    files = {"demo/__init__.py": b"from . import _core\n", "demo/_core.abi3.so": core}
    owl = build_wheel(tmp_path, files=files, tag="cp39-abi3-musllinux_1_1_x86_64")
    markupsafe = pinned("markupsafe", "markupsafe-3.0.3-cp313-cp313-musllinux_1_2_x86_64.whl")
    image = ("--image", f"alpine-3.22={need_musl()}")

    done = run(tmp_path, "bwrap", [markupsafe, owl], *on("alpine-3.22"), *image)

    seen = {line["project"]: line for line in done.results if line["check"] == "import"}
    told = {project: line["facts"]["predicted"] for project, line in seen.items()}
    assert (seen["markupsafe"]["verdict"], seen["demo"]["verdict"]) == ("pass", "fail"), done.words
    assert (told["markupsafe"]["outcome"], told["markupsafe"]["agrees"]) == ("ok", True)
    assert (told["demo"]["outcome"], told["demo"]["agrees"]) == ("unknown", None)
    assert "'libowl.so.1', which was not measured here" in told["demo"]["reason"]
