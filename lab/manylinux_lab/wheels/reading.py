"""Read a wheel file into a ``Wheel``: its name, what its archive holds, and that both say the same."""

import re
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag
from packaging.utils import BuildTag, InvalidWheelFilename, NormalizedName, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from ..errors import UsageError
from .digests import remembered_digest
from .remembered import contents_of
from .wheel import UnreadableWheelError, Wheel

PROJECT = re.compile(r"[\w.]+")


def read_wheel(path: Path) -> Wheel:
    """Return the record of a wheel file.

    Raises:
        UnreadableWheelError: it is no usable wheel, in one sentence: the wheel's fault.
        UsageError: this machine cannot read the file.
    """
    project, version, _, tags = parse_name(path.name)
    try:
        sha256 = remembered_digest(path)
        contents = contents_of(path, sha256)
    except OSError as error:
        raise UsageError(f"The wheel '{path}' cannot be read: {error.strerror or error}.") from error
    _compare("name", project, canonicalize_name(contents.project), path)
    _compare("version", version, Version(contents.version), path)
    return Wheel(
        path=path,
        sha256=sha256,
        project=project,
        version=str(version),
        tags=tags,
        requires_python=SpecifierSet(contents.requires_python),
        requires=tuple(Requirement(text) for text in contents.requires),
        import_names=contents.import_names,
        extensions=contents.extensions,
        objects=contents.objects,
        executables=contents.executables,
        machines=contents.machines,
        notes=contents.notes,
    )


def parse_name(file_name: str) -> tuple[NormalizedName, Version, BuildTag, frozenset[Tag]]:
    """Return project, version, build tag and tags of a wheel's file name.

    Raises:
        UnreadableWheelError: it is no wheel name.
    """
    try:
        return parse_wheel_filename(file_name)
    except (InvalidWheelFilename, InvalidVersion) as error:
        raise UnreadableWheelError(
            f"'{file_name}' is no wheel name (PROJECT-VERSION-PYTHON-ABI-PLATFORM.whl): {_fault(file_name)}."
        ) from error


def _fault(file_name: str) -> str:
    """Return the first rule of PEP 427 and PEP 425 that a file name breaks, as a clause."""
    parts = file_name.removesuffix(".whl").split("-")
    if not file_name.endswith(".whl"):
        return "it does not end in '.whl'"
    if len(parts) not in (5, 6):
        return f"it has {len(parts) - 1} hyphens instead of 4, or 5 with a build number"
    if "__" in parts[0] or not PROJECT.fullmatch(parts[0]):
        return f"'{parts[0]}' is no project name"
    try:
        Version(parts[1])
    except InvalidVersion:
        return f"'{parts[1]}' is no version"
    if len(parts) == 6 and not parts[2][:1].isdigit():
        return f"the build number '{parts[2]}' does not begin with a digit"
    return f"'{'-'.join(parts[-3:])}' is no tag"


def _compare(what: str, named: object, declared: object, path: Path) -> None:
    if named != declared:
        raise UnreadableWheelError(f"'{path.name}' says {what} '{declared}' in its METADATA, which is not '{named}'.")
