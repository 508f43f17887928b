"""Answers ``gather``: makes one site folder out of several, as if everything had been installed into it."""

import os
import shutil
from typing import Any

from .conversation import Conversation
from .integrity import remember
from .libraries import forget_libraries

FILES = 500000


def do_gather(request: "dict[str, Any]") -> None:
    """Unite the folders below ``site``; of files that come twice, the one of the later folder stays."""
    files, error = 0, None
    forget_libraries(request["site"])
    try:
        os.makedirs(request["site"], exist_ok=True)
        for folder in request["folders"]:
            files += unite(folder, request["site"], FILES - files)
        remember(request["site"])
    except (OSError, ValueError, RecursionError) as failed:
        error = "%s: %s" % (type(failed).__name__, failed)
    Conversation.say("gathered", error=error, files=files)


def unite(folder: str, site: str, most: int) -> int:
    """Put the files of a folder into the site by hard links and return how many.

    Links are taken over as links and none is followed, in the folder or in the site: where a later folder has a folder
    of its own in the place of a link, that is put there instead.

    Raises:
        OSError: something cannot be read or written.
        ValueError: there are too many files.
    """
    number = 0
    for where, names, files in os.walk(folder, onerror=give_up):
        place = os.path.normpath(os.path.join(site, os.path.relpath(where, folder)))
        if os.path.islink(place) or not os.path.isdir(place):
            clear_place(place)
            os.mkdir(place)
        links = [name for name in names if os.path.islink(os.path.join(where, name))]
        for name in files + links:
            number += 1
            if number > most:
                raise ValueError("the site folder would hold more than %d files" % FILES)
            put(os.path.join(where, name), os.path.join(place, name))
    return number


def give_up(error: OSError) -> None:
    """Raise what a walk would pass over in silence."""
    raise error


def put(source: str, target: str) -> None:
    """Link one file, in place of what is there; copy it where it cannot be linked."""
    clear_place(target)
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def clear_place(path: str) -> None:
    """Delete what an earlier folder has put in a place, if anything."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)
