"""One program on a bench and its streams, whatever carries them; deadlines and output limits are kept here."""

import time
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from ..errors import EngineError
from .contract import MEBIBYTE, Finished

OUTPUT, ERRORS = 1, 2
TAIL = 64 * 1024
SEND_SECONDS = 120.0
END_SECONDS = 10.0

Piece = tuple[int, bytes]


class Wire(Protocol):
    """The raw streams of one program. Every method that meets trouble raises ``OSError`` or ``EngineError``."""

    def exchange(self, data: bytes | memoryview, seconds: float) -> tuple[int, Sequence[Piece]]:
        """Wait up to ``seconds`` for anything to happen.

        Returns how many bytes of ``data`` went out, and the pieces that came in as (stream, bytes), where no bytes mean
        the end of that stream. Nothing at all means that the time is over.
        """
        ...

    def exit_code(self, seconds: float) -> int | None:
        """Wait for the program's end and return its code (negative: the signal), None when it is still running."""
        ...

    def kill(self) -> None:
        """End the program and let go of its streams; safe to call twice."""
        ...


class WiredProcess:
    """The contract's ``Process`` over a wire. Single-threaded: what comes in is read whenever the caller waits."""

    def __init__(self, wire: Wire, what: str, limit: int) -> None:
        self._wire = wire
        self._what = what
        self._limit = limit
        self._pieces: deque[bytes] = deque()
        self._open = {OUTPUT, ERRORS}
        self._seen = {OUTPUT: 0, ERRORS: 0}
        self._tail = bytearray()
        self.is_closed = False

    def send(self, data: bytes) -> None:
        """Write all of ``data`` to the program's standard input, reading what it prints meanwhile."""
        rest = memoryview(data)
        deadline = time.monotonic() + SEND_SECONDS
        while rest:
            rest = rest[self._turn(rest, deadline, SEND_SECONDS) :]

    def receive(self, seconds: float) -> bytes:
        """Return the next piece of standard output, empty at its end."""
        deadline = time.monotonic() + seconds
        while not self._pieces and OUTPUT in self._open:
            self._turn(b"", deadline, seconds)
        return self._pieces.popleft() if self._pieces else b""

    def errors(self) -> str:
        """Return the last part of standard error."""
        if not self.is_closed:
            self._peek()
        return self._tail.decode(errors="replace")

    def close(self) -> None:
        """End the program."""
        self.is_closed = True
        self._open.clear()
        self._wire.kill()

    def finish(self, seconds: float) -> Finished:
        """Read both streams to their end and return them with the exit code."""
        deadline = time.monotonic() + seconds
        stderr: list[bytes] = []
        try:
            while self._open:
                self._turn(b"", deadline, seconds, stderr)
            code = self._wire.exit_code(max(deadline - time.monotonic(), 0.0))
            if code is None:
                raise self._late(seconds)
        finally:
            self.close()
        return Finished(exit_code=code, stdout=b"".join(self._pieces), stderr=b"".join(stderr))

    def _turn(
        self, data: bytes | memoryview, deadline: float, seconds: float, stderr: list[bytes] | None = None
    ) -> int:
        if self.is_closed:
            raise EngineError(f"{self._what} was used after it had been closed.")
        left = deadline - time.monotonic()
        try:
            sent, pieces = self._wire.exchange(data, left) if left > 0 else (0, ())
        except OSError as error:
            raise EngineError(f"{self._what} lost its streams: {error}.{self._last_words()}") from error
        if not sent and not pieces:
            raise self._late(seconds)
        for piece in pieces:
            self._keep(piece, stderr)
        return sent

    def _peek(self) -> None:
        try:
            _, pieces = self._wire.exchange(b"", 0.01)
        except OSError:
            return
        for piece in pieces:
            self._keep(piece, None)

    def _keep(self, piece: Piece, stderr: list[bytes] | None) -> None:
        stream, data = piece
        if not data:
            self._open.discard(stream)
            return
        self._seen[stream] += len(data)
        if self._seen[stream] > self._limit:
            self.close()
            name = "standard output" if stream == OUTPUT else "standard error"
            raise EngineError(
                f"{self._what} wrote more than {self._limit / MEBIBYTE:g} MiB to its {name} and was ended."
            )
        if stream == OUTPUT:
            self._pieces.append(data)
            return
        self._tail = (self._tail + data)[-TAIL:]
        if stderr is not None:
            stderr.append(data)

    def _late(self, seconds: float) -> EngineError:
        return EngineError(f"{self._what} did not answer within {seconds:g} seconds.{self._last_words()}")

    def _last_words(self) -> str:
        lines = self._tail.decode(errors="replace").strip().splitlines()
        return f" Its last words: '{lines[-1][:200]}'." if lines else ""
