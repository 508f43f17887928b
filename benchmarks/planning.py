"""Planning 100,000 cells, and every ordered pair of 100 wheels on 3 benches: seconds and memory.

Beside them the naive way: one dictionary with everything for each cell. Run with ``python benchmarks/planning.py``.
"""

import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import permutations, product
from pathlib import Path

from packaging.specifiers import SpecifierSet
from tabulate import tabulate

from manylinux_lab.cells import Bench, Subject
from manylinux_lab.interpreter import Interpreter
from manylinux_lab.judge import Promise
from manylinux_lab.options import Options
from manylinux_lab.planning.checks import CHECKS
from manylinux_lab.planning.companies import join
from manylinux_lab.planning.placing import Placed
from manylinux_lab.planning.plan import Placement, plan
from manylinux_lab.planning.resolver import Resolver
from manylinux_lab.planning.sites import Member
from manylinux_lab.resolving.index import Index
from manylinux_lab.resolving.sources import Sources
from manylinux_lab.resolving.subjects import Subjects
from manylinux_lab.wheels.wheel import Wheel

BENCHES = [
    Bench(
        distro=f"distro-{number}",
        arch="x86_64",
        interpreter=Interpreter(version=(3, 11), abi="cp311"),
        libc="glibc",
        libc_version=(2, 36),
    )
    for number in range(100)
]
SUBJECTS = [
    Subject(id=f"project{number}-1.0-py3-none-any.whl", project=f"project{number}", sha256=f"{number:064}")
    for number in range(500)
]


def ours() -> int:
    """Plan with the lab."""
    placements = (
        Placement(bench=bench.id, subject=subject, promise=Promise.SUPPORTED, dependencies=("a", "b"))
        for bench, subject in product(BENCHES, SUBJECTS)
    )
    return len(plan(BENCHES, placements, CHECKS).cells)


def pairs() -> int:
    """Plan every ordered pair of wheels that agree on what they need, so that nobody needs to be asked."""
    needed = tuple(_wheel(f"dependency{number}", str(number)) for number in range(5))
    members = {subject.sha256: _member(subject, needed) for subject in SUBJECTS[:100]}
    placed = Placed(members={bench.id: members for bench in BENCHES[:3]})
    wheels = (*needed, *(member.wheel for member in members.values()))
    unasked = Resolver(Subjects(wheels=wheels), Options(), Index(Sources(index_urls=())))
    joined = join(BENCHES[:3], placed, Options(), "pairs", unasked)
    return len(plan(BENCHES[:3], joined.placements, CHECKS, sites=joined.sites.values()).cells)


def _member(subject: Subject, needed: Sequence[Wheel]) -> Member:
    wheel = _wheel(subject.project, subject.sha256)
    closure = {one.project: one.sha256 for one in (*needed, wheel)}
    return Member(name=f"{subject.project}-1.0", subject=subject, wheel=wheel, closure=closure)


def _wheel(project: str, sha256: str) -> Wheel:
    return Wheel(
        path=Path(f"{project}-1.0-py3-none-any.whl"),
        sha256=sha256,
        project=project,
        version="1.0",
        tags=frozenset(),
        requires_python=SpecifierSet(),
        requires=(),
        import_names=(project,),
        extensions=(),
        objects=(),
        executables=(),
    )


def naive_pairs() -> int:
    """Plan every ordered pair with one self-contained dictionary for each, which names all that it needs."""
    needed = [f"{number:064}" for number in range(5)]
    cells = [
        {"bench": asdict(bench), "first": asdict(first), "then": asdict(then), "needs": [*needed, first.sha256]}
        for bench in BENCHES[:3]
        for first, then in permutations(SUBJECTS[:100], 2)
    ]
    return len(sorted(cells, key=lambda cell: (str(cell["bench"]), str(cell["first"]), str(cell["then"]))))


def naive() -> int:
    """Plan with one self-contained dictionary for each cell."""
    cells = [
        {"bench": asdict(bench), "subject": asdict(subject), "check": check, "promise": "supported"}
        for bench, subject in product(BENCHES, SUBJECTS)
        for check in ("install", "import")
    ]
    return len(sorted(cells, key=lambda cell: (str(cell["bench"]), str(cell["subject"]))))


def measure(work: Callable[[], int]) -> tuple[int, float, float]:
    """Return cells, seconds (untraced) and the peak of memory in MB (traced, in a second run)."""
    started = time.perf_counter()
    cells = work()
    seconds = time.perf_counter() - started
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return cells, seconds, peak


def main() -> None:
    """Print all and the ratios."""
    ways = (
        ("cells: manylinux-lab", ours),
        ("cells: dictionaries", naive),
        ("pairs: manylinux-lab", pairs),
        ("pairs: dictionaries", naive_pairs),
    )
    rows = [(name, *measure(work)) for name, work in ways]
    print(tabulate(rows, headers=["way", "cells", "seconds", "peak MB"], floatfmt=(".0f", ".0f", ".2f", ".0f")))
    for place, what in ((0, "cells"), (2, "pairs")):
        mine, other = rows[place], rows[place + 1]
        print(f"{what}: {other[2] / mine[2]:.1f} x the speed, {other[3] / mine[3]:.1f} x less memory")


if __name__ == "__main__":
    main()
