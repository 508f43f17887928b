"""Wheels alone: what each does in a fresh process without its company, asked once for each site."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ..coload.capture import needs
from ..coload.comparison import Control, Party
from ..coload.deviation import Aspect, death_words
from ..coload.drift import HARD, Change, flat
from ..coload.ground import Ground
from ..coload.observation import Details, Library, Observation, moved
from ..errors import EngineError
from ..printable import short
from ..wheels.wheel import Wheel
from .sharing import Sharing

Ask = Callable[[Party], Observation]
ADJUSTMENTS = 4  # times that a member is asked again without all that failed
PATIENT = 2  # deaths of a member for which one module each is left out; then goes all that would have come after it
RETRIES = 2  # of a member that died alone
BESIDE = "it works only where the other wheels are not installed beside it"


class Controls:
    """Remembers the control of each member.

    ``ask`` runs a member in a fresh process from the given site folders. ``lonely_site`` makes a folder that holds a
    wheel and what it needs, and nothing else. ``sharing`` saves questions that another worker has asked.
    """

    def __init__(
        self,
        ask: Callable[[Ground, Party, Sequence[str]], Observation],
        lonely_site: Callable[[Ground, Wheel], str],
        libraries: Mapping[str, Library],
        sharing: Sharing,
    ) -> None:
        self._ask = ask
        self._lonely_site = lonely_site
        self._libraries = libraries
        self._sharing = sharing
        self._unstable: dict[str, tuple[str, ...]] = {}
        self._known: dict[tuple[tuple[str, ...], str], Control] = {}
        self._divided: set[tuple[str, ...]] = set()

    def forget(self) -> None:
        """Ask everything anew, as on a bench where files were changed."""
        self._known.clear()
        self._sharing.end()

    def of(self, ground: Ground, party: Party) -> Control:
        """Return a member's control on a ground.

        A wheel that has trouble is tried without those that are merely installed beside it: they may have overwritten
        its files.
        """
        sites = _sites(ground, party)
        key = (sites, party.name)
        if key not in self._known:
            self._known[key] = self._sharing.control(ground, party, sites, self._asking(ground, party, sites))
        return self._known[key]

    def divide(self, ground: Ground, parties: Sequence[Party]) -> bool:
        """Ask the controls of members that no other worker is asking, the largest first; then take those of the others.

        Returns:
            False where the bench is not what it was: a member has changed installed files, or ended the probe.
        """
        if not self._sharing.is_on or ground.paths in self._divided:
            return True
        self._divided.add(ground.paths)
        try:
            for party in sorted(parties, key=lambda party: -len(party.items)):
                sites = _sites(ground, party)
                control = self._sharing.unclaimed(ground, party, sites, self._asking(ground, party, sites))
                if self._sharing.is_damaged:
                    return False
                if control is not None:
                    self._known.setdefault((sites, party.name), control)
            for party in parties:
                self.of(ground, party)
        except EngineError:  # it comes again in the cells of the member that did it
            return False
        return not self._sharing.is_damaged

    def _asking(self, ground: Ground, party: Party, sites: tuple[str, ...]) -> Callable[[], Control]:
        return lambda: self._found(ground, party, sites)

    def with_imports(self, ground: Ground, control: Control) -> Control:
        """Return a control that also knows what a mere import of the names changes, without every extension module."""
        names = tuple(item for item in control.party.items if item[0] == "import")
        loud = any(change.key not in HARD for change in control.changes) or any(
            member.noise for member in control.seen.members
        )
        if control.party.wheel is None or control.trouble or not loud or len(names) == len(control.party.items):
            return control
        sites = ground.needed_sites(control.party.wheel)
        seen = self._ask(ground, replace(control.party, items=names, smoke=""), sites)
        hard = tuple(change for change in control.changes if change.key in HARD)
        soft = tuple(change for change in _changes(seen) if change.key not in HARD)
        members = tuple(
            replace(full, noise=bare.noise) for full, bare in zip(control.seen.members, seen.members, strict=True)
        )
        return replace(control, seen=replace(control.seen, members=members), changes=(*hard, *soft))

    def _found(self, ground: Ground, party: Party, sites: Sequence[str]) -> Control:
        seen = self._steady(ground, party, sites)
        control = self._control(party, seen, lambda bare: self._steady(ground, bare, sites))
        undeclared: list[str] = []
        while control.trouble and (other := _undeclared(control, ground)) is not None:
            ground.adopt(control.party.wheel, other)
            undeclared.append(f"it needs '{other.project}' without declaring it")
            seen = self._steady(ground, party, sites)
            control = self._control(party, seen, lambda bare: self._steady(ground, bare, sites))
        if (control.trouble or control.notes) and party.wheel is not None:
            control = self._lonely(ground, party, party.wheel, control, _faults(seen))
        return replace(control, notes=(*control.notes, *undeclared, *self._unstable.pop(party.name, ())))

    def _steady(self, ground: Ground, party: Party, sites: Sequence[str]) -> Observation:
        """Return how a member does alone; one that dies is asked again, and if it lives then, that counts."""
        seen = self._ask(ground, party, sites)
        for _ in range(RETRIES):
            if seen.status not in ("crash", "early-exit"):
                break
            again = self._ask(ground, party, sites)
            if again.status == "ok":
                self._unstable[party.name] = (f"it is not stable alone: once it {_death(seen)}",)
                return again
        return seen

    def _lonely(self, ground: Ground, party: Party, wheel: Wheel, control: Control, faults: frozenset[str]) -> Control:
        if len(ground.paths) > 1 or len(ground.closure(wheel)) == len(ground.wheels):
            return control
        site = ground.paths[0]
        folder = self._lonely_site(ground, wheel)
        seen = self._steady(ground, party, (folder,))
        if _faults(seen) == faults:
            return control
        better = self._control(party, seen, lambda bare: self._steady(ground, bare, (folder,)))
        if (bool(better.trouble), len(better.notes)) >= (bool(control.trouble), len(control.notes)):
            return control
        return replace(
            better,
            seen=moved(better.seen, folder, site),
            needs=tuple(
                replace(need, asker=need.asker.replace(folder, site), wanted=need.wanted.replace(folder, site))
                for need in better.needs
            ),
            notes=(*better.notes, BESIDE),
        )

    def _control(self, party: Party, seen: Observation, ask: Ask) -> Control:
        """Return the control of a member that was seen so, without those of its parts that fail alone."""
        notes: list[str] = []
        for number in range(ADJUSTMENTS):
            less = _less(party, seen, is_late=number >= PATIENT)
            if less is None:
                break
            party, note = less
            notes += [short(note)] if note else []
            seen = ask(party)
        return Control(
            party=party,
            seen=seen,
            needs=needs(seen.mapped, seen.bindings, self._libraries),
            changes=_changes(seen),
            trouble=_trouble(seen),
            notes=tuple(notes),
        )


def _sites(ground: Ground, party: Party) -> tuple[str, ...]:
    return ground.paths if party.wheel is None else ground.needed_sites(party.wheel)


def _less(party: Party, seen: Observation, *, is_late: bool) -> tuple[Party, str] | None:
    """Return a member without what fails when it is alone, and a note; None where nothing or everything fails."""
    items = [item for member in seen.members for item in member.items]
    if party.codes:  # a distro may lack modules of the standard library, and their code with them
        here = {item.name for item in items if item.status == "ok"}
        code = "\n".join(code for name, code in party.codes if name in here)
        return replace(party, smoke=code, codes=()), ""
    if seen.status != "ok" and seen.stage == Aspect.LOAD.value and ("extension", seen.item) in party.items:
        return _without_deadly(party, seen, is_late=is_late)
    failing = {item.name: item for item in items if item.status == "exception"}
    if failing and len(failing) < len(items):
        first = next(iter(failing.values()))
        left = tuple(item for item in party.items if item[1] not in failing)
        said = f"'{first.name}': {first.exception}: {first.message}"
        return replace(party, items=left), f"{len(failing)} of {len(items)} modules are left out: {said}"
    if party.smoke and seen.status != "ok" and seen.stage == Aspect.SMOKE.value:
        return replace(party, smoke=""), f"its smoke code is left out: it {_death(seen)}"
    smoke = next((member.smoke for member in seen.members if member.smoke and member.smoke.status != "ok"), None)
    if smoke is not None and party.smoke:
        return replace(party, smoke=""), f"its smoke code is left out: {smoke.exception}: {smoke.message}"
    return None


def _without_deadly(party: Party, seen: Observation, *, is_late: bool) -> tuple[Party, str]:
    """Return a member without the module that ended its process; late also without those that came after it."""
    place = party.items.index(("extension", seen.item))
    after = party.items[place + 1 :]
    kept = tuple(item for item in after if item[0] != "extension") if is_late else after
    others = f" and {len(after) - len(kept)} after it are" if len(kept) < len(after) else " is"
    note = f"the module '{seen.item}'{others} left out: it {_death(seen)}"
    return replace(party, items=(*party.items[:place], *kept)), note


def _faults(seen: Observation) -> frozenset[str]:
    """Return what fails of a member: imports, smoke code, or the process at some stage."""
    failing = {item.name for member in seen.members for item in member.items if item.status == "exception"}
    smoke = {"smoke code" for member in seen.members if member.smoke and member.smoke.status != "ok"}
    return frozenset(failing | smoke | ({f"{seen.status} {seen.stage} {seen.item}"} - {"ok  "}))


def _trouble(seen: Observation) -> str:
    """Return why a member does not load alone, as the end of a sentence, or nothing."""
    if seen.status != "ok":
        return _death(seen)
    items = [item for member in seen.members for item in member.items]
    if not items or any(item.status == "ok" for item in items):
        return ""
    return short(f"cannot be imported: {items[0].exception}: {items[0].message}")


def _undeclared(control: Control, ground: Ground) -> Wheel | None:
    """Return the installed wheel that brings a module which the member lacks; its own import cell tells of that."""
    items = [item for member in control.seen.members for item in member.items if item.missing]
    if control.party.wheel is None or not items:
        return None
    return ground.provider(items[0].missing, control.party.wheel)


def _death(seen: Observation) -> str:
    aspect = Aspect(seen.stage) if seen.stage in {one.value for one in Aspect} else Aspect.LOAD
    return death_words(seen, aspect)


def _changes(seen: Observation) -> tuple[Change, ...]:
    """Return what a load changes, with the C-level environment that Python does not see."""
    changes = [change for member in seen.members for change in flat(member.changes)]
    known = {(change.key, change.part) for change in changes}
    for name, (before, after) in sorted((seen.details or Details()).environ.items()):
        if ("environment", name) not in known and before != after:
            changes.append(Change(key="environment", part=name, before=before, after=after))
    return tuple(changes)
