"""``bisect``: with which release of a dependency, or since which image, a cell fails."""

import argparse
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from ..cells import Bench
from ..engines.contract import Image
from ..errors import EngineError, UsageError
from ..history.again import carried_out
from ..history.bisect_log import Search, log_step, open_log, read_log
from ..history.bisecting import Found, Step, following, found, step_of
from ..history.variants import asked_cell, counterpart, images_of, of_cell, version_of, with_image, with_release
from ..planning.resolver import Resolver
from ..printable import logged
from ..report.escape import plain
from ..resolving.candidates import Candidate, Shelf
from ..resolving.index import Index
from ..resolving.sources import find_sources
from ..resolving.subjects import Subjects
from ..results import ExitCode
from ..runs import Run, RunFolder, find_folder
from ..wheels.reading import read_wheel

Vary = Callable[[str], Run]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the cell, what is varied, between what, and the log."""
    parser.add_argument("cell", metavar="CELL", nargs="?", default="", help="the id of a cell that fails")
    parser.add_argument("--run", metavar="RUN", default="latest", help="the run in which it fails (default: latest)")
    parser.add_argument("--good-run", metavar="RUN", default="", help="a run in which it was good")
    parser.add_argument("--out", metavar="DIR", default="runs", help="where runs are kept (default: runs)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--release", metavar="PROJECT", help="find the first bad release of this project")
    what.add_argument("--image", action="store_true", help="find the first bad image among those of the runs")
    parser.add_argument(
        "--good", metavar="VERSION", default="", help="a release that is good (default: the good run's)"
    )
    parser.add_argument(
        "--bad", metavar="VERSION", default="", help="a release that is bad (default: the failing run's)"
    )
    parser.add_argument("--log", metavar="FILE", default="bisect.jsonl", help="the log (default: bisect.jsonl)")
    parser.add_argument("--replay", metavar="FILE", default="", help="ask each step of this log again, and compare")


def execute(arguments: argparse.Namespace) -> int:
    """Search, or replay a log."""
    if arguments.replay:
        return _replay(Path(arguments.replay))
    if not arguments.cell or not (arguments.release or arguments.image):
        raise UsageError("Name a cell that fails, and either --release PROJECT or --image.")
    folder = find_folder(arguments.run, arguments.out)
    run = of_cell(folder.read(), arguments.cell)
    search = _search(arguments, folder, run)
    log = Path(arguments.log)
    steps = list(open_log(log, search))
    for step in steps:
        _say(step, "from the log")
    with _variants(search, run) as vary:
        while (candidate := following(search.candidates, steps)) is not None:
            step = _ask(vary(candidate), folder, candidate)
            log_step(log, step)
            steps.append(step)
            _say(step)
    return _conclude(search, found(search.candidates, steps), log)


def _search(arguments: argparse.Namespace, folder: RunFolder, run: Run) -> Search:
    """Return what to search, with all candidates in order.

    Raises:
        UsageError: the ends are not known, or there is nothing between them.
    """
    good = find_folder(arguments.good_run, arguments.out) if arguments.good_run else None
    bench = _bench(run, arguments.cell)
    if arguments.image:
        names = _images(folder, good, bench)
        project = ""
    else:
        project = canonicalize_name(arguments.release)
        names = _versions(arguments, run, good, bench, project)
    if len(names) < 2:
        raise UsageError("There is nothing to search: the good end is not older than the bad one.")
    return Search(run=str(folder.path), cell=arguments.cell, project=project, candidates=tuple(names))


def _images(folder: RunFolder, good: RunFolder | None, bench: Bench) -> Sequence[str]:
    """Return the digests of the bench's images, from that of the good run (else the oldest) to that of the failing."""
    known = list(images_of(_folders(folder.path.parent), bench.id))
    last = bench.image.digest if bench.image else ""
    if last not in known:
        raise UsageError(f"The failing run has no image for '{bench.id}'.")
    first = next(iter(images_of([good], bench.id)), "") if good else known[0]
    if first not in known or known.index(first) > known.index(last):
        raise UsageError("The good run has no earlier image for the cell's bench; name another with --good-run.")
    return known[known.index(first) : known.index(last) + 1]


def _folders(out: Path) -> Iterator[RunFolder]:
    for plan in sorted(out.glob("*/plan.json")):
        yield RunFolder(path=plan.parent)


def _versions(
    arguments: argparse.Namespace, run: Run, good: RunFolder | None, bench: Bench, project: str
) -> Sequence[str]:
    """Return the releases from the good to the bad one that have a wheel for the bench."""
    planned = version_of(run.plan, project)
    first = arguments.good
    if not first and good is not None:
        first = version_of(counterpart(good.read(), run).plan, project)
    if not first:
        raise UsageError("Say which release is good: --good VERSION, or --good-run RUN.")
    ends = [_version(words) for words in (first, arguments.bad or planned)]
    with closing(_index(run)) as index:
        known = {Version(planned)} | {one.version for one in _releases(run, bench, index, project)}
    for end in ends:
        if end not in known:
            raise UsageError(f"The index has no wheel of '{project} {end}' for '{bench.id}'.")
    return [str(version) for version in sorted(known) if ends[0] <= version <= ends[1]]


def _version(words: str) -> Version:
    try:
        return Version(words)
    except InvalidVersion as error:
        raise UsageError(f"'{words}' is no version; name one as the index does, such as 2.1.0.") from error


def _releases(run: Run, bench: Bench, index: Index, project: str) -> Sequence[Candidate]:
    """Return all releases that have a wheel for the bench, each by the one that an installer would take."""
    target = Resolver(Subjects(), run.options, index).target(bench)
    shelf = Shelf(index.files(project), (), target)
    return [one for one in shelf.candidates(SpecifierSet(prereleases=True)) if one.is_wheel]


def _index(run: Run) -> Index:
    options = run.options
    return Index(
        find_sources(
            os.environ,
            Path.home(),
            index_url=options.index_url,
            extra_index_urls=options.extra_index_url,
            find_links=options.find_links,
        )
    )


@contextmanager
def _variants(search: Search, run: Run) -> Iterator[Vary]:
    """Give what makes the run of a candidate; the index stays open meanwhile."""
    bench = _bench(run, search.cell)
    if not search.project:
        images = images_of(_folders(Path(search.run).parent), bench.id)
        yield lambda digest: _with_digest(run, images, digest)
        return
    with closing(_index(run)) as index:
        yield lambda version: _with_version(search, run, bench, index, version)


def _with_digest(run: Run, images: Mapping[str, Image], digest: str) -> Run:
    if digest not in images:
        raise EngineError(f"No run in the folder has the image '{digest}' any more.")
    return with_image(run, images[digest])


def _with_version(search: Search, run: Run, bench: Bench, index: Index, version: str) -> Run:
    """Return the run with that release; the one that was planned is the file that the run had."""
    if version == version_of(run.plan, search.project):
        return run
    offered = {str(one.version): one.file for one in _releases(run, bench, index, search.project)}
    file = offered.get(version)
    if file is None:
        raise EngineError(f"The index does not offer '{search.project} {version}' any more.")
    path = index.download(file)
    return with_release(run, search.project, read_wheel(path).sha256, path)


def _bench(run: Run, cell: str) -> Bench:
    name = cell.partition("/")[0]
    bench = next((bench for bench in run.plan.benches if bench.id == name), None)
    if bench is None:
        raise UsageError(f"The cell '{cell}' has no bench: its file is read on this machine.")
    return bench


def _ask(run: Run, folder: RunFolder, candidate: str) -> Step:
    results = {result.cell: result for result in carried_out(run, folder.path / "bisect")}
    return step_of(candidate, results.get(asked_cell(run).id))


def _replay(log: Path) -> int:
    """Ask every step again; exit code 1 where one comes out otherwise."""
    search, steps = read_log(log)
    folder = RunFolder(path=Path(search.run))
    run = of_cell(folder.read(), search.cell)
    differing = 0
    with _variants(search, run) as vary:
        for known in steps:
            step = _ask(vary(known.candidate), folder, known.candidate)
            same = step.judged is known.judged
            differing += not same
            _say(step, "as in the log" if same else f"in the log {known.judged.value}")
    if following(search.candidates, steps) is not None:
        print(f"The log has not ended; go on with the command that wrote it and '--log {log}'.")
    elif not differing:
        return _conclude(search, found(search.candidates, steps), log)
    return ExitCode.WHEEL_FAILED if differing else ExitCode.KEPT


def _say(step: Step, note: str = "") -> None:
    words = f"{step.judged.value:<10} {step.candidate}{f': {step.words}' if step.words else ''}"
    print(logged(plain(words)) + (f" [{note}]" if note else ""), flush=True)


def _conclude(search: Search, end: Found, log: Path) -> int:
    what = f"release of {search.project}" if search.project else "image"
    if end.contradiction:
        print(plain(f"The {what} is not the cause: {end.contradiction}."))
        return ExitCode.KEPT
    print(f"The first bad {what} is {end.first_bad}; the last good one is {end.last_good}.")
    if end.untested:
        print(f"Between them could not be tested: {', '.join(end.untested)}.")
    print(f"Log: {log}; 'manylinux-lab bisect --replay {log}' asks each step again.")
    return ExitCode.KEPT
