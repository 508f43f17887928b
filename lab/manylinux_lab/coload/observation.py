"""What the probe saw of wheels in one process, as records: its events are checked here once, and nowhere later."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from posixpath import normpath
from typing import Any, NamedTuple

import msgspec

from ..errors import EngineError

Changes = Mapping[str, Any]
KILLING = "kills the probe"


class Item(NamedTuple):
    """One import of a member: ``status`` is ``ok``, ``exception`` or ``not-tried``; ``message`` is empty when ok."""

    name: str
    status: str
    message: str = ""
    exception: str = ""
    missing: str = ""
    trace: str = ""


class Binding(NamedTuple):
    """How many symbols (``number``) the file ``source`` was given from the file ``target``, and some of their names."""

    source: str
    target: str
    number: int
    symbols: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Smoke:
    """How a member's smoke code went: ``ok`` or ``exception``."""

    status: str
    exception: str = ""
    message: str = ""
    trace: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A member's share: its items, its smoke code, what it printed, what its load changed ({key: (before, after)})."""

    id: str
    items: tuple[Item, ...] = ()
    smoke: Smoke | None = None
    noise: str = ""
    changes: Changes = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fork:
    """What became of a child that was forked after all loads: ``ok``, ``exception``, or how it died."""

    status: str = "not-tried"
    member: str = ""
    exception: str = ""
    message: str = ""
    signal: int | None = None
    exit_code: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Exit:
    """How the process ended after everything was done: ``ok``, ``exit-crash`` or ``exit-hang``."""

    status: str = "not-tried"
    signal: int | None = None
    exit_code: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Details:
    """C-level state: the file in which each signal's handler lies, and variables ({name: (before, after)})."""

    handlers: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """One process: ``status`` other than ``ok`` says that it ended at ``stage`` before it had done everything.

    ``refused`` are the hidden modules for which the first member asked while it was loaded.
    """

    warm: bool
    seconds: float
    status: str
    stage: str = ""
    member: str = ""
    item: str = ""
    signal: int | None = None
    exit_code: int | None = None
    trace: str = ""
    last_library: str = ""
    members: tuple[Member, ...] = ()
    fork: Fork = Fork()
    exit: Exit = Exit()
    mapped: tuple[str, ...] = ()
    bindings: tuple[Binding, ...] = ()
    details: Details | None = None
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """An ELF file that a process had mapped, as its dynamic section describes it."""

    path: str
    soname: str = ""
    needed: tuple[str, ...] = ()
    runpath: str = ""
    rpath: str = ""
    device_inode: str = ""


def read_observation(events: Iterable[Mapping[str, Any]]) -> tuple[Observation, tuple[Library, ...]]:
    """Return the one observation among the events of a request, and the libraries that they describe.

    Raises:
        EngineError: the events are not those that the probe promises.
    """
    found: Observation | None = None
    libraries = read_libraries(events := tuple(events))
    try:
        for event in events:
            if event["event"] == "coload":
                found = _normal(msgspec.convert(event, Observation))
    except msgspec.ValidationError as error:
        raise EngineError(f"The probe's report on wheels in one process is not understood: {error}.") from error
    if found is None:
        raise EngineError("The probe did not report on the wheels in one process.")
    return found, libraries


def read_libraries(events: Iterable[Mapping[str, Any]]) -> tuple[Library, ...]:
    """Return the libraries that events describe.

    Raises:
        EngineError: the events are not those that the probe promises.
    """
    try:
        return tuple(msgspec.convert(event, Library) for event in events if event["event"] == "library")
    except msgspec.ValidationError as error:
        raise EngineError(f"The probe's report on a library is not understood: {error}.") from error


def _normal(seen: Observation) -> Observation:
    """Return an observation whose bindings name files as the map of the process does; the loader keeps all dots."""
    bindings = [
        binding._replace(source=normpath(binding.source), target=normpath(binding.target))
        for binding in seen.bindings
        if binding.source and binding.target
    ]
    return replace(seen, bindings=tuple(bindings))


def killing(members: Sequence[str]) -> Observation:
    """Return what is known of a process that killed the probe, and with it every word on what it did."""
    alone = members[0] if len(members) == 1 else ""
    shares = tuple(Member(id=member) for member in members)
    return Observation(warm=False, seconds=0.0, status=KILLING, stage="load", member=alone, members=shares)


def moved(seen: Observation, old: str, new: str) -> Observation:
    """Return an observation as if its files had been in the site folder ``new`` instead of ``old``."""
    return replace(
        seen,
        mapped=tuple(path.replace(old, new) for path in seen.mapped),
        bindings=tuple(
            binding._replace(source=binding.source.replace(old, new), target=binding.target.replace(old, new))
            for binding in seen.bindings
        ),
    )
