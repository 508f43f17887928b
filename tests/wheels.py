"""Builds small real wheels for tests: valid ones, and ones that are wrong in exactly one way."""

import hashlib
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path

PURE = "py3-none-any"


def metadata_text(project: str, version: str, lines: Sequence[str] = ()) -> str:
    """Return a METADATA file; ``lines`` are further fields."""
    return "\n".join(["Metadata-Version: 2.4", f"Name: {project}", f"Version: {version}", *lines, "", ""])


def wheel_text(tag: str, version: str = "1.0", is_pure: bool | None = None) -> str:
    """Return a WHEEL file; a wheel for all platforms is pure unless said otherwise."""
    pure = tag.endswith("-any") if is_pure is None else is_pure
    return f"Wheel-Version: {version}\nRoot-Is-Purelib: {str(pure).lower()}\nTag: {tag}\n"


def wheel_entries(
    project: str, version: str, files: Mapping[str, bytes], lines: Sequence[str] = (), tag: str = PURE
) -> dict[str, bytes]:
    """Return all entries of a valid wheel, by name."""
    folder = f"{project}-{version}.dist-info"
    entries = {
        **files,
        f"{folder}/METADATA": metadata_text(project, version, lines).encode(),
        f"{folder}/WHEEL": wheel_text(tag).encode(),
    }
    entries[f"{folder}/RECORD"] = _record(entries, f"{folder}/RECORD")
    return entries


def build_wheel(
    folder: Path,
    project: str = "demo",
    version: str = "1.0",
    files: Mapping[str, bytes] | None = None,
    lines: Sequence[str] = (),
    tag: str = PURE,
) -> Path:
    """Write a valid wheel and return its path. Without ``files`` it holds one package named like the project."""
    content = {f"{project}/__init__.py": b""} if files is None else files
    return write_archive(
        folder / f"{project}-{version}-{tag}.whl", wheel_entries(project, version, content, lines, tag)
    )


def write_archive(path: Path, entries: Mapping[str, bytes]) -> Path:
    """Write a zip archive of the entries, always with the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=zipfile.ZIP_DEFLATED)
    return path


def _record(entries: Mapping[str, bytes], own_name: str) -> bytes:
    lines = [f"{name},{_digest(data)},{len(data)}" for name, data in entries.items()]
    return "\n".join([*lines, f"{own_name},,", ""]).encode()


def _digest(data: bytes) -> str:
    return "sha256=" + urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
