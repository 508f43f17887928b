"""Small records for tests: each function fills every field that a test does not care about."""

from typing import Any

from manylinux_lab.cells import Bench, Plan, Subject
from manylinux_lab.interpreter import Interpreter
from manylinux_lab.judge import Grade, How, OutcomeKind, Promise, Verdict
from manylinux_lab.options import Options
from manylinux_lab.results import Result
from manylinux_lab.runs import Run


def bench(distro: str = "debian-12", arch: str = "x86_64", abi: str = "cp311", **fields: Any) -> Bench:
    """Return a bench."""
    digits = abi.removeprefix("cp")
    interpreter = Interpreter(version=(int(digits[0]), int(digits[1:])), abi=abi, path="/usr/bin/python3")
    return Bench(
        **{
            "distro": distro,
            "arch": arch,
            "interpreter": interpreter,
            "libc": "glibc",
            "libc_version": (2, 36),
            **fields,
        }
    )


def subject(project: str = "numpy", version: str = "2.1.3") -> Subject:
    """Return the subject of a wheel file."""
    name = f"{project}-{version}-cp311-cp311-manylinux_2_17_x86_64.whl"
    return Subject(id=name, project=project, version=version, sha256="0" * 64, argument=f"dist/{name}")


def result(**fields: Any) -> Result:
    """Return a passed import on debian-12."""
    defaults: dict[str, Any] = {
        "bench": "debian-12:x86_64:cp311",
        "check": "import",
        "subject": subject().id,
        "project": "numpy",
        "version": "2.1.3",
        "sha256": "0" * 64,
        "distro": "debian-12",
        "arch": "x86_64",
        "interpreter": "cp311",
        "installer": "pip",
        "variant": "minimal",
        "engine": "bwrap",
        "image": "sha256:" + "1" * 64,
        "emulated": False,
        "promise": Promise.SUPPORTED,
        "outcome": OutcomeKind.OK,
        "verdict": Verdict.PASS,
        "how": How.OBSERVED,
        "grade": Grade.IMPORTED,
        "reason": "",
        "side_effects": (),
        "facts": {},
        "seconds": 0.5,
        "repeat": "manylinux-lab run dist/numpy.whl",
        "lab": "0.1.0",
    }
    merged = defaults | fields
    place = merged["bench"].split(":")
    if len(place) == 3:
        merged |= dict(zip(("distro", "arch", "interpreter"), place, strict=True)) | fields
    merged.setdefault("cell", f"{merged['bench']}/{merged['check']}/{merged['subject']}")
    return Result(**merged)


def run(plan: Plan | None = None, **options: Any) -> Run:
    """Return a run."""
    empty = Plan(benches=(bench(),), subjects=(), cells=())
    return Run(id="20260101-000000-abcd", engine="bwrap", options=Options(**options), plan=plan or empty, lab="0.1.0")
