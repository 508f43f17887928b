"""A program inside a running container: the wire of the ``docker`` engine, on the daemon's multiplexed stream."""

import contextlib
import select
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import EngineError
from .docker_daemon import speaking
from .process import ERRORS, OUTPUT, Piece
from .surroundings import WORK

if TYPE_CHECKING:
    from docker.api.client import APIClient

HEADER = struct.Struct(">BxxxL")
CHUNK = 256 * 1024
START_SECONDS = 60.0
# The shell waits for a line, so that no output can come before the stream is ours to read, and says its pid,
# as the daemon has no way to end one program of a container. `env -i` drops what the image put into the environment.
LAUNCH = 'read -r go; echo $$; exec env -i "$@"'
LAUNCH_DEAF = LAUNCH + " </dev/null"


class Frames:
    """Takes the daemon's stream apart: 8 bytes of header (stream, length), then that many bytes."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def add(self, data: bytes) -> list[Piece]:
        """Return the pieces that ``data`` completes or continues."""
        self._rest += data
        pieces = []
        while len(self._rest) >= HEADER.size:
            stream, length = HEADER.unpack_from(self._rest)
            end = HEADER.size + length
            if len(self._rest) < end:
                break
            if length and stream in (OUTPUT, ERRORS):
                pieces.append((stream, bytes(self._rest[HEADER.size : end])))
            del self._rest[:end]
        return pieces


class ExecWire:
    """One exec of a container."""

    def __init__(
        self, api: "APIClient", container: str, argv: Sequence[str], variables: Mapping[str, str], *, stdin: bool
    ) -> None:
        self._api = api
        self._container = container
        self._frames = Frames()
        self._early: list[Piece] = []
        self._socket: socket.socket | None = None
        self._stream: Any = None
        self._pid = ""
        words = [f"{name}={value}" for name, value in variables.items()]
        command = ["sh", "-c", LAUNCH if stdin else LAUNCH_DEAF, "sh", *words, *argv]
        emulator = {name: value for name, value in variables.items() if name == "QEMU_CPU"}
        with speaking(f"'{argv[0]}' cannot be started in the container"):
            made = api.exec_create(container, command, stdin=True, environment=emulator, workdir=WORK)
            self._id: str = made["Id"]
            self._stream = api.exec_start(self._id, socket=True)
            self._socket = raw_socket(self._stream)
            self._socket.setblocking(False)
            try:
                self._read_pid(argv[0])
            except BaseException:
                self.kill()
                raise

    def exchange(self, data: bytes | memoryview, seconds: float) -> tuple[int, Sequence[Piece]]:
        """See ``Wire.exchange``."""
        if self._early:
            early, self._early = self._early, []
            return 0, early
        if self._socket is None:
            raise EngineError("The stream to the container is closed.")
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            writers = [self._socket] if data else []
            readable, writable, _ = select.select([self._socket], writers, [], left)
            sent = self._socket.send(data[:CHUNK]) if writable else 0
            pieces = self._read() if readable else []
            if sent or pieces:
                return sent, pieces
        return 0, ()

    def exit_code(self, seconds: float) -> int | None:
        """See ``Wire.exit_code``."""
        deadline = time.monotonic() + max(seconds, 1.0)
        while time.monotonic() < deadline:
            with speaking("The container's program cannot be asked for"):
                state = self._api.exec_inspect(self._id)
            if not state["Running"]:
                code = int(state["ExitCode"])
                # The daemon reports the death by a signal as shells do.
                return -(code - 128) if 128 < code < 128 + 65 else code
            time.sleep(0.002)
        return None

    def kill(self) -> None:
        """End the program's process group from inside the container; what escaped from it ends with the container."""
        if self._socket is None:
            return
        hang_up(self._stream)
        self._socket = None
        if not self._pid:
            return
        # The container may be gone already, and its pids limit may stand in the way (so nobody waits here): leaving the
        # bench ends everything.
        with contextlib.suppress(EngineError), speaking("The program cannot be ended"):
            if self._api.exec_inspect(self._id)["Running"]:
                command = ["sh", "-c", f"kill -9 -{self._pid} || kill -9 {self._pid}"]
                self._api.exec_start(self._api.exec_create(self._container, command)["Id"], detach=True)

    def _read(self) -> list[Piece]:
        if self._socket is None:
            return []
        try:
            data = self._socket.recv(CHUNK)
        except BlockingIOError:
            return []
        if data:
            return self._frames.add(data)
        self._insist_on_the_daemon()
        return [(OUTPUT, b""), (ERRORS, b"")]

    def _insist_on_the_daemon(self) -> None:
        """The stream ends when the program does, and when the daemon dies: the daemon must still be there to tell."""
        with speaking("The stream to the container ended"):
            self._api.exec_inspect(self._id)

    def _read_pid(self, program: str) -> None:
        if self._socket is not None:
            self._socket.send(b"go\n")
        line, early = bytearray(), list[Piece]()
        deadline = time.monotonic() + START_SECONDS
        while b"\n" not in line:
            _, pieces = self.exchange(b"", deadline - time.monotonic())
            if not pieces or any(not data for _, data in pieces):
                self._complain(program, bytes(line) + b"".join(data for _, data in (*early, *pieces)))
            line += b"".join(data for stream, data in pieces if stream == OUTPUT)
            # Standard error may overtake the line: the two streams are not in order.
            early += [piece for piece in pieces if piece[0] == ERRORS]
        pid, _, rest = bytes(line).partition(b"\n")
        self._pid = pid.decode() if pid.isdigit() else ""
        self._early = [*early, (OUTPUT, rest)] if rest else early

    def _complain(self, program: str, words: bytes) -> None:
        said = words.decode(errors="replace").strip() or "nothing"
        raise EngineError(f"'{program}' cannot be started in the container; its shell said {said!r}.")


def raw_socket(given: Any) -> socket.socket:
    """Return the socket in what the SDK gives: a ``SocketIO`` for a unix socket, a socket otherwise."""
    found = getattr(given, "_sock", given)
    if not isinstance(found, socket.socket):
        raise EngineError(f"The Docker SDK gave a '{type(given).__name__}' instead of a socket; update it.")
    return found


def hang_up(given: Any) -> None:
    """Close what the SDK gave, for good.

    Closing the socket alone does nothing while the response behind it holds a file of it, and a daemon (20.10) that
    cannot deliver the output of a program that ended handles no further event of that container: every later program
    seems to hang.
    """
    found = raw_socket(given)
    with contextlib.suppress(OSError):
        found.shutdown(socket.SHUT_RDWR)
    response = getattr(given, "_response", None)
    parts: tuple[Any, ...] = (response, given, found)
    for part in parts:
        # The SDK's parts share one file, and flush it when it is closed already.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            part.close()
