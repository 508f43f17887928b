"""A matrix that is too wide for its readers, as blocks of columns that are not. Pure; each format says what is wide."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from .matrix import Matrix

PAGE = 140  # characters that a browser shows beside each other without scrolling, where words may break

Measure = Callable[[str, Sequence[str]], int]  # characters of a column: of its heading and what stands below


def blocks(content: Matrix, room: int, measure: Measure, *, may_turn: bool = False) -> tuple[Matrix, ...]:
    """Return the matrix as one or several with the same rows, none wider than ``room`` if it has two columns or more.

    One that ``may_turn`` stands upright, rows for columns, where it then fits or needs fewer blocks.
    """
    lying = _split(content, room, measure)
    if len(lying) == 1 or not may_turn:
        return lying
    upright = _split(_turned(content), room, measure)
    return upright if len(upright) < len(lying) else lying


def in_browser(heading: str, words: Sequence[str]) -> int:
    """Return how wide a column must be in a browser, which breaks a line after a hyphen or a space."""
    return max(len(piece) for text in (heading, *words) for piece in re.split(r"(?<=-)| ", text)) + 3


def _turned(content: Matrix) -> Matrix:
    return Matrix(rows=content.columns, columns=content.rows, words=tuple(zip(*content.words, strict=True)))


def _split(content: Matrix, room: int, measure: Measure) -> tuple[Matrix, ...]:
    down = [*zip(*content.words, strict=True)] or [()] * len(content.columns)
    widths = [measure(heading, words) for heading, words in zip(content.columns, down, strict=True)]
    room -= measure("", content.rows)
    families = [[*places] for _, places in groupby(range(len(widths)), lambda place: _family(content.columns[place]))]
    return tuple(_part(content, places) for places in _packed(families, widths, room)) or (content,)


def _family(heading: str) -> str:
    """Return ``debian`` of ``debian-12:x86_64:cp311``, and ``numpy`` of ``numpy 2.1.3``."""
    return re.split(r"[-: ]", heading, maxsplit=1)[0]


def _packed(families: Sequence[Sequence[int]], widths: Sequence[int], room: int) -> Iterator[list[int]]:
    """Yield the columns of each block; a family is torn only where it has more than a block has room for."""
    block: list[int] = []
    for family in families:
        if block and sum(widths[place] for place in (*block, *family)) > room:
            yield block
            block = []
        for place in family:
            if block and sum(widths[one] for one in (*block, place)) > room:
                yield block
                block = []
            block.append(place)
    if block:
        yield block


def _part(content: Matrix, places: Sequence[int]) -> Matrix:
    return Matrix(
        rows=content.rows,
        columns=tuple(content.columns[place] for place in places),
        words=tuple(tuple(line[place] for place in places) for line in content.words),
    )
