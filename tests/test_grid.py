"""The grid: which releases of two projects meet."""

import argparse
from dataclasses import replace
from pathlib import Path

import pytest
from indexes import IndexFolder
from packaging.requirements import Requirement

from manylinux_lab.commands.grid import across
from manylinux_lab.errors import UsageError
from manylinux_lab.options import Options, add_arguments, make
from manylinux_lab.resolving.index import Index
from manylinux_lab.resolving.releases import newest_releases
from manylinux_lab.resolving.sources import Sources

LINUX = "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64"


@pytest.fixture
def index(tmp_path: Path) -> IndexFolder:
    """An index with releases of two projects, some of which have nothing for Linux on x86_64."""
    made = IndexFolder(root=tmp_path / "index")
    for version in ("1.0", "1.9", "1.10", "2.0rc1"):
        made.wheel("alpha", version, tag=LINUX)
    made.wheel("alpha", "1.11", tag="cp311-cp311-win_amd64")
    made.wheel("alpha", "1.12", tag="cp311-cp311-manylinux_2_17_aarch64")
    made.wheel("alpha", "1.13", tag=LINUX, attributes='data-yanked="broken"')
    made.sdist("alpha", "1.14")
    made.wheel("beta", "5.0")
    made.wheel("beta", "4.0")
    return made


@pytest.mark.parametrize(
    ("requirement", "last", "arches", "pre", "expected"),
    [
        ("alpha", 6, ("x86_64",), False, ["1.0", "1.9", "1.10"]),
        ("alpha", 2, ("x86_64",), False, ["1.9", "1.10"]),
        ("alpha", 2, ("x86_64",), True, ["1.10", "2.0rc1"]),
        ("alpha", 2, ("aarch64",), False, ["1.12"]),
        ("alpha", 2, ("x86_64", "aarch64"), False, ["1.10", "1.12"]),
        ("alpha<1.10", 6, ("x86_64",), False, ["1.0", "1.9"]),
        ("beta", 6, ("s390x",), False, ["4.0", "5.0"]),
    ],
)
def test_newest_releases(
    index: IndexFolder, requirement: str, last: int, arches: tuple[str, ...], pre: bool, expected: list[str]
) -> None:
    wanted = Requirement(requirement)
    files = Index(Sources(index_urls=(index.url,))).files(wanted.name)
    found = newest_releases(files, wanted, last=last, arches=arches, pre=pre)
    assert [str(version) for version in found] == expected


def options(index: IndexFolder, *words: str) -> Options:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return replace(make(parser.parse_args(list(words)), {}), index_url=index.url, arch=("x86_64",))


def test_every_release_meets_every_other(index: IndexFolder) -> None:
    made = across(options(index, "alpha", "Beta[fast]>4"), 2)
    assert made.subjects == ("alpha==1.9", "alpha==1.10", "Beta[fast]==5.0")
    assert made.coload == "pairs"
    assert made.cell == ("*/coload/alpha-*,beta-*", "*/coload/beta-*,alpha-*")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["alpha"], "Name two projects"),
        (["alpha", "Alpha"], "Name two projects"),
        (["alpha", "beta", "gamma"], "Name two projects"),
        (["alpha", "not a name!"], "A grid is made of two projects"),
        (["alpha", "beta @ https://example.org/beta-1.0-py3-none-any.whl"], "A grid takes releases from the index"),
        (["alpha", "beta>9"], "No release of 'beta>9' has a wheel for Linux on x86_64"),
        (["alpha", "gamma"], "No release of 'gamma' has a wheel for Linux on x86_64"),
    ],
)
def test_what_makes_no_grid(index: IndexFolder, words: list[str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        across(options(index, *words), 2)
