"""The names that mark what belongs to the lab: keys of images, and the labels and tags that Docker keeps."""

import re

from ..errors import EngineError

PREFIX = "manylinux-lab/"
KEY = "manylinux-lab.key"
ORIGIN = "manylinux-lab.origin"
DIGEST = "manylinux-lab.digest"  # the registry's, of a pulled image; empty where the image id counts
OWNER = "manylinux-lab.owner"
RUN = "manylinux-lab.run"
BENCH = "manylinux-lab.bench"
TOKEN = "manylinux-lab.token"  # noqa: S105 - tells one start of a bench from another, no secret

# Docker's grammar of repository names, which is also good for folders.
PART = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
GRAMMAR = re.compile(rf"{PART}(?:/{PART})*")


def check_key(key: str) -> str:
    """Return ``key`` if an image can be kept under it.

    Raises:
        EngineError: it is more than lower-case letters and digits, joined by ``.``, ``_``, ``-`` or ``/``.
    """
    if not GRAMMAR.fullmatch(key) or len(key) > 200:
        raise EngineError(
            f"The image key '{key}' cannot be used; take lower-case letters and digits, joined by '.', '_', '-' or '/'."
        )
    return key


def tag_of(key: str) -> str:
    """Return the repository name of a key."""
    return PREFIX + check_key(key)


def key_of_tag(tag: str) -> str | None:
    """Return the key of a repository tag, None for one that is not the lab's. Podman puts ``localhost/`` in front."""
    repository = tag.removesuffix(":latest").removeprefix("localhost/")
    return repository.removeprefix(PREFIX) if repository.startswith(PREFIX) else None
