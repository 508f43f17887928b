"""The newest pip and uv: fetched once a day, and kept when the index is away."""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from manylinux_lab.errors import EngineError
from manylinux_lab.folders import cache_folder
from manylinux_lab.images import installers
from manylinux_lab.images.installers import NEWEST_PIP, UV, installer_mount
from manylinux_lab.interpreter import Interpreter

PYTHON = Interpreter(version=(3, 9), abi="cp39")


class Index:
    """Stands for pip and the index: writes the wheel that pip would download, or fails."""

    def __init__(self) -> None:
        self.seen: list[list[str]] = []
        self.file = "pip-25.3-py3-none-any.whl"
        self.entry = "pip/__main__.py"
        self.is_away = False

    def __call__(self, argv: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        self.seen.append(argv)
        if self.is_away:
            return subprocess.CompletedProcess(argv, 1, "", "ERROR: No matching distribution found\n")
        folder = next(word.partition("=")[2] for word in argv if word.startswith("--dest="))
        with zipfile.ZipFile(Path(folder, self.file), "w") as wheel:
            wheel.writestr(self.entry, "")
        return subprocess.CompletedProcess(argv, 0, "", "")


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Index:
    """Put the stand-in in pip's place."""
    made = Index()
    monkeypatch.setattr(installers.subprocess, "run", made)
    return made


def test_the_distros_pip_needs_no_mount(index: Index) -> None:
    assert installer_mount("pip", PYTHON, "x86_64") is None
    assert index.seen == []


def test_the_newest_pip_is_the_newest_for_the_interpreter(index: Index) -> None:
    mount = installer_mount("newest-pip", PYTHON, "x86_64")
    assert mount is not None
    assert mount.inside == NEWEST_PIP
    assert (mount.outside / "pip" / "__main__.py").exists()
    assert "--python-version=3.9" in index.seen[0]
    assert installer_mount("newest-pip", PYTHON, "x86_64") == mount
    assert len(index.seen) == 1


def test_uv_is_the_program_of_its_wheel(index: Index) -> None:
    index.file, index.entry = "uv-0.9.0-py3-none-musllinux_1_1_aarch64.whl", "uv-0.9.0.data/scripts/uv"
    mount = installer_mount("uv", PYTHON, "aarch64")
    assert mount is not None
    assert f"{mount.inside}/uv" == UV
    assert os.access(mount.outside / "uv", os.X_OK)
    assert index.seen[0].index("--platform=musllinux_1_1_aarch64") < index.seen[0].index(
        "--platform=manylinux_2_17_aarch64"
    )


def test_after_a_day_the_index_is_asked_again_and_may_be_away(index: Index) -> None:
    first = installer_mount("newest-pip", PYTHON, "x86_64")
    os.utime(cache_folder("installers") / "newest-pip-3.9", (0, 0))
    index.is_away = True
    assert installer_mount("newest-pip", PYTHON, "x86_64") == first
    assert len(index.seen) == 2
    index.is_away, index.file = False, "pip-26.0-py3-none-any.whl"
    assert installer_mount("newest-pip", PYTHON, "x86_64") != first


@pytest.mark.parametrize("name", ["newest-pip", "uv"])
def test_what_was_cleaned_is_fetched_again(index: Index, name: str) -> None:
    if name == "uv":
        index.file, index.entry = "uv-0.9-py3-none-musllinux_1_1_x86_64.whl", "uv-0.9.data/scripts/uv"
    installer_mount(name, PYTHON, "x86_64")
    for folder in cache_folder("installers").iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)
    mount = installer_mount(name, PYTHON, "x86_64")
    assert mount is not None
    assert mount.outside.is_dir()
    assert len(index.seen) == 2


def test_nothing_kept_and_no_index_is_trouble(index: Index) -> None:
    index.is_away = True
    with pytest.raises(EngineError, match="No matching distribution"):
        installer_mount("newest-pip", PYTHON, "x86_64")
    with pytest.raises(EngineError, match="needs the network"):
        installer_mount("newest-pip", PYTHON, "x86_64", offline=True)
    assert len(index.seen) == 1
