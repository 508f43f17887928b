"""What differs between wheels in one process and each of them alone: outcomes only, read from records. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from ..printable import short
from ..signals import KILLS, signal_words
from .observation import KILLING, Item, Member, Observation

MESSAGE = 240  # characters of an exception's message in a sentence
SITES = re.compile(r"[^\s'\"(]*/work/sites/[^/\s]+/")
NAMED = 3  # companions that a sentence names


class Aspect(Enum):
    """At what a company was seen to differ."""

    LOAD = "load"
    SMOKE = "smoke"
    FORK = "fork"
    EXIT = "exit"


DEATHS = frozenset({"crash", "hang", "early-exit", "exit-crash", "exit-hang", KILLING})


@dataclass(frozen=True, kw_only=True, slots=True)
class Deviation:
    """One aspect that differs. ``member`` shows it (empty where it is nobody's alone), ``how`` is the probe's word.

    ``words`` is a sentence without its full stop, ``said`` what an exception or the loader said in full.
    """

    aspect: Aspect
    member: str
    how: str
    words: str
    item: str = ""
    said: str = ""
    signal: int | None = None
    trace: str = ""
    last_library: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What makes two deviations of repeated runs the same one: a race ends now in one signal, now in another."""
        return self.aspect.value, self.member


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """How members are called in sentences, in the order in which they were loaded: ``labels`` by their ids."""

    labels: Mapping[str, str]

    def quoted(self, member: str) -> str:
        """Return a member's name as a sentence has it."""
        return self.labels.get(member, f"'{member}'")

    def before(self, member: str) -> str:
        """Return what was loaded before a member, as the end of a sentence; for the first one what comes after it."""
        order = list(self.labels)
        place = order.index(member) if member in order else len(order)
        if place:
            return f"after {self.listed(order[:place])}"
        return f"where {self.listed(order[1:])} {'is' if len(order) == 2 else 'are'} there too" if order[1:] else ""

    def listed(self, members: Sequence[str]) -> str:
        """Return members as an enumeration."""
        words = [self.quoted(member) for member in members]
        if len(words) > NAMED + 1:
            words = [*words[:NAMED], f"{len(words) - NAMED} others"]
        return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def deviations(seen: Observation, alone: Mapping[str, Observation], names: Names) -> tuple[Deviation, ...]:
    """Return how an observation differs from the controls; what deviates alone already is not compared.

    ``alone`` holds the observation of each member in a process without the others.
    """
    found = [
        deviation
        for member in seen.members
        for deviation in (_load(member, alone[member.id], names), _smoke(member, alone[member.id], names))
        if deviation is not None
    ]
    if seen.status != "ok":
        found.append(_death(seen, names))
    found += _fork(seen, alone, names)
    found += _exit(seen, alone, names)
    return tuple(found)


def _load(member: Member, control: Observation, names: Names) -> Deviation | None:
    """Return the first import that fails only in company."""
    worked = {item.name for one in control.members if one.id == member.id for item in one.items if item.status == "ok"}
    failed = [item for item in member.items if item.status == "exception" and item.name in worked]
    if not failed:
        return None
    item = failed[0]
    more = f" (and {len(failed) - 1} more of its modules)" if len(failed) > 1 else ""
    what = f"{item_words(item.name, member.id, names)} cannot be imported {names.before(member.id)}"
    return Deviation(
        aspect=Aspect.LOAD,
        member=member.id,
        how="exception",
        item=item.name,
        words=f"{what}: {said_by(item)}{more}",
        said=item.message,
        trace=item.trace,
    )


def item_words(item: str, member: str, names: Names) -> str:
    """Return an import name as a sentence has it, with its wheel where that has another name."""
    label = names.quoted(member)
    return label if label == f"'{item}'" or not item else f"'{item}' of {label}"


def said_by(item: Item) -> str:
    """Return an exception as a sentence quotes it."""
    return quoted(item.exception, item.message)


def quoted(exception: str, message: str) -> str:
    """Return an exception in one line; paths begin below the site folder."""
    return short(f"{exception}: {SITES.sub('', message)}".removesuffix(": "), MESSAGE)


def _smoke(member: Member, control: Observation, names: Names) -> Deviation | None:
    smoke = member.smoke
    worked = any(one.id == member.id and one.smoke and one.smoke.status == "ok" for one in control.members)
    if smoke is None or smoke.status == "ok" or not worked:
        return None
    others = [name for name in names.labels if name != member.id]
    said = quoted(smoke.exception, smoke.message)
    return Deviation(
        aspect=Aspect.SMOKE,
        member=member.id,
        how="exception",
        words=f"The smoke code of {names.quoted(member.id)} fails in one process with {names.listed(others)}: {said}",
        said=smoke.message,
        trace=smoke.trace,
    )


def _death(seen: Observation, names: Names) -> Deviation:
    """Return how the process ended before it had done everything."""
    aspect = Aspect(seen.stage) if seen.stage in {one.value for one in Aspect} else Aspect.LOAD
    who = item_words(seen.item, seen.member, names) if seen.member else "The process"
    if aspect is Aspect.SMOKE:
        who = f"The smoke code of {names.quoted(seen.member)}"
    return Deviation(
        aspect=aspect,
        member=seen.member,
        how=seen.status,
        item=seen.item,
        words=f"{who} {death_words(seen, aspect)} {names.before(seen.member)}".rstrip(),
        signal=seen.signal,
        trace=seen.trace,
        last_library=seen.last_library,
    )


def death_words(seen: Observation, aspect: Aspect) -> str:
    """Return how a process died, as the middle of a sentence."""
    doing = {Aspect.LOAD: "being imported", Aspect.SMOKE: "being run", Aspect.EXIT: "ending"}.get(aspect, "forking")
    if seen.status == KILLING:
        return KILLS
    if seen.status == "hang":
        return f"did not finish {doing} before the deadline"
    if seen.status == "early-exit":
        return f"ended the process with exit code {seen.exit_code} while {doing}"
    # That of the system says nothing: a crash in plain Python comes after the loader's last word, too.
    last = seen.last_library.rpartition("/")[2] if SITES.match(seen.last_library) else ""
    return f"{signal_words(seen.signal)} while {doing}{f' (last library of the loader: {last!r})' if last else ''}"


def _fork(seen: Observation, alone: Mapping[str, Observation], names: Names) -> Iterator[Deviation]:
    fork = seen.fork
    if fork.status in ("ok", "not-tried") or any(control.fork.status != "ok" for control in alone.values()):
        return
    company = names.listed(list(names.labels))
    child = f"A child that is forked after {company} are loaded"
    smoke = f" in the smoke code of {names.quoted(fork.member)}" if fork.member else ""
    if fork.status == "exception":
        words = f"{child} fails{smoke}: {quoted(fork.exception, fork.message)}"
    elif fork.status == "hang":
        words = f"{child} does not end before the deadline{f'; it hangs{smoke}' if smoke else ''}"
    elif fork.status == "early-exit":
        words = f"{child} ends with exit code {fork.exit_code}{smoke}"
    else:
        words = f"{child} {signal_words(fork.signal)}{smoke}"
    yield Deviation(
        aspect=Aspect.FORK,
        member=fork.member,
        how=fork.status,
        words=words,
        said=fork.message,
        signal=fork.signal,
    )


def _exit(seen: Observation, alone: Mapping[str, Observation], names: Names) -> Iterator[Deviation]:
    end = seen.exit
    if end.status in ("ok", "not-tried") or any(control.exit.status != "ok" for control in alone.values()):
        return
    company = f"{names.listed(list(names.labels))} can be loaded together, but the interpreter then"
    if end.status == "exit-hang":
        words = f"{company} does not end"
    else:
        how = signal_words(end.signal) if end.signal else f"ended with exit code {end.exit_code}"
        words = f"{company} {how} while ending"
    yield Deviation(aspect=Aspect.EXIT, member="", how=end.status, words=words, signal=end.signal)
