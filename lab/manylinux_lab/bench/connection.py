"""A container of a bench with the probe on it: opened at the first question, and again after it was lost."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from ..cells import Bench
from ..engines.contract import Container, Engine, Mount
from ..errors import EngineError
from ..judge import Outcome, OutcomeKind
from .probe.control import control
from .session import Event, Session, open_session

EMULATION_FACTOR = 10
SIGN_OF_LIFE = ("-I", "-B", "-c", "import ctypes, json, zipfile")


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What holds for all cells of a run: deadline of a step in seconds, installer, variant, and the like."""

    run: str
    timeout: int
    installer: str
    variant: str
    ignore_requires_python: bool
    mounts: tuple[Mount, ...]


class Connection:
    """One container and the session in it. After any trouble it is closed, and the next question opens another.

    ``openings`` counts the containers so far: what was put on an earlier one is gone.
    """

    def __init__(self, bench: Bench, engine: Engine, terms: Terms) -> None:
        self.bench = bench
        self.terms = terms
        self.openings = 0
        self._engine = engine
        self._stack = ExitStack()
        self._container: Container | None = None
        self._session: Session | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a probe to ask."""
        return self._session is not None

    @property
    def seconds(self) -> int:
        """The deadline of one step on the bench."""
        return self.patience(self.terms.timeout)

    def patience(self, seconds: int) -> int:
        """Return how long something may take on the bench that takes at most ``seconds`` on this machine."""
        return seconds * (EMULATION_FACTOR if self.bench.emulated else 1)

    def close(self) -> None:
        """Remove the container."""
        self._container = self._session = None
        self._stack.close()

    def ask(self, operation: str, *, seconds: int = 60, **fields: object) -> tuple[Event, ...]:
        """Send a request to the probe and return its events.

        Raises:
            EngineError: the lab failed; the container is removed then.
        """
        try:
            session = self._session or self._open()
            return session.ask(operation, seconds=seconds, **fields)
        except BaseException:
            self.close()
            raise

    def prove_sound(self, outcome: Outcome, argv: Sequence[str] = ()) -> None:
        """Before a wheel is blamed, run what must work on any sound bench: its image may have been deleted meanwhile.

        ``argv`` is a program for this; the default is the bench's interpreter, doing nothing much.

        Raises:
            EngineError: that fails too.
        """
        if outcome.kind is not OutcomeKind.BROKEN:
            return
        argv = [*(argv or (self.bench.interpreter.path, *SIGN_OF_LIFE))]
        event = next(iter(self.ask("install", argv=argv, seconds=self.seconds)), {})
        if event.get("exit_code") != 0:
            self.close()
            raise EngineError(
                f"The bench '{self.bench.id}' is damaged: '{' '.join(argv)}' fails as well, so no wheel is blamed. "
                f"Was its image deleted meanwhile? At first: {outcome.reason}"
            )

    @property
    def container(self) -> Container:
        """The container, started if need be."""
        if self._container is None:
            if self.bench.trouble or self.bench.image is None:
                raise EngineError(self.bench.trouble or f"The bench '{self.bench.id}' has no image.")
            terms = self.terms
            started = self._engine.start(self.bench.image, run=terms.run, bench=self.bench.id, mounts=terms.mounts)
            self._container = self._stack.enter_context(started)
            self.openings += 1
        return self._container

    def _open(self) -> Session:
        container = self.container
        probe, work = f"{container.root}/lab/probe", f"{container.root}/work"
        opened = open_session(container, self.bench.interpreter.path, probe_path=probe, work=work)
        session = self._stack.enter_context(opened)
        if self.bench.emulated:
            _control(session, self.bench)
        self._session = session
        return session


def _control(session: Session, bench: Bench) -> None:
    """Compare what the emulated interpreter computes with this machine's result before a wheel is blamed for it."""
    facts = next(event for event in session.ask("facts", seconds=120) if event["event"] == "facts")
    if facts["control"] != control():
        raise EngineError(f"The emulator of '{bench.arch}' computes wrong results on '{bench.id}': no wheel is judged.")
