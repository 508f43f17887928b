"""The engine without a daemon: bubblewrap on unpacked root folders.

Each program is a sandbox of its own; the programs of a bench share their mounts and their control group.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..errors import EngineError
from ..folders import cache_folder
from . import arch as arches
from .boundaries import measure
from .bwrap_build import run_steps
from .bwrap_image import pull_root
from .cgroup import MOUNTS, OWN, Place, find_place
from .contract import DEFAULT_LIMITS, Boundary, Finished, Image, Limits, Mount
from .pipes import PipeWire
from .process import WiredProcess
from .register import Register
from .resource_limits import limit_prefix
from .stage import Stage, stage_folder
from .store import Store, copy_tree
from .surroundings import USER, WORK, clean_environment
from .terminal import run_on_terminal
from .unpack import Hashing, open_root, unpack_root

PROGRAMS = {"bwrap": "bubblewrap", "unshare": "util-linux", "nsenter": "util-linux", "prlimit": "util-linux"}
OWN_MOUNTS = frozenset({"proc", "dev", "work", "tmp"})
ISOLATION = (
    *("--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--clearenv"),
    *("--uid", str(USER), "--gid", str(USER), "--hostname", "bench"),
)
START_SECONDS = 60.0


def sandbox_argv(
    folder: Path, entries: Sequence[tuple[str, str | None]], mounts: Sequence[Mount], environment: Mapping[str, str]
) -> list[str]:
    """Return the bwrap command up to the program.

    ``folder`` holds the stage's mounts; ``entries`` are the names at the top of the root with the link's target, or
    None. The top is bound entry by entry onto an empty read-only folder, so that mounts may appear that the image has
    no folder for.
    """
    argv = ["bwrap", *ISOLATION]
    for name, value in environment.items():
        argv += ["--setenv", name, value]
    for name, target in entries:
        if name in OWN_MOUNTS:
            continue
        argv += ["--symlink", target, f"/{name}"] if target else ["--ro-bind", f"{folder}/root/{name}", f"/{name}"]
    argv += ["--ro-bind-try", "/sys", "/sys", "--proc", "/proc", "--dev", "/dev", "--bind", f"{folder}/shm", "/dev/shm"]  # noqa: S108 - on the bench
    argv += ["--bind", f"{folder}/work", WORK, "--bind", f"{folder}/tmp", "/tmp"]  # noqa: S108 - on the bench
    for number, mount in enumerate(mounts):
        argv += ["--ro-bind", f"{folder}/mount{number}", mount.inside]
    return [*argv, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", WORK]


class BwrapContainer:
    """A bench: a stage, a control group if there can be one, and a sandbox for each program."""

    def __init__(self, what: str, arch: str, limits: Limits, prefix: Sequence[str], sandbox: Sequence[str]) -> None:
        self._what = what
        self._arch = arch
        self._limits = limits
        self._prefix = tuple(prefix)
        self._sandbox = tuple(sandbox)
        self._started: list[WiredProcess] = []

    @property
    def root(self) -> str:
        """It has a root of its own."""
        return ""

    def start(self, argv: Sequence[str], environment: Mapping[str, str] | None = None) -> WiredProcess:
        """Start a program with streams. It lives no longer than the thread that starts it."""
        return self._start(argv, environment or {}, stdin=True)

    def run(self, argv: Sequence[str], *, seconds: float) -> Finished:
        """Run a program to its end."""
        done = self._start(argv, {}, stdin=False).finish(seconds)
        missing = done.exit_code == 1 and done.stderr.startswith(f"bwrap: execvp {argv[0]}: ".encode())
        code = 127 if missing else done.exit_code
        # Bubblewrap reports the death by a signal as shells do.
        signal = code - 128 if 128 < code < 128 + 65 else 0
        return Finished(exit_code=-signal or code, stdout=done.stdout, stderr=done.stderr)

    def interactive(self, argv: Sequence[str]) -> int:
        """Run a program on the user's terminal, on a terminal of its own in between."""
        variables = self._variables({"TERM": os.environ.get("TERM", "dumb")})
        return run_on_terminal((*self._prefix, *self._sandbox, *variables, "--", *argv))

    def close(self) -> None:
        """End what was started."""
        for process in self._started:
            process.close()

    def _variables(self, extra: Mapping[str, str]) -> list[str]:
        return [
            word for name, value in clean_environment(self._arch, extra).items() for word in ("--setenv", name, value)
        ]

    def _start(self, argv: Sequence[str], environment: Mapping[str, str], *, stdin: bool) -> WiredProcess:
        command = (*self._prefix, *self._sandbox, "--new-session", *self._variables(environment), "--", *argv)
        process = WiredProcess(PipeWire(command, stdin=stdin), f"'{argv[0]}' on {self._what}", self._limits.output)
        self._started = [*(one for one in self._started if not one.is_closed), process]
        return process


class BwrapEngine:
    """Keeps root folders in the cache and runs bubblewrap on them."""

    name = "bwrap"

    def __init__(self) -> None:
        self._trouble: tuple[str | None] | None = None

    def trouble(self) -> str | None:
        """Return what is missing; the first call tries a sandbox."""
        if self._trouble is None:
            self._trouble = (_missing() or _refused(),)
        return self._trouble[0]

    def arch_trouble(self, arch: str) -> str | None:
        """Return why an arch does not run here."""
        return arches.arch_trouble(arch)

    def find(self, key: str) -> Image | None:
        """Return the image kept under ``key``."""
        return self._store().find(key)

    def pull(self, reference: str, arch: str, key: str) -> Image:
        """Fetch an image with skopeo and umoci."""
        return self._store().keep(key, arch, lambda root: pull_root(reference, arch, root))

    def load(self, root: Path, arch: str, key: str, origin: str) -> Image:
        """Unpack a tarball or copy a folder."""
        return self._store().keep(key, arch, lambda to: (unpack_root(root, to), origin))

    def build(self, base: Image, steps: Sequence[Sequence[str]], environment: Mapping[str, str], key: str) -> Image:
        """Run commands as root, with network, on a copy of ``base``."""
        store = self._store()

        def make(to: Path) -> tuple[str, str]:
            with store.using(base) as root:
                copy_tree(root, to)
            run_steps(to, base.arch, steps, environment, key)
            with open_root(to) as stream:
                return Hashing(stream).digest(), f"built on {base.digest} ({base.origin})"

        return store.keep(key, base.arch, make)

    @contextmanager
    def start(
        self, image: Image, *, run: str, bench: str, mounts: Sequence[Mount] = (), limits: Limits = DEFAULT_LIMITS
    ) -> Iterator[BwrapContainer]:
        """Start a bench."""
        what = f"bench '{bench}' (image '{image.reference}', {image.arch})"
        if trouble := self.arch_trouble(image.arch):
            raise EngineError(f"The {what} cannot be started: {trouble}")
        with ExitStack() as stack:
            root = stack.enter_context(self._store().using(image))
            group = stack.enter_context(_register().bench(run, bench, _place(), limits))
            stage = Stage(stage_folder(cache_folder("bwrap", "stage")), root, mounts, limits)
            stack.callback(stage.close)
            prefix = (*limit_prefix(limits, image.arch, group), *stage.enter)
            sandbox = sandbox_argv(stage.folder, _top(root), mounts, {})
            container = BwrapContainer(what, image.arch, limits, prefix, sandbox)
            stack.callback(container.close)
            _check(container, what)
            yield container

    def images(self) -> Sequence[tuple[str, Image, int]]:
        """Return what is kept."""
        return tuple(self._store().images())

    def remove(self, key: str) -> None:
        """Delete the image kept under ``key``."""
        self._store().remove(key)

    def boundaries(self, image: Image) -> Sequence[Boundary]:
        """Try to cross each limit on a small bench."""
        place = _place()
        how = f"cgroup v{place.version}" if place else "rlimits, no control group can be written"
        return measure(self, image, {"memory": how, "pids": how})

    def reap(self) -> int:
        """Remove the control groups and half-made images of killed labs; everything else died with them."""
        return _register().reap() + self._store().reap()

    def _store(self) -> Store:
        return Store(cache_folder("bwrap", "images"))


def _register() -> Register:
    return Register(cache_folder("bwrap", "benches"))


def _place() -> Place | None:
    return find_place(MOUNTS.read_text(), OWN.read_text())


def _top(root: Path) -> list[tuple[str, str | None]]:
    return [(path.name, str(path.readlink()) if path.is_symlink() else None) for path in sorted(root.iterdir())]


def _check(container: BwrapContainer, what: str) -> None:
    done = container.run(("sh", "-c", ":"), seconds=START_SECONDS)
    if done.exit_code != 0:
        words = done.stderr.decode(errors="replace").strip()
        raise EngineError(f"The {what} cannot be started: {words or f'exit code {done.exit_code}'}.")


def _missing() -> str | None:
    for program, package in PROGRAMS.items():
        if shutil.which(program) is None:
            return f"The program '{program}' is missing; install the system package '{package}'."
    return None


def _refused() -> str | None:
    """Try the whole way on this machine's own root."""
    try:
        stage = Stage(stage_folder(cache_folder("bwrap", "stage")), Path("/"), (), Limits())
    except (EngineError, OSError) as error:
        return f"This machine does not allow private mounts ({error}); is the lab inside a container itself?"
    try:
        argv = (*stage.enter, *sandbox_argv(stage.folder, _top(Path("/")), (), {}), "--", "true")
        done = subprocess.run(argv, capture_output=True, text=True, timeout=START_SECONDS, check=False)
    finally:
        stage.close()
    if done.returncode == 0:
        return None
    return (
        f"Bubblewrap cannot make a sandbox here: {done.stderr.strip()}. Bubblewrap 0.5 or newer and user namespaces "
        "open to ordinary users are needed; a container engine without its default seccomp profile allows them too."
    )
