"""What the tests of the engines share: a small Debian root, kept in the cache, and the search for processes."""

import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from manylinux_lab.engines import ENGINES
from manylinux_lab.engines.contract import Engine, Image
from manylinux_lab.folders import cache_folder

KEY = "tests/engines"
SUITE = "bookworm"


def small_root() -> Path:
    """Return the tarball of a minimal Debian 12, or skip."""
    kept = cache_folder("tests") / f"{SUITE}-{platform.machine()}.tar"
    if kept.exists():
        return kept
    if shutil.which("mmdebstrap") is None:
        pytest.skip("'mmdebstrap', which makes the root file system of these tests, is not installed")
    fresh = kept.with_name(f"new-{os.getpid()}-{kept.name}")
    done = subprocess.run(
        ["mmdebstrap", "--variant=minbase", SUITE, str(fresh)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        fresh.unlink(missing_ok=True)
        pytest.skip(f"mmdebstrap cannot make a root file system: {done.stderr.strip().splitlines()[-1:]}")
    fresh.rename(kept)
    return kept


def usable_engine(name: str) -> Engine:
    """Return an engine, or skip."""
    engine = ENGINES[name]()
    if trouble := engine.trouble():
        pytest.skip(f"the engine '{name}' cannot be used: {trouble}")
    return engine


def small_image(engine: Engine) -> Image:
    """Return the small root as an image of an engine."""
    return engine.find(KEY) or engine.load(small_root(), platform.machine(), KEY, "made by mmdebstrap for tests")


def sleepers(seconds: str) -> list[int]:
    """Return the processes of this machine that run ``sleep SECONDS``: on a bench or not."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[-3:] == [b"sleep", seconds.encode(), b""]:
            found.append(int(folder.name))
    return found


def wait_for(condition: Callable[[], object], seconds: float = 20) -> bool:
    """Return whether ``condition()`` came true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False
