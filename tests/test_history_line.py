"""Comparisons on real benches: one wheel upgraded, one image rebuilt, and wheels that fail now and then."""

import json
import tarfile
from pathlib import Path

import pytest
from line import Ended, lab, need_engine, need_musl, on, run
from wheels import build_wheel

pytestmark = pytest.mark.real
SHAKY = 24  # wheels that fail every other time: that none of them shows it has a chance of one in a million


def rebuilt(source: Path, target: Path, is_new: bool, note: str = "") -> Path:
    """Write the root of an image anew; the newer one has lost a file that a wheel reads.

    ``note`` becomes the name of a file that no wheel reads: another digest.
    """
    conf = tarfile.TarInfo("./etc/needy.conf")
    conf.mode = 0o644
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old:
            new.addfile(member, old.extractfile(member) if member.isreg() else None)
        if not is_new:
            new.addfile(conf)
        if note:
            new.addfile(tarfile.TarInfo(f"./etc/note-{note}"))
    return target


def compared(folder: Path, old: Path, new: Path, *words: str) -> tuple[Ended, dict[str, list[dict[str, object]]]]:
    """Return the ended command and the changes by cell of two runs."""
    ended = lab(folder, "compare", old.name, new.name, "--json", *words)
    found: dict[str, list[dict[str, object]]] = {}
    for changed in json.loads(ended.out)["changes"]:
        result = changed["new"] or changed["old"]
        found.setdefault(f"{result['distro']} {result['check']} {result['project']}", []).append(changed)
    return ended, found


def test_an_upgraded_wheel_and_a_rebuilt_image_are_told_apart(tmp_path: Path) -> None:
    need_engine("bwrap")
    needy = {
        "needy/__init__.py": b"import os\nif os.path.exists('/etc/ld-musl-x86_64.path'):\n    open('/etc/needy.conf')\n"
    }
    stays = build_wheel(tmp_path / "wheels", "needy", files=needy)
    broken = {"upgraded/__init__.py": b"raise ImportError('no luck')"}
    wheels = [build_wheel(tmp_path / "wheels", "upgraded"), build_wheel(tmp_path / "new", "upgraded", "2.0", broken)]
    images = [rebuilt(need_musl(), tmp_path / f"{name}.tar", gone) for name, gone in (("old", False), ("new", True))]
    both = [
        run(tmp_path, "bwrap", [stays, wheel], *on("alpine-3.22", "debian-12"), "--image", f"alpine-3.22={image}")
        for wheel, image in zip(wheels, images, strict=True)
    ]
    assert [ended.code for ended in both] == [0, 1], both[0].words + both[1].words
    ended, found = compared(tmp_path, *(one.runs[-1] for one in both), "--fail-on", "regressed")
    assert ended.code == 1
    assert {place: [one["change"] for one in changes] for place, changes in found.items()} == {
        "alpine-3.22 import needy": ["regressed"],
        "alpine-3.22 import upgraded": ["regressed"],
        "debian-12 import upgraded": ["regressed"],
    }, ended.words
    kinds = {place: [cause["kind"] for cause in changes[0]["causes"]] for place, changes in found.items()}  # type: ignore[index, attr-defined]
    assert kinds == {
        "alpine-3.22 import needy": ["image"],
        "alpine-3.22 import upgraded": ["wheel", "image"],
        "debian-12 import upgraded": ["wheel"],
    }
    told = lab(tmp_path, "compare", both[0].runs[-1].name, both[1].runs[-1].name)
    assert told.code == 0
    assert "wheel: upgraded-1.0 -> upgraded-2.0" in told.out


def test_what_nothing_explains_is_asked_again_before_it_is_called_flaky(tmp_path: Path) -> None:
    code = b"import os\nif os.urandom(1)[0] & 1:\n    raise ImportError('now and then')\n"
    for number in range(SHAKY):
        build_wheel(tmp_path / "wheels", f"shaky{number}", files={f"shaky{number}.py": code})
    words = [tmp_path / "wheels", *on("debian-12")]
    both = [run(tmp_path, "bwrap", words[:1], *words[1:], "--cell", "*/import/*") for _ in range(2)]
    ended, found = compared(tmp_path, *(one.runs[-1] for one in both), "--repeat", "3")
    assert ended.code == 0
    changes = [changed for several in found.values() for changed in several]
    flaky = [changed for changed in changes if changed["change"] == "flaky"]
    assert flaky, ended.words
    for changed in changes:
        rate = changed["rate"]
        assert isinstance(rate, dict), changed
        assert rate["times"] == 3
        assert bool(rate["deviations"]) == (changed["change"] == "flaky")
    assert [plan.parent.parent.name for plan in (both[1].runs[-1]).glob("repeats/*/plan.json")] == ["repeats"] * 3
