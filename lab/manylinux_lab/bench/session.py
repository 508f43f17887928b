"""The conversation with the probe on a started bench: requests out, events in. All trouble is the lab's."""

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

from ..engines.contract import Container, Process
from ..errors import EngineError

Event = Mapping[str, Any]

SLACK = 60.0  # seconds that the probe may need beside a step's own deadline, which it keeps itself
RUNS_WHEELS = ("import", "smoke", "coload")
SUSPECT = "; something killed it, perhaps the wheel's own code"
LINE = 16 << 20  # bytes: no event is as long, so a longer line is no event


class ProbeLostError(EngineError):
    """The probe ended while code of wheels ran: the machine's doing, or that of the code."""


class Session:
    """One probe on one bench. After a failure it is dead: every later question fails with the first reason."""

    def __init__(self, process: Process, *, work: str) -> None:
        """Hand the token to a probe that has just been started."""
        self._process = process
        self._token = secrets.token_hex(16)
        self._buffer = b""
        self._request = 0
        self._dead = ""
        process.send(_line({"token": self._token, "work": work}))

    def __enter__(self) -> "Session":
        """Return the session; leaving it ends the probe."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the probe."""
        self.close()

    def close(self) -> None:
        """End the probe; safe to call twice."""
        self._dead = self._dead or "The session with the probe was closed."
        self._process.close()

    def ask(self, op: str, *, seconds: float, **fields: Any) -> tuple[Event, ...]:
        """Send a request and return its events without the last ``done``.

        ``seconds`` is the deadline of each step on the bench, which the probe keeps and reports as an event. The lab
        gives up on a probe that is silent for more than twice as long.

        Raises:
            ProbeLostError: the probe ended while code of wheels ran.
            EngineError: it ended otherwise, fell silent, or something else wrote on its stream.
        """
        if self._dead:
            raise EngineError(self._dead)
        self._request += 1
        try:
            self._process.send(_line({"request": self._request, "op": op, "seconds": seconds, **fields}))
            return tuple(self._answer(op, 2 * seconds + SLACK))
        except EngineError as error:
            said = " ".join(self._process.errors().split())[-500:]
            self._dead = f"{error}{f' Its last words: {said}' if said else ''}"
            self._process.close()
            raise (ProbeLostError if isinstance(error, ProbeLostError) else EngineError)(self._dead) from error

    def _answer(self, op: str, silence: float) -> Iterator[Event]:
        while True:
            event = self._event(op, self._next_line(op, silence))
            if event["event"] == "done":
                return
            if event["event"] != "progress":
                yield event

    def _next_line(self, op: str, silence: float) -> bytes:
        deadline = time.monotonic() + silence
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            piece = self._process.receive(left) if left > 0 else None
            if piece is None:
                raise EngineError(f"The probe did not answer '{op}' for {silence:.0f} seconds.")
            if not piece and op in RUNS_WHEELS:
                raise ProbeLostError(f"The probe ended in the middle of '{op}'{SUSPECT}.")
            if not piece:
                raise EngineError(f"The probe ended in the middle of '{op}'.")
            self._buffer += piece
            if len(self._buffer) > LINE:
                raise EngineError(f"The probe's answer to '{op}' has a line of more than {LINE} bytes.")
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line

    def _event(self, op: str, line: bytes) -> Event:
        try:
            event = json.loads(line)
            genuine = secrets.compare_digest(str(event["token"]).encode(), self._token.encode())
            named = isinstance(event["event"], str) and event["request"] == self._request
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise EngineError(f"The probe's stream has a line that is no event while answering '{op}'.") from error
        if not (genuine and named):
            raise EngineError(f"Something other than the probe wrote on its stream while it answered '{op}'.")
        del event["token"]
        return dict(event)


def open_session(
    container: Container,
    python: str,
    *,
    probe_path: str = "/lab/probe",
    work: str = "/work",
    environment: Mapping[str, str] | None = None,
) -> Session:
    """Start the probe with the interpreter ``python`` of a bench; ``work`` is the folder it may write in.

    Raises:
        EngineError: the interpreter or the probe cannot be started.
    """
    return Session(container.start([python, "-I", "-B", probe_path], environment), work=work)


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record).encode() + b"\n"
