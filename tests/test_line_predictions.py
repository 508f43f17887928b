"""Predictions in real runs: beside what was seen, and in place of what could not be run."""

from pathlib import Path

import pytest
from dynamic_elves import NEEDED, dynamic_elf
from indexes import IndexFolder, served
from line import Ended, both_engines, lab, need_engine, need_musl, on, pinned, run
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


def glibc(version: str, folder: Path) -> Path:
    """Return a wheel whose tag promises glibc 2.17, and whose extension module needs the version."""
    versions = (("libc.so.6", (f"GLIBC_{version}",)),)
    core = dynamic_elf(texts=((NEEDED, "libc.so.6"),), versions=versions, ordinary=["PyInit__core"], align=4096)
    files = {"demo/__init__.py": b"from . import _core\n", "demo/_core.abi3.so": core}
    return build_wheel(folder, files=files, tag="cp36-abi3-manylinux_2_17_x86_64")


@both_engines
@pytest.mark.parametrize(
    ("version", "code", "amazon", "counts"),
    [("2.17", 5, "pass", "predicted: 2 kept"), ("2.33", 1, "fail", "predicted: 1 kept, 1 failed")],
)
def test_without_any_image_a_run_is_a_report_of_predictions(
    tmp_path: Path, engine: str, version: str, code: int, amazon: str, counts: str
) -> None:
    done = run(tmp_path, engine, [glibc(version, tmp_path)], *on("amazonlinux-2", "fedora-43"), *NOWHERE)

    assert done.code == code, done.words
    told = {line["distro"]: line["verdict"] for line in done.results if line["how"] == "predicted"}
    assert told == {"amazonlinux-2": amazon, "fedora-43": "pass"}, done.words
    assert {line["check"] for line in done.results if line["how"] == "observed"} == {"read"}
    assert "Nothing can be run here: all results are predictions." in done.err
    assert counts in done.out
    assert {place.partition(":")[0] for place in left_out(done)} == {"amazonlinux-2", "fedora-43"}
    again = lab(tmp_path, "run", "--resume", "latest")
    assert (again.code, "is complete" in again.out) == (5, True), again.words


def left_out(done: Ended) -> list[str]:
    """Return the places that a run left out."""
    return [entry["bench"] for entry in done.plan["left_out"]]


def test_without_any_image_a_requirement_is_predicted_or_nothing_is_left(tmp_path: Path) -> None:
    folder = IndexFolder(root=tmp_path / "index")
    folder.wheel("demo", "1.0")
    words = [*on("fedora-43"), *NOWHERE]
    with served(folder) as server:
        done = run(tmp_path, "bwrap", ["demo"], *words, "--index-url", server.url)
    nothing = run(tmp_path, "bwrap", ["demo; sys_platform == 'win32'"], *words)

    assert (done.code, done.verdicts()) == (5, {"fedora-43:x86_64:cp314/import/demo-1.0-py3-none-any.whl": "pass"})
    assert nothing.code == 5, nothing.words
    assert "its marker excludes it" in nothing.out


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
