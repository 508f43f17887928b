"""Build steps of the ``docker`` engine: commands as root, with network, in a container whose result is committed."""

import os
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ..errors import EngineError
from .contract import Image
from .docker_daemon import speaking
from .docker_exec import CHUNK, Frames, hang_up, raw_socket
from .docker_image import name_image
from .docker_podman import ulimits
from .labels import BENCH, DIGEST, KEY, ORIGIN, OWNER, RUN
from .owner import this_process
from .surroundings import AUTHORITIES_INSIDE, build_environment, host_authorities

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.types import Ulimit

BUILD_SECONDS = 3600.0
TAIL = 4000
IDLE = "while :; do sleep 3600 & wait $!; done"


def build_image(
    client: "DockerClient", base: Image, steps: Sequence[Sequence[str]], environment: Mapping[str, str], key: str
) -> str:
    """Run each step in turn in a container of ``base`` and return the id of the committed image.

    Raises:
        EngineError: a step failed; the message carries the end of its output.
    """
    variables = build_environment(base.arch, environment, os.environ)
    what = f"The image '{key}' ({base.arch}) cannot be built on '{base.reference}'"
    with _builder(client, base, what) as container:
        for step in steps:
            _run_step(client, container, step, variables, f"'{key}' ({base.arch})")
        with speaking(what):
            # The name comes last: nobody finds an image that is not whole.
            image: str = client.api.commit(container, changes=_changes(base, key))["Id"]
            name_image(client, image, key)
            return image


def _changes(base: Image, key: str) -> list[str]:
    origin = f"built on {base.digest} ({base.origin})".replace("\\", "/").replace('"', "'")
    # The labels of the base are inherited; its digest is not that of the result.
    return [f'LABEL {KEY}="{key}"', f'LABEL {ORIGIN}="{origin}"', f'LABEL {DIGEST}=""']


@contextmanager
def _builder(client: "DockerClient", base: Image, what: str) -> Iterator[str]:
    from docker.types import Ulimit

    bundle = host_authorities(os.environ)
    volumes = [f"{bundle}:{AUTHORITIES_INSIDE}:ro"] if bundle else []
    name = f"manylinux-lab-build-{secrets.token_hex(6)}"
    try:
        with speaking(what):
            host = client.api.create_host_config(
                binds=volumes,
                # Package managers walk all descriptors up to the limit, which is a billion under some daemons.
                ulimits=[Ulimit(name="nofile", soft=1024, hard=4096), *_process_limits(client)],
            )
            client.api.create_container(
                base.reference,
                name=name,
                entrypoint=["sh", "-c", IDLE],
                command=[],
                user="0:0",
                labels={OWNER: this_process().id, RUN: "build", BENCH: base.reference},
                host_config=host,
            )
            client.api.start(name)
        yield name
    finally:
        with suppress(EngineError), speaking("The container cannot be removed"):
            client.api.remove_container(name, force=True, v=True)


def _process_limits(client: "DockerClient") -> "list[Ulimit]":
    return [limit for limit in ulimits(client) or () if limit.name == "nproc"]


def _run_step(
    client: "DockerClient", container: str, step: Sequence[str], variables: Mapping[str, str], image: str
) -> None:
    what = f"The step '{' '.join(step)}' of the image {image}"
    with speaking(f"{what} cannot be run"):
        words = [f"{name}={value}" for name, value in variables.items()]
        made = client.api.exec_create(container, ["env", "-i", *words, *step], user="0:0", workdir="/")
        output = _output(client.api.exec_start(made["Id"], socket=True), what)
        code = client.api.exec_inspect(made["Id"])["ExitCode"]
    if code != 0:
        raise EngineError(f"{what} failed with exit code {code}: {output.decode(errors='replace').strip()[-2000:]}")


def _output(given: object, what: str) -> bytes:
    """Return the end of what a step writes.

    It reads the socket itself, since the SDK's timeout is for silence and package managers are silent for a while.
    """
    stream, frames, output = raw_socket(given), Frames(), b""
    deadline = time.monotonic() + BUILD_SECONDS
    try:
        while (left := deadline - time.monotonic()) > 0:
            stream.settimeout(left)
            data = stream.recv(CHUNK)
            if not data:
                return output
            output = (output + b"".join(piece for _, piece in frames.add(data)))[-TAIL:]
    except TimeoutError:
        pass  # said below
    finally:
        hang_up(given)
    raise EngineError(f"{what} took longer than {BUILD_SECONDS:g} seconds.")
