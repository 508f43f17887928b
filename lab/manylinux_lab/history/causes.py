"""Why a cell's result may differ from an earlier one: what is recorded of both is held against each other. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from ..results import Conditions, Result

DIGITS = 12


class CauseKind(Enum):
    """What differs between two results of a cell."""

    WHEEL = "wheel"
    BESIDE = "wheels beside it"
    IMAGE = "image"
    INTERPRETER = "interpreter"
    INSTALLER = "installer"
    ENGINE = "engine"
    LAB = "lab"
    OPTIONS = "options"
    INDEX = "package index"
    UNRECORDED = "not recorded"
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """One thing that differs, and in words from what to what."""

    kind: CauseKind
    words: str


def causes(old: Result, new: Result) -> tuple[Cause, ...]:
    """Return everything that differs in how a cell was asked, or the one cause NOTHING.

    More than one may differ; which of them made the change is then not known, so all are named. What an older record
    does not say is a cause of its own: it is not taken to be the same.
    """
    found = [Cause(kind=kind, words=words) for kind, tell in TELLERS.items() for words in tell(old, new)]
    if found:
        return tuple(found)
    return (Cause(kind=CauseKind.NOTHING, words="nothing that is recorded changed"),)


def _wheel(old: Result, new: Result) -> Iterator[str]:
    before, after = _own(old), _own(new)
    if before != after:
        yield from _files(before, after)


def _own(result: Result) -> Mapping[str, str]:
    if result.conditions is not None and result.conditions.wheels:
        return result.conditions.wheels
    return {result.subject: result.sha256} if result.sha256 else {}


def _beside(old: Result, new: Result) -> Iterator[str]:
    before, after = _conditions(old, new)
    yield from _files(before.beside, after.beside)
    if before.beside == after.beside and before.site != after.site and before.wheels == after.wheels:
        yield "other wheels are installed in the same site folder"


def _files(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """Yield what became of each file; one that went and one that came of the same project are one change."""
    gone = {_project(name): name for name in before.keys() - after.keys()}
    come = {_project(name): name for name in after.keys() - before.keys()}
    for project in sorted(gone | come):
        if project in gone and project in come:
            yield f"{_short(gone[project], come[project])} -> {_short(come[project], gone[project])}"
        else:
            yield f"{come[project]} is new" if project in come else f"{gone[project]} is gone"
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            yield f"{name} is another file: sha256 {before[name][:DIGITS]} -> {after[name][:DIGITS]}"


def _project(name: str) -> str:
    return name.partition("-")[0].lower()


def _short(name: str, other: str) -> str:
    """Return project and version, or the whole name of a wheel that differs in its tags only."""
    short, other_short = ("-".join(one.split("-")[:2]) for one in (name, other))
    return short if short != other_short else name


def _image(old: Result, new: Result) -> Iterator[str]:
    if old.image != new.image:
        yield f"digest {_digest(old.image)} -> {_digest(new.image)}"
    if old.variant != new.variant:
        yield f"variant {old.variant} -> {new.variant}"


def _digest(image: str) -> str:
    return image.removeprefix("sha256:")[:DIGITS] or "none"


def _interpreter(old: Result, new: Result) -> Iterator[str]:
    before, after = _conditions(old, new)
    if old.interpreter != new.interpreter:
        yield f"{old.interpreter} -> {new.interpreter}"
    elif before.python != after.python:
        yield f"{old.interpreter} {before.python or 'unknown'} -> {after.python or 'unknown'}"


def _installer(old: Result, new: Result) -> Iterator[str]:
    before, after = _conditions(old, new)
    first, second = before.installer or old.installer, after.installer or new.installer
    if old.installer != new.installer or before.installer != after.installer:
        yield f"{first} -> {second}"


def _engine(old: Result, new: Result) -> Iterator[str]:
    before, after = _conditions(old, new)
    if old.engine != new.engine:
        yield f"{old.engine} -> {new.engine}"
    if old.emulated != new.emulated:
        yield f"{_emulation(old)} -> {_emulation(new)}"
    if before.limits != after.limits:
        yield f"limits in force: {', '.join(before.limits) or 'none'} -> {', '.join(after.limits) or 'none'}"


def _emulation(result: Result) -> str:
    return "emulated" if result.emulated else "native"


def _lab(old: Result, new: Result) -> Iterator[str]:
    before, after = _conditions(old, new)
    if old.lab != new.lab:
        yield f"manylinux-lab {old.lab} -> {new.lab}"
    if before.probe != after.probe:
        yield f"probe {before.probe[:DIGITS] or 'none'} -> {after.probe[:DIGITS] or 'none'}"
    if before.check != after.check:
        yield f"the file of the check '{new.check}' changed"


def _options(old: Result, new: Result) -> Iterator[str]:
    before, after = _conditions(old, new)
    for name in sorted(before.options.keys() | after.options.keys()):
        first, second = before.options.get(name, "not given"), after.options.get(name, "not given")
        if first != second:
            yield f"{name}: {first} -> {second}"


def _index(old: Result, new: Result) -> Iterator[str]:
    """Yield what the package index offers: it is asked anew by each run, and only its choice is recorded."""
    if new.check != "resolve":
        return
    before, after = (tuple(result.facts.get("chosen", ())) for result in (old, new))
    if before != after and before and after:
        yield f"its choice: {', '.join(before)} -> {', '.join(after)}"
    elif old.outcome is not new.outcome:
        yield "what it offers is not recorded"


def _unrecorded(old: Result, new: Result) -> Iterator[str]:
    if old.how is new.how and (old.conditions is None or new.conditions is None):
        yield "one of the results was written by a lab that did not record versions and options"


def _conditions(old: Result, new: Result) -> tuple[Conditions, Conditions]:
    """Return the conditions of both, or twice none where one of them has none: then they tell nothing."""
    if old.conditions is None or new.conditions is None:
        return Conditions(), Conditions()
    return old.conditions, new.conditions


TELLERS: Mapping[CauseKind, Callable[[Result, Result], Iterator[str]]] = {
    CauseKind.WHEEL: _wheel,
    CauseKind.BESIDE: _beside,
    CauseKind.IMAGE: _image,
    CauseKind.INTERPRETER: _interpreter,
    CauseKind.INSTALLER: _installer,
    CauseKind.ENGINE: _engine,
    CauseKind.LAB: _lab,
    CauseKind.OPTIONS: _options,
    CauseKind.INDEX: _index,
    CauseKind.UNRECORDED: _unrecorded,
}
