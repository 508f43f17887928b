"""A relocatable CPython that the user brings: which interpreter it is and which libc it needs, told from its files."""

import hashlib
import os
import re
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection
from elftools.elf.segments import InterpSegment

from ..catalogue.reading import Libc
from ..engines.contract import Mount
from ..errors import UsageError
from ..folders import cache_folder
from ..interpreter import Interpreter, Origin, default_abi
from ..wheels.binary import MACHINES

INSIDE = "/python-portable"  # at the top, where no image has a read-only folder in the way
ANY_MUSL = (1, 1)  # musl has no symbol versions; 1.1 is the oldest that musllinux tags name


@dataclass(frozen=True, kw_only=True, slots=True)
class Portable:
    """A portable interpreter, the mount that brings it to a bench, and what it needs there.

    ``libc_version`` is the oldest glibc whose symbols all of its files find; the bench's must not be older.
    """

    interpreter: Interpreter
    mount: Mount
    arch: str
    libc: Libc
    libc_version: tuple[int, int]


def portable(root: Path) -> Portable:
    """Read the folder (or the tarball, which is unpacked into the cache) of a relocatable CPython. Runs nothing.

    Raises:
        UsageError: the folder holds no ``bin/python3.N``, or that is no Linux program.
    """
    folder = _unpacked(root) if root.is_file() else root.resolve()
    program = _program(folder)
    version, suffix = _version(program)
    abi = default_abi(version) + suffix
    interpreter = Interpreter(
        version=version,
        abi=abi,
        origin=Origin.PORTABLE,
        path=f"{INSIDE}/bin/{program.name}",
        pip=_pip(folder, program.name),
    )
    arch, libc = _machine(program)
    return Portable(
        interpreter=interpreter,
        mount=Mount(outside=folder, inside=INSIDE),
        arch=arch,
        libc=libc,
        libc_version=ANY_MUSL if libc is Libc.MUSL else max(_needs(folder, program), default=(2, 0)),
    )


def _program(folder: Path) -> Path:
    found = sorted(path for path in folder.glob("bin/python3.*") if re.fullmatch(r"python3\.\d+t?", path.name))
    if not found:
        raise UsageError(
            f"The folder '{folder}' holds no portable Python: 'bin/python3.N' is missing. "
            "Name the folder that contains 'bin' and 'lib'."
        )
    # A free-threaded Python is installed as 'python3.13' too, and only its standard library tells.
    return next((path for path in found if (folder / "lib" / path.name).is_dir()), found[0])


def _version(program: Path) -> tuple[tuple[int, int], str]:
    minor = program.name.removeprefix("python3.")
    return (3, int(minor.removesuffix("t"))), "t" if minor.endswith("t") else ""


def _pip(folder: Path, name: str) -> str:
    found = sorted(folder.glob(f"lib/{name}/site-packages/pip-*.dist-info"))
    return found[-1].name.removeprefix("pip-").removesuffix(".dist-info") if found else ""


def _machine(program: Path) -> tuple[str, Libc]:
    try:
        with program.open("rb") as stream:
            elf = ELFFile(stream)
            kind = (elf.header["e_machine"], elf.elfclass, elf.little_endian)
            loaders = [one.get_interp_name() for one in elf.iter_segments() if isinstance(one, InterpSegment)]
    except (OSError, ELFError) as error:
        raise UsageError(f"The portable Python '{program}' is no program for Linux: {error}.") from error
    if kind not in MACHINES:
        raise UsageError(f"The portable Python '{program}' is for '{kind[0]}', an architecture the lab does not know.")
    is_musl = any("ld-musl" in loader for loader in loaders)
    return MACHINES[kind], Libc.MUSL if is_musl else Libc.GLIBC


def _needs(folder: Path, program: Path) -> Iterator[tuple[int, int]]:
    """Yield the glibc versions that the interpreter and its standard library ask for."""
    for file in (
        program,
        *sorted(folder.glob("lib/libpython3*.so*")),
        *sorted(folder.glob("lib/python3*/lib-dynload/*.so")),
    ):
        with file.open("rb") as stream:
            for section in ELFFile(stream).iter_sections():
                if isinstance(section, GNUVerNeedSection):
                    for _, versions in section.iter_versions():
                        yield from _glibc(version.name for version in versions)


def _glibc(names: Iterator[str]) -> Iterator[tuple[int, int]]:
    for name in names:
        match = re.match(r"GLIBC_(\d+)\.(\d+)", name)
        if match:
            yield int(match[1]), int(match[2])


def _unpacked(archive: Path) -> Path:
    """Unpack a tarball once into the cache and return the folder that holds ``bin``."""
    status = archive.stat()
    name = hashlib.sha256(f"{archive.resolve()}:{status.st_size}:{status.st_mtime_ns}".encode()).hexdigest()[:16]
    kept = cache_folder("portable") / name
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=kept.parent, prefix="half-") as scratch:
            half = Path(scratch, "root")
            half.mkdir(mode=0o755)
            try:
                with tarfile.open(archive) as tar:
                    tar.extractall(half, filter="data")
            except (OSError, tarfile.TarError) as error:
                raise UsageError(f"The archive '{archive}' cannot be unpacked: {error}.") from error
            if not kept.exists():
                os.utime(half)  # the archive's own date would make it old at once
                half.replace(kept)
    inner = [path.parent for path in sorted(kept.glob("*/bin"))]
    return kept if (kept / "bin").is_dir() or not inner else inner[0]
