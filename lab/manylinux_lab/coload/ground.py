"""The ground that wheels of a company stand on: which file on the bench belongs to which wheel, and who needs whom."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..wheels.elf import ElfFacts
from ..wheels.wheel import Wheel

INTERPRETER_MODULES = "/lib-dynload/"  # where CPython keeps the extension modules of its standard library


class Ground:
    """The site folders of a company with the wheels in each, what is needed first. Answers are remembered."""

    def __init__(
        self,
        sites: Mapping[str, Sequence[Wheel]],
        markers: Mapping[str, str],
        facts: Callable[[Wheel], Sequence[ElfFacts]],
    ) -> None:
        """Take the wheels by site folder, the environment for markers (PEP 508), and what tells a wheel's files."""
        self._sites = sites
        self._markers = markers
        self._facts = facts
        self._owners: dict[str, Wheel | None] = {}
        self._closures: dict[str, frozenset[str]] = {}
        self._adopted: dict[str, set[str]] = {}
        self._hidden: dict[tuple[str, ...], tuple[str, ...]] = {}

    @property
    def paths(self) -> tuple[str, ...]:
        """The site folders, in the order in which they are searched."""
        return tuple(self._sites)

    @cached_property
    def wheels(self) -> Mapping[str, Wheel]:
        """All wheels by sha256."""
        return {wheel.sha256: wheel for wheels in self._sites.values() for wheel in wheels}

    def holding(self, wheel: Wheel) -> tuple[str, ...]:
        """Return the site folders that hold a wheel."""
        return tuple(path for path, wheels in self._sites.items() if wheel in wheels)

    def needed_sites(self, wheel: Wheel) -> tuple[str, ...]:
        """Return the site folders that hold a wheel or something that it requires."""
        needed = self.closure(wheel)
        return tuple(path for path, wheels in self._sites.items() if any(one.sha256 in needed for one in wheels))

    def owner(self, path: str) -> Wheel | None:
        """Return the wheel that a file on the bench came with, or None for a file of the system."""
        if path not in self._owners:
            self._owners[path] = self._find(path)[0]
        return self._owners[path]

    def file(self, path: str) -> ElfFacts | None:
        """Return the facts of a wheel's file on the bench."""
        return self._find(path)[1]

    def _find(self, path: str) -> tuple[Wheel | None, ElfFacts | None]:
        for site, files in self._files.items():
            if path.startswith(f"{site}/"):
                return files.get(path[len(site) + 1 :], (None, None))
        return None, None

    @cached_property
    def _files(self) -> Mapping[str, Mapping[str, tuple[Wheel, ElfFacts]]]:
        return {
            site: {file.path: (wheel, file) for wheel in wheels for file in self._facts(wheel)}  # the last one wins
            for site, wheels in self._sites.items()
        }

    def closure(self, wheel: Wheel) -> frozenset[str]:
        """Return the sha256 of a wheel and of all that it requires, directly or not, as far as it is installed here."""
        if wheel.sha256 not in self._closures:
            self._closures[wheel.sha256] = self._required(wheel)
        return self._closures[wheel.sha256]

    def _required(self, wheel: Wheel) -> frozenset[str]:
        beside = self._beside(wheel)
        found: dict[str, set[str]] = {wheel.project: {""}}
        waiting = [(wheel, "")]
        while waiting:
            current, extra = waiting.pop()
            for sha256 in self._adopted.get(current.sha256, set()):
                other = self.wheels[sha256]
                waiting += [] if other.project in found else [(other, "")]
                found.setdefault(other.project, {""})
            for requirement in current.requires:
                project = canonicalize_name(requirement.name)
                if project not in beside or not _applies(requirement, {**self._markers, "extra": extra}):
                    continue
                for wanted in {"", *requirement.extras} - found.get(project, set()):
                    found.setdefault(project, set()).add(wanted)
                    waiting.append((beside[project], wanted))
        return frozenset(beside[project].sha256 for project in found)

    def _beside(self, wheel: Wheel) -> dict[str, Wheel]:
        """Return the wheels by project, those of the sites that hold ``wheel`` before others."""
        first = [other for site in self.holding(wheel) for other in self._sites[site]]
        every = [*self.wheels.values(), *first]
        return {**{other.project: other for other in every}, wheel.project: wheel}

    def provider(self, module: str, wheel: Wheel) -> Wheel | None:
        """Return an installed wheel that brings a module and that ``wheel`` does not require."""
        parents = {module[:end] for end, letter in enumerate(f"{module}.") if letter == "."}
        found = (other for sha256, other in self.wheels.items() if sha256 not in self.closure(wheel))
        return next((other for other in found if parents & set(other.import_names)), None)

    def adopt(self, wheel: Wheel | None, other: Wheel) -> None:
        """Count ``other``, with all that it requires, among what ``wheel`` requires."""
        if wheel is not None:
            self._adopted.setdefault(wheel.sha256, set()).add(other.sha256)
            self._closures.clear()
            self._hidden.clear()

    def adopted(self, wheel: Wheel | None) -> tuple[str, ...]:
        """Return the sha256 of those that were adopted for a wheel."""
        return () if wheel is None else tuple(sorted(self._adopted.get(wheel.sha256, ())))

    def are_related(self, one: Wheel, other: Wheel) -> bool:
        """Tell whether one of two wheels requires the other, directly or not; then their symbols are meant to meet."""
        return other.sha256 in self.closure(one) or one.sha256 in self.closure(other)

    def hidden(self, members: Iterable[Wheel | None]) -> tuple[str, ...]:
        """Return the import names that no member needs; without them in reach, a process is as alone as a user's."""
        here = [wheel for wheel in members if wheel is not None]
        key = tuple(sorted(wheel.sha256 for wheel in here))
        if key not in self._hidden:
            needed = frozenset().union(*(self.closure(wheel) for wheel in here))
            self._hidden[key] = self._names_without(needed)
        return self._hidden[key]

    def _names_without(self, needed: frozenset[str]) -> tuple[str, ...]:
        visible = {name for sha256, wheel in self.wheels.items() if sha256 in needed for name in wheel.import_names}
        parents = {name[:end] for name in visible for end, letter in enumerate(f"{name}.") if letter == "."}
        others = {name for wheel in self.wheels.values() if wheel.sha256 not in needed for name in wheel.import_names}
        return tuple(sorted(others - parents))


def _applies(requirement: Requirement, environment: Mapping[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(dict(environment))
