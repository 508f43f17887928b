"""Wheels that were loaded together, as the page's program gets them: maps of ordered pairs, one a bench. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..results import Result
from ..runs import Run
from . import companies
from .companies import CompanyMatrix
from .escape import plain
from .matrix import COMPANY
from .told import evidence_of
from .vocabulary import Vocabulary

NONE = -1  # there is no word, no evidence, no detail


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairs:
    """A matrix of wheels in one process, row by row: numbers of ``words``, ``kinds`` and details, or -1."""

    bench: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    word: tuple[int, ...]
    kind: tuple[int, ...]
    detail: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    """More than two wheels in one process, in the order in which they were loaded."""

    bench: str
    members: tuple[str, ...]
    word: int
    kind: int
    detail: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Together:
    """All that was loaded together; ``said`` has a sentence of counts for each bench."""

    words: tuple[str, ...]
    kinds: tuple[str, ...]
    weights: tuple[str, ...]
    said: Mapping[str, str]
    pairs: tuple[Pairs, ...]
    crowds: tuple[Crowd, ...]


def together(run: Run, results: Sequence[Result]) -> Together:
    """Return the matrices of all benches, whole, and the larger companies; details are numbers of ``results``."""
    numbers = {(one.bench, one.subject): number for number, one in enumerate(results) if one.check == COMPANY}
    kinds = Vocabulary()
    weights: dict[str, str] = {}
    for number in numbers.values():
        for piece in evidence_of(results[number])[:1]:
            weights[plain(piece.kind)] = plain(piece.weight)
            kinds.number(plain(piece.kind))
    contents = companies.company_matrices(run, results, largest=len(run.plan.cells))
    return Together(
        words=companies.ORDER,
        kinds=kinds.texts,
        weights=tuple(weights[kind] for kind in kinds.texts),
        said={plain(one.bench): companies.counts_words(one) for one in contents},
        pairs=tuple(pairs for one in contents for pairs in _pairs(one, results, numbers, kinds)),
        crowds=tuple(_crowds(results, numbers, kinds)),
    )


def _pairs(
    content: CompanyMatrix, results: Sequence[Result], numbers: Mapping[tuple[str, str], int], kinds: Vocabulary
) -> Iterator[Pairs]:
    words = {word: number for number, word in enumerate(companies.ORDER)}
    for matrix in content.matrices:
        details = [
            numbers.get((content.bench, f"{row},{column}"), NONE) for row in matrix.rows for column in matrix.columns
        ]
        yield Pairs(
            bench=plain(content.bench),
            rows=tuple(map(plain, matrix.rows)),
            columns=tuple(map(plain, matrix.columns)),
            word=tuple(words.get(word, NONE) for line in matrix.words for word in line),
            kind=tuple(_strongest(results[number], kinds) if number != NONE else NONE for number in details),
            detail=tuple(details),
        )


def _strongest(result: Result, kinds: Vocabulary) -> int:
    """Return the number of the kind of evidence that matters most."""
    return next((kinds.number(plain(piece.kind)) for piece in evidence_of(result)), NONE)


def _crowds(results: Sequence[Result], numbers: Mapping[tuple[str, str], int], kinds: Vocabulary) -> Iterator[Crowd]:
    words = {word: number for number, word in enumerate(companies.ORDER)}
    for (bench, subject), number in numbers.items():
        members = tuple(plain(name) for name in subject.split(","))
        if len(members) > 2:
            word = words[companies.word_of(results[number])]
            kind = _strongest(results[number], kinds)
            yield Crowd(bench=plain(bench), members=members, word=word, kind=kind, detail=number)
