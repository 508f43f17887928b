"""A run of one cell in which one thing is another: a release beside the cell's wheel, or the image of its bench.

Everything else stays as it was planned, so that what changes in the result is that thing's doing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from packaging.utils import canonicalize_name

from ..cells import Cell, Plan
from ..engines.contract import Image
from ..errors import UsageError
from ..runs import Run, RunFolder


def of_cell(run: Run, name: str) -> Run:
    """Return the run of one cell, with the installation that it begins with.

    Raises:
        UsageError: the run has not planned the cell.
    """
    cell = next((cell for cell in run.plan.cells if cell.id == name), None)
    if cell is None:
        raise UsageError(f"The run '{run.id}' has no cell '{name}'.")
    wanted = {name, f"{cell.bench}/install/{cell.subject}"}
    return replace(run, plan=replace(run.plan, cells=tuple(one for one in run.plan.cells if one.id in wanted)))


def beside(plan: Plan) -> Mapping[str, str]:
    """Return the wheels that are installed beside the cells' own: project to sha256."""
    cells = {cell.subject for cell in plan.cells}
    own = {subject.sha256 for subject in plan.subjects if subject.id in cells}
    own |= {one.sha256 for one in plan.subjects if one.id in _members(plan)}
    sites = {sha256 for site in plan.sites if site.id in _used(plan.cells) for sha256 in site.wheels}
    wanted = sites | {sha256 for cell in plan.cells for sha256 in cell.dependencies}
    return {_project(plan.files[sha256]): sha256 for sha256 in sorted(wanted - own) if sha256 in plan.files}


def _members(plan: Plan) -> set[str]:
    """Return the subjects that the cells load together."""
    names = {cell.subject: cell.bench for cell in plan.cells}
    return {
        plan.rosters.get(names[subject.id], {}).get(member, "")
        for subject in plan.subjects
        if subject.id in names
        for member in subject.members
    }


def _used(cells: Iterable[Cell]) -> set[str]:
    return {site for cell in cells for site in cell.sites}


def _project(path: str) -> str:
    return canonicalize_name(Path(path).name.partition("-")[0])


def version_beside(plan: Plan, project: str) -> str:
    """Return the version of a project that the cells have beside them.

    Raises:
        UsageError: they have none.
    """
    return Path(plan.files[_needed(plan, project)]).name.split("-")[1]


def _needed(plan: Plan, project: str) -> str:
    known = beside(plan)
    if project not in known:
        has = f"it has {', '.join(sorted(known))}" if known else "it has no others"
        raise UsageError(f"The cell has no wheel of '{project}' beside its own; {has}.")
    return known[project]


def with_release(run: Run, project: str, sha256: str, path: Path) -> Run:
    """Return the run with that wheel in the place of the one of ``project`` that is installed beside the cell's own."""
    plan, old = run.plan, _needed(run.plan, project)

    def swapped(wheels: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sha256 if wheel == old else wheel for wheel in wheels)

    cells = tuple(replace(cell, dependencies=swapped(cell.dependencies)) for cell in plan.cells)
    sites = tuple(replace(site, wheels=swapped(site.wheels)) for site in plan.sites)
    return replace(run, plan=replace(plan, cells=cells, sites=sites, files={**plan.files, sha256: str(path)}))


def with_image(run: Run, image: Image) -> Run:
    """Return the run with that image for the bench of its cell."""
    used = {cell.bench for cell in run.plan.cells}
    benches = tuple(replace(bench, image=image) if bench.id in used else bench for bench in run.plan.benches)
    return replace(run, plan=replace(run.plan, benches=benches))


def images_of(folders: Iterable[RunFolder], bench: str) -> Mapping[str, Image]:
    """Return the images that runs had for a bench, by digest, in the order of the runs; unreadable ones are passed."""
    found: dict[str, Image] = {}
    for folder in folders:
        try:
            plan = folder.read().plan
        except UsageError:
            continue
        for one in plan.benches:
            if one.id == bench and one.image is not None:
                found.setdefault(one.image.digest, one.image)
    return found
