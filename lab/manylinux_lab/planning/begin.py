"""The start of a run: options become benches, placements and a plan; the plan becomes a run folder ready for pytest."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from packaging.utils import canonicalize_name

from .. import engines
from ..cells import Bench, LeftOut, Plan
from ..coload.neighbours import asked_for
from ..engines.contract import Boundary, Engine
from ..errors import EngineError, UsageError, nearest
from ..folders import cache_folder
from ..judge import Verdict
from ..options import Options, add_arguments, make, read_settings, smoke_code
from ..resolving.index import Index
from ..resolving.sources import find_sources
from ..resolving.subjects import Subjects, parse_subjects
from ..runs import Run, RunFolder, find_folder, new_folder, write_whole
from .benches import Found, places, planned, provided
from .beside import place_beside
from .checks import with_suites
from .companies import Joined, join, mode_of
from .foreseen import Foreseen, as_result, foresee, foreseen_benches, look_ahead
from .placing import Placing
from .plan import plan
from .resolver import Resolver
from .started import Started, taken_from_history, workers, written

if TYPE_CHECKING:
    import pytest

WRONG = (Verdict.FAIL, Verdict.ERROR)


def begin(options: Options) -> Started:
    """Plan, get the images, and write the run folder.

    Raises:
        UsageError: the options cannot be used.
        EngineError: no engine answers, or the disk is full.
    """
    if options.resume:
        return _resume(options)
    is_again = bool(options.cell or options.only_failed)
    options, keep = _narrowed(options)
    subjects = _subjects(options)
    suites = tuple(Path(name) for name in options.suite)
    with_suites(suites)
    if options.history:  # the run may be resumed from another folder
        options = replace(options, history=str(Path(options.history).absolute()))
    selected = places(options, _today())
    engine = _engine(options)
    found = provided(selected, options, _today(), engine, _say)
    made = _plan(options, subjects, found, keep)
    foreseen = foresee(made, options, found.missing, keep)
    if made.is_idle and not foreseen and not (options.cell and made.cells):
        return Started(folder=RunFolder(path=Path()), workers=0, suites=(), nothing_to_do=_nothing(made))
    _say(_planned(made, foreseen))
    folder = new_folder(options.out)
    run = Run(
        id=folder.path.name,
        engine=engine.name,
        options=options,
        plan=made,
        boundaries=_boundaries(engine, made.benches),
    )
    taken = () if is_again else taken_from_history(run)  # who names a cell wants to see it again
    return written(folder, run, taken, [as_result(run, one) for one in foreseen], suites)


def plan_only(options: Options) -> Plan:
    """Return the plan as far as the catalogue and what is cached tell; no engine is touched."""
    options, keep = _narrowed(options)
    subjects = _subjects(options)
    names = (options.engine,) if options.engine in engines.ENGINES else engines.AUTOMATIC
    return _plan(options, subjects, planned(places(options, _today()), options, _today(), names), keep)


def begin_from_pytest(config: "pytest.Config") -> RunFolder:
    """Begin the run that pytest's own command line asks for: ``pytest suites --wheel X --distro Y``."""
    import shlex

    words = list(config.getoption("wheel"))
    for flag in ("distro", "arch", "engine"):
        words += [word for value in config.getoption(flag) for word in (f"--{flag}", value)]
    parser = argparse.ArgumentParser(prog="pytest --lab", exit_on_error=False)
    add_arguments(parser)
    try:
        arguments = parser.parse_args([*words, *shlex.split(config.getoption("lab"))])
    except (argparse.ArgumentError, ValueError) as error:
        raise UsageError(f"The arguments in --lab cannot be used: {error}.") from error
    started = begin(make(arguments, read_settings(Path.cwd())))
    if started.nothing_to_do:
        raise UsageError(started.nothing_to_do)
    return started.folder


def _resume(options: Options) -> Started:
    """Continue a run: same plan, same folder; only cells without a result are run."""
    folder = find_folder(options.resume, options.out)
    run = folder.read()
    finished = tuple(result.cell for result in folder.results() if result.verdict is not Verdict.ERROR)
    if set(finished) >= {cell.id for cell in run.plan.cells}:
        reason = f"The run '{run.id}' is complete; 'manylinux-lab report {run.id}' shows it."
        return Started(folder=folder, workers=0, suites=(), nothing_to_do=reason)
    engines.choose(run.engine).reap()
    folder.fill_stage(run.plan.files)
    history = options.history or run.options.history
    folder.write(replace(run, finished=finished, options=replace(run.options, history=history)))
    suites = tuple(Path(name) for name in run.options.suite)
    return Started(folder=folder, workers=workers(options, run.plan.cells), suites=suites)


def _narrowed(options: Options) -> tuple[Options, Callable[[str], bool]]:
    """Return the options with those of an earlier run filled in, and the test for cells that are wanted."""
    wanted = options.cell
    if options.only_failed:
        folder = find_folder(options.only_failed, options.out)
        earlier = folder.read().options
        failed = [result.cell for result in folder.results() if result.verdict in WRONG]
        if not failed:
            raise UsageError(f"In the run '{folder.path.name}' nothing failed.")
        if options.subjects:  # the benches are those of the cells, as with --cell
            options = replace(options, cell=tuple(failed))
        else:
            options = replace(
                earlier, out=options.out, workers=options.workers, history=options.history or earlier.history
            )
        return options, frozenset(failed).__contains__
    if not wanted:
        return options, lambda cell: True  # noqa: ARG005 - every cell is wanted
    return options, lambda cell: any(cell == glob or fnmatchcase(cell, glob) for glob in wanted)


def _subjects(options: Options) -> Subjects:
    if not options.subjects:
        raise UsageError("Name a subject: a wheel file, a folder of wheels, a requirement or a requirements file.")
    return parse_subjects(options.subjects)


def _engine(options: Options) -> Engine:
    engine = engines.choose(options.engine)
    reaped = engine.reap()
    if reaped:
        _say(f"Removed {reaped} benches that a dead lab left behind.")
    _say(f"Engine: {engine.name}.")
    return engine


def _plan(options: Options, subjects: Subjects, found: Found, keep: Callable[[str], bool]) -> Plan:
    sources = find_sources(
        os.environ,
        Path.home(),
        index_url=options.index_url or subjects.index_url,
        extra_index_urls=(*options.extra_index_url, *subjects.extra_index_urls),
        find_links=(*options.find_links, *subjects.find_links),
        trusted_hosts=subjects.trusted_hosts,
    )
    neighbours = _neighbours(options, subjects)
    mode = mode_of(options, subjects, neighbours)
    foreseen = foreseen_benches(found.missing, options, _today())
    index = Index(sources)
    try:
        resolver = Resolver(subjects, options, index)
        placed = Placing(subjects, options, resolver).place(found.benches)
        ahead = look_ahead(subjects, foreseen, options, resolver)
        joined = Joined()
        if mode != "off":
            _say_neighbours(neighbours, len(found.benches))
            place_beside(neighbours, found.benches, placed, options, resolver)
            joined = join(found.benches, placed, options, mode, resolver)
    finally:
        index.close()
    made = plan(
        found.benches,
        (*placed.placements, *joined.placements),
        with_suites(Path(name) for name in options.suite),
        smoke=smoke_code(options),
        keep=keep,
        left_out=(*found.left_out, *placed.left_out, *joined.left_out, *ahead.left_out),
        files={**resolver.files(), **placed.files},
        sites=joined.sites.values(),
        rosters=joined.rosters,
        subjects=(*joined.subjects.values(), *ahead.subjects),
    )
    return replace(
        made,
        foreseen=foreseen,
        notes=(*found.notes, *sources.notes, *_idle_smoke(options, subjects), *_seed(options, mode)),
    )


def _neighbours(options: Options, subjects: Subjects) -> Subjects:
    """Return the neighbours that ``--with`` names, but for those that the run is about anyway."""
    if options.coload == "off" or not options.neighbours:
        return Subjects()
    named = parse_subjects(asked_for(options.neighbours))
    if named.unreadable:
        raise UsageError(f"The neighbour '{named.unreadable[0].path}' is no wheel: {named.unreadable[0].reason}")
    about = {wheel.project for wheel in subjects.wheels}
    about |= {canonicalize_name(requirement.name) for requirement in subjects.requirements}
    return replace(
        named,
        wheels=tuple(wheel for wheel in named.wheels if wheel.project not in about),
        requirements=tuple(one for one in named.requirements if canonicalize_name(one.name) not in about),
    )


def _say_neighbours(neighbours: Subjects, benches: int) -> None:
    """Say what goes on: dozens of projects are resolved and fetched, which can take minutes the first time."""
    number = len(neighbours.requirements) + len(neighbours.wheels)
    if number and benches:
        where = "1 bench" if benches == 1 else f"{benches} benches"
        _say(f"Choosing and fetching {number} neighbours that go with the wheels, for {where}.")


def _seed(options: Options, mode: str) -> Iterator[str]:
    if mode == "orders":
        yield f"the random orders are those of --seed {options.seed}"


def _idle_smoke(options: Options, subjects: Subjects) -> Iterator[str]:
    """Tell of smoke code for a project that is no subject: a typing error would leave it unasked."""
    known = {wheel.project for wheel in subjects.wheels}
    known |= {canonicalize_name(requirement.name) for requirement in subjects.requirements}
    for project in smoke_code(options):
        if project not in known:
            yield f"the smoke code for '{project}' is not used: no subject is called so{nearest(project, known)}"


def _planned(made: Plan, foreseen: Sequence[Foreseen]) -> str:
    """Return how much there is to do; that nothing at all will be run is said before the first result."""
    if made.is_idle and foreseen:
        return "Nothing can be run here: all results are predictions."
    return f"Planned: {len(made.cells)} {'cell' if len(made.cells) == 1 else 'cells'}."


def _nothing(made: Plan) -> str:
    if not made.left_out:
        return "Nothing to run: no cell is left after --cell or --only-failed."
    lines = [f"  {_where(entry)}: {entry.reason}" for entry in made.left_out]
    return "\n".join(["Nothing to run; everything was left out:", *lines])


def _where(entry: LeftOut) -> str:
    return f"{entry.bench} {entry.subject}".strip()


def _boundaries(engine: Engine, benches: Sequence[Bench]) -> tuple[Boundary, ...]:
    """Return which limits were seen to be in force, on the first bench that runs natively.

    They are tried once for each image and boot of this machine; ``doctor`` always tries them anew.
    """
    image = next((bench.image for bench in benches if bench.image is not None and not bench.emulated), None)
    if image is None:
        return ()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    kept = cache_folder("boundaries") / f"{engine.name}-{image.digest.removeprefix('sha256:')[:16]}-{boot}.json"
    with suppress(FileNotFoundError, msgspec.DecodeError):  # made anew where another version of the lab wrote it
        return msgspec.json.decode(kept.read_bytes(), type=tuple[Boundary, ...])
    try:
        found = tuple(engine.boundaries(image))
    except EngineError as error:
        return (Boundary(name="all", in_force=False, detail=f"they could not be tried: {error}"),)
    write_whole(kept, msgspec.json.encode(found))
    return found


def _today() -> date:
    return datetime.now(UTC).date()


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
