"""Which result of one run answers the same question as which of another. Pure.

A cell's id holds the wheel's file name, so an upgraded wheel has other cells. They are matched by what stays.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from ..results import Result

Key = Callable[[Result], Hashable]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairs:
    """Results that answer the same question, and those that have no counterpart."""

    both: tuple[tuple[Result, Result], ...]
    only_old: tuple[Result, ...]
    only_new: tuple[Result, ...]


def pairs(old: Iterable[Result], new: Iterable[Result]) -> Pairs:
    """Match results, the most exact key first; a key that several results of a side share matches none of them."""
    left, right = list(old), list(new)
    both: list[tuple[Result, Result]] = []
    for key in KEYS:
        found = _matched(left, right, key)
        both += found
        taken = {id(result) for pair in found for result in pair}
        left = [result for result in left if id(result) not in taken]
        right = [result for result in right if id(result) not in taken]
    return Pairs(both=tuple(both), only_old=tuple(left), only_new=tuple(right))


def _matched(left: Sequence[Result], right: Sequence[Result], key: Key) -> list[tuple[Result, Result]]:
    known: dict[Hashable, list[Result]] = defaultdict(list)
    asked: dict[Hashable, list[Result]] = defaultdict(list)
    for results, by_key in ((left, known), (right, asked)):
        for result in results:
            by_key[key(result)].append(result)
    return [
        (known[name][0], found[0]) for name, found in asked.items() if len(found) == 1 and len(known.get(name, ())) == 1
    ]


def series(result: Result) -> tuple[str, str, str]:
    """Return what stays the same from release to release: bench, check, and the project or projects."""
    return result.bench, result.check, result.project


def _series_and_tag(result: Result) -> Hashable:
    return (*series(result), _tag(result.subject))


def _place(result: Result) -> Hashable:
    """Return the question without the interpreter, which a new image of a distro may bring another of."""
    return result.distro, result.arch, result.check, result.project


def _tag(subject: str) -> str:
    try:
        return "-".join(sorted(map(str, parse_wheel_filename(subject)[3])))
    except InvalidWheelFilename:
        return ""


KEYS: Sequence[Key] = (lambda result: result.cell, _series_and_tag, series, _place)
