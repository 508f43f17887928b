"""Who started a bench: written into its labels, so that a later lab removes what a killed one left and nothing else."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """A process that cannot be mistaken for another: process ids repeat, their start times within one boot do not."""

    host: str
    boot: str
    namespace: str
    pid: int
    start: int

    @property
    def id(self) -> str:
        """The text that labels carry."""
        return f"{self.host} {self.boot} {self.namespace} {self.pid} {self.start}"


def parse_owner(text: str) -> Owner | None:
    """Return the owner that a label names, or None when the text is not one of ours."""
    words = text.split(" ")
    if len(words) != 5 or not (words[3].isdigit() and words[4].isdigit()):
        return None
    host, boot, namespace, pid, start = words
    return Owner(host=host, boot=boot, namespace=namespace, pid=int(pid), start=int(start))


def this_process() -> Owner:
    """Return the owner record of the running process."""
    pid = os.getpid()
    return Owner(
        host=socket.gethostname().replace(" ", "-"),
        boot=(PROC / "sys/kernel/random/boot_id").read_text().strip(),
        namespace=os.readlink(PROC / "self/ns/pid"),  # noqa: PTH115 - a magic link, not a path
        pid=pid,
        start=start_time(pid) or 0,
    )


def start_time(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot (field 22 of proc(5)'s ``stat``), None if it is gone."""
    try:
        stat = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def is_gone(owner: Owner, here: Owner) -> bool:
    """Return whether ``owner`` is known to have ended.

    A process of another machine, or of another pid namespace of this boot, cannot be looked up: it counts as alive.
    """
    if owner.host != here.host:
        return False
    if owner.boot != here.boot:
        return True
    return owner.namespace == here.namespace and start_time(owner.pid) != owner.start
