"""Programs on the user's terminal, through a terminal of their own: a bench cannot type into the user's."""

import contextlib
import fcntl
import os
import pty
import select
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Sequence


def run_on_terminal(argv: Sequence[str]) -> int:
    """Run a program of this machine on a new terminal joined to the user's, and return its exit code."""
    size = _window_size()
    child, master = pty.fork()
    if child == 0:
        try:
            os.execvp(argv[0], list(argv))  # noqa: S606 - no shell wanted
        finally:
            os._exit(127)
    if size:
        fcntl.ioctl(master, termios.TIOCSWINSZ, size)
    try:
        relay(master, lambda: os.read(master, 65536), lambda data: os.write(master, data))
    finally:
        os.close(master)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def relay(descriptor: int, read: Callable[[], bytes], write: Callable[[bytes], object]) -> None:
    """Copy the user's keys to a stream and the stream to the user's screen until the stream ends."""
    sources = [sys.stdin.fileno(), descriptor]
    with _raw_keys(sources[0]):
        while True:
            ready, _, _ = select.select(sources, (), ())
            if descriptor in ready:
                with contextlib.suppress(OSError):  # Linux reports EIO when the other side of a terminal closes
                    if data := read():
                        os.write(sys.stdout.fileno(), data)
                        continue
                return
            if data := os.read(sources[0], 1024):
                write(data)
            else:
                sources.remove(sources[0])
                write(b"\x04")


@contextlib.contextmanager
def _raw_keys(descriptor: int) -> Iterator[None]:
    if not os.isatty(descriptor):
        yield
        return
    before = termios.tcgetattr(descriptor)
    tty.setraw(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _window_size() -> bytes | None:
    try:
        return fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
    except (OSError, ValueError):
        return None
