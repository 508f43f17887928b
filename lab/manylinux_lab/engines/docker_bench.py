"""The container of a bench as testcontainers describes it, and the removal of containers by their labels."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import EngineError
from .contract import MEBIBYTE, Image, Limits, Mount
from .docker_build import IDLE
from .docker_daemon import client_environment, speaking
from .docker_podman import CLOSED, TMPFS_ACCESS, WRITABLE_ANYWAY, is_podman, ulimits
from .labels import BENCH, OWNER, RUN, TOKEN
from .owner import is_gone, parse_owner, this_process
from .surroundings import USER, WORK

if TYPE_CHECKING:
    from docker import DockerClient
    from testcontainers.core.container import DockerContainer

SHARED_MEMORY = 64 * MEBIBYTE
# Docker: runc gives a tmpfs the mode of the folder that it covers, so the owner must be able to write whatever that is.
OWNED = f"mode=1777,uid={USER},gid={USER}"
RYUK = threading.Lock()


def bench_container(
    client: "DockerClient",
    address: str,
    image: Image,
    names: tuple[str, str, str],
    mounts: Sequence[Mount],
    limits: Limits,
) -> "DockerContainer":
    """Return the container to start; ``names`` are the run, the bench and the token of this start."""
    from testcontainers.core.container import DockerContainer

    _settle_ryuk(client)
    run, bench, token = names
    container = DockerContainer(image.reference, docker_client_kw={"environment": client_environment(address)})
    podman = is_podman(client)
    access = TMPFS_ACCESS if podman else OWNED
    for folder in WRITABLE_ANYWAY if podman else ():
        container.with_tmpfs_mount(folder, CLOSED)
    for folder in (WORK, "/tmp"):  # noqa: S108 - on the bench
        container.with_tmpfs_mount(folder, f"rw,exec,nosuid,nodev,{access},size={limits.work}")
    for mount in mounts:
        container.with_volume_mapping(str(mount.outside), mount.inside, "ro")
    return container.with_kwargs(
        entrypoint=["sh", "-c", IDLE],
        network="none",
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        user=f"{USER}:{USER}",
        read_only=True,
        working_dir=WORK,
        hostname="bench",
        mem_limit=limits.memory,
        memswap_limit=limits.memory,
        pids_limit=limits.pids,
        shm_size=SHARED_MEMORY,
        log_config=_no_log(),
        ulimits=ulimits(client),
        labels={OWNER: this_process().id, RUN: run, BENCH: bench, TOKEN: token},
    )


def remove_bench(client: "DockerClient", token: str) -> None:
    """Remove the container of one start, even one whose id was never told because the start was interrupted."""
    with speaking("The container of a bench cannot be removed"):
        for summary in client.api.containers(all=True, filters={"label": f"{TOKEN}={token}"}):
            client.api.remove_container(summary["Id"], force=True, v=True)


def reap_containers(client: "DockerClient") -> int:
    """Remove the containers whose owner is known to be gone; return how many."""
    from docker.errors import NotFound

    here = this_process()
    count = 0
    with speaking("What dead labs left behind cannot be removed"):
        for summary in client.api.containers(all=True, filters={"label": OWNER}):
            owner = parse_owner(summary["Labels"][OWNER])
            if owner is None or not is_gone(owner, here):
                continue
            try:
                client.api.remove_container(summary["Id"], force=True, v=True)
                count += 1
            except NotFound:
                continue  # another lab was faster
    return count


def _settle_ryuk(client: "DockerClient") -> None:
    """Let testcontainers use its reaper only where the image is at hand and comes up: it would pull it otherwise.

    Our own labels and ``reap`` do not need it. It is settled once for each process.
    """
    from docker.errors import ImageNotFound
    from testcontainers.core.config import testcontainers_config
    from testcontainers.core.container import Reaper

    with RYUK:
        if testcontainers_config.ryuk_disabled or Reaper._instance is not None:
            return
        try:
            with speaking("Ryuk's image cannot be looked up"):
                client.images.get(testcontainers_config.ryuk_image)
                Reaper.get_instance()
        except (ImageNotFound, EngineError):
            testcontainers_config.ryuk_disabled = True


def _no_log() -> object:
    from docker.types import LogConfig

    return LogConfig(type="none")
