"""An interpreter that a bench can use: the distro's own, another one found on the image, or a portable one."""

from dataclasses import dataclass
from enum import Enum


class Origin(Enum):
    """Who brings an interpreter to the bench."""

    DISTRO = "distro"
    FOUND = "found"
    PORTABLE = "portable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpreter:
    """One Python of a bench.

    ``version`` is ``(major, minor)``, ``full_version`` has the patch level too (``3.11.2``) or is empty while unknown;
    ``abi`` is the CPython ABI tag (``cp311``, ``cp313t``, ``cp37m``); ``path`` the executable inside the bench, empty
    while only the catalogue knows of it; ``pip`` its pip's version, or empty.
    """

    version: tuple[int, int]
    abi: str
    origin: Origin = Origin.DISTRO
    path: str = ""
    pip: str = ""
    full_version: str = ""

    @property
    def id(self) -> str:
        """``cp311``, or ``cp311-portable`` for one that does not belong to the distro."""
        return self.abi if self.origin is not Origin.PORTABLE else f"{self.abi}-portable"


def default_abi(version: tuple[int, int]) -> str:
    """Return the ABI tag of a plain CPython build: ``cp37m`` up to 3.7 (PEP 3149's pymalloc flag), ``cp38`` after."""
    major, minor = version
    return f"cp{major}{minor}" + ("m" if version < (3, 8) else "")
