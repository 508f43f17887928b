"""Finding the cell that a shell is opened for."""

import pytest
from records import bench, run, subject

from manylinux_lab.cells import HOST, Cell, Plan, Site, Subject
from manylinux_lab.commands.shell import as_installed, find_cell
from manylinux_lab.errors import UsageError
from manylinux_lab.judge import Promise


def cell(where: str, check: str) -> Cell:
    return Cell(bench=where, check=check, subject=subject().id, promise=Promise.SUPPORTED)


RUN = run(
    Plan(benches=(bench(),), subjects=(subject(),), cells=(cell(bench().id, "import"), cell(HOST, "read"))),
)


def test_a_planned_cell_is_found() -> None:
    wanted = cell(bench().id, "import")
    assert find_cell(RUN, wanted.id) == wanted


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (f"debian-12:x86_64:cp311/imprt/{subject().id}", "did you mean 'debian-12:x86_64:cp311/import/"),
        (f"host/read/{subject().id}", "has no bench"),
    ],
)
def test_other_cells_are_said(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_cell(RUN, name)


@pytest.mark.parametrize(
    ("members", "sites", "installed"),
    [
        (("a-1.0", "b-1.0"), ("both",), ("a.whl", ("base", "b"))),
        (("stdlib", "b-1.0"), ("both",), ("b.whl", ("base", "a"))),
        (("a-1.0", "b-1.0"), ("first", "second"), ("a-1.0,b-1.0", ())),
    ],
)
def test_wheels_in_one_process_are_installed_together(
    members: tuple[str, ...], sites: tuple[str, ...], installed: tuple[str, tuple[str, ...]]
) -> None:
    company = Subject(id=",".join(members), project="x", members=members)
    asked = Cell(bench=bench().id, check="coload", subject=company.id, promise=Promise.SUPPORTED, sites=sites)
    plan = Plan(
        benches=(bench(),),
        subjects=(company, *(Subject(id=f"{name}.whl", project=name, sha256=name) for name in "ab")),
        cells=(asked,),
        sites=(Site(id="both", wheels=("base", "a", "b")),),
        rosters={bench().id: {"a-1.0": "a.whl", "b-1.0": "b.whl"}},
    )
    found = as_installed(run(plan), asked)
    assert (found.subject, found.dependencies) == installed


def test_one_wheel_is_installed_as_its_cell_says() -> None:
    wanted = cell(bench().id, "import")
    assert as_installed(RUN, wanted) == wanted
