"""Image references, the mirror that stands in for a registry, and whether a registry can be reached at all."""

import ssl
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import cache
from queue import Empty, Queue

SECONDS = 3.0
DOCKER_HUB = "docker.io"
DOCKER_HUB_ANSWERS_AT = "registry-1.docker.io"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """A parsed image reference: ``registry/repository:tag`` or ``registry/repository@digest``."""

    registry: str
    repository: str
    tag: str = "latest"
    digest: str = ""

    @property
    def id(self) -> str:
        """The full reference, e.g. ``docker.io/library/debian:12-slim``."""
        return f"{self.registry}/{self.repository}" + (f"@{self.digest}" if self.digest else f":{self.tag}")


def parse(text: str) -> Reference:
    """Return the parts of a reference; a short one (``debian:12``) is Docker Hub's, as everywhere else."""
    name, _, digest = text.partition("@")
    first, slash, rest = name.partition("/")
    is_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    registry, path = (first, rest) if is_host else (DOCKER_HUB, name)
    repository, colon, tag = path.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = path, "latest"
    if registry == DOCKER_HUB and "/" not in repository:
        repository = f"library/{repository}"
    return Reference(registry=registry, repository=repository, tag=tag, digest=digest)


def through_mirror(reference: Reference, mirror: str | None) -> Reference:
    """Return where the mirror has an image: its address in place of ``docker.io``, the path unchanged.

    A mirror stands for Docker Hub alone, as in Docker's own settings; other registries are asked themselves. It may
    have a path of its own: ``registry.example/hub`` turns ``docker.io/library/debian`` into
    ``registry.example/hub/library/debian``.
    """
    if mirror is None or reference.registry != DOCKER_HUB:
        return reference
    host, _, path = mirror.removeprefix("https://").removeprefix("http://").strip("/").partition("/")
    repository = f"{path}/{reference.repository}" if path else reference.repository
    return Reference(registry=host, repository=repository, tag=reference.tag, digest=reference.digest)


def address(registry: str) -> str:
    """Return the URL of a registry's interface. Registries on this machine speak plain HTTP, as Docker assumes too."""
    host = registry.partition(":")[0]
    if host in ("localhost", "127.0.0.1"):
        return f"http://{registry}/v2/"
    return f"https://{DOCKER_HUB_ANSWERS_AT if registry == DOCKER_HUB else registry}/v2/"


@cache
def unreachable(registry: str) -> str:
    """Return why a registry cannot be reached, or an empty string when it gave any answer, were it an error.

    Asked once in a run and never for longer than three seconds, name resolution included.
    """
    answer: Queue[str] = Queue()
    threading.Thread(target=lambda: answer.put(_ask(address(registry))), daemon=True).start()
    try:
        return answer.get(timeout=SECONDS)
    except Empty:
        return f"no answer within {SECONDS:.0f} seconds"


def _ask(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=SECONDS):  # noqa: S310 - the address is built above
            return ""
    except urllib.error.HTTPError as error:
        error.close()
        return ""
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLError):
            return ""
        return str(getattr(error.reason, "strerror", None) or error.reason)
    except OSError as error:
        return str(error.strerror or error)
