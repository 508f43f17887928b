"""Programs of a wheel: the loader's check, never the program's code."""

import os
import re
from typing import Any

from .conversation import Conversation
from .elf import elf_header, machine
from .process import run
from .seen import Seen
from .status import end_of


def check_executable(site: str, path: str, seconds: float) -> None:
    """Ask the program's own loader whether it finds everything, without starting the program."""
    full = os.path.join(site, path)
    if not os.path.exists(full):
        Conversation.say("executable", name=path, path=path, status="absent", message="the file is not there")
        return
    header = elf_header(full)
    trouble = executable_trouble(header)
    if trouble or not header.get("loader"):
        words = {"status": "exception", "exception": "LoaderError", "message": trouble} if trouble else {"status": "ok"}
        Conversation.say("executable", name=path, path=path, output="", seconds=0, **words)
        return
    environment = dict(os.environ, LD_TRACE_LOADED_OBJECTS="1", LD_BIND_NOW="1", LD_WARN="1")
    argv = [header["loader"], "--list", full]
    seen = run(lambda _: os.execve(argv[0], argv, environment), seconds=seconds)
    Conversation.say("executable", name=path, path=path, seconds=seen.seconds, **loader_words(seen))


def executable_trouble(header: "dict[str, Any]") -> str:
    """Return why a program cannot be handed to its loader, or nothing."""
    if not header:
        return "invalid ELF header"
    here = machine()
    if header["machine"] != here:
        return "the program is for '%s', the interpreter is '%s'" % (header["machine"], here)
    if header["loader"] and not os.path.exists(header["loader"]):
        return "the loader '%s' that the program asks for is not there" % header["loader"]
    return ""


def loader_words(seen: Seen) -> "dict[str, Any]":
    """Turn the output of ``ld.so --list`` into a status: glibc exits with 0 whatever is missing, so its words count."""
    output = seen.output()
    wrong = [line.strip() for line in output.splitlines() if re.search(r"not found|undefined symbol|[Ee]rror", line)]
    # 'libx.so => not found' says the same as the message that dlopen gives, so it is put in the same words.
    said = [re.sub(r"^(\S+) => not found$", r"\1: cannot open shared object file", line) for line in wrong]
    if seen.wait == 0 and not said:
        return {"status": "ok", "output": output}
    if seen.wait is None or os.WIFSIGNALED(seen.wait):
        return dict(end_of(seen.wait, ""), output=output)
    message = "\n".join(said) or output.strip() or "the loader gave no reason"
    return {"status": "exception", "exception": "LoaderError", "message": message[:2000], "output": output}
