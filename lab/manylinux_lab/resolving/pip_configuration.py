"""What pip's own configuration says about where files come from, so that the lab looks where the user's pip looks.

Files and variables are read as pip reads them: https://pip.pypa.io/en/stable/topics/configuration/
"""

import configparser
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..errors import UsageError

SECTIONS = ("global", "install")


def read_pip_configuration(environment: Mapping[str, str], home: Path) -> dict[str, str]:
    """Return pip's options for ``pip install`` by long name (``extra-index-url``); lists are separated by white space.

    Raises:
        UsageError: one of pip's files cannot be parsed.
    """
    sections: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for file in _files(environment, home):
        parsed = _parse(file)
        for section in SECTIONS:
            sections[section] |= parsed.get(section, {})
    variables = {
        _option(name.removeprefix("PIP_")): value
        for name, value in environment.items()
        if name.startswith("PIP_") and value
    }
    return sections["global"] | sections["install"] | variables


def _files(environment: Mapping[str, str], home: Path) -> Iterator[Path]:
    """Yield the files that pip reads, the most important last."""
    named = environment.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return
    for folder in reversed((environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")):
        yield Path(folder, "pip", "pip.conf")
    yield Path("/etc/pip.conf")
    yield home / ".pip" / "pip.conf"
    yield Path(environment.get("XDG_CONFIG_HOME") or home / ".config", "pip", "pip.conf")
    yield Path(sys.prefix, "pip.conf")
    if named:
        yield Path(named)


def _parse(file: Path) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser()
    try:
        parser.read(file, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError, PermissionError) as error:
        reason = str(error).replace("\n", " ")
        raise UsageError(f"pip's configuration '{file}' cannot be read: {reason}.") from error
    return {section: {_option(name): value for name, value in parser.items(section)} for section in parser.sections()}


def _option(name: str) -> str:
    long = name.lower().replace("_", "-").removeprefix("--")
    return {"default-timeout": "timeout"}.get(long, long)
