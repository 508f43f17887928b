"""What wheels together ask of a run's plan: who is who, and where everybody is loaded from."""

from typing import Protocol

from ..cells import Cell, Site
from ..wheels.wheel import Wheel


class Roster(Protocol):
    """Who is who in the plan of a run."""

    def members(self, cell: Cell) -> tuple[tuple[str, Wheel | None], ...]:
        """Return names and wheels of those that share a process; the standard library has no wheel."""
        ...

    def companions(self, cell: Cell) -> tuple[tuple[str, Wheel | None], ...]:
        """Return likewise all members of the cells to run that share the bench and the sites of one."""
        ...

    def sites(self, cell: Cell) -> tuple[Site, ...]:
        """Return the sites from which the cell's wheels are loaded."""
        ...

    def wheel_of(self, sha256: str) -> Wheel:
        """Return a wheel of the run."""
        ...

    def name_of(self, bench: str, wheel: Wheel) -> str:
        """Return the name of a wheel among the members on a bench."""
        ...

    def is_member(self, bench: str, wheel: Wheel) -> bool:
        """Tell whether a wheel shares processes on a bench by itself, and not only for another that requires it."""
        ...

    def cell_of(self, bench: str, check: str, wheel: Wheel) -> Cell | None:
        """Return the planned cell that asks another check of one wheel, if there is one."""
        ...
