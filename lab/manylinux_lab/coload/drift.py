"""What a wheel changes in the process that loads it, as evidence: values before and after, in plain words. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from signal import Signals
from typing import Any

from ..printable import short
from .evidence import Evidence, Kind
from .observation import Changes

SHOWN = 100  # characters of a value in a sentence
ENTRIES = 3  # entries of a list in a sentence
APART = 6  # changes of one kind that are told one by one


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One value that was ``before`` and is ``after``; ``part`` is the signal, the variable or nothing."""

    key: str
    part: str
    before: Any
    after: Any


Drift = tuple[str, Change]  # a member, and what it changes


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """How a change is told: ``what`` ends a sentence that begins with the wheel, with a place for the part.

    ``values`` are words for values that say little by themselves.
    """

    kind: Kind
    what: str
    advice: str = ""
    values: Mapping[Any, str] = field(default_factory=dict)


FAST_MATH = (
    "Link shared libraries without '-ffast-math', '-Ofast' or '-funsafe-math-optimizations': they add 'crtfastmath.o', "
    "which flushes denormals in the whole process (GCC 13 and newer no longer add it to shared libraries). Code that "
    "needs the mode must set it around its own computations and restore it afterwards."
)
AT_LOAD = "Do this when the user asks for it, not when the module is imported."
MEANINGS: Mapping[str, Meaning] = {
    "denormals": Meaning(
        kind=Kind.FLOATING_POINT,
        what="makes the processor treat numbers close to zero (denormals) as zero for the whole process",
        advice=FAST_MATH,
    ),
    "denormals_in_threads": Meaning(
        kind=Kind.FLOATING_POINT,
        what="makes the processor treat numbers close to zero (denormals) as zero in threads that are started later",
        advice=FAST_MATH,
    ),
    "rounding": Meaning(
        kind=Kind.FLOATING_POINT,
        what="changes how the processor rounds for the whole process",
        advice="Restore the rounding mode with 'fesetround' after each computation that needs another one.",
    ),
    "rounding_in_threads": Meaning(
        kind=Kind.FLOATING_POINT,
        what="changes how the processor rounds in threads that are started later",
        advice="Restore the rounding mode with 'fesetround' after each computation that needs another one.",
    ),
    "signals": Meaning(kind=Kind.PROCESS_STATE, what="changes what happens on the signal {part}", advice=AT_LOAD),
    "environment": Meaning(kind=Kind.PROCESS_STATE, what="changes the environment variable '{part}'", advice=AT_LOAD),
    "locale": Meaning(kind=Kind.PROCESS_STATE, what="changes the locale of the process", advice=AT_LOAD),
    "dlopen_flags": Meaning(
        kind=Kind.PROCESS_STATE,
        what="changes the flags with which extension modules are loaded from then on",
        advice="Restore 'sys.setdlopenflags' after the import that needs other flags.",
        values={1: "RTLD_LAZY", 2: "RTLD_NOW", 257: "RTLD_LAZY with RTLD_GLOBAL", 258: "RTLD_NOW with RTLD_GLOBAL"},
    ),
    "sys_path": Meaning(
        kind=Kind.PROCESS_STATE, what="changes where modules are looked for (sys.path)", advice=AT_LOAD
    ),
    "warning_filters": Meaning(
        kind=Kind.PROCESS_STATE,
        what="changes which warnings are shown (warnings.filters)",
        advice="Suppress warnings around one's own code with 'warnings.catch_warnings'.",
    ),
    "start_method": Meaning(
        kind=Kind.PROCESS_STATE,
        what="fixes how multiprocessing starts processes",
        advice="Use 'multiprocessing.get_context' for one's own processes.",
    ),
    "executable_stack": Meaning(
        kind=Kind.PROCESS_STATE,
        what="makes the stack of the process executable (glibc 2.41 and newer refuse that)",
        values={False: "not executable", True: "executable"},
        advice="Link with '-z noexecstack'; mark hand-written assembly with a '.note.GNU-stack' section.",
    ),
    "gil": Meaning(
        kind=Kind.PROCESS_STATE,
        what="switches the global interpreter lock on again in a free-threaded interpreter",
        values={False: "off", True: "on"},
        advice="Declare 'Py_MOD_GIL_NOT_USED' once the module is safe without the lock.",
    ),
    "umask": Meaning(kind=Kind.PROCESS_STATE, what="changes the mode that new files get (umask)", advice=AT_LOAD),
    "cwd": Meaning(kind=Kind.PROCESS_STATE, what="changes the current folder", advice=AT_LOAD),
    "limits": Meaning(kind=Kind.PROCESS_STATE, what="changes the limits on resources", advice=AT_LOAD),
    "hooks": Meaning(kind=Kind.PROCESS_STATE, what="sets the hook '{part}' for the whole process", advice=AT_LOAD),
    "callbacks": Meaning(kind=Kind.CALLBACKS, what="takes part in every import, or in each collection of garbage,"),
    "recursion_limit": Meaning(kind=Kind.PROCESS_STATE, what="changes the recursion limit", advice=AT_LOAD),
    "threads": Meaning(kind=Kind.THREADS, what="starts threads"),
}
ANYTHING = Meaning(kind=Kind.PROCESS_STATE, what="changes '{key}' of the process", advice=AT_LOAD)
# What compiled code does; everything else is done by Python code, some of which only tests would import.
HARD = frozenset(
    {
        "denormals",
        "denormals_in_threads",
        "rounding",
        "rounding_in_threads",
        "signals",
        "executable_stack",
        "gil",
        "umask",
    }
)
SAME_CAUSE = {"denormals_in_threads": "denormals", "rounding_in_threads": "rounding"}


def flat(changes: Changes) -> tuple[Change, ...]:
    """Return the changes of a load one by one: a table of signals or variables gives one for each of them."""
    return tuple(change for key, value in sorted(changes.items()) for change in _flat(key, value))


def _flat(key: str, value: Any) -> Iterator[Change]:
    before, after = value if _is_pair(value) else (None, value)
    if isinstance(after, Mapping) and before is None and all(_is_pair(inner) for inner in after.values()):
        for part, inner in sorted(after.items()):
            yield Change(key=key, part=_part(key, part), before=inner[0], after=inner[1])
    else:
        yield Change(key=key, part="", before=before, after=after)


def _is_pair(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2


def _part(key: str, part: str) -> str:
    """Return the name of what has changed; signals come as numbers."""
    if key != "signals" or not part.isdecimal():
        return part
    return signal_name(int(part))


def signal_name(number: int) -> str:
    """Return ``SIGINT`` for 2."""
    try:
        return Signals(number).name
    except ValueError:
        return f"signal {number}"


def without(changes: Iterable[Change], others: Iterable[Change]) -> tuple[Change, ...]:
    """Return the changes that are not also, with the same value after it, among those of something else.

    Of lists, such as warning filters, the entries that something else adds or takes away too are left out.
    """
    known: dict[tuple[str, str], list[Change]] = {}
    for other in others:
        known.setdefault((other.key, other.part), []).append(other)
    left = (_without(change, known.get((change.key, change.part), ())) for change in changes)
    return tuple(change for change in left if change is not None)


def _without(change: Change, others: Iterable[Change]) -> Change | None:
    for other in others:
        if change.after == other.after:
            return None
        if all(_is_counted(value) for value in (change.before, change.after, other.before, other.after)):
            before, after = _less(change.before, other.before), _less(change.after, other.after)
            if len(before) == len(after) == 1:
                return None
            change = replace(change, before=before, after=after)
    return change


def _less(counted: Sequence[Any], other: Sequence[Any]) -> list[Any]:
    """Return a counted list without the entries of another, one for one: threads have the same name."""
    others, left = list(other[1:]), [counted[0]]
    for entry in counted[1:]:
        if entry in others:
            others.remove(entry)
        else:
            left.append(entry)
    return left


def _is_counted(value: Any) -> bool:
    """Tell whether a value is a list as the probe reports it: how long it is, then what it has and the other lacks."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], int)


def only_together(together: Mapping[str, Sequence[Change]], alone: Mapping[str, Sequence[Change]]) -> Iterator[Drift]:
    """Yield the changes that members make only in company, each with its member; values before differ there anyway.

    What another member changes alone and here does not has only moved: both load the same module, and the first one to
    do so gets the change.
    """
    known = {member: _places(changes) for member, changes in alone.items()}
    here = {member: _places(changes) for member, changes in together.items()}
    for member, changes in together.items():
        for change in changes:
            place = (change.key, change.part)
            moved = (other for other in known.keys() - {member} if place in known[other])
            if place not in known[member] and all(place in here.get(other, ()) for other in moved):
                yield member, change


def _places(changes: Iterable[Change]) -> frozenset[tuple[str, str]]:
    return frozenset((change.key, change.part) for change in changes)


def drift_evidence(who: str, changes: Iterable[Change], when: str = "when it is loaded") -> tuple[Evidence, ...]:
    """Return changes as evidence. ``who`` names the wheel as a sentence has it."""
    told = {(change.key, change.part): change for change in changes}
    for key, cause in SAME_CAUSE.items():
        if (cause, "") in told:
            told.pop((key, ""), None)
    by_key: dict[str, list[Change]] = {}
    for change in told.values():
        by_key.setdefault(change.key, []).append(change)
    return tuple(evidence for group in by_key.values() for evidence in _group(who, group, when))


def _group(who: str, group: Sequence[Change], when: str) -> Iterator[Evidence]:
    for change in group[:APART]:
        meaning = MEANINGS.get(change.key, ANYTHING)
        what = meaning.what.format(part=short(change.part, SHOWN), key=change.key)
        yield Evidence(
            kind=meaning.kind,
            words=f"{who} {what} {when}: {_told(change.before, meaning)} before, {_told(change.after, meaning)} after",
            facts={"what": change.key, "part": change.part, "before": change.before, "after": change.after},
            advice=meaning.advice,
        )
    if len(group) > APART:
        yield Evidence(
            kind=MEANINGS.get(group[0].key, ANYTHING).kind,
            words=f"{who} makes {len(group) - APART} more changes of the kind '{group[0].key}' {when}",
            facts={"what": group[0].key, "parts": [change.part for change in group[APART:]][:40]},
        )


def noise_evidence(who: str, noise: str, when: str = "when it is loaded") -> tuple[Evidence, ...]:
    """Return what a wheel printed while it was loaded as evidence."""
    if not noise.strip():
        return ()
    words = f"{who} prints {when}: '{short(noise, SHOWN)}'"
    advice = "Print nothing on import: programs that talk over standard output break. Use 'logging' or 'warnings'."
    return (Evidence(kind=Kind.NOISE, words=words, facts={"noise": noise}, advice=advice),)


def _told(value: Any, meaning: Meaning) -> str:
    """Return a value as a sentence shows it."""
    if _is_counted(value):
        entries = ", ".join(f"'{entry}'" for entry in value[1 : 1 + ENTRIES])
        more = ", ..." if len(value) > 1 + ENTRIES else ""
        return short(f"{value[0]} ({entries}{more})" if entries else str(value[0]), 2 * SHOWN)
    if isinstance(value, bool | int) and value in meaning.values:
        return meaning.values[value]
    if value is None or value in ("", [], {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return f"'{short(value, SHOWN)}'"
    return short(json.dumps(value, sort_keys=True), SHOWN)
