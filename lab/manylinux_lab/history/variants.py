"""A run of one cell in which one thing is another: the release of a wheel that it has, or the image of its bench.

Everything else stays as it was planned, so that what changes in the result is that thing's doing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from packaging.utils import parse_wheel_filename

from ..cells import Cell, Plan, Subject
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


def counterpart(run: Run, asked: Run) -> Run:
    """Return the run of the cell that asks the same as the one of ``asked``, of whichever release.

    Raises:
        UsageError: there is none.
    """
    projects = {subject.id: subject.project for subject in (*run.plan.subjects, *asked.plan.subjects)}

    def question(cell: Cell) -> tuple[str, str, str]:
        return cell.bench, cell.check, projects[cell.subject]

    wanted = asked_cell(asked)
    found = [cell.id for cell in run.plan.cells if question(cell) == question(wanted)]
    return of_cell(run, wanted.id if wanted.id in found or not found else found[0])


def asked_cell(run: Run) -> Cell:
    """Return the cell that a run of one cell is about; its installation comes before it."""
    return run.plan.cells[-1]


def own(plan: Plan) -> Mapping[str, Subject]:
    """Return the wheels that the cells ask about, alone or as those that share a process, by project."""
    companies = [subject for subject in plan.subjects if subject.members]
    asked = {cell.subject for cell in plan.cells} | {
        plan.rosters.get(cell.bench, {}).get(name, "")
        for cell in plan.cells
        for company in companies
        if company.id == cell.subject
        for name in company.members
    }
    return {one.project: one for one in plan.subjects if one.id in asked and one.sha256}


def beside(plan: Plan) -> Mapping[str, str]:
    """Return the wheels that are installed beside those that the cells ask about: project to sha256."""
    used = {site for cell in plan.cells for site in cell.sites}
    wanted = {sha256 for site in plan.sites if site.id in used for sha256 in site.wheels}
    wanted |= {sha256 for cell in plan.cells for sha256 in cell.dependencies}
    wanted -= {subject.sha256 for subject in own(plan).values()}
    files = {sha256: plan.files[sha256] for sha256 in sorted(wanted) if sha256 in plan.files}
    return {parse_wheel_filename(Path(path).name)[0]: sha256 for sha256, path in files.items()}


def version_of(plan: Plan, project: str) -> str:
    """Return the version of a project with which the cells are asked.

    Raises:
        UsageError: they have none.
    """
    return _version(Path(plan.files[_wheel(plan, project)]))


def _version(wheel: Path) -> str:
    return str(parse_wheel_filename(wheel.name)[1])


def _wheel(plan: Plan, project: str) -> str:
    known = {**beside(plan), **{name: subject.sha256 for name, subject in own(plan).items()}}
    if project not in known:
        raise UsageError(f"The cell has no wheel of '{project}'; it has {', '.join(sorted(known))}.")
    return known[project]


def with_release(run: Run, project: str, sha256: str, path: Path) -> Run:
    """Return the run with that wheel in the place of the one of ``project``.

    Where the cell asks about it, alone or together with others, the cell's id is that of the other release.
    """
    plan, old = run.plan, _wheel(run.plan, project)

    def swapped(wheels: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sha256 if wheel == old else wheel for wheel in wheels)

    asked = own(plan).get(project)
    cells = tuple(replace(cell, dependencies=swapped(cell.dependencies)) for cell in plan.cells)
    sites = tuple(replace(site, wheels=swapped(site.wheels)) for site in plan.sites)
    varied = replace(plan, cells=cells, sites=sites, files={**plan.files, sha256: str(path)})
    if asked is not None:
        new = Subject(id=path.name, project=project, version=_version(path), sha256=sha256, argument=str(path))
        varied = _about(varied, asked, new)
    return replace(run, plan=varied)


def _about(plan: Plan, old: Subject, new: Subject) -> Plan:
    """Return the plan with its cells about another wheel, and with its name among those that share a process."""
    (bench,) = {cell.bench for cell in plan.cells}
    roster = plan.rosters.get(bench, {})
    was = next((name for name, subject in roster.items() if subject == old.id), old.id)
    name = new.id if was == old.id else f"{new.project}-{new.version}"

    def varied(subject: Subject) -> Subject:
        members = tuple(name if member == was else member for member in subject.members)
        changed = replace(subject, id=",".join(members), members=members)
        return new if subject == old else changed if members != subject.members else subject

    subjects = tuple(varied(subject) for subject in plan.subjects)
    ids = {before.id: after.id for before, after in zip(plan.subjects, subjects, strict=True)}
    cells = tuple(replace(cell, subject=ids[cell.subject]) for cell in plan.cells)
    named = {name if other == was else other: ids[subject] for other, subject in roster.items()}
    return replace(plan, subjects=subjects, cells=cells, rosters={**plan.rosters, bench: named})


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
