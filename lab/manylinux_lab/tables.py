"""The tables in ``reference/``: what is known of policies, libraries, names and hardware, each with its source."""

import json
import tomllib
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from .errors import UsageError
from .folders import data_folder

SCHEMA = 1

Made = TypeVar("Made")


def reference(name: str, make: Callable[[dict[str, Any]], Made]) -> Made:
    """Return what ``make`` makes of a file of this installation (``pip.toml``, ``stable_abi.json``).

    Raises:
        UsageError: the file is damaged.
    """
    file = data_folder("reference") / name
    read = json.loads if file.suffix == ".json" else tomllib.loads
    try:
        content = read(file.read_text(encoding="utf-8"))
        if content.pop("schema", None) != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA}, which this lab reads")
        return make(content)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, msgspec.ValidationError) as error:
        raise UsageError(f"The file '{file}' is damaged ({error!r}); install manylinux-lab again.") from error
