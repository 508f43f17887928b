"""What the lab asks of an engine. Implementations: ``docker``, ``bwrap``, ``local``; see docs/engines.md.

All trouble is an ``EngineError`` that names the image and the arch.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

GIBIBYTE = 1 << 30
MEBIBYTE = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a bench may use. Sizes are bytes; ``work`` is each tmpfs (``/work``, ``/tmp``); ``output`` one stream."""

    memory: int = 4 * GIBIBYTE
    pids: int = 512
    work: int = 3 * GIBIBYTE
    output: int = 16 * MEBIBYTE


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """An image that an engine holds and can start.

    ``reference`` is the engine's own name for it (an image id, or the path of a root folder); ``digest`` identifies
    the content (``sha256:...``); ``origin`` tells in words where it came from.
    """

    reference: str
    digest: str
    arch: str
    origin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Mount:
    """A folder of this machine that a bench sees read-only at ``inside``."""

    outside: Path
    inside: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Boundary:
    """One limit as it really is on a bench: ``in_force`` is what was observed, ``detail`` how, or why it is not."""

    name: str
    in_force: bool
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """A program that ended: exit code (negative: the signal, 127: no such program) and both streams, complete.

    A stream that brings more than ``Limits.output`` ends the program with an ``EngineError``.
    """

    exit_code: int
    stdout: bytes
    stderr: bytes


class Process(Protocol):
    """A program running on a bench, with a stream in each direction."""

    def send(self, data: bytes) -> None:
        """Write all of ``data`` to its standard input."""
        ...

    def receive(self, seconds: float) -> bytes:
        """Return the next piece of standard output, empty at its end; ``EngineError`` when none came in time."""
        ...

    def errors(self) -> str:
        """Return what it wrote to standard error so far (the last part, decoded with replacement)."""
        ...

    def close(self) -> None:
        """End the program; safe to call twice."""
        ...


class Container(Protocol):
    """A started bench: no network, no capabilities, read-only root, tmpfs on ``/work`` and ``/tmp``."""

    @property
    def root(self) -> str:
        """What stands before every path of the bench: nothing, except on an engine without a root of its own."""
        ...

    def start(self, argv: Sequence[str], environment: Mapping[str, str] | None = None) -> Process:
        """Start a program with streams. Keep the thread that starts it: with ``bwrap`` the program dies with it."""
        ...

    def run(self, argv: Sequence[str], *, seconds: float) -> Finished:
        """Run a program to its end; ``EngineError`` when it takes longer than ``seconds``."""
        ...

    def interactive(self, argv: Sequence[str]) -> int:
        """Run a program on the user's terminal and return its exit code."""
        ...


class Engine(Protocol):
    """Runs containers and keeps images.

    The key of an image is lower-case letters and digits, joined by ``.``, ``_``, ``-`` or ``/``.
    """

    name: str

    def trouble(self) -> str | None:
        """Return why this engine cannot be used on this machine and what to do, or None."""
        ...

    def arch_trouble(self, arch: str) -> str | None:
        """Return why an arch cannot run here and the command that would enable it, or None."""
        ...

    def find(self, key: str) -> Image | None:
        """Return the image kept under ``key``, if it is there."""
        ...

    def pull(self, reference: str, arch: str, key: str) -> Image:
        """Fetch an image from a registry and keep it under ``key``. ``reference`` may end in ``@sha256:...``."""
        ...

    def load(self, root: Path, arch: str, key: str, origin: str) -> Image:
        """Keep a root file system (a tarball, or a folder) as an image under ``key``."""
        ...

    def build(self, base: Image, steps: Sequence[Sequence[str]], environment: Mapping[str, str], key: str) -> Image:
        """Run commands as root, with network, on a copy of ``base`` and keep the result under ``key``."""
        ...

    def start(
        self, image: Image, *, run: str, bench: str, mounts: Sequence[Mount] = (), limits: Limits = DEFAULT_LIMITS
    ) -> AbstractContextManager[Container]:
        """Start a bench labelled with the run and the bench's id; leaving the context removes it."""
        ...

    def images(self) -> Sequence[tuple[str, Image, int]]:
        """Return what is kept: key, image and size in bytes."""
        ...

    def remove(self, key: str) -> None:
        """Delete the image kept under ``key``."""
        ...

    def boundaries(self, image: Image) -> Sequence[Boundary]:
        """Start a small bench of ``image``, try to cross each limit, and return what was in force."""
        ...

    def reap(self) -> int:
        """Remove what runs of a dead lab left behind; return how many."""
        ...
