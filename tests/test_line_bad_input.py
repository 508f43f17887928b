"""The line with bad input: one clear sentence, the right blame and exit code, and the other cells finish."""

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from indexes import IndexFolder, served
from line import Ended, both_engines, lab, on, pinned, run
from loopback_registry import free_port, registry
from wheels import PURE, build_wheel, wheel_entries, write_archive

pytestmark = pytest.mark.real
LINK = 0o120777 << 16
BOMB = 300 << 20  # bytes of zeros: more than a thousandfold expansion


def bad_wheels(folder: Path) -> Iterator[tuple[Path, str]]:
    """Write one wheel of each bad kind; yield it with the word that must be in its reason."""
    whole = build_wheel(folder / "whole", "cut").read_bytes()
    for name, content, word in (
        (f"nozip-1.0-{PURE}.whl", b"no zip at all", "zip"),
        (f"cut-1.0-{PURE}.whl", whole[: len(whole) // 2], "zip"),
        (f"empty-1.0-{PURE}.whl", b"", "zip"),
        ("no_wheel_name.whl", whole, "name"),
    ):
        (folder / name).write_bytes(content)
        yield folder / name, word
    for name, project, entry, word in (
        ("other", "differs", "other/__init__.py", "differs"),
        ("climbs", "climbs", "../../climbed.py", "../../climbed.py"),
        ("absolute", "absolute", "/etc/absolute.py", "/etc/absolute.py"),
    ):
        path = folder / f"{name}-1.0-{PURE}.whl"
        yield write_archive(path, wheel_entries(project, "1.0", {entry: b""})), word
    yield _linked(folder / f"linked-1.0-{PURE}.whl"), "link"
    yield build_wheel(folder, "bomb", files={"bomb.bin": bytes(BOMB)}), "zip bomb"


def _linked(path: Path) -> Path:
    write_archive(path, wheel_entries("linked", "1.0", {"linked.py": b""}))
    with zipfile.ZipFile(path, "a") as archive:
        entry = zipfile.ZipInfo("escape")
        entry.external_attr = LINK
        archive.writestr(entry, "/etc/passwd")
    return path


def test_unreadable_wheels_fail_and_the_others_finish(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    folder.mkdir()
    bad = dict(bad_wheels(folder))
    good = build_wheel(folder, "good")
    ended = run(tmp_path, "bwrap", [folder], *on("debian-12"))
    assert ended.code == 1, ended.words
    for path, word in bad.items():
        failed = ended.one(f"host/*/{path.name}")
        assert (failed["check"], failed["verdict"], failed["outcome"]) == ("read", "fail", "broken")
        assert word in failed["reason"], failed
        assert failed["reason"].count("\n") == 0
        assert failed["reason"].endswith("."), failed
    assert ended.verdicts(f"*{good.name}") == {
        f"host/read/{good.name}": "pass",
        f"debian-12:x86_64:cp311/install/{good.name}": "pass",
        f"debian-12:x86_64:cp311/import/{good.name}": "pass",
    }
    assert len(ended.results) == len(bad) + 3
    assert not (tmp_path / "climbed.py").exists()


def said(ended: Ended, code: int, *words: str) -> None:
    """Check the exit code and that exactly one sentence came, with these words in it."""
    sentences = [line for line in ended.err.splitlines() if line.startswith("manylinux-lab: ")]
    assert (ended.code, len(sentences)) == (code, 1), ended.words
    for word in words:
        assert word in sentences[0]
    assert not ended.runs


def test_what_cannot_be_a_subject(tmp_path: Path) -> None:
    (tmp_path / "hollow").mkdir()
    one, two = (build_wheel(tmp_path / name, "demo", files={"demo.py": name.encode()}) for name in ("one", "two"))
    (tmp_path / "demo-1.0.tar.gz").write_bytes(b"")
    (tmp_path / "bad.txt").write_text("numpy\n--editable .\n")
    for subjects, words in (
        (["hollow"], ["'hollow'"]),
        (["nowhere.whl"], ["'nowhere.whl'"]),
        ([one, two], ["demo-1.0-py3-none-any.whl", "different content"]),
        (["demo-1.0.tar.gz"], ["'demo-1.0.tar.gz'"]),
        (["numpy=>2"], ["'numpy=>2'"]),
        (["-r", "bad.txt"], []),
        (["bad.txt"], ["--editable", "bad.txt"]),
    ):
        ended = lab(tmp_path, "run", *subjects, *on("debian-12"), "--engine", "bwrap")
        assert ended.code == 4, ended.words
        assert not ended.runs
        if words:
            said(ended, 4, *words)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--distro", "debain-12"], "did you mean 'debian-12'"),
        (["--distro", "debian-12", "--arch", "arch64"], "aarch64"),
        (["--distro", "debian-12", "--engine", "dokcer"], "docker"),
        (["--distro", "debian-12", "--image", "debian-12"], "ID[:ARCH]=PATH"),
        (["--distro", "debian-12", "--installer", "pipx"], "pip"),
        (["--distro", "debian-12", "--smoke", "numpy"], "PROJECT=CODE"),
        (["--distro", "debian-12", "--timeout", "0"], "--timeout"),
        (["--distro", "debian-12", "--only-failed", "none"], "There is no run 'none'"),
        (["--distro", "debian-12", "--python-root", "nowhere"], "nowhere"),
    ],
)
def test_options_that_cannot_be_used(tmp_path: Path, words: list[str], sentence: str) -> None:
    said(lab(tmp_path, "run", "markupsafe", *words), 4, sentence)


def test_an_index_that_does_not_answer_is_the_labs_trouble(tmp_path: Path) -> None:
    good = build_wheel(tmp_path, "good")
    url = f"http://127.0.0.1:{free_port()}/simple"
    environment = {"PIP_RETRIES": "0", "PIP_EXTRA_INDEX_URL": ""}
    words = [*on("debian-12"), "--engine", "bwrap", "--index-url", url]
    ended = lab(tmp_path, "run", "markupsafe", good, *words, environment=environment)
    assert ended.code == 3, ended.words
    trouble = ended.one("*/markupsafe")
    assert (trouble["check"], trouble["outcome"], trouble["verdict"]) == ("resolve", "trouble", "error")
    assert url in trouble["reason"]
    assert ended.one(f"*/import/{good.name}")["verdict"] == "pass"


def test_an_index_with_a_wheel_that_is_not_what_it_says(tmp_path: Path) -> None:
    folder = IndexFolder(root=tmp_path / "index")
    folder.wheel("honest", "1.0")
    folder.wheel("forged", "1.0", sha256="0" * 64)
    folder.wheel("needy", "1.0", ["nowhere-to-be-found"])
    with served(folder) as server:
        words = [*on("debian-12"), "--engine", "bwrap", "--index-url", server.url]
        ended = lab(tmp_path, "run", "honest", "forged", "needy", "absent", *words)
    assert ended.one("*/import/honest*")["verdict"] == "pass"
    assert ended.one("*/forged*")["verdict"] == "error", ended.words
    assert "sha256" in ended.one("*/forged*")["reason"]
    assert "nowhere-to-be-found" in ended.one("*/needy*")["reason"]
    assert ended.one("*/absent")["verdict"] == "fail", ended.words
    assert ended.code == 1


def test_an_image_that_does_not_exist(tmp_path: Path) -> None:
    wheel = pinned("numpy", "numpy-2.4.6-cp313-cp313-musllinux_1_2_x86_64.whl")
    said(
        lab(tmp_path, "run", wheel, *on("alpine-3.22"), "--engine", "bwrap", "--image", "alpine-3.22=gone.tar.xz"),
        4,
        "gone.tar.xz",
    )


@both_engines
def test_a_registry_that_does_not_have_the_image(tmp_path: Path, engine: str) -> None:
    with quiet_registry(tmp_path) as address:
        ended = run(tmp_path, engine, ["markupsafe"], *on("fedora-43", "debian-12"), "--registry-mirror", address)
    assert ended.code == 3, ended.words
    trouble = ended.one("fedora-43:*/install/*")
    assert (trouble["outcome"], trouble["verdict"]) == ("trouble", "error")
    assert f"The image '{address}/library/fedora:43' (x86_64) cannot be pulled" in trouble["reason"]
    assert ended.one("debian-12:*/import/*")["verdict"] == "pass"


@both_engines
def test_a_distro_that_cannot_be_had_is_left_out(tmp_path: Path, engine: str) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    ended = run(tmp_path, engine, ["markupsafe"], *on("opensuse-tumbleweed", "debian-12"), "--registry-mirror", nobody)
    assert ended.code == 0, ended.words
    (entry,) = ended.plan["left_out"]
    assert entry["bench"] == "opensuse-tumbleweed:x86_64"
    assert f"the registry '{nobody}' cannot be reached" in entry["reason"]
    assert entry["reason"].partition(":")[0] in " ".join(ended.out.split())


@contextmanager
def quiet_registry(folder: Path) -> Iterator[str]:
    """Run a registry, or skip where there is none."""
    if shutil.which("docker-registry") is None:
        pytest.skip("docker-registry is not installed")
    with registry(folder) as address:
        yield address
