"""The wheels of a choice as a requirement file with hashes, or as a lock file (PEP 751)."""

from pathlib import Path

import tomli_w
from packaging.markers import Marker
from packaging.pylock import Package, PackageWheel, Pylock
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from ..atomic import appearing
from ..errors import UsageError
from ..resolving.lock_file import is_lock_file
from .choosing import Choice

BY = "manylinux-lab predict"


def write_choice(file: Path, choice: Choice) -> None:
    """Write the wheels of a choice: ``pylock.toml`` and ``pylock.NAME.toml`` are lock files, all others requirements.

    Raises:
        UsageError: something is missing, a wheel's hash is not known, or the file cannot be written.
    """
    if choice.missing:
        raise UsageError(f"'{file}' was not written: not everything is found for {choice.id}.")
    unknown = [taken.name for taken in choice.taken if not taken.sha256]
    if unknown:
        raise UsageError(f"'{file}' was not written: the index tells no hash of '{unknown[0]}'; let it be downloaded.")
    text = lock_of(choice) if is_lock_file(file.name) else requirements_of(choice)
    try:
        with appearing(file) as stream:
            stream.write(text.encode())
    except OSError as error:
        raise UsageError(f"'{file}' cannot be written: {error.strerror or error}.") from error


def requirements_of(choice: Choice) -> str:
    """Return a requirement file that ``pip install --require-hashes -r`` takes, one URL a requirement."""
    lines = [f'# Made by "{BY}" for {choice.id} with {f"pip {choice.pip}" if choice.pip else "the newest pip"}.']
    lines += [f"{taken.project} @ {taken.url} \\\n    --hash=sha256:{taken.sha256}" for taken in choice.taken]
    return "\n".join([*lines, ""])


def lock_of(choice: Choice) -> str:
    """Return a lock file that names exactly these wheels, and for which Python and machine they were chosen.

    What no marker tells, the distro and its pip, is in the table of this tool, which installers pass over.
    """
    packages = [
        Package(
            name=canonicalize_name(one.project),
            version=Version(one.version),
            requires_python=SpecifierSet(one.requires_python) if one.requires_python else None,
            wheels=[PackageWheel(name=one.name, url=one.url, hashes={"sha256": one.sha256})],
        )
        for one in sorted(choice.taken, key=lambda one: one.project)
    ]
    lock = Pylock(
        lock_version=Version("1.0"),
        environments=[Marker(marker) for marker in choice.environments],
        requires_python=SpecifierSet(choice.requires_python),
        created_by=BY,
        packages=packages,
        tool={"manylinux-lab": {"chosen-for": choice.id, "pip": choice.pip or "newest"}},
    )
    return tomli_w.dumps(lock.to_dict())
