"""Ends a step's process and whatever it left behind."""

import os
import signal
import time
from typing import AbstractSet

from .seen import Seen

PATIENCE = 0.25  # seconds that helpers of an ended step have to end by themselves
EFFORT = 30  # seconds for killing them: hundreds of forks that spin leave the probe little of the processors


def end_all(child: int, seen: Seen) -> int:
    """Kill the step if it still runs and everything it left behind (the probe is their reaper); return how many."""
    left_behind = 0
    if seen.wait is None:
        kill_step(child)
    patience = time.monotonic() + PATIENCE
    while time.monotonic() < patience + EFFORT:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            break
        if time.monotonic() > patience:
            found = stopped_descendants()
            left_behind += len(found)
            for orphan in found:
                kill(orphan, signal.SIGKILL)
        time.sleep(0.002)
    return left_behind + end_group(child, patience)


def kill_step(child: int) -> None:
    """Kill a step with its process group: the kernel ends a plain fork bomb at once, however little time is ours."""
    for end in (os.killpg, os.kill):
        try:
            end(child, signal.SIGKILL)
        except OSError:
            continue
    os.waitpid(child, 0)


def end_group(group: int, patience: float) -> int:
    """Kill what is left of a step's process group: under QEMU 7.2 the probe is no reaper of orphans."""
    try:
        while time.monotonic() < patience:
            os.killpg(group, 0)
            time.sleep(0.002)
        os.killpg(group, signal.SIGKILL)
    except OSError:
        return 0
    return 1


def stopped_descendants(spared: "AbstractSet[int]" = frozenset()) -> "list[int]":
    """Stop all descendants but those that are spared, and return them.

    One that is killed makes room for another fork of a bomb; one that is stopped keeps its place, so that this ends.
    """
    for _ in range(1000):
        found = {pid: state for pid, state in descendants_of(os.getpid()).items() if pid not in spared}
        running = [pid for pid, state in found.items() if state not in (b"T", b"t")]
        if not running:
            break
        for pid in running:
            kill(pid, signal.SIGSTOP)
    return list(found)


def has_offspring(parents: "AbstractSet[int]") -> bool:
    """Tell whether processes have children that are not among themselves; a look at these few, where Linux offers it.

    Where it does not (CONFIG_PROC_CHILDREN), all processes are looked through.
    """
    try:
        return any(children_of(pid) - parents for pid in parents)
    except OSError:
        return bool(set(descendants_of(os.getpid())) - parents)


def children_of(pid: int) -> "set[int]":
    """Return the children of a process, dead ones too.

    Raises:
        OSError: it has ended, or the kernel does not tell.
    """
    found = set()  # type: set[int]
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/children" % (pid, task), "rb") as stream:
            found.update(map(int, stream.read().split()))
    return found


def kill(pid: int, number: int) -> None:
    """Send a signal to a process that may have ended."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def descendants_of(ancestor: int) -> "dict[int, bytes]":
    """Return the living descendants of a process and the state of each."""
    states, parents = {}, {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open("/proc/%s/stat" % entry, "rb") as stream:
                    state, parent = stream.read().rpartition(b")")[2].split()[:2]
            except OSError:
                continue
            states[int(entry)], parents[int(entry)] = state, int(parent)
    found = set()  # type: set[int]
    children = {ancestor}
    while children:
        children = {pid for pid, parent in parents.items() if parent in children} - found
        found |= children
    return {pid: states[pid] for pid in sorted(found) if states[pid] not in (b"Z", b"X")}
