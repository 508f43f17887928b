"""Measures the ABI of a distro on a bench: every library that the loader finds there, and what versions it defines."""

from datetime import date
from pathlib import Path
from typing import Annotated

import msgspec

from ..bench import probe
from ..catalogue.distro import Libc
from ..engines.contract import Engine, Mount
from ..errors import EngineError
from ..images.prepared import PreparedImage, Variant, Wanted
from .musl import is_musl_itself
from .profile import Layer, Profile

INSIDE = "/survey"
SECONDS = 120
EMULATED_SECONDS = 1200
LAYERS = {Variant.MINIMAL: Layer.BASE, Variant.DESKTOP: Layer.DESKTOP}
ORIGIN = "measured on a bench of this lab"
Name = Annotated[str, msgspec.Meta(max_length=400)]
Names = Annotated[list[Name], msgspec.Meta(max_length=5000)]


Version = Annotated[str, msgspec.Meta(pattern=r"^(\d{1,4}\.\d{1,4}(\.\d+)*)?$")]


class _Answer(msgspec.Struct):
    libraries: Annotated[dict[Name, Names], msgspec.Meta(max_length=50_000)]
    folders: Names
    glibc: Version = ""
    musl: Version = ""

    @property
    def libc(self) -> Libc | None:
        """The C library, or None where its version or its file was not found."""
        if self.musl and any(map(is_musl_itself, self.libraries)):
            return Libc.MUSL
        return Libc.GLIBC if self.glibc and "libc.so.6" in self.libraries else None


def measure(wanted: Wanted, prepared: PreparedImage, engine: Engine, today: date, *, is_emulated: bool) -> Profile:
    """Return the profile of a prepared image.

    Raises:
        EngineError: the bench cannot be started, has no Python or no C library that we know, or answers nonsense.
    """
    if not prepared.interpreters:
        raise EngineError(f"The image of '{wanted.id}' has no Python to measure it with.")
    folder = Path(probe.__file__).parent
    with engine.start(
        prepared.image, run="profile", bench=wanted.id, mounts=[Mount(outside=folder, inside=INSIDE)]
    ) as container:
        command = [prepared.interpreters[0].path, "-I", "-B", f"{container.root}{INSIDE}/survey.py"]
        finished = container.run(command, seconds=EMULATED_SECONDS if is_emulated else SECONDS)
    if finished.exit_code:
        words = " ".join(finished.stderr.decode("utf-8", "replace").split())[-300:]
        raise EngineError(f"Measuring '{wanted.id}' failed with exit code {finished.exit_code}: {words}")
    return profile_from(finished.stdout, wanted, prepared.image.digest, today)


def profile_from(answer: bytes, wanted: Wanted, image: str, today: date) -> Profile:
    """Return the profile that a survey's answer describes.

    Raises:
        EngineError: it is no such answer, or the system's C library is not the one that the catalogue names.
    """
    try:
        seen = msgspec.json.decode(answer, type=_Answer)
    except msgspec.MsgspecError as error:
        raise EngineError(f"Measuring '{wanted.id}' gave no answer that makes sense: {error}.") from error
    if seen.libc is not wanted.release.libc:
        found = seen.libc.value if seen.libc else "no C library that the lab knows"
        raise EngineError(f"'{wanted.id}' has {found}; the catalogue says {wanted.release.libc.value}.")
    major, minor = (seen.musl or seen.glibc).split(".")[:2]
    return Profile(
        distro=wanted.release.id,
        arch=wanted.arch,
        layer=LAYERS[wanted.variant],
        libc=wanted.release.libc,
        libc_version=(int(major), int(minor)),
        sonames={name: frozenset(versions) for name, versions in seen.libraries.items()},
        absent=frozenset(),
        measured=today,
        image=image,
        origin=ORIGIN,
        is_complete=True,
        folders=tuple(seen.folders),
    )
