"""Wheels together on a bench: questions in, outcomes out. It keeps a container of its own and repeats what deviates."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..cells import Bench, Cell
from ..coload.archives import Archives
from ..coload.comparison import Comparison, Control, Party, compare
from ..coload.confirming import Certainty, Confirmed, confirm
from ..coload.effects import effects_outcome
from ..coload.ground import Ground
from ..coload.observation import Library, Observation, killing, read_libraries, read_observation
from ..coload.shrink import enough_words, shrink
from ..coload.troubled import troubled_outcome
from ..coload.weighing import Setting, company_outcome
from ..engines.contract import Engine
from ..judge import Outcome, OutcomeKind
from ..wheels.wheel import Wheel
from .connection import Connection, Terms
from .controls import Controls
from .gathering import Gathering
from .losses import LOSSES
from .parties import party_of
from .roster import Roster
from .session import Event, ProbeLostError
from .sharing import Sharing

FORKS = 2  # more forks, of which all must deviate before it is the fork that does it
FRESH = 4  # more fresh processes, none of which may deviate where only some of the forks do


class Company:
    """One bench for wheels that share a process: a container with the probe on it, opened at the first question.

    All methods raise ``EngineError`` when the lab fails; the next question then gets a fresh container.
    """

    def __init__(
        self,
        bench: Bench,
        engine: Engine,
        terms: Terms,
        roster: Roster,
        *,
        smoke: Mapping[str, str],
        stdlib: Mapping[str, str],
        shared: Path | None = None,
    ) -> None:
        """Take smoke code by project, and by module of the standard library, and the folder that workers share."""
        self.bench = bench
        self._roster = roster
        self._smoke = smoke
        self._stdlib = stdlib
        self._connection = Connection(bench, engine, terms)
        self._gathering = Gathering(self._connection, roster.wheel_of)
        self._libraries: dict[str, Library] = {}
        sharing = Sharing(shared, bench.id, damaged=self._gathering.damaged, describe=self._describe)
        self._controls = Controls(self._alone, self._gathering.lonely_site, self._libraries, sharing)
        self._unforkable: set[tuple[tuple[str, ...], str]] = set()
        self._losses: Counter[tuple[str, ...]] = Counter()  # of the probe, by the order that it carried out
        self._archives = Archives(bench.libc_version if bench.libc == "glibc" else None)

    def close(self) -> None:
        """Remove the container."""
        self._connection.close()

    def effects(self, cell: Cell, wheel: Wheel) -> Outcome:
        """Return what installing and loading one wheel changes for others."""
        outcome = self._undisturbed(lambda: self._effects(cell, wheel), always=True)
        self._connection.prove_sound(outcome)
        return outcome

    def coload(self, cell: Cell) -> Outcome:
        """Return what differs between wheels in one process, loaded in the cell's order, and each of them alone."""
        outcome = self._undisturbed(lambda: self._coload(cell))
        self._connection.prove_sound(outcome)
        return outcome

    def _undisturbed(self, ask: Callable[[], Outcome], *, always: bool = False) -> Outcome:
        """Return an outcome from sites that no wheel of another cell has damaged: where one has, all is made anew.

        ``always`` looks for damage whatever the outcome; else only where something is wrong.
        """
        outcome = self._answered(ask)
        for is_last in (False, True):
            is_doubtful = always or outcome.kind in (OutcomeKind.BROKEN, OutcomeKind.NOT_APPLIED)
            damaged = self._gathering.damaged() if is_doubtful else ()
            if not damaged:
                return outcome
            self._connection.close()
            self._controls.forget()
            self._unforkable.clear()
            if not is_last:
                outcome = self._answered(ask)
        file = damaged[0].partition("/sites/")[2].partition("/")[2]
        reason = f"Loading this changes or deletes installed files, such as '{file}'"
        reason += f"; {outcome.reason}" if outcome.reason else "."
        return replace(outcome, kind=OutcomeKind.BROKEN, reason=reason, facts={**outcome.facts, "damaged": damaged})

    def _answered(self, ask: Callable[[], Outcome]) -> Outcome:
        """Return an outcome although the probe may be lost: an order that costs it each time is not run any more."""
        while True:
            try:
                return ask()
            except ProbeLostError:
                if self.bench.emulated:  # an emulator may end by itself
                    raise

    def _effects(self, cell: Cell, wheel: Wheel) -> Outcome:
        ground = self._gathering.ground(self._roster.sites(cell))
        control = self._controls.of(ground, self._party(self._roster.name_of(cell.bench, wheel), wheel))

        def dependency(sha256: str) -> Control:
            other = ground.wheels[sha256]
            return self._controls.of(ground, self._party(self._roster.name_of(cell.bench, other), other))

        return effects_outcome(
            self._controls.with_imports(ground, control),
            wheel,
            ground,
            dependency=dependency,
            static=self._archives.of_one(wheel, ground),
            own=self._roster.cell_of(cell.bench, "import", wheel),
        )

    def _coload(self, cell: Cell) -> Outcome:
        ground = self._divided(cell)
        parties = [self._party(name, wheel) for name, wheel in self._roster.members(cell)]
        refused = self._refused(cell, ground, [party.wheel for party in parties if party.wheel is not None])
        if refused is not None:
            return refused
        controls = {party.name: self._controls.of(ground, party) for party in parties}
        setting = Setting(
            controls=controls,
            ground=ground,
            emulated=self.bench.arch if self.bench.emulated else "",
            overlaps=self._archives.of_many([party.wheel for party in parties if party.wheel is not None], ground),
        )
        left = self._without_troubled(cell, setting)
        return left if isinstance(left, Outcome) else self._together(left)

    def _divided(self, cell: Cell) -> Ground:
        """Return the ground of a cell, with the controls on it divided among the workers at its first cell."""
        ground = self._gathering.ground(self._roster.sites(cell))
        parties = [
            self._party(name, wheel)
            for name, wheel in self._roster.companions(cell)
            if wheel is None or not ground.closure(wheel) & self._gathering.refusals.keys()
        ]
        if self._controls.divide(ground, parties):
            return ground
        self._connection.close()
        self._controls.forget()
        return self._gathering.ground(self._roster.sites(cell))

    def _describe(self, paths: Sequence[str]) -> None:
        found = read_libraries(self._connection.ask("libraries", paths=list(paths)))
        self._libraries.update((library.path, library) for library in found)

    def _together(self, setting: Setting) -> Outcome:
        ground, controls = setting.ground, setting.controls
        is_alone = self._row(setting) in self._unforkable or self._is_curious(setting)
        confirmed = confirm(
            self._compare(ground, controls, fresh=is_alone),
            lambda: self._compare(ground, controls, fresh=True),
            lambda: self._fork_deviates(setting),
        )
        if confirmed.certainty is Certainty.ALWAYS and len(controls) > 2:
            confirmed, setting = self._shrunk(confirmed, setting)
        notes = self._archives.of_process(confirmed.comparison, setting.controls, ground, setting.label)
        return company_outcome(confirmed, replace(setting, notes=notes))

    def _row(self, setting: Setting) -> tuple[tuple[str, ...], str]:
        return setting.ground.paths, next(iter(setting.controls))

    def _fork_deviates(self, setting: Setting) -> bool:
        """Tell whether a deviation that no fresh process has shown is the fork's doing; its row then does without."""
        ground, controls, row = setting.ground, setting.controls, self._row(setting)

        def deviates(members: Mapping[str, Control], *, fresh: bool = False) -> bool:
            return bool(self._compare(ground, members, fresh=fresh).deviations)

        is_fork = deviates({row[1]: controls[row[1]]})
        if not is_fork:
            again = [deviates(controls) for _ in range(FORKS)]
            is_fork = all(again) or (any(again) and not any(deviates(controls, fresh=True) for _ in range(FRESH)))
        if is_fork:
            self._unforkable.add(row)
        return is_fork

    def _is_curious(self, setting: Setting) -> bool:
        """Tell whether the first member asks for others of the company while it is loaded, which a mother hides."""
        first, wheels = next(iter(setting.controls.values())), [one.party.wheel for one in setting.controls.values()]
        refused = set(first.seen.refused)
        return bool(refused) and not refused <= set(setting.ground.hidden(wheels))

    def _shrunk(self, confirmed: Confirmed, setting: Setting) -> tuple[Confirmed, Setting]:
        """Return the smallest part of a failing order and what a fresh process shows of it."""
        key = confirmed.deviations[0].key
        failing: dict[tuple[str, ...], Comparison] = {}

        def fails(part: tuple[str, ...]) -> bool:
            seen = self._compare(setting.ground, {name: setting.controls[name] for name in part}, fresh=True)
            if any(deviation.key == key for deviation in seen.deviations):
                failing[part] = seen
            return part in failing

        smallest = shrink(tuple(setting.controls), fails, must=key[1])
        facts = {
            "smallest": list(smallest.order),
            "shrunk_in_runs": smallest.runs,
            "is_smallest": smallest.is_smallest,
        }
        setting = replace(
            setting,
            controls={name: setting.controls[name] for name in smallest.order},
            facts={**setting.facts, **facts},
            enough=enough_words(smallest, len(setting.controls)),
        )
        if smallest.order not in failing:
            return confirmed, setting
        seen = failing[smallest.order]
        return replace(confirmed, comparison=seen, deviations=seen.deviations), setting

    def _refused(self, cell: Cell, ground: Ground, wheels: Sequence[Wheel]) -> Outcome | None:
        """Return an outcome where the installer did not install a wheel or something that it needs."""
        for wheel in wheels:
            for sha256 in sorted(ground.closure(wheel) & self._gathering.refusals.keys()):
                other = ground.wheels[sha256]
                own = self._roster.cell_of(cell.bench, "install", other)
                see = "" if own is None else f" See {own.id}"
                reason = f"'{other.project}' is not installed: {self._gathering.refusals[sha256].rstrip('.')}.{see}"
                return Outcome(kind=OutcomeKind.NOT_APPLIED, reason=reason)
        return None

    def _without_troubled(self, cell: Cell, setting: Setting) -> Setting | Outcome:
        """Return the setting without members that do not load alone, or an outcome where fewer than two are left."""
        left_out: dict[str, str] = {}
        outcome: Outcome | None = None
        for name, control in setting.controls.items():
            if control.trouble:
                outcome = self._troubled(cell, control, setting)
                if outcome.kind is not OutcomeKind.NOT_APPLIED:
                    return outcome
                left_out[name] = outcome.reason
        if outcome is None:
            return setting
        controls = {name: control for name, control in setting.controls.items() if name not in left_out}
        if len(controls) < 2:
            return outcome
        return replace(setting, controls=controls, facts={**setting.facts, "left_out": left_out})

    def _troubled(self, cell: Cell, control: Control, setting: Setting) -> Outcome:
        wheel = control.party.wheel
        own = None if wheel is None else self._roster.cell_of(cell.bench, "import", wheel)
        return troubled_outcome(control, setting, own, lambda other: self._roster.is_member(cell.bench, other))

    def _party(self, name: str, wheel: Wheel | None) -> Party:
        return party_of(name, wheel, self.bench, smoke=self._smoke, stdlib=self._stdlib)

    def _compare(self, ground: Ground, controls: Mapping[str, Control], *, fresh: bool) -> Comparison:
        parties = [control.party for control in controls.values()]
        seen = self._ask(ground, parties, ground.paths, fresh=fresh)
        return compare(seen, controls, self._libraries, ground)

    def _alone(self, ground: Ground, party: Party, sites: Sequence[str]) -> Observation:
        return self._ask(ground, [party], sites, fresh=True, detailed=True)

    def _ask(
        self, ground: Ground, parties: Sequence[Party], sites: Sequence[str], *, fresh: bool, detailed: bool = False
    ) -> Observation:
        names = tuple(party.name for party in parties)
        if self._losses[names] >= LOSSES:
            return killing(names)
        try:
            seen, libraries = read_observation(self._coload_events(ground, parties, sites, fresh, detailed))
        except ProbeLostError:
            self._losses[names] += 1
            raise
        self._libraries.update((library.path, library) for library in libraries)
        return seen

    def _coload_events(
        self, ground: Ground, parties: Sequence[Party], sites: Sequence[str], fresh: bool, detailed: bool
    ) -> tuple[Event, ...]:
        wheels = [party.wheel for party in parties]
        return self._connection.ask(
            "coload",
            sites=list(sites),
            hidden=ground.hidden(wheels),
            hidden_first=ground.hidden(wheels if fresh else wheels[:1]),
            order=[{"id": party.name, "items": party.items, "smoke": party.smoke} for party in parties],
            fresh=fresh,
            detailed=detailed,
            seconds=self._connection.seconds,
        )
