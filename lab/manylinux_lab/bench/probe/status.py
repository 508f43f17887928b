"""The statuses of docs/probe.md, made from what was seen of a step: its own word first, then what the kernel says."""

import os
from typing import Any

from .seen import Seen


def result_of(seen: Seen, number: int) -> "dict[str, Any]":
    """Return the status of an item that ran inline: the step's own word first, then what the kernel says."""
    words = dict(seen.reports.get(number, {}))  # type: dict[str, Any]
    finished = -1 in seen.reports
    words["output"] = seen.output()
    if words.get("status") not in ("ok", None):
        return words
    if words.get("status") == "ok" and finished:
        return dict(words, **end_of(seen.wait, "exit-"))
    return dict(words, **end_of(seen.wait, "", cut_short=True), trace=crash_trace(words["output"]))


def forked_result(report: "dict[str, str]") -> "dict[str, Any]":
    """Return the status of an item that ran in a fork, from its own report and its parent's."""
    words = dict(report)  # type: dict[str, Any]
    wait = words.pop("wait", "")
    if words.get("status") == "ok" and wait in ("0", ""):
        return words
    if "status" not in words or words["status"] == "ok":
        words.update(end_of(int(wait), "", cut_short=True) if wait.isdigit() else {"status": wait or "crash"})
    return words


def end_of(wait: "int | None", prefix: str, cut_short: bool = False) -> "dict[str, Any]":
    """Tell a wait status in words; ``prefix`` is ``exit-`` when all was done and the interpreter was only ending."""
    if wait is None:
        return {"status": prefix + "hang"}
    if os.WIFSIGNALED(wait):
        return {"status": prefix + "crash", "signal": os.WTERMSIG(wait)}
    code = os.WEXITSTATUS(wait)
    if cut_short:
        return {"status": "early-exit", "exit_code": code}
    return {"status": "exit-crash", "exit_code": code} if code else {"status": "ok"}


def crash_trace(output: str) -> str:
    """Return faulthandler's words from a captured output, or nothing."""
    begin = output.rfind("Fatal Python error")
    return output[begin:][:4000] if begin >= 0 else ""
