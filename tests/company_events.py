"""Makes what the probe says of wheels in one process, and an engine whose probe says it."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

Request = Mapping[str, Any]
Events = Sequence[Mapping[str, Any]]


def member(name: str, **fields: Any) -> dict[str, Any]:
    """Return a member's share of an event; ``items`` are [name, status, message, exception, missing, trace]."""
    defaults = {"items": [[name.partition("-")[0], "ok", "", "", "", ""]], "smoke": None, "noise": "", "changes": {}}
    return {"id": name, **defaults, **fields}


def coload(*members: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """Return the event of a process in which everything went well, but for ``fields``."""
    return {
        "event": "coload",
        "warm": False,
        "seconds": 0.01,
        "status": "ok",
        "stage": "",
        "member": "",
        "item": "",
        "signal": 0,
        "exit_code": 0,
        "trace": "",
        "last_library": "",
        "members": list(members),
        "fork": {"status": "ok", "member": "", "exception": "", "message": "", "signal": 0, "exit_code": 0},
        "exit": {"status": "ok", "signal": 0, "exit_code": 0},
        "mapped": [],
        "bindings": [],
        "details": None,
        **fields,
    }


def library(path: str, soname: str = "", needed: Sequence[str] = (), inode: str = "") -> dict[str, Any]:
    """Return the event that describes a mapped file."""
    names = {"soname": soname, "needed": list(needed), "runpath": "", "rpath": ""}
    return {"event": "library", "path": path, **names, "device_inode": inode or path}


def failed(name: str, exception: str, message: str) -> list[str]:
    """Return an item that raised."""
    return [name, "exception", message, exception, "", f"Traceback ...\n{exception}: {message}"]


def healthy(request: Request) -> dict[str, Any]:
    """Return the event of a process in which all that was asked for went well."""
    members = [
        member(
            one["id"],
            items=[[name, "ok", "", "", "", ""] for _, name in one["items"]],
            smoke={"status": "ok", "exception": "", "message": "", "trace": ""} if one["smoke"] else None,
        )
        for one in request["order"]
    ]
    return coload(*members, warm=not request["fresh"])


def order(request: Request) -> tuple[str, ...]:
    """Return the names of those that a request puts into one process."""
    return tuple(one["id"] for one in request["order"])


class ProbeKilledError(Exception):
    """An answer that never comes, since the process killed the probe."""


class ScriptedEngine:
    """An engine, container and process in one: everything installs, and ``answer`` says how processes went."""

    root = ""
    name = "scripted"

    def __init__(self, answer: Callable[[Request], Events]) -> None:
        self.answer = answer
        self.asked: list[dict[str, Any]] = []
        self.starts = 0
        self.refused: dict[str, str] = {}
        self.gathering_error: str | None = None
        self.damages: list[list[str]] = []
        self.described: Events = []
        self._token = ""
        self._pending = b""

    @contextmanager
    def _started(self) -> Iterator["ScriptedEngine"]:
        self.starts += 1
        yield self

    def start(self, *arguments: Any, **_: Any) -> Any:
        self._token = ""
        return self if isinstance(arguments[0], Sequence) else self._started()

    def send(self, data: bytes) -> None:
        record = json.loads(data)
        if not self._token:
            self._token = record["token"]
            return
        self.asked.append(record)
        try:
            told = self._events(record)
        except ProbeKilledError:
            return
        for event in (*told, {"event": "done"}):
            words = {"token": self._token, "request": record["request"], **event}
            self._pending += json.dumps(words).encode() + b"\n"

    def _events(self, request: Request) -> Events:
        if request["op"] == "gather":
            return [{"event": "gathered", "error": self.gathering_error, "files": 3}]
        if request["op"] == "install":
            said = next((words for name, words in self.refused.items() if name in " ".join(request["argv"])), "")
            words = {"status": "exited", "exit_code": int(bool(said)), "output": said, "seconds": 1}
            return [{"event": "installed", **words}]
        if request["op"] == "intact":
            return [{"event": "intact", "damaged": self.damages.pop(0) if self.damages else []}]
        if request["op"] == "libraries":
            return self.described
        return self.answer(request)

    def receive(self, seconds: float) -> bytes:
        assert seconds > 0
        pending, self._pending = self._pending, b""
        return pending

    def errors(self) -> str:
        return ""

    def close(self) -> None:
        pass

    def ran(self, *, fresh: bool | None = None) -> list[tuple[str, ...]]:
        """Return which processes were asked for."""
        asked = [request for request in self.asked if request["op"] == "coload"]
        return [order(request) for request in asked if fresh is None or request["fresh"] is fresh]
