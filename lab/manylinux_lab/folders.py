"""Where the lab's own files are: data folders inside the package or beside ``lab/``, and the user's cache."""

import os
from pathlib import Path

from platformdirs import user_cache_path

from .errors import UsageError

PACKAGE = Path(__file__).resolve().parent


def data_folder(name: str) -> Path:
    """Return the folder ``distros``, ``reference``, ``suites`` or ``reports``.

    An installed wheel holds it inside the package; a checkout (or an editable install of one) has it beside ``lab/``.

    Raises:
        UsageError: the installation lacks the folder.
    """
    for candidate in (PACKAGE / name, PACKAGE.parent.parent / name):
        if candidate.is_dir():
            return candidate
    raise UsageError(f"The data folder '{name}' is missing from this installation; install manylinux-lab again.")


def cache_folder(*parts: str) -> Path:
    """Return a folder below the user's cache and create it.

    Raises:
        UsageError: it cannot be created, or nobody knows where.
    """
    folder = cache_place(*parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"The folder '{folder}' of the cache cannot be made ({error.strerror}); "
            "name another place with MANYLINUX_LAB_CACHE."
        ) from error
    return folder


def cache_place(*parts: str) -> Path:
    """Return where a folder of the cache is, or would be. ``MANYLINUX_LAB_CACHE`` names another place for all of it."""
    named = os.environ.get("MANYLINUX_LAB_CACHE")
    try:
        root = Path(named) if named else user_cache_path("manylinux-lab")
    except RuntimeError as error:
        raise UsageError("There is no home folder for the cache; name one with MANYLINUX_LAB_CACHE.") from error
    return root.joinpath(*parts)
