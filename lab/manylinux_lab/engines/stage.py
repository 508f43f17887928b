"""The private mounts of one bwrap bench: its root, its tmpfs folders and its read-only folders, seen by nobody else.

A small shell waits in a mount namespace of its own. When it ends, or the lab is killed and its pipe closes, the kernel
takes all the mounts away: nothing is left to clean.
"""

import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ..errors import EngineError
from .contract import MEBIBYTE, Limits, Mount
from .process import END_SECONDS

SHARED_MEMORY = 64 * MEBIBYTE
BYTES_PER_FILE = 4096
# The user whom benches run as, seen from outside, when the lab is root: an unused number that owns no file here.
BENCH_ID = "65532"
WHERE = "/run/manylinux-lab"


def stage_folder(own: Path) -> Path:
    """Return the mount point: ``own`` for a user; for root a place that the bench's user may look into."""
    folder = Path(WHERE) if os.geteuid() == 0 else own
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    return folder


def script(folder: Path, root: Path, mounts: Sequence[Mount], limits: Limits) -> str:
    """Return the shell lines that make the mounts and wait."""
    place = shlex.quote(str(folder))
    # Whoever is not root may bind a folder only with what is mounted below it, hence --rbind.
    lines = ["set -e", f"mount -t tmpfs -o size=1m,mode=755 stage {place}", f"cd {place}"]
    for name, size in (("work", limits.work), ("tmp", limits.work), ("shm", SHARED_MEMORY)):
        options = f"nosuid,nodev,mode=1777,size={size},nr_inodes={max(size // BYTES_PER_FILE, 64)}"
        lines += [f"mkdir {name}", f"mount -t tmpfs -o {options} {name} {name}"]
    for name, source in (("root", root), *((f"mount{n}", mount.outside) for n, mount in enumerate(mounts))):
        make = f"mkdir {name}" if source.is_dir() else f": > {name}"
        lines += [make, f"mount --rbind {shlex.quote(str(source))} {name}"]
    return "\n".join([*lines, "echo ready", "read -r line || true"])


class Stage:
    """The waiting shell. ``enter`` is the argv prefix that runs a program among its mounts."""

    def __init__(self, folder: Path, root: Path, mounts: Sequence[Mount], limits: Limits) -> None:
        self.folder = folder
        user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
        self._holder = subprocess.Popen(
            ("unshare", *user, "--mount", "--propagation", "private", "sh", "-c", script(folder, root, mounts, limits)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            self._wait_until_ready(root)
        except BaseException:
            self.close()
            raise

    @property
    def enter(self) -> tuple[str, ...]:
        """Programs run as the bench's user if the lab is root, and as the user's own shadow otherwise."""
        mount = f"--mount=/proc/{self._holder.pid}/ns/mnt"
        if os.geteuid() == 0:
            return ("nsenter", mount, f"--setuid={BENCH_ID}", f"--setgid={BENCH_ID}")
        return ("nsenter", f"--user=/proc/{self._holder.pid}/ns/user", "--preserve-credentials", mount)

    def close(self) -> None:
        """Let the shell end; its mounts go with it."""
        self._holder.kill()
        self._holder.wait(END_SECONDS)
        for pipe in (self._holder.stdin, self._holder.stdout, self._holder.stderr):
            if pipe is not None:
                pipe.close()

    def _wait_until_ready(self, root: Path) -> None:
        out, err = self._holder.stdout, self._holder.stderr
        if out is not None and err is not None and out.readline().strip() != b"ready":
            self._holder.wait(END_SECONDS)
            raise EngineError(
                f"The mounts of a bench on '{root}' cannot be made: {err.read().decode(errors='replace').strip()}."
            )
