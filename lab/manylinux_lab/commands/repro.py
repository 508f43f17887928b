"""``repro``: a shell script that shows what a cell showed, for an issue tracker, without the lab or a bench."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from ..catalogue.distro import Libc
from ..cells import Bench, Cell
from ..coload.ground import Ground
from ..coload.neighbours import smoke_codes, stdlib_smoke
from ..errors import UsageError
from ..folders import cache_folder
from ..options import Options
from ..planned import PlannedRun
from ..report.repro import Action, Loaded, Recipe, Step, contested_by, script
from ..report.told import smallest_of
from ..resolving.sources import redacted
from ..results import Result
from ..runs import find_folder
from ..wheels.tags import Platform, marker_environment
from ..wheels.wheel import Wheel, loadable
from .shell import find_cell

ACTIONS = {"install": Action.INSTALL, "refuse": Action.REFUSE}
LOADING = ("import", "smoke", "effects", "coload")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the cell, the run that planned it, and where the script goes."""
    parser.add_argument("cell", metavar="CELL", help="a cell's id, as the report and the plan show it")
    parser.add_argument("--run", metavar="RUN", default="latest", help="the run that planned it (default: the latest)")
    parser.add_argument("--out", metavar="DIR", default="runs", help="where runs are kept (default: runs)")
    parser.add_argument("--script", metavar="FILE", default="", help="write the script here, not to standard output")


def execute(arguments: argparse.Namespace) -> int:
    """Write the script and return the exit code."""
    folder = find_folder(arguments.run, arguments.out)
    planned = PlannedRun(folder)
    cell = find_cell(planned.run, arguments.cell)
    result = next((result for result in folder.results() if result.cell == cell.id), None)
    text = script(recipe_of(planned, cell, result))
    if not arguments.script:
        print(text, end="")
        return 0
    path = Path(arguments.script)
    try:
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
    except OSError as error:
        raise UsageError(f"The script '{path}' cannot be written: {error.strerror or error}.") from error
    return 0


def recipe_of(planned: PlannedRun, cell: Cell, result: Result | None) -> Recipe:
    """Return what the script of a cell is made of; ``result`` is None for a cell that has not run.

    Raises:
        UsageError: the cell's check is none that a script could repeat.
        EngineError: a wheel of the run is gone.
    """
    bench = planned.bench(cell)
    if bench is None or cell.check not in (*ACTIONS, *LOADING):
        known = ", ".join((*ACTIONS, *LOADING))
        raise UsageError(f"A script can repeat cells of the checks {known}; '{cell.id}' is about '{cell.check}'.")
    parties = _parties(planned, cell, result)
    names = tuple(parties)
    steps = tuple(_steps(planned, cell, bench, parties, contested_by(result)))
    contested = _contested(planned, steps, parties, result)
    return Recipe(
        cell=cell.id,
        seen_on=_seen_on(bench),
        lab=planned.run.lab,
        version=f"{bench.interpreter.version[0]}.{bench.interpreter.version[1]}",
        action=ACTIONS.get(cell.check, Action.LOAD),
        steps=steps,
        members={name: _loaded(planned.run.options, bench, cell, wheel, result) for name, wheel in parties.items()},
        orders=(*((name,) for name in names if len(names) > 1), names),
        is_each=cell.check == "import",
        sources=_sources(planned.run.options),
        contested=tuple(contested),
        last=[*contested.values()][-1].project if contested else "",
        result=result,
    )


def _parties(planned: PlannedRun, cell: Cell, result: Result | None) -> dict[str, Wheel | None]:
    """Return the wheels that the script loads, by name, in order: of many the fewest that show the trouble."""
    if cell.check != "coload":
        wheel = planned.wheel(cell)
        return {f"{wheel.project}-{wheel.version}": wheel}
    members = dict(planned.members(cell))
    enough = smallest_of(result) if result else ()
    return {name: members[name] for name in enough} if enough and set(enough) <= set(members) else members


def _seen_on(bench: Bench) -> str:
    image = f", image {bench.image.digest[:19]}" if bench.image else ""
    return f"{bench.id}, {bench.libc} {bench.libc_version[0]}.{bench.libc_version[1]}{image}"


def _contested(
    planned: PlannedRun, steps: Sequence[Step], parties: Mapping[str, Wheel | None], result: Result | None
) -> dict[str, Wheel]:
    """Return the wheels that install the same path by the names of their steps, in the order of installation."""
    ids = contested_by(result)
    named = {name: wheel for name, wheel in parties.items() if wheel is not None and wheel.id in ids}
    here = {wheel.id for wheel in named.values()}
    every = (planned.wheel_of(sha256) for site in planned.run.plan.sites for sha256 in site.wheels)
    named |= {wheel.id: wheel for wheel in every if wheel.id in ids and wheel.id not in here}
    return {step.name: named[step.name] for step in steps if step.name in named}


def _steps(
    planned: PlannedRun, cell: Cell, bench: Bench, parties: Mapping[str, Wheel | None], contested: Sequence[str]
) -> Iterator[Step]:
    """Yield what is installed: what the members require, then each of them, so that the last one wins.

    Wheels with the ids ``contested`` have steps of their own in any case.
    """
    members = {wheel.sha256: name for name, wheel in parties.items() if wheel is not None}
    if not cell.sites:
        required = [sha256 for sha256 in cell.dependencies if sha256 not in members]
        if required and cell.check != "refuse":
            yield Step(pins=tuple(_pin(planned, sha256) for sha256 in required))
        yield from (Step(pins=(_pin(planned, sha256),), name=name) for sha256, name in members.items())
        return
    platform = Platform(arch=bench.arch, libc=Libc(bench.libc), libc_version=bench.libc_version)
    sites = {site.id: [planned.wheel_of(sha256) for sha256 in site.wheels] for site in planned.sites(cell)}
    ground = Ground(sites, marker_environment(platform, bench.interpreter), lambda _: ())
    needed = frozenset().union(*(ground.closure(wheel) for wheel in parties.values() if wheel is not None))
    for number, wheels in enumerate(sites.values(), start=1):
        here = [wheel.sha256 for wheel in wheels if wheel.sha256 in needed]
        brought = {wheel.sha256: wheel.id for wheel in wheels if wheel.id in contested and wheel.sha256 not in members}
        required = [sha256 for sha256 in here if sha256 not in members and sha256 not in brought]
        if required:
            yield Step(pins=tuple(_pin(planned, sha256) for sha256 in required), site=number)
        for sha256, name in (*brought.items(), *members.items()):
            if sha256 in here:
                yield Step(pins=(_pin(planned, sha256),), site=number, name=name)


def _pin(planned: PlannedRun, sha256: str) -> str:
    """Return the line of a requirements file that means just this file."""
    wheel = planned.wheel_of(sha256)
    arguments = [subject.argument for subject in planned.run.plan.subjects if subject.sha256 == sha256]
    url = next((url for argument in arguments if (url := _url(argument))), "")
    if url:
        where = f"{wheel.project} @ {redacted(url)}"
    elif wheel.path.is_relative_to(cache_folder("downloads")):
        where = f"{wheel.project}=={wheel.version}"
    else:
        where = f"{wheel.project} @ {wheel.path.absolute().as_uri()}"
    return f"{where} --hash=sha256:{sha256}"


def _url(argument: str) -> str:
    try:
        return Requirement(argument).url or ""
    except InvalidRequirement:  # a file
        return ""


def _sources(options: Options) -> tuple[str, ...]:
    """Return the sources that the user named for the run; a secret in a URL is left out."""
    named = [("--index-url", options.index_url)] if options.index_url else []
    named += [("--extra-index-url", url) for url in options.extra_index_url]
    named += [("--find-links", place) for place in options.find_links]
    return tuple(word for flag, place in named for word in (flag, redacted(place) if "://" in place else place))


def _loaded(options: Options, bench: Bench, cell: Cell, wheel: Wheel | None, result: Result | None) -> Loaded:
    if wheel is None:
        modules = stdlib_smoke()
        return Loaded(items=tuple(("import", module) for module in modules), smoke=tuple(modules.values()))
    fitting = loadable(wheel, bench.interpreter.abi, bench.arch)
    every = [("import", name) for name in fitting.import_names]
    every += [("extension", extension.name) for extension in fitting.extensions]
    code = smoke_codes(options).get(wheel.project, "") if cell.check != "import" else ""
    items = _deviating(result) if cell.check == "import" else ()
    return Loaded(items=tuple(items or every), smoke=(code,) if code else ())


def _deviating(result: Result | None) -> Sequence[tuple[str, str]]:
    """Return what did not load, as far as the result keeps it: nobody needs to see the rest again."""
    kept = result.facts.get("deviations", ()) if result else ()
    return [(str(one.get("kind")), str(one.get("name"))) for one in kept if isinstance(one, dict)]
