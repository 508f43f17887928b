"""Under what a cell of a run is asked: every wheel, version, option and limit that could change its result."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ..bench import probe
from ..cells import STDLIB, Bench, Cell
from ..coload.neighbours import smoke_codes, stdlib_smoke
from ..errors import EngineError
from ..images.installers import installer_release
from ..images.portable import portable
from ..interpreter import Origin
from ..options import Options
from ..results import Conditions
from ..runs import Run

TOGETHER = ("effects", "coload")  # the checks for which each project has smoke code, if only the lab's own
DIGITS = 16


class Circumstances:
    """Tells the conditions of a run's cells; what cells share is found out once."""

    def __init__(self, run: Run, *, offline: bool = True) -> None:
        self._run = run
        self._offline = offline
        self._subjects = {subject.id: subject for subject in run.plan.subjects}
        self._benches = {bench.id: bench for bench in run.plan.benches}
        self._sites = {site.id: site.wheels for site in run.plan.sites}
        self._names = {sha256: Path(path).name for sha256, path in run.plan.files.items()}
        self._checks = {Path(name).stem.removeprefix("test_"): name for name in run.options.suite}
        self._site_digests: dict[tuple[str, ...], str] = {}
        self._versions: dict[str, tuple[str, str]] = {}
        self._limits = tuple(sorted(limit.name for limit in run.boundaries if limit.in_force))
        self._smoke: Mapping[str, str] = smoke_codes(run.options)

    def of(self, cell: Cell) -> Conditions:
        """Return what a planned cell is asked under; a version that cannot be told is an empty text."""
        bench = self._benches.get(cell.bench)
        python, installer = self._versions_of(bench) if bench else ("", "")
        return Conditions(
            wheels=self._wheels(cell),
            beside={self._names[sha256]: sha256 for sha256 in cell.dependencies if sha256 in self._names},
            site=self._site(cell.sites),
            python=python,
            installer=installer,
            probe=probe_digest() if bench else "",
            check=_digest(Path(self._checks[cell.check]).read_bytes()) if cell.check in self._checks else "",
            options=self._options(cell),
            limits=self._limits if bench else (),
        )

    def _wheels(self, cell: Cell) -> dict[str, str]:
        """Return the cell's own wheels; the standard library is known by the interpreter's version."""
        subject = self._subjects[cell.subject]
        if not subject.members:
            return {subject.id: subject.sha256} if subject.sha256 else {}
        roster = self._run.plan.rosters.get(cell.bench, {})
        own = [self._subjects[roster[name]] for name in subject.members if name != STDLIB]
        return {one.id: one.sha256 for one in own}

    def _site(self, sites: tuple[str, ...]) -> str:
        if sites and sites not in self._site_digests:
            words = ";".join(",".join(sorted(self._sites[site])) for site in sites)
            self._site_digests[sites] = _digest(words.encode())
        return self._site_digests.get(sites, "")

    def _versions_of(self, bench: Bench) -> tuple[str, str]:
        if bench.id not in self._versions:
            self._versions[bench.id] = (_python(bench, self._run.options), self._installer(bench))
        return self._versions[bench.id]

    def _installer(self, bench: Bench) -> str:
        try:
            return installer_release(self._run.options.installer, bench.interpreter, bench.arch, offline=self._offline)
        except EngineError:
            return ""

    def _options(self, cell: Cell) -> dict[str, str]:
        options = self._run.options
        said = {"timeout": str(options.timeout)}
        if options.strict:
            said["strict"] = "true"
        if options.ignore_requires_python:
            said["ignore-requires-python"] = "true"
        if cell.check == "smoke" or cell.check in TOGETHER:
            projects = self._subjects[cell.subject].project.split(",")
            codes = {STDLIB: "\n".join(stdlib_smoke().values()), **self._smoke}
            said |= {f"smoke {name}": _digest(codes[name].encode()) for name in projects if name in codes}
        return said


def _python(bench: Bench, options: Options) -> str:
    """Return the exact version; a portable Python that does not tell its own is known by its program's hash."""
    interpreter = bench.interpreter
    if interpreter.full_version or interpreter.origin is not Origin.PORTABLE:
        return interpreter.full_version
    return _program_digest(str(portable(Path(options.python_root)).mount.outside / "bin" / Path(interpreter.path).name))


@cache
def _program_digest(program: str) -> str:
    return f"sha256:{_digest(Path(program).read_bytes())}"


@cache
def probe_digest() -> str:
    """Return a hash of the source of everything that runs on a bench."""
    files = sorted(Path(probe.__file__).parent.glob("*.py"))
    return _digest(b"\0".join(part for file in files for part in (file.name.encode(), file.read_bytes())))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:DIGITS]
