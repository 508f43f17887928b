"""A started bench as the checks see it: questions in, outcomes out. It starts late, and again when it was lost."""

from collections.abc import Mapping
from contextlib import suppress

from ..catalogue.distro import Libc, Release
from ..cells import Bench, Cell
from ..engines.contract import Engine
from ..errors import EngineError
from ..judge import Outcome, OutcomeKind, Promise
from ..wheels.tags import Platform, marker_environment
from ..wheels.wheel import Wheel, loadable
from . import outcomes
from .connection import Connection, Terms
from .installing import install_command, installer_help
from .losses import persistent
from .session import Event


class Workbench:
    """One bench: an engine's container with the probe on it, opened at the first question.

    All methods raise ``EngineError`` when the lab fails; the next question then gets a fresh container.
    """

    def __init__(
        self, bench: Bench, release: Release, engine: Engine, terms: Terms, wheels: Mapping[str, Wheel]
    ) -> None:
        self.bench = bench
        self._release = release
        self._terms = terms
        self._wheels = wheels
        self._connection = Connection(bench, engine, terms)
        self._site = ""
        self._installations: dict[str, Outcome] = {}

    def close(self) -> None:
        """Remove the container."""
        self._site = ""
        self._connection.close()

    def installation(self, cell: Cell, wheel: Wheel) -> Outcome:
        """Install the cell's wheel and what it needs, once; the outcome is remembered for the cell's later checks."""
        known = self._installations.get(wheel.id)
        if known is None:
            known = self._install(cell, wheel)
            self._installations[wheel.id] = known
        return known

    def refusal(self, cell: Cell, wheel: Wheel) -> Outcome:
        """Offer the wheel to the installer where its tag does not reach, then load its files by force for the facts."""
        words = self._installer_events(cell, wheel, "--no-deps")
        site = self._fresh_site(wheel)
        forced = (
            *self._connection.ask("unpack", wheel=self._inside(wheel), site=site),
            *self._import_events(wheel, site, force=True),
        )
        return outcomes.refusal_outcome(words, forced)

    def imports(self, cell: Cell, wheel: Wheel) -> Outcome:
        """Import and load everything in the installed wheel."""
        outcome = persistent(
            lambda: self._imports(cell, wheel), self.bench, f"'{wheel.project}', while being imported,"
        )
        self._connection.prove_sound(outcome)
        return outcome

    def _imports(self, cell: Cell, wheel: Wheel) -> Outcome:
        site = self._installed_site(cell, wheel)
        bench = self.bench
        platform = Platform(arch=bench.arch, libc=Libc(bench.libc), libc_version=bench.libc_version)
        return outcomes.import_outcome(
            self._import_events(wheel, site),
            self._loadable(wheel),
            soname_packages=self._release.soname_packages,
            variant=self._terms.variant,
            emulated=self.bench.arch if self.bench.emulated else "",
            python=self.bench.interpreter.version,
            markers=marker_environment(platform, self.bench.interpreter),
        )

    def smoke(self, cell: Cell, wheel: Wheel, code: str) -> Outcome:
        """Run smoke code against the installed wheel."""
        outcome = persistent(lambda: self._smoke(cell, wheel, code), self.bench, "The smoke code")
        self._connection.prove_sound(outcome)
        return outcome

    def _smoke(self, cell: Cell, wheel: Wheel, code: str) -> Outcome:
        site = self._installed_site(cell, wheel)
        events = self._connection.ask("smoke", site=site, code=code, seconds=self._connection.seconds)
        return outcomes.smoke_outcome(events, emulated=self.bench.arch if self.bench.emulated else "")

    def run_code(self, cell: Cell, wheel: Wheel, code: str) -> tuple[Event, ...]:
        """Run Python code beside the installed wheel and return the probe's events, for checks that users add."""
        return self._connection.ask(
            "smoke", site=self._installed_site(cell, wheel), code=code, seconds=self._connection.seconds
        )

    def install_for_shell(self, cell: Cell, wheel: Wheel) -> str:
        """Install the wheel and return its site folder; what the installer says on failure is in the cell's result."""
        self._install(cell, wheel)
        return self._site_of(wheel)

    def unpack_for_shell(self, wheel: Wheel) -> str:
        """Unpack a wheel that would be refused and return its site folder."""
        site = self._fresh_site(wheel)
        self._connection.ask("unpack", wheel=self._inside(wheel), site=site)
        return site

    def interactive(self, argv: list[str]) -> int:
        """Run a program on the user's terminal and return its exit code."""
        return self._connection.container.interactive(argv)

    def _install(self, cell: Cell, wheel: Wheel) -> Outcome:
        outcome = outcomes.install_outcome(self._installer_events(cell, wheel))
        self._connection.prove_sound(outcome, installer_help(self._terms.installer, self.bench.interpreter.path))
        if cell.promise is Promise.SUPPORTED:
            self._site = self._site_of(wheel)
        return outcome

    def _installed_site(self, cell: Cell, wheel: Wheel) -> str:
        """Return the site folder with the wheel in it, which is installed again where the bench was lost meanwhile.

        Raises:
            EngineError: it is not installed then; an empty folder would look like a broken wheel.
        """
        site = self._site_of(wheel)
        if not self._connection.is_open or self._site != site:
            outcome = self._install(cell, wheel)
            if outcome.kind is not OutcomeKind.OK:
                raise EngineError(f"'{wheel.id}' is not installed on '{self.bench.id}': {outcome.reason}")
        return site

    def _installer_events(self, cell: Cell, wheel: Wheel, *further: str) -> tuple[Event, ...]:
        site = self._fresh_site(wheel)
        files = [self._inside(wheel), *(self._inside(self._wheels[sha256]) for sha256 in cell.dependencies)]
        argv = [*install_command(self._terms.installer, self.bench.interpreter.path, site, files), *further]
        if self._terms.ignore_requires_python:
            argv.append("--ignore-requires-python")
        return self._connection.ask("install", argv=argv, seconds=self._connection.seconds)

    def _import_events(self, wheel: Wheel, site: str, *, force: bool = False) -> tuple[Event, ...]:
        if not force:  # files for other interpreters and archs are no fault of the wheel
            wheel = self._loadable(wheel)
        return self._connection.ask(
            "import",
            site=site,
            names=wheel.import_names,
            extensions=[(extension.name, extension.path) for extension in wheel.extensions],
            objects=wheel.objects,
            executables=wheel.executables,
            force=force,
            seconds=self._connection.seconds,
        )

    def _loadable(self, wheel: Wheel) -> Wheel:
        return loadable(wheel, self.bench.interpreter.abi, self.bench.arch)

    def _site_of(self, wheel: Wheel) -> str:
        return f"{self._connection.container.root}/work/{wheel.sha256[:16]}"

    def _inside(self, wheel: Wheel) -> str:
        return f"{self._connection.container.root}/lab/wheels/{wheel.sha256[:16]}/{wheel.path.name}"

    def _fresh_site(self, wheel: Wheel) -> str:
        """Return a site folder on a bench where nothing is left of the wheel before, or else on a new bench."""
        self._site = ""
        if self._connection.is_open:
            with suppress(EngineError):  # the container is gone then: the next question opens another
                left = self._connection.ask("clear")
                if any(event.get("left") for event in left):
                    self.close()
        return self._site_of(wheel)
