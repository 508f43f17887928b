"""Symbols that one wheel's files were given by another wheel's: who bound to whom, as the loader said itself. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..printable import short
from ..wheels.wheel import Wheel
from .capture import Label
from .evidence import Evidence, Kind
from .ground import INTERPRETER_MODULES, Ground
from .observation import Binding, Observation

SYMBOLS = 5  # symbols kept as facts
CUT = 200  # characters of a symbol that the probe reports
NAME = 80  # characters of a symbol in a sentence


@dataclass(frozen=True, kw_only=True, slots=True)
class Crossing:
    """All bindings from the files of one wheel to those of another; ``source`` None is the standard library.

    ``first`` is the pair of files with the most of them. ``is_unique`` tells that every symbol seen has the binding
    STB_GNU_UNIQUE, which the loader unites on purpose.
    """

    source: Wheel | None
    target: Wheel
    count: int
    first: Binding
    symbols: tuple[str, ...]
    is_unique: bool


def crossings(
    seen: Observation, alone: Iterable[Observation], ground: Ground, *, told: frozenset[tuple[str, str]] = frozenset()
) -> tuple[Crossing, ...]:
    """Return who was given symbols by whom in company and not alone, most first; wheels that need each other may.

    ``told`` are pairs of files that are known for another reason: who asks for a captured library is bound to it.
    """
    controls = tuple(alone)
    known = {(binding.source, binding.target) for control in controls for binding in control.bindings} | told
    found: dict[tuple[str, str], list[Binding]] = {}
    for binding in seen.bindings:
        target = ground.owner(binding.target)
        if target is None or (binding.source, binding.target) in known:
            continue
        source = ground.owner(binding.source)
        if source is target or (source is not None and ground.are_related(source, target)):
            continue
        if source is None and not _is_bystander(binding.source, target, controls, ground):
            continue
        found.setdefault(("" if source is None else source.sha256, target.sha256), []).append(binding)
    gathered = [_gathered(bindings, ground) for bindings in found.values()]
    return tuple(sorted(gathered, key=lambda crossing: (-crossing.count, crossing.first)))


def _is_bystander(path: str, target: Wheel, controls: Sequence[Observation], ground: Ground) -> bool:
    """Tell whether a file without a wheel has no business with ``target``.

    A library of the system that a wheel needs may find symbols in that wheel: C++ programs replace ``operator new`` so.
    """
    if INTERPRETER_MODULES in path:
        return True
    needing = (control for control in controls if any(ground.owner(one) is target for one in control.mapped))
    return not any(path in control.mapped for control in needing)


def _gathered(bindings: Sequence[Binding], ground: Ground) -> Crossing:
    ordered = sorted(bindings, key=lambda binding: -binding.number)
    target = ground.owner(ordered[0].target)
    if target is None:
        raise ValueError("A crossing ends in a file of a wheel.")
    return Crossing(
        source=ground.owner(ordered[0].source),
        target=target,
        count=sum(binding.number for binding in ordered),
        first=ordered[0],
        symbols=tuple(dict.fromkeys(symbol for binding in ordered for symbol in binding.symbols))[:SYMBOLS],
        is_unique=all(_is_unique(binding, ground) for binding in ordered),
    )


def _is_unique(binding: Binding, ground: Ground) -> bool:
    file = ground.file(binding.target)
    if file is None or not binding.symbols:
        return False
    return set(binding.symbols) <= file.unique or set(binding.symbols) <= {name[:CUT] for name in file.unique}


def crossing_evidence(crossing: Crossing, label: Label) -> Evidence:
    """Return bindings between two wheels as evidence."""
    first = crossing.first
    files = f"'{_base(first.source)}' and '{_base(first.target)}'"
    symbols = "symbol" if crossing.count == 1 else "symbols"
    source = "the standard library" if crossing.source is None else label(crossing.source)
    unique = ", marked as unique in the process (STB_GNU_UNIQUE)" if crossing.is_unique else ""
    return Evidence(
        kind=Kind.UNIQUE if crossing.is_unique else Kind.BINDINGS,
        words=(
            f"{source} uses {crossing.count} {symbols} of {label(crossing.target)} instead of its own, such as "
            f"'{short(crossing.symbols[0] if crossing.symbols else '?', NAME)}' between {files}{unique}"
        ),
        facts={
            "from": first.source,
            "to": first.target,
            "count": crossing.count,
            "symbols": list(crossing.symbols),
        },
        advice=(
            f"{label(crossing.target)} shows its symbols to the whole process. Compile with '-fvisibility=hidden', "
            "link with '-Wl,--exclude-libs,ALL', and do not load libraries with RTLD_GLOBAL."
        ),
    )


def _base(path: str) -> str:
    return path.rpartition("/")[2]
