"""A part of the matrix: some distros, architectures or projects, or only what is broken. Pure."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from .matrix import Matrix
from .model import Report

BROKEN = ("FAIL", "ERROR")


def filtered(
    report: Report,
    *,
    distro: Sequence[str] = (),
    arch: Sequence[str] = (),
    project: Sequence[str] = (),
    only_failures: bool = False,
) -> Matrix:
    """Return the matrix with what the globs match; none match everything.

    ``only_failures`` keeps the rows and columns in which a wheel or the lab failed, predicted failures too.
    """
    benches = {bench.title: bench for bench in report.benches}
    columns = [
        title
        for title in report.matrix.columns
        if title not in benches or (_matches(benches[title].distro, distro) and _matches(benches[title].arch, arch))
    ]
    rows = [title for title in report.matrix.rows if _matches(title.partition(" ")[0], project)]
    content = _part(report.matrix, rows, columns)
    return _broken(content) if only_failures else content


def _matches(name: str, globs: Sequence[str]) -> bool:
    return not globs or any(fnmatchcase(name, glob) for glob in globs)


def _part(content: Matrix, rows: Sequence[str], columns: Sequence[str]) -> Matrix:
    places = [content.columns.index(title) for title in columns]
    words = dict(zip(content.rows, content.words, strict=True))
    kept = tuple(tuple(words[row][place] for place in places) for row in rows)
    return Matrix(rows=tuple(rows), columns=tuple(columns), words=kept)


def _broken(content: Matrix) -> Matrix:
    rows = [row for row, words in zip(content.rows, content.words, strict=True) if any(map(_is_broken, words))]
    turned = zip(*content.words, strict=True)
    columns = [column for column, words in zip(content.columns, turned, strict=True) if any(map(_is_broken, words))]
    return _part(content, rows, columns)


def _is_broken(word: str) -> bool:
    return word.startswith(BROKEN)
