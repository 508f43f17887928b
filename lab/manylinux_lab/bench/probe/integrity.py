"""Answers ``intact``: which gathered files are no longer as they were; a wheel that changes them makes others fail."""

import os
from typing import Any

from .conversation import Conversation

TOLD = 20  # paths that an answer names

SITES = {}  # type: dict[str, dict[str, tuple[int, ...]]]  # what each gathered site held


def do_intact(request: "dict[str, Any]") -> None:
    """Say which files of the sites were changed or deleted; files that were added since are no damage."""
    del request
    Conversation.say("intact", damaged=damaged()[:TOLD])


def damaged() -> "list[str]":
    """Return the paths that are not as they were when their site was gathered."""
    found = []
    for site, kept in SITES.items():
        now = states(site)
        found += [os.path.join(site, path) for path, state in sorted(kept.items()) if now.get(path) != state]
    return found


def remember(site: str) -> None:
    """Note the state of a site that was just gathered.

    A further link to a file changes its inode, so the sites before are noted anew, unless they are damaged already.
    """
    if not damaged_but_for_links():
        SITES.update((known, states(known)) for known in list(SITES))
    SITES[site] = states(site)


def damaged_but_for_links() -> bool:
    """Tell whether a site differs by more than the time of its inodes' last change."""
    for site, kept in SITES.items():
        now = states(site)
        if any(now.get(path, ())[:4] != state[:4] for path, state in kept.items()):
            return True
    return False


def states(site: str) -> "dict[str, tuple[int, ...]]":
    """Return what tells each file's content from another: a wheel can set all of it but the last, the change time."""
    found = {}  # type: dict[str, tuple[int, ...]]
    for where, _, files in os.walk(site):
        for name in files:
            path = os.path.join(where, name)
            try:
                seen = os.lstat(path)
            except OSError:
                continue
            state = (seen.st_ino, seen.st_size, seen.st_mode, seen.st_mtime_ns, seen.st_ctime_ns)
            if not name.endswith(".pyc"):
                found[os.path.relpath(path, site)] = state
    return found
