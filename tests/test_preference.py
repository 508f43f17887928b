"""Which of several wheels of a release an installer takes: by tag, build number and Requires-Python."""

from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import parse_wheel_filename

from manylinux_lab.catalogue.distro import Libc
from manylinux_lab.catalogue.reading import load_catalogue
from manylinux_lab.interpreter import Interpreter
from manylinux_lab.predicting.preference import Choice, Never, choices, never_taken, ranked
from manylinux_lab.wheels.tags import Platform
from manylinux_lab.wheels.wheel import Wheel

NEWEST = 44
CP311 = Interpreter(version=(3, 11), abi="cp311")
NEW_GLIBC = Platform(arch="x86_64", libc=Libc.GLIBC, libc_version=(2, 36))
OLD_GLIBC = Platform(arch="x86_64", libc=Libc.GLIBC, libc_version=(2, 17))


def wheel(tags: str, requires_python: str = "") -> Wheel:
    """Return a wheel of the release demo 1.0 that has nothing but a name."""
    name = f"demo-1.0-{tags}.whl"
    return Wheel(
        path=Path(name), sha256="0" * 64, project="demo", version="1.0", tags=parse_wheel_filename(name)[3],
        requires_python=SpecifierSet(requires_python), requires=(), import_names=(), extensions=(), objects=(),
        executables=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "platform"),
    [
        pytest.param("cp311-cp311-manylinux_2_28_x86_64", "cp311-cp311-manylinux_2_17_x86_64", NEW_GLIBC, id="newer"),
        pytest.param("cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux2014_x86_64", NEW_GLIBC, id="alias"),
        pytest.param("cp311-cp311-manylinux_2_5_x86_64", "cp39-abi3-manylinux_2_28_x86_64", NEW_GLIBC, id="abi3"),
        pytest.param("cp39-abi3-manylinux_2_17_x86_64", "py3-none-manylinux_2_28_x86_64", NEW_GLIBC, id="py3-none"),
        pytest.param("py3-none-manylinux_2_17_x86_64", "py3-none-any", NEW_GLIBC, id="any-is-last"),
        pytest.param("2-py3-none-any", "1-py3-none-any", NEW_GLIBC, id="build-number"),
        pytest.param("py3-none-linux_x86_64", "py3-none-any", NEW_GLIBC, id="linux"),
    ],
)
def test_the_better_tag_is_taken(first: str, second: str, platform: Platform) -> None:
    for pair in ([wheel(first), wheel(second)], [wheel(second), wheel(first)]):
        assert ranked(pair, platform, CP311) == [f"demo-1.0-{first}.whl", f"demo-1.0-{second}.whl"]


def test_what_does_not_fit_is_not_ranked() -> None:
    wheels = [
        wheel("cp311-cp311-manylinux_2_28_x86_64"),
        wheel("cp311-cp311-manylinux_2_17_aarch64"),
        wheel("cp311-cp311-musllinux_1_2_x86_64"),
        wheel("cp310-cp310-manylinux_2_17_x86_64"),
        wheel("py3-none-any", requires_python=">=3.12"),
        wheel("cp39-abi3-manylinux1_x86_64"),
    ]

    assert ranked(wheels, OLD_GLIBC, CP311) == ["demo-1.0-cp39-abi3-manylinux1_x86_64.whl"]


def test_a_wheel_behind_another_is_never_taken() -> None:
    wheels = [wheel("cp311-cp311-manylinux2014_x86_64"), wheel("cp311-cp311-manylinux_2_17_x86_64")]

    assert never_taken(wheels, NEWEST) == (
        Never(
            wheel="demo-1.0-cp311-cp311-manylinux2014_x86_64.whl",
            because=("demo-1.0-cp311-cp311-manylinux_2_17_x86_64.whl",),
        ),
    )


def test_several_wheels_can_push_one_aside_together() -> None:
    wheels = [wheel(f"cp{minor}-cp{minor}-manylinux_2_17_x86_64") for minor in range(313, 316)]
    hidden = wheel("cp313-abi3-manylinux_2_28_x86_64", requires_python="<3.16")
    (found,) = never_taken([*wheels, hidden], NEWEST)

    assert (found.wheel, len(found.because)) == (hidden.id, 3)


@pytest.mark.parametrize(
    "tags",
    [
        ("cp311-cp311-manylinux_2_28_x86_64", "cp311-cp311-manylinux_2_17_x86_64"),
        ("cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-musllinux_1_2_x86_64"),
        ("cp311-cp311-manylinux_2_17_x86_64", "cp39-abi3-manylinux_2_17_x86_64"),
        ("cp313-cp313-manylinux_2_17_x86_64", "cp313-cp313t-manylinux_2_17_x86_64"),
        ("cp311-cp311-manylinux_2_17_x86_64", "py3-none-any"),
        ("cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-win_amd64"),
    ],
)
def test_wheels_that_are_each_taken_somewhere(tags: tuple[str, str]) -> None:
    assert never_taken([wheel(tag) for tag in tags], NEWEST) == ()


def test_every_distro_says_what_its_own_python_takes() -> None:
    releases = [release for release in load_catalogue() if release.id in ("debian-11", "debian-12")]
    new, old = wheel("cp39-abi3-manylinux_2_34_x86_64"), wheel("cp39-abi3-manylinux_2_17_x86_64")

    assert choices([new, old], releases) == (
        Choice(place="debian-11:x86_64:cp39", wheel=old.id, others=()),
        Choice(place="debian-12:x86_64:cp311", wheel=new.id, others=(old.id,)),
    )


def test_a_distro_where_nothing_fits_says_so() -> None:
    (release,) = (release for release in load_catalogue() if release.id == "debian-12")

    assert choices([wheel("cp310-cp310-manylinux_2_17_x86_64")], [release])[0].wheel == ""
