"""A wheel file read into a record, without trusting a byte of it: nothing is executed and nothing is unpacked.

``reading.read_wheel`` makes the records.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag

STABLE_ABI = (".abi3.so", ".abi3t.so")


@dataclass(frozen=True, kw_only=True, slots=True)
class Extension:
    """An extension module: dotted name, path below the site folder, and the suffix that follows its name.

    The suffix tells which interpreters look for the file: ``.so`` and ``.abi3.so`` are for any,
    ``.cpython-311-x86_64-linux-gnu.so`` for one (PEP 3149).
    """

    name: str
    path: str
    suffix: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Wheel:
    """What a wheel says of itself and what is in it.

    ``import_names`` are the dotted names to import (PEP 420 namespaces resolved down to a package or module);
    ``objects`` are ELF shared objects that are no extension modules, ``executables`` ELF programs, both as paths below
    the site folder once installed. ``machines`` gives the arch of each ELF file as (path, PyPA machine name) pairs.
    ``requires`` are all requirements with their markers (extras included). ``notes`` are oddities in words: a
    requirement that nobody can parse, an ELF file that cannot be read.
    """

    path: Path
    sha256: str
    project: str
    version: str
    tags: frozenset[Tag]
    requires_python: SpecifierSet
    requires: tuple[Requirement, ...]
    import_names: tuple[str, ...]
    extensions: tuple[Extension, ...]
    objects: tuple[str, ...]
    executables: tuple[str, ...]
    machines: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The file name: unique within a run."""
        return self.path.name

    @property
    def has_requirements(self) -> bool:
        """Whether other wheels come with it, those of its extras left aside."""
        return any("extra" not in str(one.marker or "") for one in self.requires)


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """What a ``Wheel`` is made of, but for what its file's name says; requirements and specifiers as text."""

    project: str
    version: str
    requires_python: str
    requires: tuple[str, ...]
    import_names: tuple[str, ...]
    extensions: tuple[Extension, ...]
    objects: tuple[str, ...]
    executables: tuple[str, ...]
    machines: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


class UnreadableWheelError(Exception):
    """The file is no usable wheel: the wheel's fault, said in one sentence."""


def loadable(wheel: Wheel, abi: str, arch: str) -> Wheel:
    """Return the wheel with only those ELF files that an interpreter (``cp311``, ``cp313t``) on ``arch`` would load.

    A wheel may bring files for several interpreters or machines; a file of another one is no fault. Import names stay.
    """
    machines = dict(wheel.machines)

    def fits(path: str) -> bool:
        return machines.get(path, arch) == arch

    return replace(
        wheel,
        extensions=tuple(
            extension for extension in wheel.extensions if fits(extension.path) and is_looked_for(extension.suffix, abi)
        ),
        objects=tuple(path for path in wheel.objects if fits(path)),
        executables=tuple(path for path in wheel.executables if fits(path)),
    )


def is_looked_for(suffix: str, abi: str) -> bool:
    """Whether the interpreter of an ABI tag (``cp311``, ``cp37m``, ``cp313t``) imports files with this suffix.

    The part after the version (``x86_64-linux-gnu``) is not compared: one that the interpreter does not look for
    there is the wheel's fault, and the import shows it.
    """
    if suffix == ".so":
        return True
    if suffix in STABLE_ABI:
        return (suffix == ".abi3.so") is not abi.endswith("t")
    implementation, _, version = suffix.removeprefix(".").partition("-")
    return implementation == "cpython" and version.partition("-")[0].partition(".")[0] == abi.removeprefix("cp")
