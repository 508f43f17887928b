"""The controller's side of a run: every result goes to disk as it arrives and to the terminal as one line."""

import shutil
import sys
import time
from collections import Counter
from collections.abc import Generator
from types import SimpleNamespace
from typing import Any, TextIO

import msgspec
import pytest

from ..errors import UsageError
from ..history.keeping import keep
from ..judge import Outcome, OutcomeKind, Verdict
from ..report import in_plan_order, terminal, write_reports
from ..results import ExitCode, Result, ResultsWriter, exit_code, in_short, worst
from .stand import PROPERTY, Stand, make_result

COUNTED = {
    Verdict.PASS: "passed",
    Verdict.WARN: "warned",
    Verdict.FAIL: "wheels failed",
    Verdict.ERROR: "lab errors",
    Verdict.UNKNOWN: "unknown",
    Verdict.SKIP: "skipped",
}
FORGOTTEN = SimpleNamespace()  # stands for a report that is only counted


class Recorder:
    """Registered on the controller only: the one writer of ``results.jsonl``."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self._run, seen = stand.folder.seen(stand.run)
        self._results = {result.cell: in_short(result) for result in seen}
        self._new: set[str] = set()
        self._unwritten: list[Result] = []
        self._trouble = ""
        self._is_unloadable = False
        self._words: dict[str, list[tuple[str, str]]] = {}
        self._writer = ResultsWriter(stand.folder.results_file)
        self._cells = {sys.intern(cell.id): cell for cell in stand.run.plan.cells}
        self._started = time.monotonic()
        self._progress = Progress(sys.stderr, total=len(self._cells), finished=len(stand.run.finished))

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Open the results file before the first bench starts."""
        self._session = session
        self._writer.__enter__()

    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        """Count verdicts in pytest's last line, and keep its letters out of the lab's own lines."""
        verdict = getattr(report, "lab_verdict", None)
        if verdict is None and report.failed and report.when not in {"setup", "call"}:
            return None
        return (COUNTED[verdict] if verdict else ""), "", ""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self, report: Any) -> Generator[None, Any, Any]:
        """Take the result off the report before others see it, and the report off pytest's hands after they did."""
        self._take(report)
        try:
            return (yield)
        finally:
            _forget(report, self._session.config.pluginmanager.getplugin("terminalreporter"))

    def _take(self, report: Any) -> None:
        """Write the result, say it, and leave a few words for JUnit."""
        if report.when == "teardown":  # the report from which JUnit takes a case's properties
            report.user_properties = self._words.pop(report.nodeid, [])
            return
        text = _property(report)
        result = self._crashed(report) if text is None else msgspec.json.decode(text, type=Result)
        if result is None:
            return
        report.lab_verdict = result.verdict
        report.user_properties = []
        self._words[report.nodeid] = [
            (name, str(getattr(result, name).value)) for name in ("promise", "outcome", "verdict", "grade")
        ]
        if result.cell not in self._new or self._is_worse(result):
            self._new.add(sys.intern(result.cell))
            self._record(result)
        self._progress.line(terminal.cell_line(result), result.verdict, cells=len(self._new))

    def _is_worse(self, result: Result) -> bool:
        """Tell whether a result counts beside an earlier one of this session: a check may have several tests."""
        known = self._results[result.cell].verdict
        return known is not result.verdict and worst((known, result.verdict)) is result.verdict

    def _record(self, result: Result) -> None:
        short = in_short(result)
        self._results[short.cell] = short
        self._unwritten.append(result)
        self._trouble = ""
        try:
            while self._unwritten:
                self._writer.write(self._unwritten[0])
                del self._unwritten[0]
        except OSError as error:  # a full disk: the run goes on, and says so at its end
            self._trouble = f"{len(self._unwritten)} results could not be written to disk: {error.strerror}."

    def _crashed(self, report: Any) -> Result | None:
        """Return an error for the cell whose worker died; no other report comes without a result and fails."""
        if not report.failed or report.when in {"setup", "call", "teardown"}:
            return None
        cell = self._cells.get(report.nodeid.partition("[")[2].removesuffix("]"))
        if cell is None:
            return None
        reason = "The lab's worker process died while it ran this cell."
        return make_result(self._stand, cell, Outcome(kind=OutcomeKind.TROUBLE, reason=reason), seconds=0.0)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None, Any, Any]:
        """Turn the results into the exit code, also where pytest's own report finds a full disk."""
        try:
            return (yield)
        except OSError as error:
            self._trouble = self._trouble or f"The JUnit report could not be written: {error.strerror}."
        finally:
            self._progress.end()
            self._writer.__exit__()
            self._results_of_run = in_plan_order(self._run, self._results.values())
            session.exitstatus = self._exit_code(int(exitstatus))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take note of a check's file that cannot be loaded: pytest calls that an interruption."""
        self._is_unloadable = self._is_unloadable or report.failed

    def _exit_code(self, status: int) -> int:
        if self._is_unloadable:
            return ExitCode.USAGE
        if status == pytest.ExitCode.INTERRUPTED:
            return ExitCode.INTERRUPTED
        if status in {pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR}:
            return ExitCode.LAB_FAILED
        code = exit_code(self._results_of_run)
        return ExitCode.LAB_FAILED if code == ExitCode.KEPT and self._trouble else code

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the matrix, the failures with their repeat commands, and where the reports are."""
        run, results = self._run, self._results_of_run
        width = shutil.get_terminal_size((120, 40)).columns
        missing = len(self._cells) - sum(cell in self._results for cell in self._cells)
        text = terminal.summary(run, results, width=width, seconds=time.monotonic() - self._started, missing=missing)
        terminalreporter.ensure_newline()
        terminalreporter.write_line(text)
        try:
            for path in write_reports(self._stand.folder, run, results):
                terminalreporter.write_line(f"Report: {path}")
            terminalreporter.write_line(terminal.page_line(self._stand.folder.typed))
        except (OSError, UsageError) as error:  # of the user's templates, as they are read at the end only
            reason = error.strerror if isinstance(error, OSError) else str(error).rstrip(".")
            self._trouble = self._trouble or f"The reports could not be written: {reason}."
            if self._session.exitstatus == ExitCode.KEPT:
                self._session.exitstatus = ExitCode.LAB_FAILED
        if run.options.history and (kept := keep(run.options.history, self._stand.folder)):
            terminalreporter.write_line(kept)
        if missing:
            terminalreporter.write_line(f"Go on with: manylinux-lab run --resume {self._stand.folder.typed}")
        if self._trouble:
            terminalreporter.write_line(f"The lab failed: {self._trouble}")


def _forget(report: Any, reporter: Any) -> None:
    """Let pytest's terminal keep only the number of reports, unless it is to list them (``-r``): there may be many."""
    if reporter is None or set(reporter.reportchars) - {"w"}:  # "w" is always there, and lists warnings
        return
    for kept in reporter.stats.values():
        if kept and kept[-1] is report and (report.passed or hasattr(report, "lab_verdict")):
            kept[-1] = FORGOTTEN


def _property(report: Any) -> str | None:
    return next((value for name, value in report.user_properties if name == PROPERTY), None)


class Progress:
    """One line for each cell, and on a terminal a last line that says how far the run is."""

    def __init__(self, stream: TextIO, *, total: int, finished: int) -> None:
        self._stream = stream
        self._is_live = stream.isatty() and sys.stdout.isatty()
        self._total = total
        self._finished = finished
        self._new = 0
        self._counts: Counter[Verdict] = Counter()
        self._started = time.monotonic()

    def line(self, text: str, verdict: Verdict, *, cells: int) -> None:
        """Print a cell's line and renew the progress line; ``cells`` have a result of this session."""
        self._new = cells
        self._counts[verdict] += 1
        self._clear()
        print(text, flush=True)
        if self._is_live:
            self._stream.write(self._status())
            self._stream.flush()

    def end(self) -> None:
        """Take the progress line away."""
        self._clear()

    def _clear(self) -> None:
        if self._is_live:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _status(self) -> str:
        spent = time.monotonic() - self._started
        done = self._finished + self._new
        left = spent / self._new * (self._total - done)
        failed = self._counts[Verdict.FAIL] + self._counts[Verdict.ERROR]
        return f"{done}/{self._total} cells done, {failed} failed, about {left:.0f} s left"
