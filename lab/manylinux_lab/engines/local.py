"""The engine that isolates nothing: programs of this machine in a scratch folder.

It tests the line itself; it is never good for a verdict.
"""

import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..errors import EngineError
from .contract import DEFAULT_LIMITS, Boundary, Finished, Image, Limits, Mount
from .pipes import PipeWire
from .process import WiredProcess
from .surroundings import clean_environment

NOT_HERE = "The 'local' engine keeps no images; take 'docker' or 'bwrap'."


class LocalContainer:
    """A scratch folder of this machine."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder = folder
        self._limits = limits
        self._started: list[WiredProcess] = []

    @property
    def root(self) -> str:
        """The scratch folder: what a bench has at ``/work`` is ``work`` in there."""
        return str(self._folder)

    def start(self, argv: Sequence[str], environment: Mapping[str, str] | None = None) -> WiredProcess:
        """Start a program with streams."""
        return self._start(argv, environment or {}, stdin=True)

    def run(self, argv: Sequence[str], *, seconds: float) -> Finished:
        """Run a program to its end."""
        return self._start(argv, {}, stdin=False).finish(seconds)

    def interactive(self, argv: Sequence[str]) -> int:
        """Run a program on the user's terminal."""
        return subprocess.run(argv, cwd=self._folder, check=False).returncode

    def close(self) -> None:
        """End what was started."""
        for process in self._started:
            process.close()

    def _start(self, argv: Sequence[str], environment: Mapping[str, str], *, stdin: bool) -> WiredProcess:
        variables = clean_environment(platform.machine(), environment) | {"HOME": str(self._folder)}
        try:
            wire = PipeWire(argv, environment=variables, folder=str(self._folder), stdin=stdin)
        except OSError as error:
            raise EngineError(f"'{argv[0]}' cannot be started on this machine: {error.strerror}.") from error
        process = WiredProcess(wire, f"'{argv[0]}' on this machine", self._limits.output)
        self._started = [*(one for one in self._started if not one.is_closed), process]
        return process


class LocalEngine:
    """Runs programs on this machine as this user."""

    name = "local"

    def trouble(self) -> str | None:
        """It always works."""
        return None

    def arch_trouble(self, arch: str) -> str | None:
        """Only this machine's own arch is there."""
        machine = platform.machine()
        return None if arch == machine else f"The 'local' engine runs '{machine}' only, not '{arch}'."

    def find(self, key: str) -> Image | None:
        """Return this machine, whatever the key."""
        return Image(reference=key, digest="local", arch=platform.machine(), origin="this machine")

    def pull(self, reference: str, arch: str, key: str) -> Image:
        """Not possible."""
        raise EngineError(f"The image '{reference}' ({arch}, '{key}') cannot be pulled. {NOT_HERE}")

    def load(self, root: Path, arch: str, key: str, origin: str) -> Image:
        """Not possible."""
        raise EngineError(f"The root '{root}' ({arch}, '{key}', {origin}) cannot be loaded. {NOT_HERE}")

    def build(self, base: Image, steps: Sequence[Sequence[str]], environment: Mapping[str, str], key: str) -> Image:
        """Not possible."""
        names = len(steps), len(environment)
        raise EngineError(f"The image '{key}' cannot be built from '{base.reference}' ({names}). {NOT_HERE}")

    @contextmanager
    def start(
        self, image: Image, *, run: str, bench: str, mounts: Sequence[Mount] = (), limits: Limits = DEFAULT_LIMITS
    ) -> Iterator[LocalContainer]:
        """Make a scratch folder with ``work`` and a link for each mount, through which a program can write."""
        del image, run
        folder = Path(tempfile.mkdtemp(prefix=f"manylinux-lab-{''.join(filter(str.isalnum, bench))}-"))
        (folder / "work").mkdir()
        for mount in mounts:
            (folder / mount.inside.lstrip("/")).symlink_to(mount.outside)
        container = LocalContainer(folder, limits)
        try:
            yield container
        finally:
            container.close()
            shutil.rmtree(folder, ignore_errors=True)

    def images(self) -> Sequence[tuple[str, Image, int]]:
        """There are none."""
        return ()

    def remove(self, key: str) -> None:
        """There is nothing to remove."""
        raise EngineError(f"The image '{key}' cannot be removed. {NOT_HERE}")

    def boundaries(self, image: Image) -> Sequence[Boundary]:
        """Return that there are none."""
        del image
        return (Boundary(name="all", in_force=False, detail="the 'local' engine isolates nothing"),)

    def reap(self) -> int:
        """Scratch folders go with the system's own cleaning of temporary files."""
        return 0
