"""A control group for each bench that ``bwrap`` starts, in a v1 or v2 hierarchy, wherever this user may write."""

import contextlib
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import EngineError
from .contract import Limits

MOUNTS = Path("/proc/self/mounts")
OWN = Path("/proc/self/cgroup")
CONTROLLERS = ("memory", "pids")
REMOVAL_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where control groups can be made: one folder for each controller (v1), or one folder for all of them (v2)."""

    version: int
    folders: tuple[Path, ...]


def find_place(mounts: str, own: str) -> Place | None:
    """Return where benches can have control groups, or None.

    ``mounts`` and ``own`` are the contents of ``/proc/self/mounts`` and ``/proc/self/cgroup``. Groups are made below
    the lab's own group, so that a limit on the lab holds for its benches too.
    """
    paths = {names: path for _, names, path in (line.split(":", 2) for line in own.splitlines())}
    legacy: dict[str, Path] = {}
    unified = None
    for line in mounts.splitlines():
        _, where, kind, options, *_ = line.split(" ")
        if kind == "cgroup2":
            unified = Path(where)
        elif kind == "cgroup":
            for controller in set(options.split(",")) & set(CONTROLLERS):
                names = next((names for names in paths if controller in names.split(",")), "")
                legacy[controller] = _below(Path(where), paths.get(names, "/"))
    if len(legacy) == len(CONTROLLERS):
        folders = tuple(legacy[controller] for controller in CONTROLLERS)
        return Place(version=1, folders=folders) if all(_writable(folder) for folder in folders) else None
    if unified is None:
        return None
    folder = _delegated(_below(unified, paths.get("", "/")), unified)
    return Place(version=2, folders=(folder,)) if folder else None


def _below(mount: Path, path: str) -> Path:
    # Inside a container the path may be the host's, which is not to be seen under the mount.
    inside = mount / path.lstrip("/")
    return inside if inside.is_dir() else mount


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK) and os.access(folder / "cgroup.procs", os.W_OK)


def _delegated(start: Path, mount: Path) -> Path | None:
    """Return the nearest group upwards whose children get both controllers: v2 allows no processes beside such."""
    for folder in (start, *start.parents):
        if not folder.is_relative_to(mount) or not _writable(folder):
            return None
        if folder == mount:
            with contextlib.suppress(OSError):
                (folder / "cgroup.subtree_control").write_text("+memory +pids")
        granted = (folder / "cgroup.subtree_control").read_text().split()
        if set(CONTROLLERS) <= set(granted):
            return folder
    return None


def settings(version: int, controller: str, limits: Limits) -> Mapping[str, str]:
    """Return the files to write and their contents, in order."""
    if controller == "pids":
        return {"pids.max": str(limits.pids)}
    if version == 1:
        memory = str(limits.memory)
        return {"memory.limit_in_bytes": memory, "memory.memsw.limit_in_bytes": memory}
    return {"memory.max": str(limits.memory), "memory.swap.max": "0", "memory.oom.group": "0"}


# Kernels without swap accounting lack these files; the memory limit itself holds all the same.
OPTIONAL = frozenset({"memory.memsw.limit_in_bytes", "memory.swap.max", "memory.oom.group"})


def group_folders(place: Place, name: str) -> tuple[Path, ...]:
    """Return the folders of the group called ``name``."""
    return tuple(folder / name for folder in place.folders)


def make_group(place: Place, name: str, limits: Limits) -> tuple[Path, ...]:
    """Create the group ``name`` with its limits and return its folders, one for each hierarchy."""
    folders = group_folders(place, name)
    try:
        for folder in folders:
            folder.mkdir()
        for controller in CONTROLLERS:
            folder = folders[0] if place.version == 2 else folders[CONTROLLERS.index(controller)]
            for file, value in settings(place.version, controller, limits).items():
                if file not in OPTIONAL or (folder / file).exists():
                    (folder / file).write_text(value)
    except OSError as error:
        remove_group(folders)
        raise EngineError(f"The control group '{name}' cannot be made: {error}.") from error
    return folders


def remove_group(folders: Sequence[Path]) -> bool:
    """Kill what is left in a group, remove its folders, and return whether they are gone."""
    deadline = time.monotonic() + REMOVAL_SECONDS
    while any(folder.exists() for folder in folders):
        for folder in folders:
            _kill_members(folder)
            with contextlib.suppress(OSError):
                folder.rmdir()
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True


def _kill_members(folder: Path) -> None:
    try:
        members = (folder / "cgroup.procs").read_text().split()
    except OSError:
        return
    for member in members:
        with contextlib.suppress(OSError):
            os.kill(int(member), 9)
