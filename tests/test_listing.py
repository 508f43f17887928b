"""Where the files of a wheel go, with digests that tell contents apart."""

from pathlib import Path

import pytest
from wheels import build_wheel

from manylinux_lab.errors import EngineError
from manylinux_lab.wheels import remembered
from manylinux_lab.wheels.reading import read_wheel
from manylinux_lab.wheels.remembered import listing_of
from manylinux_lab.wheels.wheel import Wheel

ENTRY_POINTS = b"""
[console_scripts]
Tool = demo:main
[gui_scripts]
window=demo:show
[other]
not-a-command = demo:x
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MANYLINUX_LAB_CACHE", str(tmp_path / "cache"))
    remembered._listing.cache_clear()
    return tmp_path / "cache"


def wheel(folder: Path, files: dict[str, bytes]) -> Wheel:
    return read_wheel(build_wheel(folder, files=files))


def test_every_scheme_has_its_place(tmp_path: Path) -> None:
    files = {
        "demo/__init__.py": b"",
        "demo-1.0.data/purelib/a.py": b"1",
        "demo-1.0.data/platlib/b.py": b"2",
        "demo-1.0.data/scripts/run": b"3",
        "demo-1.0.data/data/share/x": b"4",
        "demo-1.0.data/data/bin/run2": b"5",
        "demo-1.0.data/data/lib/python3.11/site-packages/c.py": b"6",
        "demo-1.0.data/headers/x.h": b"7",
        "demo-1.0.dist-info/entry_points.txt": ENTRY_POINTS,
    }
    found = listing_of(wheel(tmp_path, files)).files
    assert [place for place in sorted(found) if ".dist-info/" not in place] == [
        "prefix/bin/Tool",
        "prefix/bin/run",
        "prefix/bin/run2",
        "prefix/bin/window",
        "prefix/share/x",
        "site/a.py",
        "site/b.py",
        "site/c.py",
        "site/demo/__init__.py",
    ]
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize("text", [b"[console_scripts\nx", b"x = 1", b"\xff\n", b"[console_scripts]\nx\n"])
def test_entry_points_that_nobody_can_read_give_no_command(tmp_path: Path, text: bytes) -> None:
    found = listing_of(wheel(tmp_path, {"demo.py": b"", "demo-1.0.dist-info/entry_points.txt": text}))
    assert not any(place.startswith("prefix/") for place in found.files)


def test_a_listing_is_remembered_on_disk_and_in_memory(tmp_path: Path, cache: Path) -> None:
    subject = wheel(tmp_path, {"demo.py": b""})
    first = listing_of(subject)
    subject.path.unlink()
    assert listing_of(subject) is first
    remembered._listing.cache_clear()
    assert listing_of(subject) == first
    remembered._listing.cache_clear()
    (cache / "listings" / f"{subject.sha256}.json").write_bytes(b"{")
    with pytest.raises(EngineError, match="cannot be read any more"):
        listing_of(subject)
    subject.path.write_bytes(b"half")
    with pytest.raises(EngineError, match=r"was readable before: '.*' is not a zip archive"):
        listing_of(subject)
