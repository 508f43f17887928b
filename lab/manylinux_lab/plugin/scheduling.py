"""How pytest-xdist shares out the cells: those of one bench and subject stay together, in the order of the plan.

``--dist loadgroup`` does nothing on pytest 9.2 with xdist 3.8, hence a scheduler of our own.
"""

import shutil
from typing import Any
from zlib import crc32

import pytest

from ..runs import RunFolder

GROUPS_PER_WORKER = 3


class Scheduling:
    """Hooks of the controller: they hand the run folder to the workers and group the tests by bench."""

    def __init__(self, folder: RunFolder, benches: int) -> None:
        self._folder = folder
        self._benches = benches

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Silence xdist's lines about its workers before it starts them: the lab has lines of its own."""
        shutil.rmtree(self._folder.shared, ignore_errors=True)
        plugins = session.config.pluginmanager
        reporter, distribution = plugins.getplugin("terminaldistreporter"), plugins.getplugin("dsession")
        if reporter is not None:
            plugins.unregister(reporter)
        if distribution is not None:
            distribution.terminal = None  # it has no option for this (xdist 3.8)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Remove what the workers shared."""
        shutil.rmtree(self._folder.shared, ignore_errors=True)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker which run it belongs to."""
        node.workerinput["lab_run"] = str(self._folder.path)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Return the scheduler that groups by bench."""
        from xdist.scheduler import LoadScopeScheduling

        shares = shares_of_a_bench(self._benches, int(config.getoption("numprocesses") or 1))

        class BenchScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
            """Groups tests by the bench in their cell's id."""

            def _split_scope(self, nodeid: str) -> str:
                return share_of(nodeid, shares)

        return BenchScheduling(config, log)


def shares_of_a_bench(benches: int, workers: int) -> int:
    """Return into how many shares a bench is cut so that no worker idles: one where there are benches enough."""
    return -(-workers * GROUPS_PER_WORKER // max(1, benches))


def share_of(nodeid: str, shares: int) -> str:
    """Return the group of ``test_import.py::test_import[debian-12:x86_64:cp311/import/x.whl]``: bench and share.

    All checks of a subject on a bench are in one group, so that what was installed for one is there for the next.
    Wheels that share a process are grouped by the first of them: a process that loaded it serves them all. Where a
    bench is shared, each of these rows is a share: some take ten times as long as others.
    """
    bench, _, rest = nodeid.partition("[")[2].removesuffix("]").partition("/")
    check, _, subject = rest.partition("/")
    if check == "coload" and shares > 1:
        return f"{bench}#{subject.partition(',')[0]}"
    return f"{bench}#{crc32(subject.encode()) % shares}" if bench else nodeid
