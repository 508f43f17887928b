"""Predictions in real runs: beside what was seen, and in place of what could not be run."""

from pathlib import Path

import pytest
from dynamic_elves import NEEDED, dynamic_elf
from line import both_engines, lab, need_engine, on, run
from wheels import build_wheel

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
