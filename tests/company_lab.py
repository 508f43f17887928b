"""Small wheels on a scripted bench: what the tests of companies, effects and troubled members share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from company_events import Events, Request, ScriptedEngine, failed, healthy, library, order
from elves import elf
from records import bench
from wheels import build_wheel

from manylinux_lab.bench.connection import Terms
from manylinux_lab.bench.together import Company
from manylinux_lab.cells import STDLIB, Cell, Site
from manylinux_lab.engines.contract import Image
from manylinux_lab.judge import Outcome, Promise
from manylinux_lab.wheels.reading import read_wheel
from manylinux_lab.wheels.wheel import Wheel

IMAGE = Image(reference="1", digest="sha256:1", arch="x86_64", origin="here")
SITE = "/work/sites/s1"
BENCH = "debian-12:x86_64:cp311"
OWN = f"{SITE}/beta.libs/libshared.so.1"
OTHER = f"{SITE}/alpha.libs/libshared.so.1"
MODULE = f"{SITE}/beta/_core.abi3.so"
LIBRARIES = [
    library(OWN, "libshared.so.1"),
    library(OTHER, "libshared.so.1"),
    library(MODULE, "", ["libshared.so.1"]),
]


@dataclass
class Roster:
    """The plan of one bench, as far as a company asks for it."""

    wheels: dict[str, Wheel]
    own_cells: bool = True
    only_required: tuple[str, ...] = ()
    dependencies: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def members(self, cell: Cell) -> tuple[tuple[str, Wheel | None], ...]:
        return tuple((name, self.wheels.get(name)) for name in cell.subject.split(","))

    def companions(self, cell: Cell) -> tuple[tuple[str, Wheel | None], ...]:
        return (*self.wheels.items(), (STDLIB, None))

    def sites(self, cell: Cell) -> tuple[Site, ...]:
        return (Site(id="s1", wheels=tuple(wheel.sha256 for wheel in self.wheels.values())),)

    def wheel_of(self, sha256: str) -> Wheel:
        return next(wheel for wheel in self.wheels.values() if wheel.sha256 == sha256)

    def name_of(self, bench: str, wheel: Wheel) -> str:
        return next(name for name, known in self.wheels.items() if known is wheel)

    def is_member(self, bench: str, wheel: Wheel) -> bool:
        return wheel.project not in self.only_required

    def cell_of(self, bench: str, check: str, wheel: Wheel) -> Cell | None:
        if not self.own_cells:
            return None
        needed = self.dependencies.get(wheel.project, ())
        return Cell(bench=bench, check=check, subject=wheel.id, promise=Promise.SUPPORTED, dependencies=needed)


class Lab:
    """A company of small wheels on a scripted bench."""

    def __init__(self, tmp_path: Path, **fields: Any) -> None:
        contents: Mapping[str, dict[str, bytes]] = {
            "alpha": {"alpha/__init__.py": b"", "alpha.libs/libshared.so.1": elf("one")},
            "beta": {
                "beta/__init__.py": b"",
                "beta.libs/libshared.so.1": elf("two"),
                "beta/_core.abi3.so": elf("PyInit__core"),
            },
            "gamma": {"gamma/__init__.py": b""},
            "delta": {"delta/__init__.py": b""},
        }
        requires, further = fields.pop("requires", {}), fields.pop("further", {})
        self.wheels = {
            f"{name}-1.0": read_wheel(
                build_wheel(tmp_path, name, files={**files, **further.get(name, {})}, lines=requires.get(name, []))
            )
            for name, files in contents.items()
        }
        self.roster = Roster(self.wheels, **{key: fields.pop(key) for key in list(fields) if key in ROSTER})
        self.engine = ScriptedEngine(self._answer)
        self.special: Any = None
        shared = fields.pop("shared", None)
        terms = Terms(run="r", timeout=9, installer="pip", variant="minimal", ignore_requires_python=False, mounts=())
        where = bench(image=IMAGE, **fields)
        stdlib = {"ssl": "import ssl", "sqlite3": "import sqlite3"}
        smoke = {"alpha": "alpha", "beta": "beta"}
        self.company = Company(
            where,
            self.engine,  # type: ignore[arg-type]
            terms,
            self.roster,
            smoke=smoke,
            stdlib=stdlib,
            shared=shared,
        )

    def _answer(self, request: Request) -> Events:
        given = self.special(request) if self.special is not None else None
        if given is None:
            return [healthy(request)]
        return given if isinstance(given, list) else [given]

    def coload(self, *names: str) -> Outcome:
        subject = ",".join(name if name == STDLIB else f"{name}-1.0" for name in names)
        return self.company.coload(Cell(bench=BENCH, check="coload", subject=subject, promise=Promise.SUPPORTED))

    def effects(self, name: str) -> Outcome:
        wheel = self.wheels[f"{name}-1.0"]
        cell = Cell(bench=BENCH, check="effects", subject=wheel.id, promise=Promise.SUPPORTED)
        return self.company.effects(cell, wheel)


ROSTER = ("own_cells", "dependencies", "only_required")


def kinds(outcome: Outcome) -> list[str]:
    return [evidence["kind"] for evidence in outcome.facts["evidence"]]


def fails(*names: str) -> Any:
    """Return what makes the second of two members fail to import, wherever both are there in this order."""

    def special(request: Request) -> dict[str, Any] | None:
        here = order(request)
        if not set(names) <= set(here) or [here.index(name) for name in names] != sorted(map(here.index, names)):
            return None
        event = healthy(request)
        broken = next(one for one in event["members"] if one["id"] == names[-1])
        name = names[-1].partition("-")[0]
        broken["items"] = [failed(name, "ImportError", f"{MODULE}: undefined symbol: two")]
        return event

    return special
