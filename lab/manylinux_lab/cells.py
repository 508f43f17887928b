"""The records of a run as it is planned: benches, subjects, sites, cells, what was left out, and the plan of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .engines.contract import Image
from .interpreter import Interpreter
from .judge import Outcome, OutcomeKind, Promise

HOST = "host"
STDLIB = "stdlib"  # the standard library as a neighbour of wheels


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """One container to be: distro x arch x interpreter.

    ``image`` is None until one was provided; ``trouble`` says why the lab could not provide it; ``ending`` is the
    distro's end-of-life warning, if there is one; ``family`` is what the catalogue files the distro under.
    """

    distro: str
    arch: str
    interpreter: Interpreter
    libc: str
    libc_version: tuple[int, int]
    emulated: bool = False
    ending: str = ""
    image: Image | None = None
    trouble: str = ""
    family: str = ""

    @property
    def id(self) -> str:
        """``debian-12:x86_64:cp311``."""
        return f"{self.distro}:{self.arch}:{self.interpreter.id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What a cell asks about: a wheel file (``sha256`` set), a requirement still to be resolved, or wheels in an order.

    ``argument`` is what names it on a command line. ``id`` is the file name, the requirement, or for wheels that are
    loaded together ``lxml-5.4.0,xmlsec-1.3.16``; then ``members`` are these names (or ``stdlib``) in that order, and
    the plan's rosters say which wheel a name means on a bench.
    """

    id: str
    project: str
    version: str = ""
    sha256: str = ""
    argument: str = ""
    members: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """A site folder in which wheels (by sha256, what is needed first) are installed together; cells share it by id."""

    id: str
    wheels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """Bench x check x subject. ``finding`` is an outcome that was already known when the plan was made.

    ``sites`` are the ids of the site folders from which wheels are loaded together: one, or two where they cannot be
    installed together and the user wants it all the same.
    """

    bench: str
    check: str
    subject: str
    promise: Promise
    reason: str = ""
    dependencies: tuple[str, ...] = ()
    finding: Outcome | None = None
    sites: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """``debian-12:x86_64:cp311/import/numpy-2.1.3-cp311-....whl``: test id, filter text and row title."""
        return f"{self.bench}/{self.check}/{self.subject}"


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """A bench, or a subject on a bench, that the run will not look at, and why."""

    bench: str
    subject: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a run will do, in order.

    ``files`` are all wheels of the run: sha256 to path. ``foreseen`` are benches that cannot be had: they have no
    cells, and predicted results. ``rosters`` give for each bench the id of a wheel's subject by
    the name that it has among others in one process.
    """

    benches: tuple[Bench, ...]
    subjects: tuple[Subject, ...]
    cells: tuple[Cell, ...]
    left_out: tuple[LeftOut, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sites: tuple[Site, ...] = ()
    rosters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    foreseen: tuple[Bench, ...] = ()

    @property
    def is_idle(self) -> bool:
        """Nothing is to be learned: no cell has a bench, and every file is known to be a wheel."""
        return all(
            cell.bench == HOST and cell.finding is not None and cell.finding.kind is OutcomeKind.OK
            for cell in self.cells
        )
