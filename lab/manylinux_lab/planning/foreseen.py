"""Places whose image cannot be had: what is predicted of the run's wheels there, as results that say so."""

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from .. import __version__
from ..catalogue.distro import is_ending, lifecycle
from ..cells import Bench, LeftOut, Plan, Subject
from ..errors import EngineError, UsageError
from ..interpreter import Interpreter
from ..judge import How, OutcomeKind, Promise, judge
from ..options import Options
from ..predicting.forecast import USUAL, Forecast, forecast, needs_by_arch
from ..resolving.subjects import Subjects
from ..results import REASON_LENGTH, Result, now
from ..runs import Run
from ..wheels.reading import read_wheel
from ..wheels.remembered import elf_facts
from ..wheels.wheel import UnreadableWheelError, Wheel
from .benches import Place
from .placing import Placing
from .plan import is_wanted
from .resolver import Resolver

SOME_PYTHON = "python"  # in the id of a bench whose distro's Python nobody knows


def foreseen_benches(places: Iterable[Place], options: Options, today: date) -> tuple[Bench, ...]:
    """Return a bench for each place and each Python of the distro that the run wants; nothing is ever started on it."""
    return tuple(
        Bench(
            distro=place.release.id,
            arch=place.arch,
            interpreter=interpreter,
            libc=place.release.libc.value,
            libc_version=place.release.libc_version,
            ending=lifecycle(place.release, today) if is_ending(place.release, today) else "",
            family=place.release.family,
        )
        for place in places
        for interpreter in _interpreters(place, options)
    )


def _interpreters(place: Place, options: Options) -> tuple[Interpreter, ...]:
    known = place.release.interpreters
    if not known:
        return (Interpreter(version=USUAL, abi=SOME_PYTHON),)
    return tuple(interpreter for interpreter in known if is_wanted(interpreter, options.python))


@dataclass(frozen=True, kw_only=True, slots=True)
class Ahead:
    """The wheels that requirements mean on benches which are never started, and where they mean none."""

    subjects: tuple[Subject, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def look_ahead(subjects: Subjects, benches: Sequence[Bench], options: Options, resolver: Resolver) -> Ahead:
    """Return what an installer would take for the requirements there, but where nobody knows the Python."""
    known = [bench for bench in benches if bench.interpreter.abi != SOME_PYTHON]
    asked = Subjects(requirements=subjects.requirements)
    if not known or not asked.requirements:
        return Ahead()
    placed = Placing(asked, options, resolver).place(known)
    chosen = {one.subject.id: one.subject for one in placed.placements if one.subject.sha256}
    unmet = (
        LeftOut(bench=one.bench, subject=one.subject.id, reason=one.finding.reason)
        for one in placed.placements
        if one.finding is not None and one.finding.kind is not OutcomeKind.OK
    )
    return Ahead(subjects=tuple(chosen.values()), left_out=(*placed.left_out, *unmet))


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreseen:
    """What is predicted of a wheel on a bench that is never started."""

    bench: Bench
    subject: Subject
    told: Forecast

    @property
    def check(self) -> str:
        """The check that a bench would have asked."""
        return "import" if self.told.promise is Promise.SUPPORTED else "refuse"

    @property
    def cell(self) -> str:
        """The id of the cell that this stands for."""
        return f"{self.bench.id}/{self.check}/{self.subject.id}"


def foresee(made: Plan, options: Options, places: Iterable[Place], keep: Callable[[str], bool]) -> tuple[Foreseen, ...]:
    """Return what is predicted of each wheel of the plan on each bench of ``made.foreseen``.

    A wheel that the bench's Python does not take has nothing. ``keep`` tells by cell id what the run wants.
    """
    releases = {place.release.id: place.release for place in places}
    arches = sorted({bench.arch for bench in made.foreseen})
    found = []
    for subject, wheel in _wheels(made):
        needs = needs_by_arch(wheel, elf_facts(wheel), arches)
        for bench in made.foreseen:
            told = forecast(wheel, needs, releases[bench.distro], bench.arch, is_minimal=options.variant == "minimal")
            is_known = bench.interpreter.abi != SOME_PYTHON
            if told is not None and (told.interpreter == bench.interpreter.id or not is_known):
                found.append(Foreseen(bench=bench, subject=subject, told=told))
    return tuple(one for one in found if keep(one.cell))


def _wheels(made: Plan) -> Iterator[tuple[Subject, Wheel]]:
    """Yield the wheels that the run is about; one that cannot be read is told elsewhere."""
    for subject in made.subjects:
        if subject.sha256 and not subject.members and subject.sha256 in made.files:
            try:
                yield subject, read_wheel(Path(made.files[subject.sha256]))
            except (UnreadableWheelError, UsageError, EngineError):
                continue


def as_result(run: Run, foreseen: Foreseen) -> Result:
    """Return the result of the run that says what is predicted, and that it is."""
    bench, subject, told = foreseen.bench, foreseen.subject, foreseen.told
    outcome = told.outcome
    return Result(
        cell=foreseen.cell,
        bench=bench.id,
        check=foreseen.check,
        subject=subject.id,
        project=subject.project,
        version=subject.version,
        sha256=subject.sha256,
        distro=bench.distro,
        arch=bench.arch,
        interpreter=bench.interpreter.id,
        installer=run.options.installer,
        variant=run.options.variant,
        engine=run.engine,
        image="",
        emulated=False,
        promise=told.promise,
        outcome=outcome.kind,
        verdict=judge(told.promise, outcome, strict=run.options.strict),
        how=How.PREDICTED,
        grade=outcome.grade,
        reason=(outcome.reason or "; ".join(outcome.side_effects))[:REASON_LENGTH],
        side_effects=outcome.side_effects,
        facts={**outcome.facts, "notes": list(told.notes)},
        seconds=0.0,
        repeat=_repeat(subject, bench, run.options.variant),
        lab=__version__,
        run=run.id,
        at=now(),
    )


def _repeat(subject: Subject, bench: Bench, variant: str) -> str:
    """Return the command that predicts again; what an index brought is named as the user did, not by a cache."""
    what = (subject.argument,) if subject.argument.endswith(".whl") else ("--requirement", subject.argument)
    place = ("--distro", bench.distro, "--arch", bench.arch, "--variant", variant)
    return shlex.join(["manylinux-lab", "predict", *what, *place])
