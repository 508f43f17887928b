"""The lab inside pytest: cells become tests, fixtures bring benches, reports carry results to the controller.

It is active only where a run is named (``--lab-run``) or subjects are (``--wheel``); otherwise it does nothing.
"""

from __future__ import annotations

import traceback
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ..cells import Cell
from ..errors import EngineError, UsageError
from ..judge import Outcome, OutcomeKind, Verdict, judge

if TYPE_CHECKING:  # loaded where a run is: the lab's own tests need none of it
    from ..bench.together import Company
    from ..bench.workbench import Workbench
    from ..results import Result
    from ..runs import RunFolder
    from ..wheels.wheel import Wheel
    from .stand import Stand

STAND: pytest.StashKey[Stand] = pytest.StashKey()
OUTCOME: pytest.StashKey[Outcome] = pytest.StashKey()
WENT_ON: pytest.StashKey[bool] = pytest.StashKey()
TRACE = 4000  # characters kept of the traceback of a check that is itself broken


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what a run in a checkout needs: ``pytest suites --wheel numpy --distro debian-12``."""
    group = parser.getgroup("manylinux-lab")
    group.addoption("--lab-run", metavar="FOLDER", help="carry out the plan in this run folder")
    for flag, text in (
        ("--wheel", "a subject, as 'manylinux-lab run' takes it"),
        ("--distro", "distros to run on, as for 'manylinux-lab run'"),
        ("--arch", "archs to run on"),
        ("--engine", "the engine to use"),
    ):
        group.addoption(flag, action="append", default=[], metavar="WORD", help=text)
    group.addoption("--lab", metavar="ARGUMENTS", default="", help="further arguments of 'manylinux-lab run', quoted")


def pytest_configure(config: pytest.Config) -> None:
    """Load the plan; in a checkout, make it first. Workers get theirs from the controller."""
    is_worker = hasattr(config, "workerinput")
    try:
        folder = _folder(config)
        if folder is None:
            return
        from . import recorder, scheduling
        from .stand import Stand

        stand = Stand(folder=folder, shared=folder.shared if is_worker else None)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error
    except EngineError as error:
        from ..results import ExitCode

        pytest.exit(f"The lab failed: {error}", returncode=ExitCode.LAB_FAILED)
    config.stash[STAND] = stand
    if not is_worker:
        if not config.getoption("lab_run") and not stand.run.options.keep:
            config.add_cleanup(folder.clear_stage)  # the command 'run' clears the stage of the runs that it begins
        config.pluginmanager.register(recorder.Recorder(stand), "lab-recorder")
        benches = len({cell.bench for cell in stand.planned.to_run()})
        config.pluginmanager.register(scheduling.Scheduling(folder, benches), "lab-scheduling")


def _folder(config: pytest.Config) -> RunFolder | None:
    named = getattr(config, "workerinput", {}).get("lab_run") or config.getoption("lab_run")
    if named:
        from ..runs import RunFolder

        return RunFolder(path=Path(named))
    if not config.getoption("wheel"):
        return None
    from ..planning.begin import begin_from_pytest

    return begin_from_pytest(config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each check its cells: the test file ``test_import.py`` asks the check ``import``."""
    stand = metafunc.config.stash.get(STAND, None)
    if "cell" not in metafunc.fixturenames:
        return
    check = metafunc.module.__name__.rpartition(".")[2].removeprefix("test_")
    cells = [] if stand is None else [cell for cell in stand.planned.to_run() if cell.check == check]
    metafunc.parametrize("cell", cells, ids=[cell.id for cell in cells])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the tests in the order of the plan, and drop those that have no cell."""
    stand = config.stash.get(STAND, None)
    if stand is None:
        return
    order = {cell.id: position for position, cell in enumerate(stand.run.plan.cells)}
    with_cell = [(order[cell.id], item) for item in items if (cell := cell_of(item)) is not None]
    items[:] = [item for _, item in sorted(with_cell, key=lambda pair: pair[0])]


def cell_of(item: pytest.Item) -> Cell | None:
    """Return the cell of a test, or None for a test that has none."""
    callspec = getattr(item, "callspec", None)
    cell = callspec.params.get("cell") if callspec is not None else None
    return cell if isinstance(cell, Cell) else None


@pytest.fixture(scope="session")
def stand(request: pytest.FixtureRequest) -> Iterator[Stand]:
    """The run with its engine and the one bench that is open."""
    opened = request.config.stash[STAND]
    yield opened
    opened.close()


@pytest.fixture
def wheel(stand: Stand, cell: Cell) -> Wheel:
    """The wheel that the cell asks about."""
    return stand.planned.wheel(cell)


@pytest.fixture
def bench(stand: Stand, cell: Cell) -> Workbench:
    """The bench of the cell; the one before it is closed."""
    return stand.workbench(cell)


@pytest.fixture
def company(stand: Stand, cell: Cell) -> Company:
    """What loads wheels together on the cell's bench."""
    return stand.company(cell)


@pytest.fixture
def installed(stand: Stand, bench: Workbench, cell: Cell, wheel: Wheel) -> None:
    """The wheel installed on the bench; the test skips with a pointer where that failed: one cause, one failure."""
    try:
        outcome = bench.installation(cell, wheel)
    except EngineError as error:
        if not stand.planned.is_planned(cell, "install"):
            raise
        pytest.skip(f"The lab could not install it ({error}); see {stand.planned.sibling(cell, 'install')}")
    if outcome.kind is not OutcomeKind.OK:
        pytest.skip(f"Not installed: {outcome.reason} See {stand.planned.sibling(cell, 'install')}")


@pytest.fixture
def smoke_code(stand: Stand, wheel: Wheel) -> str:
    """The code that the user gave for the wheel's project."""
    return stand.smoke[wheel.project]


class Judgement:
    """What a check ends in: call it with the outcome. It never returns where the wheel failed."""

    def __init__(self, item: pytest.Item, stand: Stand, cell: Cell) -> None:
        self._item = item
        self._strict = stand.run.options.strict
        self._cell = cell

    def __call__(self, outcome: Outcome) -> None:
        """Judge; a failure ends the test with the reason, an unknown one counts as skipped in JUnit."""
        self._item.stash[OUTCOME] = outcome
        self._item.stash[WENT_ON] = False
        verdict = judge(self._cell.promise, outcome, strict=self._strict)
        if verdict is Verdict.FAIL:
            pytest.fail(outcome.reason or "; ".join(outcome.side_effects), pytrace=False)
        if verdict is Verdict.ERROR:
            raise EngineError(outcome.reason)
        if verdict in {Verdict.UNKNOWN, Verdict.SKIP}:
            pytest.skip(outcome.reason)
        self._item.stash[WENT_ON] = True


@pytest.fixture
def verdict(request: pytest.FixtureRequest, stand: Stand, cell: Cell) -> Judgement:
    """The one judgement in which a check ends: ``verdict(outcome)``."""
    return Judgement(request.node, stand, cell)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Attach the cell's one result to the report of the phase that decided it."""
    report: Any = yield
    stand, cell = item.config.stash.get(STAND, None), cell_of(item)
    if stand is None or cell is None or not _decides(call):
        return report
    from .stand import PROPERTY, make_result

    outcome = _judged(item, call) or outcome_of(call)
    result = make_result(stand, cell, outcome, seconds=round(call.duration, 3))
    report.user_properties.append((PROPERTY, encode(result)))
    if isinstance(call.excinfo and call.excinfo.value, EngineError):
        report.longrepr = f"lab: {call.excinfo.value}"  # type: ignore[union-attr]  # it is set, as just seen
    return report


def _decides(call: pytest.CallInfo[None]) -> bool:
    return call.when == "call" or (call.when == "setup" and call.excinfo is not None)


def _judged(item: pytest.Item, call: pytest.CallInfo[None]) -> Outcome | None:
    """Return what the check gave to ``verdict``, unless that was fine and the check failed all the same."""
    outcome = item.stash.get(OUTCOME, None)
    went_on = outcome is not None and item.stash[WENT_ON]
    return None if went_on and call.excinfo is not None else outcome


def outcome_of(call: pytest.CallInfo[None]) -> Outcome:
    """Return the outcome of a test that ended without a judgement: a skip, trouble, or a user's check with asserts."""
    error = None if call.excinfo is None else call.excinfo.value
    if error is None:
        return Outcome(kind=OutcomeKind.OK, reason="The check passed.")
    words = " ".join(str(error).split())
    if isinstance(error, pytest.skip.Exception):
        return Outcome(kind=OutcomeKind.NOT_APPLIED, reason=words)
    if isinstance(error, AssertionError | pytest.fail.Exception) and call.when == "call":
        return Outcome(kind=OutcomeKind.BROKEN, reason=words or "An assertion of the check failed.")
    if isinstance(error, EngineError):
        return Outcome(kind=OutcomeKind.TROUBLE, reason=words)
    trace = "".join(traceback.format_exception(error))[-TRACE:]
    reason = f"The check itself failed: {type(error).__name__}: {words}"
    return Outcome(kind=OutcomeKind.TROUBLE, reason=reason, facts={"trace": trace})


def encode(result: Result) -> str:
    """Return a result as JSON text: report properties cross process borders as plain values only."""
    import msgspec

    return msgspec.json.encode(result).decode()
