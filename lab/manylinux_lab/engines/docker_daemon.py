"""The connection to a Docker daemon, or to Podman's socket. The SDK is imported when somebody connects, not before."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import EngineError

if TYPE_CHECKING:
    from docker import DockerClient

TIMEOUT = 120
ANSWER_SECONDS = 5
DOCKER_SOCKET = "/var/run/docker.sock"


def addresses(environment: Mapping[str, str]) -> Sequence[str]:
    """Return where a daemon may listen, best first: ``DOCKER_HOST`` alone if it is set, else the usual sockets."""
    if environment.get("DOCKER_HOST"):
        return (environment["DOCKER_HOST"],)
    user = environment.get("XDG_RUNTIME_DIR")
    own = (f"{user}/docker.sock", f"{user}/podman/podman.sock") if user else ()
    return tuple(f"unix://{path}" for path in (DOCKER_SOCKET, *own, "/run/podman/podman.sock"))


def connect(address: str, timeout: int = TIMEOUT) -> "DockerClient":
    """Return a client of the daemon at ``address``.

    Raises:
        EngineError: nobody answers there.
    """
    import docker
    from docker.errors import DockerException

    try:
        client = docker.DockerClient.from_env(environment=client_environment(address), timeout=timeout, version="auto")
    except DockerException as error:
        raise EngineError(f"No container engine answers at '{address}': {error}.") from error
    return client


def client_environment(address: str) -> dict[str, str]:
    """Return the variables that the SDK, and testcontainers through it, take an address from."""
    passed = {name: os.environ[name] for name in ("DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY") if name in os.environ}
    return {**passed, "DOCKER_HOST": address}


def answering_address(environment: Mapping[str, str]) -> str:
    """Return the first address where a daemon answers.

    Raises:
        EngineError: none does; the message has each address with its reason.
    """
    reasons = []
    for address in addresses(environment):
        path = address.removeprefix("unix://")
        if path != address and not Path(path).exists():
            reasons.append(f"'{path}' does not exist")
            continue
        try:
            connect(address, ANSWER_SECONDS).close()
        except EngineError as error:
            reasons.append(str(error).rstrip("."))
        else:
            return address
    raise EngineError("; ".join(reasons) + ".")


@contextmanager
def speaking(what: str) -> Iterator[None]:
    """Turn what the SDK raises into an ``EngineError`` that begins with the clause ``what``."""
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException

    try:
        yield
    except APIError as error:
        raise EngineError(f"{what}: {error.explanation or error}.") from error
    except (DockerException, RequestException, OSError) as error:
        raise EngineError(f"{what}: the container engine does not answer ({error}).") from error
