"""Files appear whole or not at all."""

import errno
import os
import stat
from pathlib import Path

import pytest

from manylinux_lab.atomic import appearing


def test_a_file_appears_at_the_end_of_the_block(tmp_path: Path) -> None:
    path = tmp_path / "below" / "file"
    with appearing(path) as file:
        file.write(b"content")
        assert not path.exists()

    assert path.read_bytes() == b"content"
    assert path.stat().st_mode & 0o777 == 0o644


def test_what_is_no_file_is_written_to_and_stays_what_it_is() -> None:
    ours, theirs = os.openpty()
    device = Path(os.ttyname(theirs))
    with appearing(device) as file:
        file.write(b"content")

    assert os.read(ours, 7) == b"content"
    assert stat.S_ISCHR(device.stat().st_mode)
    os.close(ours)
    os.close(theirs)


def test_a_link_keeps_leading_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "file").write_bytes(b"old")
    with appearing(tmp_path / "link") as file:
        file.write(b"new")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"


def test_nothing_is_left_after_an_exception(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")

    with pytest.raises(KeyboardInterrupt):
        _write_half(tmp_path / "file")

    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"old")]


def test_a_full_disk_names_the_file(tmp_path: Path) -> None:
    def fill_up(path: Path) -> None:
        with appearing(path):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match=r"No space left on device: '.*/page'$"):
        fill_up(tmp_path / "page")


def _write_half(path: Path) -> None:
    with appearing(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
