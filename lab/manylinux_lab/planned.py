"""A run as it was planned, read once: its benches, subjects, sites and cells, and the wheels they are about.

Whoever looks at a run needs it: the plugin that carries it out, and commands that repeat a cell of it.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from .cells import HOST, STDLIB, Bench, Cell, Site, Subject
from .errors import EngineError, UsageError
from .runs import Run, RunFolder
from .wheels.reading import read_wheel
from .wheels.wheel import UnreadableWheelError, Wheel


class PlannedRun:
    """Reads the run folder once, and a wheel when it is first asked for.

    What gives a wheel raises ``EngineError`` where its file is gone or another one by now.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.run: Run = folder.read()
        self.wheels: dict[str, Wheel] = {}
        self._benches = {bench.id: bench for bench in self.run.plan.benches}
        self._subjects = {subject.id: subject for subject in self.run.plan.subjects}
        self._sites = {site.id: site for site in self.run.plan.sites}
        self._planned = {sys.intern(cell.id): cell for cell in self.run.plan.cells}
        self._names: dict[str, dict[str, str]] = {}
        self._companions: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}

    def to_run(self) -> tuple[Cell, ...]:
        """Return the planned cells that had not finished when the run was started or resumed."""
        finished = set(self.run.finished)
        return tuple(cell for cell in self.run.plan.cells if cell.id not in finished)

    def bench(self, cell: Cell) -> Bench | None:
        """Return the planned bench of a cell; None for a check that needs none."""
        return None if cell.bench == HOST else self._benches[cell.bench]

    def bench_of(self, name: str) -> Bench:
        """Return a planned bench by its id."""
        return self._benches[name]

    def subject(self, cell: Cell) -> Subject:
        """Return what the cell asks about."""
        return self._subjects[cell.subject]

    def wheel(self, cell: Cell) -> Wheel:
        """Return the cell's wheel, read from its file."""
        return self._read(self.subject(cell).sha256)

    def wheel_of(self, sha256: str) -> Wheel:
        """Return a wheel of the run, read from its file."""
        return self._read(sha256)

    def members(self, cell: Cell) -> tuple[tuple[str, Wheel | None], ...]:
        """Return the names and wheels of those that share a process, in their order; the standard library has none."""
        return self._named(cell, self.subject(cell).members)

    def companions(self, cell: Cell) -> tuple[tuple[str, Wheel | None], ...]:
        """Return likewise all members of the cells to run that share the bench and the sites of one."""
        key = (cell.bench, cell.sites)
        if key not in self._companions:
            cells = [one for one in self.to_run() if (one.bench, one.sites) == key and one.check == cell.check]
            names = dict.fromkeys(name for one in cells for name in self.subject(one).members)
            self._companions[key] = tuple(names)
        return self._named(cell, self._companions[key])

    def _named(self, cell: Cell, names: Sequence[str]) -> tuple[tuple[str, Wheel | None], ...]:
        return tuple((name, None if name == STDLIB else self._read(self._member(cell, name).sha256)) for name in names)

    def beside(self, cell: Cell) -> tuple[Subject, ...]:
        """Return the wheels that a command must name for the cell: its members, and what tells their names apart."""
        names = self.subject(cell).members
        roster = self.run.plan.rosters.get(cell.bench, {})
        found = [self._subjects[roster[name]] for name in names if name != STDLIB]
        of_one_release = {(one.project, one.version) for one in found if one.id in names}
        twins = (self._subjects[other] for name, other in roster.items() if name == other)
        return (*found, *(one for one in twins if (one.project, one.version) in of_one_release and one not in found))

    def sites(self, cell: Cell) -> tuple[Site, ...]:
        """Return the sites from which the cell's wheels are loaded."""
        return tuple(self._sites[site] for site in cell.sites)

    def name_of(self, bench: str, wheel: Wheel) -> str:
        """Return the name of a wheel among those that share a process on a bench."""
        return self._names_on(bench).get(wheel.id, f"{wheel.project}-{wheel.version}")

    def is_member(self, bench: str, wheel: Wheel) -> bool:
        """Tell whether a wheel shares processes on a bench by itself, and not only for another that requires it."""
        return wheel.id in self._names_on(bench)

    def cell_of(self, bench: str, check: str, wheel: Wheel) -> Cell | None:
        """Return the planned cell that asks a check of a wheel by itself, if there is one."""
        return self._planned.get(f"{bench}/{check}/{wheel.id}")

    def is_planned(self, cell: Cell, check: str) -> bool:
        """Tell whether the run asks another check of the cell's subject."""
        return self.sibling(cell, check) in self._planned

    def sibling(self, cell: Cell, check: str) -> str:
        """Return the id of another check of the same bench and subject."""
        return f"{cell.bench}/{check}/{cell.subject}"

    def _names_on(self, bench: str) -> dict[str, str]:
        if bench not in self._names:
            roster = self.run.plan.rosters.get(bench, {})
            self._names[bench] = {subject: name for name, subject in roster.items()}
        return self._names[bench]

    def _member(self, cell: Cell, name: str) -> Subject:
        return self._subjects[self.run.plan.rosters[cell.bench][name]]

    def _read(self, sha256: str) -> Wheel:
        if sha256 not in self.wheels:
            path = Path(self.run.plan.files[sha256])
            try:
                wheel = read_wheel(path)
            except (UsageError, UnreadableWheelError) as error:
                raise EngineError(f"The wheel '{path}' was readable when the run was planned: {error}") from error
            if wheel.sha256 != sha256:
                raise EngineError(f"The wheel '{path}' has changed since the run was planned; start another run.")
            self.wheels[sha256] = wheel
        return self.wheels[sha256]
