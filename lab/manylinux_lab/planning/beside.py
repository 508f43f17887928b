"""Neighbours meet the benches of a run: they adapt to the wheels that it is about, and have no cells of their own."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from packaging.requirements import Requirement

from ..cells import Bench, LeftOut
from ..judge import OutcomeKind, Promise
from ..options import Options
from ..resolving.subjects import Subjects
from .placing import Placed, Placing
from .resolver import Resolver
from .sites import Floors


def place_beside(
    neighbours: Subjects, benches: Sequence[Bench], placed: Placed, options: Options, resolver: Resolver
) -> None:
    """Add neighbours to the members of each bench that has some.

    A neighbour is installed in the release that goes with what is chosen for the wheels of the run, where there is one.
    """
    for bench in benches:
        if bench.id not in placed.members:
            continue
        held = _held(bench, placed, resolver)
        aside = Placing(neighbours, replace(options, extra=()), resolver, held).place([bench])
        _add(aside, placed)


def _held(bench: Bench, placed: Placed, resolver: Resolver) -> tuple[Requirement, ...]:
    """Return the releases that the wheels of the run agree upon; none, where they have no site together."""
    floors = Floors(resolve=partial(resolver.together, bench))
    floors.cover(tuple(placed.members[bench.id].values()))
    if len(floors.floors) > 1:
        return ()
    wheels = [resolver.known(sha256) for sha256 in floors.floors[0].site.wheels]
    return tuple(Requirement(f"{wheel.project}=={wheel.version}") for wheel in wheels)


def _add(aside: Placed, placed: Placed) -> None:
    placed.left_out += aside.left_out
    for placement in aside.placements:
        finding, subject = placement.finding, placement.subject.id
        if finding is not None and finding.kind is OutcomeKind.TROUBLE:
            placed.placements.append(placement)  # a source that fails is said, as it is for a subject
        elif finding is not None and finding.kind is OutcomeKind.BROKEN:
            placed.left_out.append(LeftOut(bench=placement.bench, subject=subject, reason=finding.reason))
        elif placement.promise is Promise.UNSUPPORTED:
            placed.left_out.append(LeftOut(bench=placement.bench, subject=subject, reason=placement.reason))
    for bench, members in aside.members.items():
        given = {member.project for member in placed.members[bench].values()}
        for member in members.values():
            if member.project not in given:
                placed.add_member(bench, replace(member, is_given=False))
    placed.files.update(aside.files)
