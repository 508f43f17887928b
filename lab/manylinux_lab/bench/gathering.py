"""Puts the wheels of a company on a bench: each is installed once, and sites are joined from them by hard links."""

from collections.abc import Callable, Sequence

from ..catalogue.distro import Libc
from ..cells import Site
from ..coload.ground import Ground
from ..errors import EngineError
from ..judge import OutcomeKind
from ..wheels.remembered import elf_facts
from ..wheels.tags import Platform, marker_environment
from ..wheels.wheel import Wheel
from .connection import Connection
from .installing import install_command, installer_help
from .outcomes import install_outcome

GATHERING_SECONDS = 300  # on this machine's own architecture


class Gathering:
    """The sites on a bench. Where its container was lost, they are made again at the next question."""

    def __init__(self, connection: Connection, wheel_of: Callable[[str], Wheel]) -> None:
        """Take the connection to the bench, and what gives a wheel for its sha256."""
        self.refusals: dict[str, str] = {}
        self._connection = connection
        self._wheel_of = wheel_of
        bench = connection.bench
        platform = Platform(arch=bench.arch, libc=Libc(bench.libc), libc_version=bench.libc_version)
        self._markers = marker_environment(platform, bench.interpreter)
        self._opening = 0
        self._installed: set[str] = set()
        self._gathered: set[str] = set()
        self._grounds: dict[tuple[str, ...], Ground] = {}

    def ground(self, sites: Sequence[Site]) -> Ground:
        """Return the ground of a company, with its sites in place.

        ``refusals`` then says by sha256 which wheels the installer did not install, and why.

        Raises:
            EngineError: the lab could not put them there.
        """
        for site in sites:
            self._gather(self._path(site.id), site.wheels)
        key = tuple(site.id for site in sites)
        if key not in self._grounds:
            wheels = {self._path(site.id): [self._wheel_of(sha256) for sha256 in site.wheels] for site in sites}
            self._grounds[key] = Ground(wheels, self._markers, elf_facts)
        return self._grounds[key]

    def lonely_site(self, ground: Ground, wheel: Wheel) -> str:
        """Return a site folder that holds a wheel and what it needs; nothing else can overwrite its files there."""
        path = self._path(f"alone-{wheel.sha256[:12]}-{'-'.join(site.rpartition('/')[2] for site in ground.paths)}")
        needed = ground.closure(wheel)
        self._gather(path, [sha256 for sha256 in ground.wheels if sha256 in needed])
        return path

    def damaged(self) -> tuple[str, ...]:
        """Return paths of gathered files that were changed or deleted since, bounded."""
        if not self._connection.is_open:
            return ()
        events = self._connection.ask("intact", seconds=self._connection.patience(GATHERING_SECONDS))
        return tuple(str(path) for event in events for path in event.get("damaged", ()))

    def _path(self, name: str) -> str:
        return f"{self._connection.container.root}/work/sites/{name}"

    def _gather(self, path: str, wheels: Sequence[str]) -> None:
        self._forget_what_is_lost()
        if path in self._gathered:
            return
        folders = [folder for sha256 in wheels if (folder := self._installation(self._wheel_of(sha256)))]
        events = self._connection.ask(
            "gather", site=path, folders=folders, seconds=self._connection.patience(GATHERING_SECONDS)
        )
        event = next((event for event in events if event["event"] == "gathered"), {"error": "the probe said nothing"})
        if event["error"]:
            raise EngineError(f"The wheels could not be gathered on '{self._connection.bench.id}': {event['error']}.")
        self._gathered.add(path)

    def _forget_what_is_lost(self) -> None:
        _ = self._connection.container
        if self._opening != self._connection.openings:
            self._opening = self._connection.openings
            self._installed.clear()
            self._gathered.clear()

    def _installation(self, wheel: Wheel) -> str:
        """Install a wheel into a folder of its own and return that; nothing where the installer refuses it."""
        root, terms = self._connection.container.root, self._connection.terms
        folder = f"{root}/work/wheels/{wheel.sha256[:16]}"
        if wheel.sha256 in self._installed:
            return folder
        if wheel.sha256 in self.refusals:
            return ""
        python = self._connection.bench.interpreter.path
        file = f"{root}/lab/wheels/{wheel.sha256[:16]}/{wheel.path.name}"
        argv = [*install_command(terms.installer, python, folder, [file]), "--no-deps"]
        argv += ["--ignore-requires-python"] if terms.ignore_requires_python else []
        outcome = install_outcome(self._connection.ask("install", argv=argv, seconds=self._connection.seconds))
        self._connection.prove_sound(outcome, installer_help(terms.installer, python))
        if outcome.kind is OutcomeKind.TROUBLE:
            raise EngineError(f"'{wheel.id}' could not be installed: {outcome.reason}")
        if outcome.kind is not OutcomeKind.OK:
            self.refusals[wheel.sha256] = outcome.reason
            return ""
        self._installed.add(wheel.sha256)
        return folder
