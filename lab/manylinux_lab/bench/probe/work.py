"""The work folder and the other folders that a bench may write in."""

import os
import shutil
from typing import Any

from .conversation import Conversation


def fresh_path(word: str) -> str:
    """Return a path in the work folder that the code of a wheel cannot have taken before."""
    return os.path.join(Conversation.work, ".%s-%s" % (word, os.urandom(8).hex()))


def plan_file(content: bytes) -> int:
    """Return a descriptor of an unlinked file that holds ``content`` and stands at its beginning."""
    if not content:
        return os.open(os.devnull, os.O_RDONLY)
    path = fresh_path("plan")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    os.unlink(path)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def do_remove(request: "dict[str, Any]") -> None:
    """Delete a folder below the work folder."""
    path = os.path.realpath(request["path"])
    if path.startswith(os.path.realpath(Conversation.work) + os.sep):
        shutil.rmtree(path, ignore_errors=True)


def folders_to_clear() -> "tuple[str, ...]":
    """Return the folders that are a wheel's alone: on a bench they are empty when the probe starts, elsewhere not."""
    if os.listdir(Conversation.work):
        return ()
    others = ("/tmp", "/dev/shm") if Conversation.work == "/work" else ()
    return (Conversation.work, *(folder for folder in others if os.path.isdir(folder) and not os.listdir(folder)))


def do_clear(request: "dict[str, Any]") -> None:
    """Delete what the wheel before has left, wherever it could write; ``left`` is how much of it stays."""
    del request
    left = 0
    for folder in Conversation.cleared:
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            delete(path)
            left += os.path.lexists(path)
    Conversation.say("cleared", left=left)


def delete(path: str) -> None:
    """Delete a file or a folder, also one whose mode forbids it."""
    if os.path.islink(path) or not os.path.isdir(path):
        os.unlink(path)
        return
    shutil.rmtree(path, ignore_errors=True)
    if os.path.isdir(path):
        os.chmod(path, 0o700)
        for folder, names, _ in os.walk(path):
            for name in names:
                if not os.path.islink(os.path.join(folder, name)):
                    os.chmod(os.path.join(folder, name), 0o700)
        shutil.rmtree(path, ignore_errors=True)
