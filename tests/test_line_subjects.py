"""The line with each kind of subject: files, folders, requirements with all their forms, and what is left out."""

import hashlib
import shutil
from pathlib import Path

import pytest
from indexes import IndexFolder, served
from line import SHARED, Ended, lab, on, pinned, run
from wheels import build_wheel

pytestmark = pytest.mark.real
BENCH = "debian-12:x86_64:cp311"


def checks(ended: Ended, name: str) -> dict[str, str]:
    """Return the verdict of each check of the subjects that begin with ``name``."""
    return {line["check"]: line["verdict"] for line in ended.results if line["subject"].startswith(name)}


def test_a_url_with_its_hash(tmp_path: Path) -> None:
    folder = IndexFolder(root=tmp_path / "index")
    wheel = folder.wheel("demo", "1.0")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    with served(folder) as server:
        base = server.url.removesuffix("/simple")
        right, wrong = (f"demo @ {base}/files/{wheel.name}#sha256={one}" for one in (digest, "0" * 64))
        good = run(tmp_path, "bwrap", [right], *on("debian-12"))
        bad = run(tmp_path, "bwrap", [wrong], *on("debian-12"))
    local = run(tmp_path, "bwrap", [f"demo @ {wheel.as_uri()}#sha256={digest}"], *on("debian-12"))
    for ended in (good, local):
        assert ended.code == 0, ended.words
        assert ended.one(f"{BENCH}/import/{wheel.name}")["sha256"] == digest
    assert bad.code in (1, 3), bad.words
    assert [line["check"] for line in bad.results] == ["resolve"]
    assert "sha256" in bad.results[0]["reason"]


def test_a_requirement_file_with_markers_extras_and_constraints(tmp_path: Path) -> None:
    folder = IndexFolder(root=tmp_path / "index")
    folder.wheel("app", "1.0", ["always", "extra; extra == 'more'"], fields=["Provides-Extra: more"])
    for name in ("always", "older", "newer"):
        folder.wheel(name, "1.0")
    folder.wheel("always", "2.0")
    folder.wheel("extra", "1.0")
    lines = ["app[more]", "older; python_version < '3.11'", "newer; python_version >= '3.11'", "-c limits.txt"]
    (tmp_path / "needs.txt").write_text("\n".join(lines))
    (tmp_path / "limits.txt").write_text("always<2")
    with served(folder) as server:
        ended = run(tmp_path, "bwrap", ["needs.txt"], *on("debian-11", "debian-12"), "--index-url", server.url)
    assert ended.code == 0, ended.words
    chosen = ended.one(f"{BENCH}/resolve/app*")["facts"]["chosen"]
    assert sorted(name.partition("-py3")[0] for name in chosen) == ["always-1.0", "app-1.0", "extra-1.0"]
    left_out = {(entry["bench"], entry["subject"].partition(";")[0]) for entry in ended.plan["left_out"]}
    assert left_out == {("debian-11:x86_64:cp39", "newer"), (BENCH, "older")}
    assert all("marker" in entry["reason"] for entry in ended.plan["left_out"])


def test_an_extra_of_a_wheel_file_is_installed_too(tmp_path: Path) -> None:
    folder = IndexFolder(root=tmp_path / "index")
    folder.wheel("extra", "1.0")
    lines = ["Provides-Extra: more", "Requires-Dist: extra; extra == 'more'"]
    code = b"import importlib.util\nassert importlib.util.find_spec('extra')"
    wheel = build_wheel(tmp_path / "dist", "app", files={"app.py": code}, lines=lines)
    with served(folder) as server:
        words = [*on("debian-12"), "--index-url", server.url]
        without = run(tmp_path, "bwrap", [tmp_path / "dist"], *words)
        with_it = run(tmp_path, "bwrap", [tmp_path / "dist"], *words, "--extra", "more")
    assert checks(without, wheel.name)["import"] == "fail"
    assert checks(with_it, wheel.name) == {"read": "pass", "install": "pass", "import": "pass"}, with_it.words


def test_where_everything_is_left_out_there_is_nothing_to_run(tmp_path: Path) -> None:
    ended = run(tmp_path, "bwrap", ["markupsafe; sys_platform == 'win32'"], *on("debian-12"))
    assert ended.code == 5, ended.words
    assert "its marker excludes it" in ended.out
    assert not ended.runs


def test_a_failed_install_makes_the_later_checks_skip_with_a_pointer(tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path, "torn", files={"torn.py": b"", "torn.py/inside.py": b""})
    ended = run(tmp_path, "bwrap", [wheel], *on("debian-12"), "--smoke", "torn=import torn")
    assert ended.code == 1, ended.words
    assert checks(ended, "torn") == {"read": "pass", "install": "fail", "import": "skip", "smoke": "skip"}, ended.words
    for check in ("import", "smoke"):
        assert f"{BENCH}/install/{wheel.name}" in ended.one(f"{BENCH}/{check}/*")["reason"]


@pytest.mark.parametrize("installer", ["newest-pip", "uv"])
def test_other_installers_come_to_the_same_verdicts(tmp_path: Path, installer: str) -> None:
    musl = pinned("numpy", "numpy-2.4.6-cp311-cp311-musllinux_1_2_x86_64.whl")
    ended = run(tmp_path, "bwrap", [musl, "markupsafe"], *on("debian-12"), "--installer", installer)
    assert ended.code == 0, ended.words
    assert ended.one(f"{BENCH}/refuse/*")["outcome"] == "refused"
    assert {line["installer"] for line in ended.results} == {installer}
    assert ended.one(f"{BENCH}/import/*arkup*")["grade"] == "imported"


def test_a_portable_python_runs_beside_the_distros_own(tmp_path: Path) -> None:
    root = SHARED / "cpython-3.13-glibc2.17-x86_64.tar.xz"
    if not root.exists():
        pytest.skip(f"'{root.name}' is not at hand in ../shared/images")
    ended = run(tmp_path, "bwrap", ["numpy"], *on("debian-11", "debian-12"), "--python-root", root)
    assert ended.code == 0, ended.words
    imported = {line["bench"]: line["grade"] for line in ended.results if line["check"] == "import"}
    assert imported == dict.fromkeys(
        ["debian-11:x86_64:cp39", "debian-11:x86_64:cp313-portable", BENCH, "debian-12:x86_64:cp313-portable"],
        "imported",
    )


def test_plan_touches_no_engine(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("docker", "bwrap", "podman", "mmdebstrap", "skopeo"):
        (tools / name).write_text(f"#!/bin/sh\necho touched >> {tmp_path}/touched\nexit 1\n")
        (tools / name).chmod(0o755)
    wheel = build_wheel(tmp_path)
    bad = tmp_path / "bad-1.0-py3-none-any.whl"
    bad.write_bytes(b"")
    environment = {"PATH": str(tools), "DOCKER_HOST": f"unix://{tmp_path}/nobody.sock"}
    ended = lab(tmp_path, "plan", wheel, bad, *on("debian-12"), environment=environment)
    assert ended.code == 0, ended.words
    for cell in ("host/read", f"{BENCH}/install", f"{BENCH}/import"):
        assert f"{cell}/{wheel.name}" in ended.out.splitlines(), ended.words
    assert f"host/read/{bad.name}" in ended.out
    assert not (tmp_path / "touched").exists()
    assert not ended.runs
    assert shutil.which("true")  # this machine's own PATH is as it was
