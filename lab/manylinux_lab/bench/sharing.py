"""Controls that one worker has asked and the others of the run need not ask again: a file for each, and its lock.

What a wheel does alone is the same in every container of a bench. A control is handed on only while the installed files
are as they were, so that a wheel which changes them misleads no other worker.
"""

import fcntl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import msgspec

from ..atomic import appearing
from ..coload.comparison import Control, Party
from ..coload.ground import Ground

Ask = Callable[[], Control]

PAUSE = 0.02  # seconds between two looks at a lock
PATIENCE = 600.0  # seconds for which another worker is waited for; each of its steps keeps a deadline of its own


@dataclass(frozen=True, kw_only=True, slots=True)
class Shared:
    """A control without its wheel, and the sha256 of those that it was seen to need without declaring it."""

    control: Control
    adopted: tuple[str, ...]


class Sharing:
    """The folder through which workers share controls; without one, each asks for itself.

    ``damaged`` tells which installed files are no longer as they were. ``describe`` is given the files that a control
    shows, of which this worker's own bench has not told yet.
    """

    def __init__(
        self,
        folder: Path | None,
        bench: str,
        *,
        damaged: Callable[[], Sequence[str]],
        describe: Callable[[Sequence[str]], None],
    ) -> None:
        self._folder = folder
        self._bench = bench
        self._damaged = damaged
        self._describe = describe
        self.is_damaged = False

    @property
    def is_on(self) -> bool:
        """Whether there is anybody to share with."""
        return self._folder is not None

    def end(self) -> None:
        """Share nothing from now on."""
        self._folder = None

    def control(self, ground: Ground, party: Party, sites: Sequence[str], ask: Ask) -> Control:
        """Return a member's control: that of another worker, who may be asking it just now, or what ``ask`` gives."""
        if self._folder is None:
            return ask()
        file = self._folder / self._name(party, sites)
        with _turn(file, PATIENCE):
            return self._taken(file, ground, party) or self._given(file, ground, party, ask)

    def unclaimed(self, ground: Ground, party: Party, sites: Sequence[str], ask: Ask) -> Control | None:
        """Return a member's control likewise, but nothing where another worker is asking it."""
        if self._folder is None:
            return None
        file = self._folder / self._name(party, sites)
        with _turn(file, 0.0) as is_ours:
            return (self._taken(file, ground, party) or self._given(file, ground, party, ask)) if is_ours else None

    def _name(self, party: Party, sites: Sequence[str]) -> str:
        return sha256(repr((self._bench, tuple(sites), party.name)).encode()).hexdigest()[:32] + ".json"

    def _taken(self, file: Path, ground: Ground, party: Party) -> Control | None:
        """Return what another worker has left, as if it had been asked here."""
        try:
            shared = msgspec.json.decode(file.read_bytes(), type=Shared)
        except (OSError, msgspec.DecodeError):
            return None
        for other in shared.adopted:
            ground.adopt(party.wheel, ground.wheels[other])
        self._describe(shared.control.seen.mapped)
        return replace(shared.control, party=replace(shared.control.party, wheel=party.wheel))

    def _given(self, file: Path, ground: Ground, party: Party, ask: Ask) -> Control:
        """Ask, and leave the answer for the others where no file was changed; a full disk only costs them time."""
        control = ask()
        self.is_damaged = self.is_damaged or bool(self._damaged())
        if not self.is_damaged:
            shared = Shared(
                control=replace(control, party=replace(control.party, wheel=None)), adopted=ground.adopted(party.wheel)
            )
            with suppress(OSError), appearing(file) as stream:
                stream.write(msgspec.json.encode(shared))
        return control


@contextmanager
def _turn(file: Path, patience: float) -> Iterator[bool]:
    """Hold the lock of a file, which ends with the process that holds it; False where others kept it for too long."""
    file.parent.mkdir(parents=True, exist_ok=True)
    late = time.monotonic() + patience
    with file.with_suffix(".lock").open("w") as lock:
        is_ours = _try_lock(lock.fileno())
        while not is_ours and time.monotonic() < late:
            time.sleep(PAUSE)
            is_ours = _try_lock(lock.fileno())
        yield is_ours


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
