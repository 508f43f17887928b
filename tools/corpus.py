"""Run a corpus of real wheels through the command line and compare what the lab says with what was seen of them.

``python tools/corpus.py`` takes ../shared/data/corpus, ``--corpus FILE`` (repeatable) another file in the same form,
see docs/coload.md. The exit code is 1 where something was missed or was a false alarm, 3 where the lab failed.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from corpus_cases import Case, Question, questions, read_corpus
from corpus_rules import Rated, Rating, rate
from corpus_runs import Asking, modes_of, wheel_file
from tabulate import tabulate

from manylinux_lab.catalogue.reading import load_catalogue
from manylinux_lab.errors import EngineError, UsageError
from manylinux_lab.resolving.index import Index
from manylinux_lab.resolving.sources import find_sources

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "corpus"
COUNTED = (Rating.FOUND, Rating.MISSED, Rating.FALSE_ALARM, Rating.NOT_ASKED, Rating.TROUBLE)
WIDTH = 110


def pythons() -> dict[str, tuple[int, int]]:
    """Return the interpreter of each distro that the catalogue knows one of."""
    return {release.id: release.interpreters[0].version for release in load_catalogue() if release.interpreters}


def asked(question: Question, index: Index, engine: str, out: Path) -> tuple[Rated, ...]:
    """Ask the lab a question and rate its answer."""
    special = [f"{project}-{version}" for project, version in question.special_pins]
    place = out / question.case.id / "-".join([question.distro, *special])
    try:
        wheels = tuple(wheel_file(index, name) for name in question.wheels)
        results = [
            result
            for mode in modes_of(question)
            for result in Asking(question=question, mode=mode, wheels=wheels, engine=engine, out=place / mode).results()
        ]
    except EngineError as error:
        return (Rated(expected=question.text, said=str(error), rating=Rating.TROUBLE),)
    return rate(question, results)


def ask_all(chosen: Sequence[Question], engine: str, out: Path, workers: int) -> Iterator[tuple[Question, Rated]]:
    """Ask all questions, some at the same time; yield what came of them in their order."""
    index = Index(find_sources(os.environ, Path.home()))
    try:
        with ThreadPoolExecutor(workers) as pool:
            ask = partial(asked, index=index, engine=engine, out=out)
            for question, rated in zip(chosen, pool.map(ask, chosen), strict=True):
                print(f"{question.case.id} on {question.distro}: {_worst(rated).value}", file=sys.stderr, flush=True)
                yield from ((question, one) for one in rated)
    finally:
        index.close()


def _worst(rated: Sequence[Rated]) -> Rating:
    order = (Rating.TROUBLE, Rating.MISSED, Rating.FALSE_ALARM, Rating.FOUND, Rating.NOT_ASKED)
    return min((one.rating for one in rated), key=order.index)


def table(rows: Sequence[tuple[Question, Rated]]) -> str:
    """Return the table of all expectations, and the counts."""
    lines = [
        [one.case.id, one.distro, rated.expected[:40], rated.rating.value, rated.said[:WIDTH]] for one, rated in rows
    ]
    counts = Counter(rated.rating for _, rated in rows)
    words = "; ".join(f"{rating.value.lower()}: {counts[rating]}" for rating in COUNTED)
    headers = ["case", "distro", "expected", "result", "what the lab said"]
    return f"{tabulate(lines, headers=headers, disable_numparse=True)}\n\n{words}"


def chosen(cases: Sequence[Case], glob: str, distros: str) -> list[Question]:
    """Return the questions of the cases and distros that match."""
    known = pythons()
    wanted = [case for case in cases if fnmatchcase(case.id, glob)]
    return [one for case in wanted for one in questions(case, known) if fnmatchcase(one.distro, distros)]


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, action="append", metavar="FILE", help="a file in the corpus's form")
    parser.add_argument("--case", default="*", metavar="GLOB", help="only cases whose id matches")
    parser.add_argument("--distro", default="*", metavar="GLOB", help="only on distros that match")
    parser.add_argument("--engine", default="auto", help="auto, docker or bwrap")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="questions asked at the same time")
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep the runs in a new folder")
    arguments = parser.parse_args()
    files = arguments.corpus or [SHARED / "cases.json", SHARED / "healthy.json"]
    try:
        picked = chosen([case for file in files for case in read_corpus(file)], arguments.case, arguments.distro)
    except (OSError, ValueError, KeyError, UsageError) as error:
        print(f"The corpus cannot be read: {error!r}", file=sys.stderr)
        return 4
    with TemporaryDirectory(prefix="manylinux-lab-corpus-") as scratch:
        out = arguments.out or Path(scratch)
        rows = list(ask_all(picked, arguments.engine, out.resolve(), arguments.workers))
    print(table(rows))
    ratings = {rated.rating for _, rated in rows}
    if ratings & {Rating.MISSED, Rating.FALSE_ALARM}:
        return 1
    return 3 if Rating.TROUBLE in ratings else 0 if rows else 5


if __name__ == "__main__":
    sys.exit(main())
