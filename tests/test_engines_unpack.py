"""Tests of unpacking root file systems that nobody vouches for."""

import io
import tarfile
from pathlib import Path

import pytest

from manylinux_lab.engines.unpack import Hashing, Unpacker, open_root
from manylinux_lab.errors import EngineError, UsageError


def entry(name: str, kind: bytes = tarfile.REGTYPE, *, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    """Return the header of an entry; regular files have their name as content."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode, info.mtime = kind, link, mode, 1000
    info.size = len(name) if kind == tarfile.REGTYPE else 0
    return info


def unpack(to: Path, *entries: tarfile.TarInfo) -> None:
    """Unpack an archive of the given entries."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for info in entries:
            archive.addfile(info, io.BytesIO(info.name.encode()) if info.size else None)
    buffer.seek(0)
    to.mkdir(exist_ok=True)
    with tarfile.open(fileobj=buffer, mode="r|") as archive:
        unpacker = Unpacker(to)
        for member in archive:
            unpacker.add(member, archive)
    unpacker.finish()


def test_files_folders_and_links_arrive_with_modes_and_times(tmp_path: Path) -> None:
    root = tmp_path / "root"
    unpack(
        root,
        entry(".", tarfile.DIRTYPE, mode=0o755),
        entry("./usr", tarfile.DIRTYPE, mode=0o750),
        entry("./usr/program", mode=0o4755),
        entry("./bin", tarfile.SYMTYPE, link="usr"),
        entry("./etc/alternatives/x", tarfile.SYMTYPE, link="/usr/program"),
        entry("./usr/twin", tarfile.LNKTYPE, link="./usr/program"),
        entry("./sealed", tarfile.DIRTYPE, mode=0o000),
    )
    assert (root / "usr/program").read_text() == "./usr/program"
    assert (root / "usr/program").stat().st_mode & 0o7777 == 0o4755
    assert (root / "usr").stat().st_mode & 0o7777 == 0o750
    assert (root / "usr").stat().st_mtime == 1000
    assert (root / "usr/twin").samefile(root / "usr/program")
    assert str((root / "bin").readlink()) == "usr"
    assert str((root / "etc/alternatives/x").readlink()) == "/usr/program"
    assert (root / "sealed").stat().st_mode & 0o7777 == 0o700


def test_an_absolute_name_means_a_place_in_the_root(tmp_path: Path) -> None:
    unpack(tmp_path / "root", entry("/etc/passwd"))
    assert (tmp_path / "root/etc/passwd").is_file()


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_are_left_out(tmp_path: Path, kind: bytes) -> None:
    unpack(tmp_path / "root", entry("dev/thing", kind))
    assert not (tmp_path / "root/dev/thing").exists()


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([entry("../out")], "climbs out"),
        ([entry("a/../../out")], "climbs out"),
        ([entry("a", tarfile.SYMTYPE, link="/tmp"), entry("a/out")], "goes through the link 'a'"),
        ([entry("a", tarfile.SYMTYPE, link=".."), entry("a/b/out")], "goes through the link 'a'"),
        ([entry("a"), entry("a/out")], "goes through the link 'a'"),
        ([entry("a", tarfile.SYMTYPE, link="/tmp"), entry("a", tarfile.DIRTYPE)], "replaces something else"),
        ([entry("a/b"), entry("a", tarfile.SYMTYPE, link="/tmp")], "replaces a folder"),
        ([entry("a", tarfile.LNKTYPE, link="/etc/passwd")], "no file of the root"),
        ([entry("a", tarfile.LNKTYPE, link="../out")], "climbs out"),
        (
            [entry("a", tarfile.SYMTYPE, link="/etc/passwd"), entry("b", tarfile.LNKTYPE, link="a")],
            "no file of the root",
        ),
        ([entry(".", tarfile.SYMTYPE, link="/")], "replaces something else"),
    ],
)
def test_entries_that_lead_out_are_refused(tmp_path: Path, entries: list[tarfile.TarInfo], words: str) -> None:
    with pytest.raises(EngineError, match=words):
        unpack(tmp_path / "root", *entries)
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def test_a_later_file_replaces_a_link_instead_of_writing_through_it(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("untouched")
    unpack(tmp_path / "root", entry("a", tarfile.SYMTYPE, link=str(tmp_path / "outside")), entry("a"))
    assert (tmp_path / "outside").read_text() == "untouched"
    assert (tmp_path / "root/a").read_text() == "a"


def test_the_digest_covers_what_the_reader_left() -> None:
    hashing = Hashing(io.BytesIO(b"abc"))
    hashing.read(1)
    assert hashing.digest() == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_root_that_is_not_there_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.tar' does not exist"), open_root(tmp_path / "absent.tar"):
        pass


def test_a_missing_decompressor_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "root.tar.zst").write_bytes(b"\x28\xb5\x2f\xfdrest")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="the program 'zstd' is missing"), open_root(tmp_path / "root.tar.zst"):
        pass


@pytest.mark.real
def test_a_folder_gives_the_same_bytes_twice(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    for name in ("b", "a"):
        (tmp_path / "root" / name).write_text(name)
    digests = set()
    for _ in range(2):
        with open_root(tmp_path / "root") as stream:
            digests.add(Hashing(stream).digest())
    assert len(digests) == 1
