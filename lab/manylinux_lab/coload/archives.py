"""What the files of wheels tell without being run, remembered: paths that two write, RECORD, runtimes, static TLS."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from itertools import combinations

from ..wheels.elf import ElfFacts
from ..wheels.wheel import Wheel
from .comparison import Comparison, Control
from .evidence import Evidence, Kind
from .files import overlap_evidence, record_evidence, top_level_evidence
from .ground import Ground
from .runtimes import runtime_evidence, runtimes, unique_evidence
from .static_tls import order_that_exhausts, surplus

Label = Callable[[Wheel | None], str]


class Archives:
    """Looks at each file, and at each two wheels, once. ``glibc`` is the bench's, None where it has another libc."""

    def __init__(self, glibc: tuple[int, int] | None) -> None:
        self._glibc = glibc
        self._overlaps: dict[tuple[str, str], tuple[Evidence, ...]] = {}
        self._is_runtime: dict[str, bool] = {}
        self._loaded: dict[tuple[tuple[str, ...], str], tuple[ElfFacts, ...]] = {}
        self._unique: dict[tuple[tuple[str, ...], str], frozenset[str]] = {}

    def of_one(self, wheel: Wheel, ground: Ground) -> tuple[Evidence, ...]:
        """Return what is wrong with the files of one wheel, and where what it requires overwrites each other."""
        pairs = combinations(_ordered(ground, ground.closure(wheel)), 2)
        return (*record_evidence(wheel), *top_level_evidence(wheel), *self._overlaps_of(pairs, ground, [wheel]))

    def of_many(self, wheels: Sequence[Wheel], ground: Ground) -> tuple[Evidence, ...]:
        """Return what two of the wheels both write into one site, in the order in which they were put there.

        What they require counts too, but for what one of them requires by itself: that is told of it alone.
        """
        members = {wheel.sha256 for wheel in wheels}
        closures = [ground.closure(wheel) for wheel in wheels]
        pairs = (
            (first, then)
            for first, then in combinations(_ordered(ground, members.union(*closures)), 2)
            if {first.sha256, then.sha256} <= members
            or not any({first.sha256, then.sha256} <= closure for closure in closures)
        )
        return self._overlaps_of(pairs, ground, wheels)

    def _overlaps_of(
        self, pairs: Iterable[tuple[Wheel, Wheel]], ground: Ground, members: Sequence[Wheel]
    ) -> tuple[Evidence, ...]:
        return tuple(
            replace(evidence, words=f"{evidence.words}{_brought((first, then), ground, members)}")
            for first, then in pairs
            if set(ground.holding(first)) & set(ground.holding(then))
            for evidence in self._overlap(first, then)
        )

    def of_process(
        self, comparison: Comparison, controls: Mapping[str, Control], ground: Ground, label: Label
    ) -> tuple[Evidence, ...]:
        """Return what members have in common of which a process has one, or little: no failure by itself."""
        members = [control for control in controls.values() if control.party.wheel is not None]
        return (
            *self._runtimes(comparison, controls.values(), ground, label),
            *self._uniques(comparison, members, ground),
            *self._static_tls(members, ground),
        )

    def _overlap(self, first: Wheel, then: Wheel) -> tuple[Evidence, ...]:
        key = (first.sha256, then.sha256)
        if key not in self._overlaps:
            self._overlaps[key] = overlap_evidence(first, then)
        return self._overlaps[key]

    def _runtimes(
        self, comparison: Comparison, controls: Iterable[Control], ground: Ground, label: Label
    ) -> Iterator[Evidence]:
        """Yield the runtimes of which the process has more copies than any member alone."""
        here = self._runtime_files(comparison.seen.mapped, ground, label)
        alone = [self._runtime_files(control.seen.mapped, ground, label) for control in controls]
        if len(here) < 2 or any(here.items() <= one.items() for one in alone):
            return
        known = {evidence.words for one in alone for evidence in runtime_evidence(one)}
        yield from (evidence for evidence in runtime_evidence(here) if evidence.words not in known)

    def _runtime_files(self, mapped: Iterable[str], ground: Ground, label: Label) -> dict[str, str]:
        return {path: label(ground.owner(path)) for path in mapped if self._may_be_runtime(path)}

    def _may_be_runtime(self, path: str) -> bool:
        if path not in self._is_runtime:
            file = path.rpartition("/")[2]
            patterns = (pattern for runtime in runtimes() for _, pattern in runtime.kinds)
            self._is_runtime[path] = any(pattern.fullmatch(file) for pattern in patterns)
        return self._is_runtime[path]

    def _uniques(self, comparison: Comparison, members: Sequence[Control], ground: Ground) -> Iterator[Evidence]:
        """Yield the unique symbols that two members define, unless bindings already tell of them."""
        told = {
            frozenset((crossing.source.sha256, crossing.target.sha256))
            for crossing in comparison.crossings
            if crossing.is_unique and crossing.source is not None
        }
        for one, other in combinations(members, 2):
            wheels = [control.party.wheel for control in (one, other) if control.party.wheel is not None]
            if frozenset(wheel.sha256 for wheel in wheels) in told:
                continue
            if not self._unique_of(one, ground).isdisjoint(self._unique_of(other, ground)):
                files = [self._files(control, ground) for control in (one, other)]
                yield from unique_evidence(one.party.label, files[0], other.party.label, files[1])

    def _unique_of(self, control: Control, ground: Ground) -> frozenset[str]:
        key = (ground.paths, control.party.name)
        if key not in self._unique:
            self._unique[key] = frozenset().union(*(file.unique for file in self._files(control, ground)))
        return self._unique[key]

    def _files(self, control: Control, ground: Ground) -> tuple[ElfFacts, ...]:
        """Return the facts of a member's own files that it has mapped alone."""
        key = (ground.paths, control.party.name)
        if key not in self._loaded:
            own = [path for path in control.seen.mapped if ground.owner(path) is control.party.wheel]
            self._loaded[key] = tuple(file for path in own if (file := ground.file(path)) is not None)
        return self._loaded[key]

    def _static_tls(self, members: Sequence[Control], ground: Ground) -> Iterator[Evidence]:
        """Yield a note where members together need more static TLS than glibc keeps free."""
        needing = {
            control.party.name: self._files(control, ground)
            for control in members
            if any(file.static_tls for file in self._files(control, ground))
        }
        if self._glibc is None or len(needing) < 2:
            return
        order = order_that_exhausts(needing, self._glibc)
        if order:
            needed = {name: sum(file.tls_size for file in needing[name] if file.static_tls) for name in order}
            free = surplus(self._glibc)
            yield Evidence(
                kind=Kind.STATIC_TLS,
                words=(
                    f"{len(order)} of the wheels need {sum(needed.values())} bytes of static TLS together, and glibc "
                    f"{self._glibc[0]}.{self._glibc[1]} keeps {free} free for libraries that are loaded late"
                ),
                facts={"bytes": needed, "free": free},
            )


def _ordered(ground: Ground, wanted: Set[str]) -> list[Wheel]:
    return [wheel for sha256, wheel in ground.wheels.items() if sha256 in wanted]


def _brought(pair: Sequence[Wheel], ground: Ground, members: Sequence[Wheel]) -> str:
    """Return who requires those of two wheels that are no members themselves, as the end of a sentence."""
    known = {wheel.sha256 for wheel in members}
    said = (
        f"'{next(one.project for one in members if wheel.sha256 in ground.closure(one))}' requires '{wheel.project}'"
        for wheel in pair
        if wheel.sha256 not in known
    )
    return "".join(f"; {words}" for words in said)
