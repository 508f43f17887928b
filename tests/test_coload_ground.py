"""Tests of the ground: owners of files, who needs whom, and what is hidden from a company."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from manylinux_lab.coload.ground import Ground
from manylinux_lab.wheels.elf import ElfFacts
from manylinux_lab.wheels.wheel import Wheel


def wheel(project: str, *requires: str, names: Sequence[str] = (), files: Sequence[str] = ()) -> Wheel:
    return Wheel(
        path=Path(f"{project}-1.0-py3-none-any.whl"),
        sha256=project,
        project=project,
        version="1.0",
        tags=frozenset(),
        requires_python=SpecifierSet(),
        requires=tuple(Requirement(text) for text in requires),
        import_names=tuple(names or [project]),
        extensions=(),
        objects=tuple(files),
        executables=(),
    )


def ground(sites: Mapping[str, Sequence[Wheel]]) -> Ground:
    environment = {"python_version": "3.11", "sys_platform": "linux"}
    return Ground(sites, environment, lambda one: [ElfFacts(path=path, sha256="") for path in one.objects])


def test_a_file_belongs_to_the_last_wheel_that_wrote_it() -> None:
    first = wheel("first", files=["shared.so", "first.so"])
    last = wheel("last", files=["shared.so"])
    here = ground({"/work/sites/s": [first, last], "/work/sites/s2": [first]})
    owners = {
        path: here.owner(path)
        for path in (
            "/work/sites/s/shared.so",
            "/work/sites/s/first.so",
            "/work/sites/s2/shared.so",
            "/work/sites/s/other.so",
            "/usr/lib/shared.so",
            "/work/sites/sshared.so",
        )
    }
    assert list(owners.values()) == [last, first, first, None, None, None]
    assert here.holding(last) == ("/work/sites/s",)


def test_the_closure_follows_markers_and_extras() -> None:
    top = wheel("top", "middle[fast]>=1", "absent", "other; sys_platform == 'win32'", "more; extra == 'more'")
    middle = wheel("middle", "base", "quick; extra == 'fast'", "slow; extra == 'slow'")
    quick = wheel("quick", "top")  # a circle
    wheels = [top, middle, quick, *(wheel(name) for name in ("base", "slow", "other", "more"))]
    here = ground({"/s": wheels})
    assert here.closure(top) == {"top", "middle", "quick", "base"}
    assert here.closure(middle) == {"middle", "base"}
    assert here.are_related(middle, top)
    assert here.are_related(top, middle)
    assert not here.are_related(middle, wheels[4])


def test_a_wheel_needs_the_release_of_its_own_site() -> None:
    old, new = wheel("base"), wheel("base", "more")
    here = ground({"/one": [old, wheel("one", "base")], "/two": [wheel("more"), new, wheel("two", "base")]})
    assert here.closure(wheel("three")) == {"three"}
    assert here.wheels["two"].requires
    assert here.closure(here.wheels["two"]) == {"base", "two"} | here.closure(new) - {"base"}


@pytest.mark.parametrize(
    ("members", "hidden"),
    [
        (["one"], ("space.two", "third", "third.inner")),
        (["two"], ("space.one", "third", "third.inner")),
        (["inner"], ("space.one", "space.two")),
        (["third"], ("space.one", "space.two", "third.inner")),
        (["one", "third"], ("space.two", "third.inner")),
        ([], ("space.one", "space.two", "third", "third.inner")),
    ],
)
def test_names_that_no_member_needs_are_hidden_but_not_the_parents_of_those_it_does(
    members: Sequence[str], hidden: Sequence[str]
) -> None:
    wheels = {
        "one": wheel("one", names=["space.one"]),
        "two": wheel("two", names=["space.two"]),
        "third": wheel("third", names=["third"]),
        "inner": wheel("inner", names=["third.inner"]),
    }
    here = ground({"/s": list(wheels.values())})
    assert here.hidden([*(wheels[name] for name in members), None]) == hidden
