"""A portable CPython, told from its files. The test's own interpreter lends its ELF header."""

import platform
import sys
import tarfile
from pathlib import Path

import pytest

from manylinux_lab.catalogue.distro import Libc
from manylinux_lab.errors import UsageError
from manylinux_lab.images.portable import INSIDE, portable
from manylinux_lab.interpreter import Origin


def folder(root: Path, name: str = "python3.13") -> Path:
    """Make a folder that looks like a relocatable CPython."""
    (root / "bin").mkdir(parents=True)
    (root / "bin" / name).write_bytes(Path(sys.executable).resolve().read_bytes())
    (root / "bin" / "python3-config").write_bytes(b"#!/bin/sh\n")
    (root / "lib" / name / "site-packages" / "pip-25.1.1.dist-info").mkdir(parents=True)
    return root


@pytest.mark.parametrize(("name", "tag"), [("python3.13", "cp313"), ("python3.13t", "cp313t"), ("python3.7", "cp37m")])
def test_the_file_names_tell_the_interpreter(tmp_path: Path, name: str, tag: str) -> None:
    found = portable(folder(tmp_path / "root", name))
    assert found.interpreter.abi == tag
    assert found.interpreter.id == f"{tag}-portable"
    assert found.interpreter.origin is Origin.PORTABLE
    assert found.interpreter.pip == "25.1.1"
    assert found.interpreter.path == f"{INSIDE}/bin/{name}"
    assert (found.mount.outside, found.mount.inside) == (tmp_path / "root", INSIDE)


def test_a_free_threaded_python_that_has_both_names_is_known_by_its_library(tmp_path: Path) -> None:
    root = folder(tmp_path / "root", "python3.13t")
    (root / "bin" / "python3.13").write_bytes((root / "bin" / "python3.13t").read_bytes())
    assert portable(root).interpreter.abi == "cp313t"


def test_the_elf_header_tells_arch_and_libc(tmp_path: Path) -> None:
    found = portable(folder(tmp_path / "root"))
    assert found.arch == platform.machine()
    assert found.libc is (Libc.MUSL if platform.libc_ver()[0] == "" else Libc.GLIBC)
    assert found.libc_version > (1, 0)


def test_a_tarball_is_unpacked_once(tmp_path: Path) -> None:
    folder(tmp_path / "made" / "python")
    archive = tmp_path / "python.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(tmp_path / "made" / "python", "python")
    first = portable(archive)
    assert (first.mount.outside / "bin" / "python3.13").exists()
    assert portable(archive) == first


@pytest.mark.parametrize("content", [b"no program", b"\x7fELF"])
def test_a_file_that_is_no_program_is_named(tmp_path: Path, content: bytes) -> None:
    root = folder(tmp_path / "root")
    (root / "bin" / "python3.13").write_bytes(content)
    with pytest.raises(UsageError, match=r"python3\.13"):
        portable(root)


def test_a_folder_without_python_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no portable Python"):
        portable(tmp_path)


def test_an_archive_that_cannot_be_unpacked_is_the_users_mistake(tmp_path: Path) -> None:
    archive = tmp_path / "python.tar.xz"
    archive.write_bytes(b"no tarball")
    with pytest.raises(UsageError, match="cannot be unpacked"):
        portable(archive)
