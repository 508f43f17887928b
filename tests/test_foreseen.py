"""Places without an image: benches that are never started, and results that say they are predicted."""

from datetime import date
from pathlib import Path

import pytest
from dynamic_elves import NEEDED, dynamic_elf
from indexes import IndexFolder
from packaging.requirements import Requirement
from wheels import build_wheel

from manylinux_lab.catalogue.reading import load_catalogue
from manylinux_lab.cells import Plan, Subject
from manylinux_lab.judge import Grade, How, OutcomeKind, Promise, Verdict
from manylinux_lab.options import Options
from manylinux_lab.planning.benches import Place
from manylinux_lab.planning.foreseen import as_result, foresee, foreseen_benches, look_ahead
from manylinux_lab.planning.resolver import Resolver
from manylinux_lab.resolving.index import Index
from manylinux_lab.resolving.sources import find_sources
from manylinux_lab.resolving.subjects import Subjects
from manylinux_lab.results import Result
from manylinux_lab.runs import Run
from manylinux_lab.wheels.reading import read_wheel

TODAY = date(2026, 1, 2)
TAG = "cp312-cp312-manylinux_2_17_x86_64"
CORE = "demo/_core.cpython-312-x86_64-linux-gnu.so"


def places(*ids: str, arch: str = "x86_64") -> tuple[Place, ...]:
    """Return places of the lab's own catalogue."""
    releases = {release.id: release for release in load_catalogue()}
    return tuple(Place(release=releases[name], arch=arch) for name in ids)


def foretold(
    folder: Path, where: tuple[Place, ...], version: str = "GLIBC_2.17", tag: str = TAG, asked: str = ""
) -> tuple[Result, ...]:
    """Return what is predicted of one wheel."""
    core = dynamic_elf(
        texts=((NEEDED, "libc.so.6"),), versions=(("libc.so.6", (version,)),), ordinary=["PyInit__core"], align=4096
    )
    wheel = read_wheel(build_wheel(folder, files={CORE: core}, tag=tag))
    subject = Subject(
        id=wheel.id, project="demo", version="1.0", sha256=wheel.sha256, argument=asked or str(wheel.path)
    )
    made = Plan(
        benches=(),
        subjects=(subject, Subject(id="numpy", project="numpy")),
        cells=(),
        files={wheel.sha256: str(wheel.path)},
        foreseen=foreseen_benches(where, Options(), TODAY),
    )
    run = Run(id="20260101-000000-abcd", engine="bwrap", options=Options(), plan=made, lab="0.1.0")
    return tuple(as_result(run, one) for one in foresee(made, run.options, where, lambda cell: True))


@pytest.mark.parametrize(
    ("distro", "python", "ids"),
    [
        ("ubuntu-24.04", (), ["ubuntu-24.04:x86_64:cp312"]),
        ("almalinux-9", (), ["almalinux-9:x86_64:cp39"]),
        ("almalinux-9", ("3.12",), ["almalinux-9:x86_64:cp312"]),
        ("almalinux-9", ("3.7",), []),
        ("ubuntu-23.04", (), ["ubuntu-23.04:x86_64:python"]),
    ],
)
def test_a_place_has_a_bench_for_each_wanted_python(distro: str, python: tuple[str, ...], ids: list[str]) -> None:
    assert [bench.id for bench in foreseen_benches(places(distro), Options(python=python), TODAY)] == ids


def test_a_result_says_that_it_is_predicted(tmp_path: Path) -> None:
    (found,) = foretold(tmp_path, places("ubuntu-24.04"))

    assert (found.how, found.verdict, found.grade) == (How.PREDICTED, Verdict.PASS, Grade.RESOLVED)
    assert found.cell == f"ubuntu-24.04:x86_64:cp312/import/demo-1.0-{TAG}.whl"
    assert found.facts["profile"]["layer"] == "desktop"
    assert found.repeat.startswith("manylinux-lab predict ")
    assert found.repeat.endswith("--distro ubuntu-24.04 --arch x86_64 --variant minimal")


def test_a_wheel_that_an_index_brought_is_predicted_again_by_the_name_it_was_asked_for(tmp_path: Path) -> None:
    (found,) = foretold(tmp_path, places("ubuntu-24.04"), asked="demo==1.0")

    assert found.repeat == (
        "manylinux-lab predict --requirement demo==1.0 --distro ubuntu-24.04 --arch x86_64 --variant minimal"
    )


def test_a_broken_promise_is_foreseen(tmp_path: Path) -> None:
    (found,) = foretold(tmp_path, places("ubuntu-24.04"), version="GLIBC_2.41")

    assert (found.outcome, found.verdict) == (OutcomeKind.BROKEN, Verdict.FAIL)
    assert "needs glibc 2.41 or newer" in found.reason


def test_where_the_tag_does_not_reach_the_wheel_is_refused(tmp_path: Path) -> None:
    (found,) = foretold(tmp_path, places("ubuntu-24.04"), tag="cp312-cp312-manylinux_2_41_x86_64")

    assert (found.check, found.promise, found.verdict) == ("refuse", Promise.UNSUPPORTED, Verdict.PASS)
    assert found.reason == "Manylinux_2_41_x86_64 needs glibc 2.41 or later, ubuntu-24.04 has 2.39."


def test_a_python_that_does_not_take_the_wheel_has_no_result(tmp_path: Path) -> None:
    assert not foretold(tmp_path, places("fedora-43"))


def test_a_distro_whose_python_nobody_knows_is_told_for_the_wheels_own(tmp_path: Path) -> None:
    (found,) = foretold(tmp_path, places("ubuntu-23.04"))

    assert (found.interpreter, found.verdict) == ("python", Verdict.PASS)


def test_a_requirement_means_a_wheel_of_its_own_in_each_place(tmp_path: Path) -> None:
    folder = IndexFolder(root=tmp_path)
    for tag in (
        "cp39-cp39-manylinux_2_28_x86_64",
        "cp312-cp312-manylinux_2_28_x86_64",
        "cp312-cp312-musllinux_1_1_x86_64",
    ):
        folder.wheel("owl", "1.0", ["nest"], tag=tag)
    folder.wheel("nest", "1.0")
    where = places("ubuntu-24.04", "alpine-3.22", "almalinux-9", "ubuntu-25.10", "ubuntu-20.04", "ubuntu-23.04")
    benches = foreseen_benches(where, Options(), TODAY)
    subjects = Subjects(requirements=(Requirement("owl"),))
    index = Index(find_sources({"PIP_CONFIG_FILE": "/dev/null"}, tmp_path, index_url=folder.url))
    ahead = look_ahead(subjects, benches, Options(), Resolver(subjects, Options(), index))

    assert sorted(subject.id for subject in ahead.subjects) == [
        "owl-1.0-cp312-cp312-manylinux_2_28_x86_64.whl",
        "owl-1.0-cp312-cp312-musllinux_1_1_x86_64.whl",
        "owl-1.0-cp39-cp39-manylinux_2_28_x86_64.whl",
    ]
    assert {entry.bench: entry.subject for entry in ahead.left_out} == {
        "ubuntu-20.04:x86_64:cp38": "owl",
        "ubuntu-25.10:x86_64:cp313": "owl",
    }
    assert all("has no wheel" in entry.reason for entry in ahead.left_out)
    assert look_ahead(Subjects(), benches, Options(), Resolver(subjects, Options(), index)).subjects == ()
