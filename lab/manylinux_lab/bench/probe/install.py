"""Answers ``install``: runs an installer and reports how it ended and what it said."""

import os
import sys
from typing import Any, Callable

from .conversation import Conversation
from .process import run
from .status import end_of

# What pip imports late, and would import again in every fork.
WARM = (
    "pip._internal.commands.install",
    "pip._internal.resolution.resolvelib.factory",
    "pip._internal.resolution.resolvelib.resolver",
    "pip._internal.operations.install.wheel",
    "pip._internal.metadata.importlib",
    "pip._vendor.pkg_resources",
    "pip._vendor.distro",
)


def do_install(request: "dict[str, Any]") -> None:
    """Run an installer; the bench's own pip runs in a fork of this process, because its start-up would dominate."""
    argv = list(request["argv"])
    os.environ.update(
        HOME=Conversation.work, TMPDIR=Conversation.work, PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1"
    )
    main = pip_main() if argv[0] == "pip" else None
    if main:
        start = lambda _: main(argv[1:])  # noqa: E731 - the choice of one of two starts reads best as two lines
    else:
        command = [sys.executable, "-m", *argv] if argv[0] == "pip" else argv
        start = lambda _: os.execvp(command[0], command)  # noqa: E731
    seen = run(start, seconds=request["seconds"])
    words = end_of(seen.wait, "", cut_short=True)
    status = {"hang": "timeout"}.get(words["status"], "exited")
    Conversation.say(
        "installed",
        status=status,
        exit_code=words.get("exit_code"),
        signal=words.get("signal"),
        output=seen.output(),
        seconds=seen.seconds,
    )


def pip_main() -> "Callable[[list[str]], int] | None":
    """Import pip once for all and return its main function (its place moved in pip 10 and 19.3), or None."""
    for module in ("pip._internal.cli.main", "pip._internal", "pip"):
        try:
            found = getattr(__import__(module, fromlist=["main"]), "main", None)
        except Exception:  # a distro's pip may be patched or damaged; then it runs as a program and says so itself
            continue
        if callable(found):
            for warm in WARM:
                try:
                    __import__(warm)
                except Exception:  # another pip has other parts
                    continue
            return found  # type: ignore[no-any-return]  # pip has no types
    return None
