"""What an installer would choose on the benches of a run, asked once for benches that resolve alike."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packaging.requirements import Requirement

from ..catalogue.distro import Libc
from ..cells import Bench
from ..errors import EngineError
from ..options import Options
from ..resolving.candidates import Need, Target, target_for
from ..resolving.resolve import Chosen, Resolution, resolve
from ..resolving.search import Finder, exactly
from ..resolving.subjects import Subjects
from ..wheels.reading import read_wheel
from ..wheels.tags import Platform
from ..wheels.wheel import UnreadableWheelError, Wheel
from .sites import Conflict, Member

AT_ONCE = 8
SAID = 150  # characters kept of what a library says about metadata that it cannot bear


class Resolver:
    """Asks the finder on behalf of a run. Benches with the same tags and Python share answers."""

    def __init__(self, subjects: Subjects, options: Options, finder: Finder) -> None:
        self._subjects = subjects
        self._options = options
        self._finder = finder
        self._resolutions: dict[tuple[str, str], Resolution | EngineError] = {}
        self._targets: dict[str, Target] = {}
        self._wheels: dict[Path, Wheel] = {}
        self._by_sha256 = {wheel.sha256: wheel for wheel in subjects.wheels}

    def ask_at_once(
        self,
        requirements: Sequence[Requirement],
        benches: Sequence[Bench],
        extras: tuple[str, ...],
        held: tuple[Requirement, ...] = (),
    ) -> None:
        """Resolve requirements side by side: the time goes into waiting for the index, which asks everything once."""
        targets = {f"{target.words} {target.python}": target for target in map(self.target, benches)}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for target in targets.values():
                for requirement in requirements:
                    pool.submit(self.resolve, [requirement], target, extras, held)

    def target(self, bench: Bench) -> Target:
        """Return the bench as the search for wheels sees it."""
        if bench.id not in self._targets:
            self._targets[bench.id] = self._made(bench)
        return self._targets[bench.id]

    def _made(self, bench: Bench) -> Target:
        return target_for(
            platform_of(bench),
            bench.interpreter,
            bench.interpreter.pip if self._options.installer == "pip" else "",
            pre=self._options.pre or self._subjects.pre,
            ignore_requires_python=self._options.ignore_requires_python,
        )

    def resolve(
        self,
        roots: Sequence[Requirement | Wheel | Need],
        target: Target,
        extras: tuple[str, ...] = (),
        held: tuple[Requirement, ...] = (),
        *,
        fetch: bool = True,
    ) -> Resolution | EngineError:
        """Return what an installer would choose for the roots together.

        ``extras`` are added to each root, ``held`` to the run's constraints; without ``fetch`` nothing is downloaded.
        What a source or a wheel's metadata got wrong is returned as an error.
        """
        asked = " ".join((*map(_words, roots), *extras, *map(str, held), "" if fetch else "only names"))
        key = (asked, f"{target.words} {target.python}")
        if key not in self._resolutions:
            try:
                self._resolutions[key] = resolve(
                    roots,
                    target,
                    self._finder,
                    extras=extras,
                    constraints=(*self._subjects.constraints, *held),
                    hashes=self._subjects.hashes,
                    local=self._subjects.wheels,
                    fetch=fetch,
                )
            except EngineError as error:
                self._resolutions[key] = error
            except Exception as error:  # what hostile metadata does to a library must not end the run
                said = f"{type(error).__name__}: {str(error)[:SAID]}"
                whose = " and ".join(_whose(root) for root in roots)
                self._resolutions[key] = EngineError(f"What '{whose}' needs cannot be resolved ({said}).")
        return self._resolutions[key]

    def wheel(self, chosen: Chosen) -> Wheel:
        """Return the record of a chosen wheel.

        Raises:
            EngineError: the downloaded file cannot be read, which the resolver would have said.
        """
        if chosen.path not in self._wheels:
            try:
                self._wheels[chosen.path] = read_wheel(Path(chosen.path))
            except UnreadableWheelError as error:
                raise EngineError(f"The wheel '{chosen.path.name}' was chosen and cannot be read: {error}") from error
            self._by_sha256[self._wheels[chosen.path].sha256] = self._wheels[chosen.path]
        return self._wheels[chosen.path]

    def known(self, sha256: str) -> Wheel:
        """Return a wheel that was chosen or given before."""
        return self._by_sha256[sha256]

    def files(self) -> dict[str, str]:
        """Return the wheels that were chosen from sources: sha256 to path."""
        return {wheel.sha256: str(path) for path, wheel in self._wheels.items()}

    def together(self, bench: Bench, members: Sequence[Member]) -> dict[str, str] | Conflict:
        """Return what an installer would choose for wheels together, by project: these wheels and what they need.

        Where it chooses nothing, but would for the same requirements without holding to these releases, the conflict
        says so.
        """
        target = self.target(bench)
        found = self.resolve([exactly(member.wheel, member.extras) for member in members], target)
        if isinstance(found, EngineError):
            return Conflict(words=str(found), is_trouble=True)
        if words := next(reasons(found), ""):
            return Conflict(words=words + self._hint(members, target))
        wheels = [self.wheel(chosen) for chosen in found.chosen]
        return {wheel.project: wheel.sha256 for wheel in wheels}

    def _hint(self, members: Sequence[Member], target: Target) -> str:
        if not any(member.requirement for member in members):
            return ""
        roots = [member.requirement or exactly(member.wheel, member.extras) for member in members]
        loose = self.resolve(roots, target, fetch=False)
        if isinstance(loose, EngineError) or any(reasons(loose)):
            return ""
        held = {(member.project, member.wheel.version) for member in members}
        others = sorted(
            f"{chosen.project} {chosen.version}"
            for chosen in loose.chosen
            if chosen.is_root and (chosen.project, chosen.version) not in held
        )
        return f" Asked for all at once, an installer would take {', '.join(others)} instead." if others else ""


def platform_of(bench: Bench) -> Platform:
    """Return where the bench's interpreter runs, as tags see it."""
    return Platform(arch=bench.arch, libc=Libc(bench.libc), libc_version=bench.libc_version)


def reasons(resolution: Resolution) -> Iterator[str]:
    """Yield why there is nothing to install, one sentence each; without any, the choice is complete."""
    for entry in sorted(resolution.no_wheel, key=lambda entry: not entry.is_root):
        yield f"No wheel for this bench: {entry.reason}"
    yield from (text for text in (resolution.conflict, resolution.unreadable, resolution.other_python) if text)


def _words(root: Requirement | Wheel | Need) -> str:
    """Return what tells a root from others."""
    if isinstance(root, Need):
        return f"{root.project}[{','.join(sorted(root.extras))}]{root.exact.origin if root.exact else root.text}"
    return root.sha256 if isinstance(root, Wheel) else str(root)


def _whose(root: Requirement | Wheel | Need) -> str:
    if isinstance(root, Wheel):
        return f"{root.project} {root.version}"
    return root.project if isinstance(root, Need) else root.name
