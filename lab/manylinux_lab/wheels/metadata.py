"""The METADATA of a wheel, read leniently: what cannot be parsed becomes a note, except the name and the version."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from packaging.metadata import parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from .wheel import UnreadableWheelError


@dataclass(frozen=True, kw_only=True, slots=True)
class Metadata:
    """What the lab uses of a METADATA file. ``import_names`` is None where the file lists none (PEP 794)."""

    project: NormalizedName
    version: Version
    requires_python: SpecifierSet
    requires: tuple[Requirement, ...]
    import_names: tuple[str, ...] | None
    notes: tuple[str, ...]


def parse_metadata(data: bytes, file_name: str) -> Metadata:
    """Parse a METADATA file of the wheel named ``file_name``.

    Raises:
        UnreadableWheelError: it gives no name, or no valid version.
    """
    raw, _ = parse_email(data)
    name, version = raw.get("name", ""), raw.get("version", "")
    if not name or not version:
        missing = "Name" if not name else "Version"
        raise UnreadableWheelError(f"The METADATA of '{file_name}' has no {missing}.")
    notes: list[str] = []
    requires = (_requirement(text, notes) for text in raw.get("requires_dist", []))
    return Metadata(
        project=canonicalize_name(name),
        version=_version(version, file_name),
        requires_python=_specifier(raw.get("requires_python", ""), notes),
        requires=tuple(requirement for requirement in requires if requirement is not None),
        import_names=_names(raw.get("import_names")),
        notes=tuple(notes),
    )


def _version(text: str, file_name: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion as error:
        raise UnreadableWheelError(f"The METADATA of '{file_name}' has the invalid version {text!r}.") from error


def _requirement(text: str, notes: list[str]) -> Requirement | None:
    try:
        requirement = Requirement(text)
        _ = urlsplit(requirement.url or "").port  # reading it finds a bad address and a bad port
    except (InvalidRequirement, ValueError, RecursionError):
        notes.append(f"The requirement {text[:200]!r} in METADATA is not valid and was left out.")
        return None
    return requirement


def _specifier(text: str, notes: list[str]) -> SpecifierSet:
    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        notes.append(f"Requires-Python is {text!r}, which is not valid and was left out.")
        return SpecifierSet()


def _names(values: list[str] | None) -> tuple[str, ...] | None:
    """Return PEP 794's names; ``; private`` only says that they are not for users."""
    if values is None:
        return None
    names = (value.partition(";")[0].strip() for value in values)
    return tuple(sorted({name for name in names if all(part.isidentifier() for part in name.split("."))}))
