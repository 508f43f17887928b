"""Measures the ABI of a distro on a bench: every library that the loader finds there, and what versions it defines."""

from datetime import date
from pathlib import Path
from typing import Annotated

import msgspec

from ..bench import probe
from ..engines.contract import Engine, Mount
from ..errors import EngineError
from ..images.prepared import PreparedImage, Variant, Wanted
from .profile import Layer, Profile

INSIDE = "/survey"
SECONDS = 120
EMULATED_SECONDS = 1200
LAYERS = {Variant.MINIMAL: Layer.BASE, Variant.DESKTOP: Layer.DESKTOP}
ORIGIN = "measured on a bench of this lab"
Name = Annotated[str, msgspec.Meta(max_length=400)]
Names = Annotated[list[Name], msgspec.Meta(max_length=5000)]


class _Answer(msgspec.Struct):
    glibc: Annotated[str, msgspec.Meta(pattern=r"^(\d{1,4}\.\d{1,4}(\.\d+)*)?$")]
    libraries: Annotated[dict[Name, Names], msgspec.Meta(max_length=50_000)]


def measure(wanted: Wanted, prepared: PreparedImage, engine: Engine, today: date, *, is_emulated: bool) -> Profile:
    """Return the profile of a prepared image.

    Raises:
        EngineError: the bench cannot be started, has no glibc or no Python, or answers nonsense.
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
        EngineError: it is no such answer, or the system has no glibc.
    """
    try:
        seen = msgspec.json.decode(answer, type=_Answer)
    except msgspec.MsgspecError as error:
        raise EngineError(f"Measuring '{wanted.id}' gave no answer that makes sense: {error}.") from error
    if not seen.glibc or "libc.so.6" not in seen.libraries:
        raise EngineError(f"'{wanted.id}' has no glibc; only such distros have symbol versions to measure.")
    major, minor = seen.glibc.split(".")[:2]
    return Profile(
        distro=wanted.release.id,
        arch=wanted.arch,
        layer=LAYERS[wanted.variant],
        glibc=(int(major), int(minor)),
        sonames={name: frozenset(versions) for name, versions in seen.libraries.items()},
        absent=frozenset(),
        measured=today,
        image=image,
        origin=ORIGIN,
        is_complete=True,
    )
