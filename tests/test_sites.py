"""Which wheels stand in one site: sums where they agree, the resolver where they do not, conflicts in its words."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from manylinux_lab.cells import Subject
from manylinux_lab.planning.sites import Chosen, Conflict, Floor, Floors, Member
from manylinux_lab.wheels.wheel import Wheel


def member(project: str, version: str = "1", *, is_given: bool = True, **needs: str) -> Member:
    """Return a member; what it needs is ``project="version"``, and ``project-version`` stands for a sha256."""
    name = f"{project}-{version}"
    wheel = Wheel(
        path=Path(f"{name}-py3-none-any.whl"),
        sha256=name,
        project=project,
        version=version,
        tags=frozenset(),
        requires_python=SpecifierSet(),
        requires=(),
        import_names=(project,),
        extensions=(),
        objects=(),
        executables=(),
    )
    closure = {**{needed: f"{needed}-{release}" for needed, release in needs.items()}, project: name}
    subject = Subject(id=wheel.id, project=project, version=version, sha256=name)
    return Member(name=name, subject=subject, wheel=wheel, closure=closure, is_given=is_given)


class Resolver:
    """Answers for members that disagree; knows which projects can never be installed together."""

    def __init__(self, *conflicts: str, base: str = "") -> None:
        self.asked: list[tuple[str, ...]] = []
        self._conflicts = [set(pair) for pair in conflicts]
        self._base = base

    def __call__(self, members: Sequence[Member]) -> Chosen | Conflict:
        self.asked.append(tuple(one.project for one in members))
        names = {one.project for one in members}
        if any(pair <= names for pair in self._conflicts):
            return Conflict(words="These cannot be met together.")
        chosen: dict[str, str] = {"base": self._base}
        for one in members:
            chosen |= {one.project: one.wheel.sha256}
        return chosen


def sites(floors: Floors) -> list[tuple[str, ...]]:
    return [floor.site.wheels for floor in floors.floors]


def test_wheels_that_agree_share_one_site_without_a_question() -> None:
    resolver = Resolver()
    floors = Floors(resolve=resolver)
    floors.cover([member("a", base="1"), member("b", base="1"), member("c")])
    assert sites(floors) == [("base-1", "a-1", "b-1", "c-1")]
    assert resolver.asked == []


def test_wheels_that_disagree_get_what_the_resolver_finds() -> None:
    floors = Floors(resolve=Resolver(base="base-1"))
    floors.cover([member("a", base="1"), member("b", base="2"), member("c", base="1")])
    assert sites(floors) == [("base-1", "a-1", "b-1", "c-1")]


def test_one_wheel_that_conflicts_with_one_other_costs_one_more_site() -> None:
    resolver = Resolver("ay", base="base-1")
    members = [member("a", base="1"), *(member(name) for name in "bcdefg"), member("y", base="2")]
    floors = Floors(resolve=resolver)
    floors.cover(members)
    assert floors.conflicts == {("a-1", "y-1"): Conflict(words="These cannot be met together.")}
    assert len(floors.floors) == 2
    for one, other in combinations(members, 2):
        found = floors.find([one, other])
        assert isinstance(found, Conflict) is ({one.project, other.project} == {"a", "y"})
        if isinstance(found, Floor):
            assert {one.wheel.sha256, other.wheel.sha256} <= set(found.site.wheels)


def test_two_releases_of_a_project_never_share_a_site() -> None:
    floors = Floors(resolve=Resolver())
    old, new, other = member("a", "1"), member("a", "2"), member("b")
    floors.cover([old, new, other])
    assert sites(floors) == [("b-1", "a-1"), ("a-2", "b-1")]
    assert floors.conflicts == {}


def test_neighbours_are_not_paired_with_each_other_but_stand_in_one_site() -> None:
    resolver = Resolver("xy")
    floors = Floors(resolve=resolver)
    floors.cover([member("a"), member("x", is_given=False, base="1"), member("y", is_given=False, base="2")])
    assert sites(floors) == [("a-1", "base-1", "x-1"), ("a-1", "base-2", "y-1")]
    assert floors.conflicts == {}


def test_a_wheel_without_company_has_a_site_of_its_own() -> None:
    floors = Floors(resolve=Resolver())
    floors.cover([member("a", base="1")])
    assert sites(floors) == [("base-1", "a-1")]


def test_three_that_go_together_in_pairs_only() -> None:
    def resolve(members: Sequence[Member]) -> Mapping[str, str] | Conflict:
        if len(members) > 2:
            return Conflict(words="Not all three.")
        return {project: sha256 for one in members for project, sha256 in one.closure.items()}

    members = [member("a", x="1"), member("b", x="2"), member("c", x="3")]
    floors = Floors(resolve=resolve)
    floors.cover(members)
    assert len(floors.floors) == 3
    assert floors.find(members) == Conflict(words="Not all three.")
    assert set(floors.conflicts) == {("a-1", "b-1", "c-1")}


def test_what_two_cannot_three_cannot_and_the_resolver_is_not_asked_again() -> None:
    resolver = Resolver("ab")
    members = [member("a", base="1"), member("b", base="2"), member("c")]
    floors = Floors(resolve=resolver)
    floors.cover(members)
    asked = list(resolver.asked)
    assert isinstance(floors.find(members), Conflict)
    assert set(floors.conflicts) == {("a-1", "b-1")}
    assert resolver.asked == asked == [("a", "b")]


def test_apart_each_has_its_own_but_never_another_release_of_a_member() -> None:
    old, user = member("a", "1", base="1"), member("user", a="2", base="2")
    found = Floors(resolve=Resolver()).apart([user, old])
    assert [floor.site.wheels for floor in found] == [("base-2", "user-1"), ("base-1", "a-1")]


def test_the_same_files_are_the_same_site() -> None:
    floors = Floors(resolve=Resolver())
    (one,) = floors.apart([member("a", base="1")])
    (same,) = floors.apart([member("base", "1", a="1")])
    (other,) = floors.apart([member("a", base="2")])
    assert one.site.id == same.site.id != other.site.id


@pytest.mark.parametrize("number", [100])
def test_many_wheels_need_one_site_and_no_question(number: int) -> None:
    resolver = Resolver()
    members = [member(f"p{place}", base="1") for place in range(number)]
    floors = Floors(resolve=resolver)
    floors.cover(members)
    assert len(floors.floors) == 1
    assert len(floors.floors[0].site.wheels) == number + 1
    assert resolver.asked == []
