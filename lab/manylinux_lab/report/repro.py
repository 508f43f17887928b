"""Writes a shell script that shows a cell's trouble without the lab, from ``reports/repro.sh.j2``."""

import pprint
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import jinja2

from ..coload.evidence import Kind
from ..folders import data_folder
from ..results import Result
from .escape import plain
from .told import evidence_of

SECONDS = 120
WIDTH = 110
PATHS = 5  # overlapping files that the script shows
STATES = frozenset({Kind.FLOATING_POINT.value, Kind.PROCESS_STATE.value, Kind.THREADS.value})


class Action(Enum):
    """What the script does with the wheels."""

    INSTALL = "install"
    REFUSE = "refuse"
    LOAD = "load"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Wheels that are installed by one command: ``pins`` are lines of a requirements file with hashes.

    ``site`` counts from 1; ``name`` is that of the member whose wheel it is, or of another one that installs the same
    path as some wheel of the script; empty for the rest of what members require.
    """

    pins: tuple[str, ...]
    site: int = 1
    name: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """What is done with a member: ``items`` are (kind, name), kinds those of the probe's events; smoke code."""

    items: tuple[tuple[str, str], ...]
    smoke: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """All that a script is made of.

    ``orders`` are loaded one after the other, each in a process of its own; the last one shows the trouble.
    ``is_each`` asks for an interpreter for each item. ``sources`` are options of pip that name indexes. ``contested``
    are the names of the two steps whose wheels install the same path, ``last`` is the project of the second one.
    ``result`` is None for a cell that has not run.
    """

    cell: str
    seen_on: str
    lab: str
    version: str
    action: Action
    steps: tuple[Step, ...]
    members: Mapping[str, Loaded]
    orders: tuple[tuple[str, ...], ...]
    is_each: bool = False
    sources: tuple[str, ...] = ()
    contested: tuple[str, ...] = ()
    last: str = ""
    result: Result | None = None


class _Safe(str):
    """Text that is already written as the script needs it."""

    __slots__ = ()


def script(recipe: Recipe) -> str:
    """Return the script: POSIX shell, and Python of the bench's version or newer."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(data_folder("reports")),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - a shell script: the finalizer quotes every value
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["comment"] = lambda text: _Safe(plain(str(text)))
    return environment.get_template("repro.sh.j2").render(_values(recipe))


def _finalize(value: object) -> object:
    return value if isinstance(value, _Safe | int) else shlex.quote(plain(str(value)))


def _values(recipe: Recipe) -> dict[str, Any]:
    kinds = _kinds(recipe.result)
    loaded = {name: _member(one, is_each=recipe.is_each) for name, one in recipe.members.items()}
    is_effects = recipe.result is not None and recipe.result.check == "effects"
    libraries = _facts(recipe.result, "soname", Kind.CAPTURED, Kind.CAPTURED_BY_SYSTEM, Kind.CAPTURED_TWIN)
    top_levels = [name for names in _facts(recipe.result, "names", Kind.TOP_LEVEL) for name in _texts(names)]
    return {
        "title": _title(recipe),
        "cell": recipe.cell,
        "verdict": recipe.result.verdict.value if recipe.result else "not run",
        "seen_on": recipe.seen_on,
        "lab": recipe.lab,
        "version": recipe.version,
        "action": recipe.action.value,
        "sources": _Safe("".join(f" {shlex.quote(plain(word))}" for word in recipe.sources)),
        "steps": recipe.steps,
        "sites": max((step.site for step in recipe.steps), default=1),
        "orders": recipe.orders,
        "is_each": recipe.is_each,
        "members": _Safe(pprint.pformat(loaded, width=WIDTH, sort_dicts=False)),
        "libraries": _Safe(ascii(sorted({str(name) for name in libraries}))) if libraries else "",
        "has_controls": len(recipe.orders) > 1 and not recipe.is_each,
        "has_states": not recipe.is_each and (kinds is None or is_effects or bool(kinds & STATES)),
        "counts_changes": is_effects,
        "has_smoke": any(one.smoke for one in recipe.members.values()),
        "has_fork": not recipe.is_each and (kinds is None or _is_about_fork(recipe.result)),
        "has_record": kinds is not None and Kind.RECORD.value in kinds,
        "top_levels": _Safe(" ".join(shlex.quote(plain(str(name))) for name in top_levels)),
        "overlaps": _overlaps(recipe),
        "contested": recipe.contested,
        "last": recipe.last,
        "seconds": SECONDS,
    }


def _member(loaded: Loaded, *, is_each: bool) -> dict[str, list[Any]]:
    items: list[Any] = [*(loaded.items if is_each else dict.fromkeys(name for _, name in loaded.items))]
    return {"items": items, "smoke": [*loaded.smoke]} if loaded.smoke else {"items": items}


def _title(recipe: Recipe) -> str:
    result = recipe.result
    said = (result.reason or "; ".join(result.side_effects)) if result else ""
    return said or f"{' and '.join(recipe.members)} together" if len(recipe.members) > 1 else said or recipe.cell


def _overlaps(recipe: Recipe) -> _Safe:
    """Return what tells ``find`` the files that two members both install; nothing where they are apart anyway."""
    found = [
        path for paths in _facts(recipe.result, "paths", Kind.OVERLAP, Kind.OVERLAP_EQUAL) for path in _texts(paths)
    ]
    if not found or len(recipe.contested) != 2 or any(step.site > 1 for step in recipe.steps):
        return _Safe("")
    tests = " -o ".join(f"-path {shlex.quote(f'*/{plain(path)}')}" for path in found[:PATHS])
    return _Safe(rf"\( {tests} \)")


def contested_by(result: Result | None) -> tuple[str, ...]:
    """Return the ids of the first two wheels that a result says install the same path, in their order."""
    pairs = _facts(result, "wheels", Kind.OVERLAP, Kind.OVERLAP_EQUAL)
    return tuple(_texts(pairs[0])) if pairs else ()


def _kinds(result: Result | None) -> frozenset[str] | None:
    """Return the kinds of evidence, or None where nothing is known and the script has to look at everything."""
    found = frozenset(piece.kind for piece in evidence_of(result)) if result else frozenset()
    return found or None


def _facts(result: Result | None, key: str, *kinds: Kind) -> list[object]:
    """Return one fact of each piece of evidence of these kinds."""
    pieces = result.facts.get("evidence", []) if result else []
    wanted = {kind.value for kind in kinds}
    found = [piece for piece in _maps(pieces) if piece.get("kind") in wanted or not kinds]
    return [facts[key] for piece in found if key in (facts := _map(piece.get("facts")))]


def _is_about_fork(result: Result | None) -> bool:
    return "fork" in [*_facts(result, "aspect"), *_facts(result, "what")]


def _maps(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, Sequence) else []


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list | tuple) else []
