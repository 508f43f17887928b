"""The engine that talks to a Docker daemon, or to Podman through its socket.

testcontainers looks after the life of a bench, the Docker SDK does the rest.
"""

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import EngineError
from . import arch as arches
from .boundaries import measure
from .contract import DEFAULT_LIMITS, Boundary, Finished, Image, Limits, Mount
from .docker_bench import bench_container, reap_containers, remove_bench
from .docker_build import build_image
from .docker_daemon import answering_address, connect, speaking
from .docker_exec import ExecWire
from .docker_image import image_of_key, kept_images, load_root, remove_image
from .docker_pull import pull_image
from .docker_terminal import run_in_container
from .process import WiredProcess
from .surroundings import clean_environment

if TYPE_CHECKING:
    from docker import DockerClient


class DockerBench:
    """A running container."""

    def __init__(self, client: "DockerClient", container: str, what: str, arch: str, limits: Limits) -> None:
        self._client = client
        self._container = container
        self._what = what
        self._arch = arch
        self._limits = limits
        self._started: list[WiredProcess] = []

    @property
    def root(self) -> str:
        """It has a root of its own."""
        return ""

    def start(self, argv: Sequence[str], environment: Mapping[str, str] | None = None) -> WiredProcess:
        """Start a program with streams."""
        return self._start(argv, environment or {}, stdin=True)

    def run(self, argv: Sequence[str], *, seconds: float) -> Finished:
        """Run a program to its end."""
        return self._start(argv, {}, stdin=False).finish(seconds)

    def interactive(self, argv: Sequence[str]) -> int:
        """Run a program on the user's terminal."""
        variables = clean_environment(self._arch, {"TERM": os.environ.get("TERM", "dumb")})
        return run_in_container(self._client.api, self._container, argv, variables)

    def close(self) -> None:
        """Let go of the streams of what was started."""
        for process in self._started:
            process.close()

    def _start(self, argv: Sequence[str], environment: Mapping[str, str], *, stdin: bool) -> WiredProcess:
        variables = clean_environment(self._arch, environment)
        what = f"'{argv[0]}' on {self._what}"
        try:
            wire = ExecWire(self._client.api, self._container, argv, variables, stdin=stdin)
        except EngineError as error:
            raise EngineError(f"{what}: {error}") from error
        process = WiredProcess(wire, what, self._limits.output)
        self._started = [*(one for one in self._started if not one.is_closed), process]
        return process


class DockerEngine:
    """Keeps images in a daemon and runs containers there."""

    name = "docker"

    def __init__(self) -> None:
        self._known_address = ""
        self._known_client: DockerClient | None = None
        self._process = 0

    def trouble(self) -> str | None:
        """Return why no daemon can be used."""
        try:
            self._client()
        except EngineError as error:
            return f"No Docker or Podman answers: {error} Start one, or set DOCKER_HOST."
        return None

    def arch_trouble(self, arch: str) -> str | None:
        """Return why an arch does not run here; the daemon's machine counts, not ours."""
        with speaking("The container engine cannot be asked for its architecture"):
            machine = self._client().api.version()["Arch"]
        local = self._address().startswith("unix://")
        daemon = arches.machine_of_platform(machine)
        if arches.is_native(arch, daemon) or local:
            return arches.arch_trouble(arch, daemon)
        # Whether another machine emulates is only seen by trying.
        return None

    def find(self, key: str) -> Image | None:
        """Return the image kept under ``key``."""
        return image_of_key(self._client(), key)

    def pull(self, reference: str, arch: str, key: str) -> Image:
        """Fetch an image from a registry."""
        return pull_image(self._client(), reference, arch, key)

    def load(self, root: Path, arch: str, key: str, origin: str) -> Image:
        """Make an image of one layer."""
        return load_root(self._client(), root, arch, key, origin)

    def build(self, base: Image, steps: Sequence[Sequence[str]], environment: Mapping[str, str], key: str) -> Image:
        """Run commands as root, with network, and commit the result."""
        build_image(self._client(), base, steps, environment, key)
        image = self.find(key)
        if image is None:
            raise EngineError(f"The image '{key}' ({base.arch}) was built and is gone again; was it removed meanwhile?")
        return image

    @contextmanager
    def start(
        self, image: Image, *, run: str, bench: str, mounts: Sequence[Mount] = (), limits: Limits = DEFAULT_LIMITS
    ) -> Iterator[DockerBench]:
        """Start a bench."""
        client = self._client()
        what = f"bench '{bench}' (image '{image.reference}', {image.arch})"
        if trouble := self.arch_trouble(image.arch):
            raise EngineError(f"The {what} cannot be started: {trouble}")
        token = secrets.token_hex(8)
        container = bench_container(client, self._address(), image, (run, bench, token), mounts, limits)
        started = None
        try:
            with speaking(f"The {what} cannot be started"):
                client.images.get(image.reference)  # testcontainers would pull what is missing
                container.start()
            started = DockerBench(client, container.get_container_id(), what, image.arch, limits)
            yield started
        finally:
            # A daemon that is gone is no news here: what raised said so, and the next start reaps.
            with suppress(EngineError):
                remove_bench(client, token)
            if started:
                started.close()
            with suppress(OSError):
                container.get_docker_client().client.close()

    def images(self) -> Sequence[tuple[str, Image, int]]:
        """Return what is kept."""
        return kept_images(self._client())

    def remove(self, key: str) -> None:
        """Take the key away from its image."""
        remove_image(self._client(), key)

    def boundaries(self, image: Image) -> Sequence[Boundary]:
        """Try to cross each limit on a small bench."""
        how = f"control group of the engine, {self._cgroups()}"
        return measure(self, image, {"memory": how, "pids": how})

    def reap(self) -> int:
        """Remove the containers of dead labs."""
        return reap_containers(self._client())

    def _cgroups(self) -> str:
        with speaking("The container engine cannot be asked about itself"):
            info = self._client().api.info()
        return f"cgroup v{info.get('CgroupVersion', '?')}"

    def _address(self) -> str:
        if not self._known_address:
            self._known_address = answering_address(os.environ)
        return self._known_address

    def _client(self) -> "DockerClient":
        # A connection must not be shared with a forked child.
        if self._known_client is None or self._process != os.getpid():
            self._known_client = connect(self._address())
            self._process = os.getpid()
        return self._known_client
