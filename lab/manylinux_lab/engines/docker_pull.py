"""Images of a registry for the ``docker`` engine: pulled, kept under the lab's own name, and nothing left beside it.

A pulled image gets labels that say what it is: a daemon that knows one image under several digests does not tell which
one was asked for. The registry's name for it is given back as it was before the pull.
"""

import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..errors import EngineError
from .arch import known_arch, machine_of_platform
from .contract import Image
from .docker_daemon import speaking
from .docker_image import image_id, image_of_key, inspect, name_image
from .labels import BENCH, DIGEST, KEY, ORIGIN, OWNER, RUN
from .owner import this_process
from .registry_trouble import PULL_ATTEMPTS, explain, is_transient, pause, pulled_origin

if TYPE_CHECKING:
    from docker import DockerClient

STATUS = "Digest: "


def pull_image(client: "DockerClient", reference: str, arch: str, key: str) -> Image:
    """Pull by tag or digest for one arch; transient failures are tried again.

    Raises:
        EngineError: the registry refused, does not answer or gave another arch.
    """
    before, names = image_id(client, reference), _digest_names(client)
    said = _pull_patiently(client, reference, arch)
    with speaking(f"The image '{reference}' ({arch}) cannot be kept"):
        attributes = inspect(client, reference)
        try:
            got = machine_of_platform(attributes["Architecture"], attributes.get("Variant") or "")
            if got != arch:
                raise EngineError(f"The registry gave '{reference}' for '{got}' when it was asked for '{arch}'.")
            digest = digest_of(reference, said, attributes.get("RepoDigests") or ()) or attributes["Id"]
            _keep(client, attributes["Id"], key, digest, pulled_origin(reference, datetime.now(UTC).date()))
        finally:
            brought = set(attributes.get("RepoDigests") or ()) - names
            _give_back(client, reference, before, attributes["Id"], brought)
    image = image_of_key(client, key)
    if image is None:
        raise EngineError(f"The image '{key}' ({arch}) was pulled and is gone again; was it removed meanwhile?")
    return image


def _pull_patiently(client: "DockerClient", reference: str, arch: str) -> str:
    for attempt in range(1, PULL_ATTEMPTS + 1):
        try:
            return _pull(client, reference, known_arch(arch).platform)
        except EngineError as error:
            message = str(error)
            if attempt == PULL_ATTEMPTS or not is_transient(message):
                raise EngineError(explain(reference, arch, message)) from error
            time.sleep(pause(attempt))
    raise EngineError(f"The image '{reference}' ({arch}) was never asked for.")


def _pull(client: "DockerClient", reference: str, platform: str) -> str:
    """Pull once and return the digest that the daemon mentions, or nothing."""
    digest = ""
    with speaking("The pull failed"):
        repository, tag = split_reference(reference)
        for event in client.api.pull(repository, tag=tag, platform=platform, stream=True, decode=True):
            if "error" in event:
                raise EngineError(str(event["error"]))
            status = str(event.get("status", ""))
            digest = status.removeprefix(STATUS) if status.startswith(STATUS) else digest
    return digest


def split_reference(reference: str) -> tuple[str, str]:
    """Return repository and tag or digest of ``reference``; the tag is ``latest`` where none is given."""
    if "@" in reference:
        repository, _, digest = reference.partition("@")
        return repository, digest
    head, slash, last = reference.rpartition("/")
    name, _, tag = last.partition(":")
    return f"{head}{slash}{name}", tag or "latest"


def digest_of(reference: str, said: str, known: Sequence[str]) -> str:
    """Return the digest of what was pulled: asked for, said by the daemon, or the last known one of the repository.

    Args:
        known: the daemon's ``repository@digest`` names of the image; Docker Hub's are short there (``debian@...``).
    """
    repository, tag = split_reference(reference)
    if "@" in reference:
        return tag
    names = {repository, repository.removeprefix("docker.io/"), repository.removeprefix("docker.io/library/")}
    own = [name.partition("@")[2] for name in known if name.partition("@")[0] in names]
    return said or (own[-1] if own else "")


def _keep(client: "DockerClient", pulled: str, key: str, digest: str, origin: str) -> None:
    """Give the image its labels and then, last, its name."""
    name = f"manylinux-lab-pull-{secrets.token_hex(6)}"
    labels = {OWNER: this_process().id, RUN: "pull", BENCH: pulled}
    changes = [f'LABEL {KEY}="{key}"', f'LABEL {DIGEST}="{digest}"', f'LABEL {ORIGIN}="{origin}"']
    try:
        # Never started: the container is only the way to a commit.
        client.api.create_container(pulled, name=name, entrypoint=["sh"], command=[], labels=labels)
        made = client.api.commit(name, changes=changes)["Id"]
        name_image(client, made, key)
    finally:
        with suppress(EngineError), speaking("The container cannot be removed"):
            client.api.remove_container(name, force=True, v=True)


def _digest_names(client: "DockerClient") -> set[str]:
    with speaking("The images cannot be listed"):
        return {name for summary in client.api.images() for name in summary.get("RepoDigests") or ()}


def _give_back(client: "DockerClient", reference: str, before: str | None, pulled: str, brought: set[str]) -> None:
    """Let the registry's name mean what it meant before the pull; names that the pull brought go."""
    repository, tag = split_reference(reference)
    if before is None:
        brought = {reference, *brought}
    elif before != pulled and "@" not in reference:
        with suppress(EngineError), speaking("The name cannot be given back"):
            client.api.tag(before, repository, tag)
    for name in sorted(brought):
        # With the last tag of a repository the daemon drops its digests by itself.
        with suppress(EngineError), speaking("The name cannot be removed"):
            client.api.remove_image(name)
