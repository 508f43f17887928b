"""Programs of this machine with pipes on their streams: the wire of the ``bwrap`` and ``local`` engines."""

import os
import selectors
import signal
import subprocess
from collections.abc import Mapping, Sequence

from .process import END_SECONDS, ERRORS, OUTPUT, Piece

CHUNK = 64 * 1024


class PipeWire:
    """A child process in its own session and its three pipes."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        folder: str | None = None,
        stdin: bool,
    ) -> None:
        self._child = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=folder,
            bufsize=0,
            start_new_session=True,
        )
        self._selector = selectors.DefaultSelector()
        for stream, pipe in ((OUTPUT, self._child.stdout), (ERRORS, self._child.stderr)):
            if pipe is not None:
                self._selector.register(pipe, selectors.EVENT_READ, stream)
        if self._child.stdin is not None:
            os.set_blocking(self._child.stdin.fileno(), False)

    def exchange(self, data: bytes | memoryview, seconds: float) -> tuple[int, Sequence[Piece]]:
        """See ``Wire.exchange``."""
        if data and self._child.stdin is not None:
            self._selector.register(self._child.stdin, selectors.EVENT_WRITE, 0)
        try:
            ready = self._selector.select(seconds)
        finally:
            if data and self._child.stdin is not None:
                self._selector.unregister(self._child.stdin)
        sent, pieces = 0, []
        for key, _ in ready:
            if not key.data:
                sent = os.write(key.fd, data)
                continue
            pieces.append((key.data, os.read(key.fd, CHUNK)))
            if not pieces[-1][1]:
                self._selector.unregister(key.fileobj)
        return sent, pieces

    def exit_code(self, seconds: float) -> int | None:
        """See ``Wire.exit_code``."""
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """End the child's process group, and close the pipes."""
        if self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait(END_SECONDS)
        self._selector.close()
        for pipe in (self._child.stdin, self._child.stdout, self._child.stderr):
            if pipe is not None:
                pipe.close()
