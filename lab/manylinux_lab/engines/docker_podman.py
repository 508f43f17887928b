"""What is different where Podman answers on Docker's socket. Seen with Podman 4.3 and runc."""

import resource
from typing import TYPE_CHECKING

from .docker_daemon import speaking

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.types import Ulimit

# A tmpfs of Podman has no owner option, keeps its mode, and would start as a copy of the folder that it covers.
TMPFS_ACCESS = "mode=1777,notmpcopyup"
# Podman lays a writable tmpfs over these folders of a read-only root; a tiny read-only one takes their place.
WRITABLE_ANYWAY = ("/run", "/var/tmp")  # noqa: S108 - on the bench
CLOSED = "ro,noexec,nosuid,nodev,notmpcopyup,size=4k"
MODEST = 16384


def is_podman(client: "DockerClient") -> bool:
    """Tell whether Podman answers in Docker's place."""
    with speaking("The container engine cannot be asked for its name"):
        parts = client.version().get("Components") or ()
    return any("podman" in str(part.get("Name", "")).lower() for part in parts)


def ulimits(client: "DockerClient") -> "list[Ulimit] | None":
    """Return modest limits for Podman, which otherwise raises them as far as it may and fails in a sandbox."""
    from docker.types import Ulimit

    if not is_podman(client):
        return None
    kinds = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}
    # An unlimited one is -1, which is no smaller than ours.
    found = {name: resource.getrlimit(kind)[1] % (1 << 62) for name, kind in kinds.items()}
    return [Ulimit(name=name, soft=min(hard, MODEST), hard=min(hard, MODEST)) for name, hard in found.items()]
