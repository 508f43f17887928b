"""Runs the whole line for tests: the public command line in a process of its own, real benches, and what it wrote."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from manylinux_lab import engines
from manylinux_lab.engines.labels import RUN
from manylinux_lab.errors import EngineError
from manylinux_lab.folders import cache_folder
from manylinux_lab.resolving.index import Index
from manylinux_lab.resolving.sources import find_sources

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "images"
MUSL = SHARED / "musl-reference-x86_64.tar.xz"
PATIENCE = 400  # seconds: nothing here takes that long; a lab that hangs fails its test instead of blocking all

both_engines = pytest.mark.parametrize("engine", ["bwrap", "docker"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A lab process that has ended: what it said, the folder in which it ran, and the runs that were then in it."""

    code: int
    out: str
    err: str
    folder: Path
    runs: tuple[Path, ...]

    @property
    def plan(self) -> dict[str, Any]:
        """The plan of the latest run."""
        document: dict[str, Any] = json.loads((self.runs[-1] / "plan.json").read_text())["plan"]
        return document

    @property
    def results(self) -> list[dict[str, Any]]:
        """The lines of the latest run's results."""
        return read_lines(self.runs[-1] / "results.jsonl")

    @property
    def words(self) -> str:
        """Everything that was said, for the message of an assertion."""
        return f"exit code {self.code}\n{self.out}\n{self.err}"

    def verdicts(self, glob: str = "*") -> dict[str, str]:
        """Return the verdict by cell, for the cells that match."""
        return {line["cell"]: line["verdict"] for line in self.results if fnmatchcase(line["cell"], glob)}

    def one(self, glob: str) -> dict[str, Any]:
        """Return the one result whose cell matches."""
        found = [line for line in self.results if fnmatchcase(line["cell"], glob)]
        assert len(found) == 1, f"{len(found)} cells match '{glob}'.\n{self.words}"
        return found[0]


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the results in a file; a torn line is an error here."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def command(*words: object) -> list[str]:
    """Return the argv of the public command line."""
    return [sys.executable, "-m", "manylinux_lab", *map(str, words)]


def surroundings(further: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a lab process: without what pytest sets for the tests themselves."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return {**kept, "COLUMNS": "160", **(further or {})}


def ended(folder: Path, code: int, out: str, err: str) -> Ended:
    """Return what is known of a lab process that has just ended in ``folder``; the newest of its runs is the last."""
    plans = sorted(folder.glob("runs/*/plan.json"), key=lambda plan: plan.stat().st_mtime_ns)
    return Ended(code=code, out=out, err=err, folder=folder, runs=tuple(plan.parent for plan in plans))


def lab(folder: Path, *words: object, environment: Mapping[str, str] | None = None) -> Ended:
    """Run ``manylinux-lab WORDS`` in a folder to its end."""
    argv = command(*words)
    done = subprocess.run(
        argv, cwd=folder, env=surroundings(environment), capture_output=True, text=True, timeout=PATIENCE
    )
    assert "Traceback" not in done.stderr, done.stderr
    return ended(folder, done.returncode, done.stdout, done.stderr)


def run(folder: Path, engine: str, subjects: Sequence[object], *words: object) -> Ended:
    """Run ``manylinux-lab run`` with an engine, or skip where that is missing.

    Wheels share a process only where the words say so: most tests count the cells of several wheels that do not.
    """
    need_engine(engine)
    apart = () if "--coload" in words else ("--coload", "off")
    return lab(folder, "run", *subjects, "--engine", engine, *apart, *words)


def on(*distros: str) -> list[str]:
    """Return the options that name distros."""
    return [word for distro in distros for word in ("--distro", distro)]


@cache
def engine_trouble(name: str) -> str:
    """Return why an engine cannot be used here, or nothing."""
    return engines.ENGINES[name]().trouble()


def need_engine(name: str) -> None:
    """Skip where an engine is missing."""
    if trouble := engine_trouble(name):
        pytest.skip(f"the engine '{name}' cannot be used: {trouble}")


def need_arch(engine: str, arch: str) -> None:
    """Skip where an engine cannot run an arch."""
    need_engine(engine)
    if trouble := engines.ENGINES[engine]().arch_trouble(arch):
        pytest.skip(trouble)


def need_musl() -> Path:
    """Return the root file system with musl, or skip."""
    if not MUSL.exists():
        pytest.skip(f"'{MUSL.name}' is not at hand in ../shared/images")
    return MUSL


@cache
def index() -> Index:
    """Return the package index as this user's pip is configured."""
    return Index(find_sources(os.environ, Path.home()))


@cache
def pinned(project: str, name: str) -> Path:
    """Return that very wheel of a project, from the package index or the cache; skip where the index has none."""
    try:
        files = [file for file in index().files(project) if file.name == name]
        if not files:
            pytest.skip(f"the package index does not offer '{name}'")
        return index().download(files[0])
    except EngineError as error:
        pytest.skip(f"the package index does not answer: {error}")


def benches_of(engine: str, run: Path) -> list[str]:
    """Return what an engine still keeps of a run: containers, or registered benches."""
    if engine == "docker":
        words = ["docker", "ps", "-a", "-q", "--filter", f"label={RUN}={run.name}"]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    records = cache_folder("bwrap", "benches").glob("*.json")
    return [str(file) for file in records if json.loads(file.read_text())["run"] == run.name]
