"""Plans of a step, run in a fresh interpreter; a deviation is repeated in another one."""

import marshal
import os
import re
import sys
from typing import Any

from . import step
from .conversation import Conversation
from .process import run
from .seen import Seen
from .status import result_of
from .work import fresh_path


def run_plan(
    site: str, inline: "list[tuple[str, str]]", forked: "list[tuple[str, str]]", seconds: float, trace: str = ""
) -> Seen:
    """Run a step in a fresh interpreter: ``inline`` one after the other, then each of ``forked`` in a child of it."""
    numbered = [(number, kind, what) for number, (kind, what) in enumerate(inline + forked)]
    plan = {"site": site, "seconds": seconds, "inline": numbered[: len(inline)], "forked": numbered[len(inline) :]}
    environment = dict(os.environ, HOME=Conversation.work)
    if trace:
        environment.update(LD_DEBUG="files", LD_DEBUG_OUTPUT=trace)

    def start(descriptor: int) -> None:
        argv = [sys.executable, "-B", "-X", "faulthandler", step.__file__, str(descriptor)]
        os.execve(sys.executable, argv, environment)

    Conversation.say_progress()
    most = seconds * (len(numbered) + 2)
    return run(start, seconds=seconds + (1 if forked else 0), most=most, stdin=marshal.dumps(plan))


def repeat(site: str, inline: "list[tuple[str, str]]", seconds: float, first: "dict[str, Any]") -> "dict[str, Any]":
    """Run a deviation again in a fresh process; a crash with the loader's log, to name the last library it touched."""
    crashed = "crash" in first["status"]
    log = fresh_path("loader")
    seen = run_plan(site, inline, [], seconds, trace=log if crashed else "")
    words = result_of(seen, len(inline) - 1)
    words["last_library"] = last_library(log) if crashed else ""
    if words["status"] == "ok" and first["status"] in ("crash", "exit-crash") and "output" in first:
        return dict(first, repeated="ok")
    return dict(words, repeated=words["status"])


def last_library(log: str) -> str:
    """Return the file whose initialiser or finaliser the loader called last, from its log files, and delete them."""
    last = ""
    folder, start = os.path.split(log)
    for name in sorted(os.listdir(folder)):
        if name.startswith(start):
            with open(os.path.join(folder, name), errors="replace") as stream:
                for line in stream:
                    found = re.search(r"calling (?:init|fini): (\S+)", line)
                    last = found.group(1) if found else last
            os.unlink(os.path.join(folder, name))
    return last
