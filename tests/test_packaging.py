"""What the wheel of the lab would install: one package, all its data, and nothing in a neighbour's place."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built from a copy of the tracked files."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, check=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((CHECKOUT / name).read_bytes())
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(source)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return next(out.glob("*.whl"))


def test_the_top_level_is_ours_alone(built: Path) -> None:
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(built).namelist()}
    assert tops == {"manylinux_lab", next(top for top in tops if top.endswith(".dist-info"))}


@pytest.mark.parametrize("folder", ["distros", "reference", "suites", "reports"])
def test_every_data_file_is_in_the_wheel(built: Path, folder: str) -> None:
    packed = set(zipfile.ZipFile(built).namelist())
    tracked = subprocess.run(["git", "ls-files", folder], cwd=CHECKOUT, capture_output=True, check=True, text=True)
    names = {f"manylinux_lab/{name}" for name in tracked.stdout.split() if not name.endswith(".md")}
    assert names
    assert names <= packed


def test_every_module_is_in_the_wheel(built: Path) -> None:
    packed = set(zipfile.ZipFile(built).namelist())
    tracked = subprocess.run(["git", "ls-files", "lab"], cwd=CHECKOUT, capture_output=True, check=True, text=True)
    names = {name.removeprefix("lab/") for name in tracked.stdout.split() if name.endswith(".py")}
    assert "manylinux_lab/bench/probe/__main__.py" in names
    assert names <= packed


def test_the_installed_wheel_runs_away_from_the_checkout(built: Path, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), str(built)]
    subprocess.run(install, check=True, capture_output=True)
    command = [sys.executable, "-P", "-m", "manylinux_lab", "distros", "debian-12"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(folder), "HOME": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "debian-12" in done.stdout
