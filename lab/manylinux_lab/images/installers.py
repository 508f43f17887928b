"""The installers that a distro does not bring: the newest pip and uv, fetched on this machine for the benches.

They are not part of an image: a bench sees them read-only below ``/installers``, so a new pip does not make new images.
"""

import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

from ..engines.contract import Mount
from ..errors import EngineError
from ..folders import cache_folder
from ..interpreter import Interpreter

INSIDE = "/installers"  # at the top, where no image has a read-only folder in the way
NEWEST_PIP = f"{INSIDE}/newest-pip"  # to be put in front of sys.path, or "PYTHON /installers/newest-pip/pip"
UV = f"{INSIDE}/uv/uv"
FRESH_SECONDS = 24 * 3600
DOWNLOAD_SECONDS = 600


def installer_mount(name: str, interpreter: Interpreter, arch: str, *, offline: bool = False) -> Mount | None:
    """Return the mount that brings an installer to a bench; None for ``pip``, which the image has.

    ``newest-pip`` is the newest pip for the interpreter, in ``NEWEST_PIP``; ``uv`` is the program ``UV``. Fetched with
    this machine's pip settings, and again after a day.

    Raises:
        EngineError: the index cannot be asked and nothing is kept from before.
    """
    if name == "pip":
        return None
    folder = _newest_pip(interpreter, offline) if name == "newest-pip" else _uv(arch, offline)
    return Mount(outside=folder, inside=f"{INSIDE}/{name}")


def installer_release(name: str, interpreter: Interpreter, arch: str, *, offline: bool = False) -> str:
    """Return which installer a bench gets, such as ``pip 23.0.1``; the image's own pip may be unknown, then empty.

    Raises:
        EngineError: as for ``installer_mount``.
    """
    mount = installer_mount(name, interpreter, arch, offline=offline)
    if mount is None:
        return f"pip {interpreter.pip}" if interpreter.pip else ""
    found = re.search(r"-(pip|uv)-([^-/]+)-py3-none", str(mount.outside))
    return f"{found[1]} {found[2]}" if found else ""


def _newest_pip(interpreter: Interpreter, offline: bool) -> Path:
    version = f"{interpreter.version[0]}.{interpreter.version[1]}"
    return _newest("pip", f"pip-{version}", [f"--python-version={version}"], offline)


def _uv(arch: str, offline: bool) -> Path:
    """Return uv's folder. Its musllinux files are linked statically and run on every libc, so they come first."""
    tags = ("musllinux_1_1", "musllinux_1_2", "manylinux_2_17", "manylinux_2_28", "manylinux_2_31")
    folder = _newest("uv", f"uv-{arch}", [f"--platform={tag}_{arch}" for tag in tags], offline)
    scripts = next(folder.glob("uv-*.data/scripts"))
    (scripts / "uv").chmod(0o755)
    return scripts


def _newest(project: str, kind: str, terms: Sequence[str], offline: bool) -> Path:
    """Return the folder of the newest release, asking the index at most once a day."""
    kept = cache_folder("installers")
    note = kept / f"newest-{kind}"
    held = kept / note.read_text() if note.exists() else None
    if held and not held.is_dir():  # 'images clean' took it
        held = None
    if held and (offline or time.time() - note.stat().st_mtime < FRESH_SECONDS):
        return held
    if offline:
        raise EngineError(f"The installer '{project}' is not kept on this machine, and fetching it needs the network.")
    try:
        folder = _fetch(project, kind, terms, kept)
    except EngineError:
        if held is None:
            raise
        return held
    note.write_text(folder.name)
    return folder


def _fetch(project: str, kind: str, terms: Sequence[str], kept: Path) -> Path:
    with tempfile.TemporaryDirectory(dir=kept, prefix="half-") as scratch:
        _download(project, terms, Path(scratch))
        wheel = next(Path(scratch).glob("*.whl"))
        folder = kept / f"{kind}-{wheel.stem}"
        if not folder.exists():
            half = Path(scratch, "unpacked")
            half.mkdir(mode=0o755)
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(half)
            half.replace(folder)
        return folder


def _download(project: str, terms: Sequence[str], folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    argv = [*pip, "--only-binary=:all:", *terms, f"--dest={folder}", project]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"The installer '{project}' could not be fetched within ten minutes.") from error
    if done.returncode or not any(folder.glob("*.whl")):
        words = [line for line in done.stderr.splitlines() if line.strip()] or ["pip said nothing"]
        raise EngineError(f"The installer '{project}' could not be fetched from the index: {words[-1]}")
