"""A run's folder: ``plan.json``, ``results.jsonl``, reports, and the stage that the benches see as ``/lab``."""

import os
import secrets
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from . import __version__
from .atomic import appearing
from .bench import probe
from .cells import Plan
from .engines.contract import Boundary
from .errors import UsageError
from .options import Options
from .results import Lines, Result, in_short, latest, read_results

SCHEMA = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One execution: what was asked, what is planned, and which limits were seen to be in force.

    ``finished`` are cells that a resumed run need not run again.
    """

    schema: int = SCHEMA
    id: str
    lab: str = __version__
    engine: str
    options: Options
    plan: Plan
    boundaries: tuple[Boundary, ...] = ()
    finished: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFolder:
    """The files of a run."""

    path: Path

    @property
    def typed(self) -> str:
        """The path as somebody types it in the current folder."""
        here = Path.cwd()
        return str(self.path.relative_to(here) if self.path.is_relative_to(here) else self.path)

    @property
    def plan_file(self) -> Path:
        """What was planned, with everything that the workers need."""
        return self.path / "plan.json"

    @property
    def results_file(self) -> Path:
        """One line for each finished cell."""
        return self.path / "results.jsonl"

    @property
    def stage(self) -> Path:
        """The folder that every bench sees read-only as ``/lab``."""
        return self.path / "stage"

    @property
    def shared(self) -> Path:
        """The folder through which workers share what they found; it lasts for one session of pytest."""
        return self.path / "shared"

    def write(self, run: Run) -> None:
        """Write ``plan.json``, all of it or nothing."""
        write_whole(self.plan_file, msgspec.json.format(msgspec.json.encode(run), indent=1) + b"\n")

    def read(self) -> Run:
        """Return the run.

        Raises:
            UsageError: the folder is not a run's, or a newer lab wrote it.
        """
        if not self.plan_file.is_file():
            raise UsageError(f"The folder '{self.path}' is not a run: it has no plan.json.")
        content = self.plan_file.read_bytes()
        try:
            run = msgspec.json.decode(content, type=Run)
        except msgspec.DecodeError as error:
            reason = f"cannot be read by this lab ({__version__}): {error}"
            raise UsageError(f"The plan in '{self.path}' {reason}.") from error
        if run.schema > SCHEMA:
            reason = f"has schema {run.schema}; this lab reads up to {SCHEMA}. Use a newer lab"
            raise UsageError(f"The plan in '{self.path}' {reason}.")
        return replace(run, plan=_sharing_words(run.plan))

    def results(self) -> tuple[Result, ...]:
        """Return what has finished so far; nothing yet is an empty tuple."""
        return read_results(self.results_file) if self.results_file.exists() else ()

    def seen(self, run: Run, *, is_whole: bool = True) -> tuple[Run, tuple[Result, ...]]:
        """Return the run with a note of lines that could not be read, and what has finished so far, for a report.

        What is not ``is_whole`` comes ``in_short``, which takes a fraction of the memory.
        """
        if not self.results_file.exists():
            return run, ()
        lines = Lines(self.results_file)
        results = latest(lines if is_whole else map(in_short, lines))
        return noted(run, lines.note), results

    def fill_stage(self, files: Mapping[str, str]) -> None:
        """Put the probe and the wheels (sha256 to path) where benches see them, readable by any user."""
        for sha256, source in files.items():
            folder = self.stage / "wheels" / sha256[:16]
            folder.mkdir(parents=True, exist_ok=True)
            _link(Path(source), folder / Path(source).name)
        self.stage.mkdir(parents=True, exist_ok=True)
        _copy_probe(self.stage / "probe")
        for folder in (self.stage, *(path for path in self.stage.rglob("*") if path.is_dir())):
            folder.chmod(0o755)

    def clear_stage(self) -> None:
        """Remove the stage; the wheels stay where they came from."""
        shutil.rmtree(self.stage, ignore_errors=True)


def noted(run: Run, note: str) -> Run:
    """Return the run with a further note for its readers, if there is one."""
    return replace(run, plan=replace(run.plan, notes=(*run.plan.notes, note))) if note else run


def _sharing_words(plan: Plan) -> Plan:
    """Return the plan with each word once in memory: thousands of cells name few benches, subjects and sites."""
    tuples: dict[tuple[str, ...], tuple[str, ...]] = {}

    def shared(words: tuple[str, ...]) -> tuple[str, ...]:
        return tuples.setdefault(words, tuple(map(sys.intern, words)))

    return replace(
        plan,
        subjects=tuple(
            replace(one, id=sys.intern(one.id), project=sys.intern(one.project), members=shared(one.members))
            for one in plan.subjects
        ),
        cells=tuple(
            replace(
                cell,
                bench=sys.intern(cell.bench),
                check=sys.intern(cell.check),
                subject=sys.intern(cell.subject),
                dependencies=shared(cell.dependencies),
                sites=shared(cell.sites),
            )
            for cell in plan.cells
        ),
    )


def _copy_probe(target: Path) -> None:
    """Copy the probe's modules, which are installed with the permissions of whoever installed the lab."""
    target.mkdir(exist_ok=True)
    for source in sorted(Path(probe.__file__).parent.glob("*.py")):
        shutil.copyfile(source, target / source.name)
        (target / source.name).chmod(0o644)


def _link(source: Path, target: Path) -> None:
    """Link a wheel into the stage, or copy it where a link is not possible or the file is not readable by everyone."""
    target.unlink(missing_ok=True)
    if source.stat().st_mode & 0o004:
        try:
            os.link(source, target)
        except OSError:  # another file system, or one without links
            pass
        else:
            return
    shutil.copyfile(source, target)
    target.chmod(0o644)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part."""
    with appearing(path) as file:
        file.write(content)


def new_folder(out: str) -> RunFolder:
    """Create the folder of a new run below ``out``; its name is the run's id and sorts by time.

    Raises:
        UsageError: ``out`` is not a folder that can be written to.
    """
    while True:
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        path = Path(out).absolute() / name
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            if not Path(out).is_dir():
                raise UsageError(f"The folder '{out}' for runs is a file; name another with --out.") from None
            continue
        except OSError as error:
            reason = error.strerror or str(error)
            raise UsageError(
                f"The folder '{out}' for runs cannot be written ({reason}); name another with --out."
            ) from error
        return RunFolder(path=path)


def find_folder(name: str, out: str) -> RunFolder:
    """Return the run that a user names: its folder, its id below ``out``, or ``latest``.

    Raises:
        UsageError: there is none.
    """
    if name == "latest":
        plans = sorted(Path(out).glob("*/plan.json"), key=_age)
        if not plans:
            raise UsageError(f"There is no run in '{out}' yet.")
        return RunFolder(path=plans[-1].parent.absolute())
    for path in (Path(name), Path(out) / name):
        if (path / "plan.json").is_file():
            return RunFolder(path=path.absolute())
    raise UsageError(f"There is no run '{name}'; name its folder, its id in '{out}', or 'latest'.")


def _age(plan: Path) -> tuple[str, int]:
    """Return what orders runs by time: the second in the name, and within it when the plan was written."""
    return plan.parent.name.rpartition("-")[0], plan.stat().st_mtime_ns
