"""The digest of a file is remembered while the file is the same, and never when it might not be."""

import os
from pathlib import Path

import pytest

from manylinux_lab.errors import UsageError
from manylinux_lab.folders import cache_folder
from manylinux_lab.wheels import digests
from manylinux_lab.wheels.digests import file_digest, remembered_digest


@pytest.fixture
def subject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file that changed long enough ago to be remembered."""
    monkeypatch.setenv("MANYLINUX_LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(digests, "SETTLED_NS", -1)
    path = tmp_path / "subject"
    path.write_bytes(b"first")
    return path


def count_readings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return a list that grows with each file that is read."""
    readings: list[Path] = []

    def read(path: Path) -> str:
        readings.append(path)
        return file_digest(path)

    monkeypatch.setattr(digests, "file_digest", read)
    return readings


def test_a_file_that_is_the_same_is_read_once(subject: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readings = count_readings(monkeypatch)
    expected = file_digest(subject)

    assert [remembered_digest(subject) for _ in range(3)] == [expected] * 3
    assert readings == [subject]


def test_another_content_of_the_same_size_and_time_is_another_digest(subject: Path) -> None:
    remembered_digest(subject)
    told = subject.stat()
    while subject.stat().st_ctime_ns == told.st_ctime_ns:  # the kernel's clock moves in steps of milliseconds
        subject.write_bytes(b"other")
        os.utime(subject, ns=(told.st_atime_ns, told.st_mtime_ns))

    assert remembered_digest(subject) == file_digest(subject)


def test_another_file_in_its_place_is_read(subject: Path, tmp_path: Path) -> None:
    remembered_digest(subject)
    (tmp_path / "new").write_bytes(b"other")
    (tmp_path / "new").replace(subject)

    assert remembered_digest(subject) == file_digest(subject)


def test_a_file_that_changed_just_now_is_not_remembered(subject: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "SETTLED_NS", 3600 * 10**9)
    readings = count_readings(monkeypatch)
    remembered_digest(subject)
    remembered_digest(subject)

    assert len(readings) == 2


@pytest.mark.parametrize("damage", [b"", b"{", b'{"schema":9}'])
def test_a_damaged_memory_is_made_again(subject: Path, damage: bytes) -> None:
    remembered_digest(subject)
    (kept,) = cache_folder("digests").iterdir()
    kept.write_bytes(damage)

    assert remembered_digest(subject) == file_digest(subject)
    assert kept.read_bytes() != damage


def test_a_file_that_is_not_there_is_an_error(subject: Path) -> None:
    subject.unlink()
    with pytest.raises(FileNotFoundError):
        remembered_digest(subject)


def test_a_cache_that_cannot_be_written_costs_no_result(subject: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (subject.parent / "file").write_text("no folder can be below this")
    monkeypatch.setenv("MANYLINUX_LAB_CACHE", str(subject.parent / "file" / "cache"))

    assert remembered_digest(subject) == file_digest(subject)
    with pytest.raises(UsageError, match=r"cannot be made .*; name another place with MANYLINUX_LAB_CACHE"):
        cache_folder("downloads")
