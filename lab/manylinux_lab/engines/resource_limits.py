"""How the programs of a bwrap bench come under their limits: a control group where there is one, rlimits otherwise."""

import os
import resource
import shlex
from collections.abc import Sequence
from pathlib import Path

from .arch import emulated
from .contract import Limits


def limit_prefix(limits: Limits, arch: str, groups: Sequence[Path]) -> tuple[str, ...]:
    """Return the argv prefix that limits a program and what it starts.

    Without a group the address space of each process is limited instead of the memory of all (not under QEMU, which
    reserves far more than it uses), and the pids of the user instead of the bench's.
    """
    if groups:
        joins = " && ".join(f"echo $$ > {shlex.quote(str(group / 'cgroup.procs'))}" for group in groups)
        return ("sh", "-c", f'{joins} || exit 125; exec "$@"', "sh", "prlimit", "--core=0:0")
    prefix = ["prlimit", "--core=0:0"]
    processes = limits.pids + _running_threads(os.getuid())
    prefix.append(_option("nproc", resource.RLIMIT_NPROC, processes))
    if not emulated(arch):
        prefix.append(_option("as", resource.RLIMIT_AS, limits.memory))
    return tuple(prefix)


def _option(name: str, kind: int, wanted: int) -> str:
    # Raising a hard limit is not permitted in some sandboxes.
    hard = resource.getrlimit(kind)[1]
    value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    return f"--{name}={value}:{value}"


def _running_threads(user: int) -> int:
    """Return how many threads a user has now: the kernel counts them against the same limit."""
    count = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if folder.stat().st_uid == user:
                count += len(list((folder / "task").iterdir()))
        except OSError:
            continue
    return count
