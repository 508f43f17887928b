"""The plan: which cells, in which order, without any engine."""

import pytest
from records import bench, subject

from manylinux_lab.cells import HOST, Cell, LeftOut, Plan
from manylinux_lab.interpreter import Interpreter, Origin
from manylinux_lab.judge import Outcome, OutcomeKind, Promise
from manylinux_lab.planning.checks import CHECKS
from manylinux_lab.planning.plan import Placement, is_wanted, plan

SUPPORTED, UNSUPPORTED = Promise.SUPPORTED, Promise.UNSUPPORTED
OLD, NEW = bench("debian-11", abi="cp39"), bench("debian-12")


def place(where: str, promise: Promise = SUPPORTED, **fields: object) -> Placement:
    return Placement(**{"bench": where, "subject": subject(), "promise": promise, **fields})  # type: ignore[arg-type]


def checks_of(made: Plan) -> list[tuple[str, str]]:
    return [(cell.bench, cell.check) for cell in made.cells]


def test_a_supported_wheel_is_installed_and_imported_and_an_unsupported_one_refused() -> None:
    made = plan([OLD, NEW], [place(NEW.id), place(OLD.id, UNSUPPORTED)], CHECKS)
    assert checks_of(made) == [(OLD.id, "refuse"), (NEW.id, "install"), (NEW.id, "import")]


def test_smoke_code_adds_a_cell_for_its_project_only() -> None:
    placements = [place(NEW.id), place(NEW.id, subject=subject("lxml", "6.0.0"))]
    made = plan([NEW], placements, CHECKS, smoke={"numpy"})
    assert [cell.id for cell in made.cells if cell.check == "smoke"] == [f"{NEW.id}/smoke/{subject().id}"]


def test_a_placement_with_a_check_of_its_own_gets_only_that() -> None:
    finding = Outcome(kind=OutcomeKind.BROKEN, reason="only an sdist")
    made = plan([NEW], [place(NEW.id, check="resolve", finding=finding)], CHECKS)
    assert checks_of(made) == [(NEW.id, "resolve")]
    assert made.cells[0].finding == finding


def test_host_cells_come_first() -> None:
    made = plan([NEW], [place(NEW.id), place(HOST, check="read")], CHECKS)
    assert made.cells[0].id == f"host/read/{subject().id}"


def test_a_plan_is_idle_where_every_file_is_a_wheel_and_has_no_bench() -> None:
    readable = Outcome(kind=OutcomeKind.OK, reason="")
    damaged = Outcome(kind=OutcomeKind.BROKEN, reason="no zip")
    host = place(HOST, check="read", finding=readable)
    assert plan([NEW], [], CHECKS).is_idle
    assert plan([NEW], [host], CHECKS).is_idle
    assert not plan([NEW], [host, place(NEW.id)], CHECKS).is_idle
    assert not plan([NEW], [place(HOST, check="read", finding=damaged)], CHECKS).is_idle


def test_unused_benches_are_dropped_and_what_is_left_out_is_kept() -> None:
    left_out = [LeftOut(bench=OLD.id, subject="", reason="no image")]
    made = plan([OLD, NEW], [place(NEW.id)], CHECKS, left_out=left_out, keep=lambda name: "/import/" in name)
    assert made.benches == (NEW,)
    assert made.left_out == tuple(left_out)
    assert checks_of(made) == [(NEW.id, "import")]


def test_the_order_does_not_depend_on_the_order_of_the_placements() -> None:
    placements = [place(OLD.id), place(NEW.id), place(OLD.id, subject=subject("lxml", "1"))]
    assert checks_of(plan([OLD, NEW], placements, CHECKS)) == checks_of(plan([OLD, NEW], placements[::-1], CHECKS))


@pytest.mark.parametrize("more_first", [True, False])
def test_a_wheel_that_comes_twice_has_one_cell_with_all_that_it_needs(more_first: bool) -> None:
    placements = [place(NEW.id), place(OLD.id), place(NEW.id, dependencies=("1" * 64,))]
    made = plan([OLD, NEW], placements[::-1] if more_first else placements, CHECKS)
    assert checks_of(made) == [(OLD.id, "install"), (OLD.id, "import"), (NEW.id, "install"), (NEW.id, "import")]
    assert made.cells[-1].dependencies == ("1" * 64,)


def test_cell_id() -> None:
    cell = Cell(bench=NEW.id, check="import", subject="x.whl", promise=SUPPORTED)
    assert cell.id == "debian-12:x86_64:cp311/import/x.whl"


DISTRO = Interpreter(version=(3, 11), abi="cp311")
FOUND = Interpreter(version=(3, 12), abi="cp312", origin=Origin.FOUND)
PORTABLE = Interpreter(version=(3, 13), abi="cp313", origin=Origin.PORTABLE)


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ([], ["cp311", "cp313-portable"]),
        (["all"], ["cp311", "cp312", "cp313-portable"]),
        (["3.12"], ["cp312"]),
        (["cp31[12]"], ["cp311", "cp312"]),
        (["cp313"], ["cp313-portable"]),
        (["cp27"], []),
    ],
)
def test_wanted_interpreters(wanted: list[str], ids: list[str]) -> None:
    assert [one.id for one in (DISTRO, FOUND, PORTABLE) if is_wanted(one, wanted)] == ids
