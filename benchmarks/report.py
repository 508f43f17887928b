"""The page of a run with 100,000 cells: time to make it, size, and what a headless Chromium needs to show it.

``python benchmarks/report.py`` prints a table; docs/performance.md keeps it. The run is generated: 1,000 releases on 50
benches, two checks each, and a map of 60 x 59 pairs. *First paint* is when the browser shows the summary, *matrix* when
a frame with cells has been drawn; both count from the start of the navigation. A filter is text that is searched in
every cell and a new matrix of what is left. Each round has a browser and a profile of its own, on two cores.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator, Mapping
from itertools import permutations, product
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from tabulate import tabulate

from manylinux_lab.cells import Bench, Cell, Plan, Subject
from manylinux_lab.interpreter import Interpreter
from manylinux_lab.judge import Grade, How, OutcomeKind, Promise, Verdict
from manylinux_lab.options import Options
from manylinux_lab.report import render
from manylinux_lab.results import Result
from manylinux_lab.runs import Run

FAMILIES = ("debian", "ubuntu", "fedora", "rhel", "suse")
ARCHES = ("x86_64", "aarch64")
RELEASES = 5  # of each family
PAIRS = 60  # wheels of which every ordered pair was loaded
DIGEST = "sha256:" + "1" * 64
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
# The page's policy forbids 'eval', with which Playwright's own waiting asks again.
DRAWN = """new Promise(done => {
  const look = () => window.drawn === undefined ? requestAnimationFrame(look) : done();
  look();
})"""
WATCH = """
const look = () => document.querySelector("#matrix td.cell")
  ? requestAnimationFrame(() => { window.drawn = performance.now(); }) : requestAnimationFrame(look);
requestAnimationFrame(look);
"""
FILTER = """
() => new Promise((done) => {
  const started = performance.now(), text = document.getElementById("text");
  text.value = "wheel-7 FAIL";
  text.dispatchEvent(new Event("input"));
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - started)));
})
"""


def benches() -> tuple[Bench, ...]:
    """Return 50 benches."""
    interpreter = Interpreter(version=(3, 12), abi="cp312")
    return tuple(
        Bench(
            distro=f"{family}-{release}",
            arch=arch,
            interpreter=interpreter,
            libc="glibc",
            libc_version=(2, 30 + release),
            emulated=arch != "x86_64",
            family=family,
        )
        for family, arch, release in product(FAMILIES, ARCHES, range(1, RELEASES + 1))
    )


def wheels(number: int) -> tuple[Subject, ...]:
    """Return subjects of wheels."""
    tag = "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64"
    return tuple(
        Subject(id=f"wheel_{one}-1.{one}-{tag}.whl", project=f"wheel-{one}", version=f"1.{one}", sha256=f"{one:064x}")
        for one in range(number)
    )


def results(subjects: tuple[Subject, ...]) -> Iterator[Result]:
    """Yield a result for each wheel, bench and check, with facts as large as real ones."""
    for position, (bench, subject) in enumerate(product(benches(), subjects)):
        said = f"Processing /lab/wheels/{subject.sha256[:16]}/{subject.id}\nSuccessfully installed {subject.project}\n"
        facts = {"installer_words": said, "exit_code": 0, "seconds": position % 97 / 10}
        yield one(bench, "install", subject.id, subject, Grade.INSTALLED, facts)
        if position % 50 == 7:
            yield broken(bench, subject)
        else:
            counts = {"extension": {"ok": position % 40}, "import": {"ok": 1 + position % 3}}
            yield one(bench, "import", subject.id, subject, Grade.IMPORTED, {"statuses": counts})


def broken(bench: Bench, subject: Subject) -> Result:
    """Return a failure with its trace."""
    said = f"lib{subject.project}.so.1: cannot open shared object file: No such file or directory"
    trace = f'Traceback (most recent call last):\n  File "/lab/probe/items.py", line 80\nImportError: {said}\n'
    facts = {"deviations": [{"kind": "import", "name": subject.project, "message": said, "trace": trace}]}
    words = {"verdict": Verdict.FAIL, "outcome": OutcomeKind.BROKEN, "reason": f"'{subject.project}' needs {said}."}
    return one(bench, "import", subject.id, subject, Grade.NONE, facts, **words)


def pairs(subjects: tuple[Subject, ...]) -> Iterator[Result]:
    """Yield a result for each ordered pair on the first bench."""
    for first, then in permutations(subjects[:PAIRS], 2):
        name = f"{first.project}-{first.version},{then.project}-{then.version}"
        yield one(benches()[0], "coload", name, first, Grade.IMPORTED, {"evidence": [], "advice": []})


def one(
    bench: Bench, check: str, name: str, subject: Subject, grade: Grade, facts: Mapping[str, object], **words: object
) -> Result:
    """Return a result with every field filled."""
    fields = {
        "cell": f"{bench.id}/{check}/{name}",
        "bench": bench.id,
        "check": check,
        "subject": name,
        "project": subject.project,
        "version": subject.version,
        "sha256": subject.sha256,
        "distro": bench.distro,
        "arch": bench.arch,
        "interpreter": bench.interpreter.id,
        "installer": "pip",
        "variant": "minimal",
        "engine": "docker",
        "image": DIGEST,
        "emulated": bench.emulated,
        "promise": Promise.SUPPORTED,
        "outcome": OutcomeKind.OK,
        "verdict": Verdict.PASS,
        "how": How.OBSERVED,
        "grade": grade,
        "reason": "",
        "side_effects": (),
        "facts": facts,
        "seconds": 1.5,
        "repeat": f"manylinux-lab run {subject.project}=={subject.version} --cell {bench.id}/{check}/{name}",
        "lab": "0.1.0",
    }
    return Result(**fields | words)


def generated(cells: int) -> tuple[Run, list[Result]]:
    """Return a run of about so many cells, and its results."""
    subjects = wheels(cells // (2 * len(benches())))
    found = [*results(subjects), *pairs(subjects)]
    planned = tuple(
        Cell(bench=result.bench, check=result.check, subject=result.subject, promise=result.promise) for result in found
    )
    companies = tuple(
        Subject(id=result.subject, project=result.project, members=tuple(result.subject.split(",")))
        for result in found
        if result.check == "coload"
    )
    plan = Plan(benches=benches(), subjects=(*subjects, *companies), cells=planned)
    return Run(id="20260101-000000-abcd", engine="docker", options=Options(), plan=plan, lab="0.1.0"), found


# --- measuring ---


def made(cells: int, path: Path) -> list[list[str]]:
    """Write the page; return rows of what that took. The memory is that of the page alone, not of its results."""
    run, found = generated(cells)
    started = time.process_time()
    text = render("html", run, found)
    seconds = time.process_time() - started
    path.write_text(text, encoding="utf-8")
    tracemalloc.start()
    render("html", run, found)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return [
        ["cells, pairs among them", f"{len(found):,}"],
        ["making the page, processor seconds", f"{seconds:.1f}"],
        ["making the page, memory beyond the results", f"{peak / 1e6:.0f} MB"],
        ["size of the page", f"{path.stat().st_size / 1e6:.1f} MB"],
    ]


def shown(browser: Browser, path: Path) -> dict[str, float]:
    """Open the page in a new profile; return seconds, and megabytes."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script(WATCH)
    page.goto(path.as_uri())
    page.evaluate(DRAWN)
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    measured = {"first paint": paint / 1000, "matrix": page.evaluate("window.drawn") / 1000, **memory(browser, page)}
    measured["a filter"] = page.evaluate(FILTER) / 1000
    measured["elements in the document"] = page.evaluate("document.querySelectorAll('*').length")
    page.close()
    return measured


def memory(browser: Browser, page: Page) -> dict[str, float]:
    """Return the program's heap, and the most that the page's process held in memory."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    session.send("HeapProfiler.collectGarbage")
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    peaks = [peak(one["id"]) for one in processes if one["type"] == "renderer"]
    return {"heap, MB": metrics["JSHeapUsedSize"] / 1e6, "process, MB": max(peaks)}


def peak(process: int) -> float:
    """Return the peak of a process's resident memory in megabytes."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1000


def rounds(number: int, path: Path, chromium: str) -> list[list[str]]:
    """Return rows with the median and the worst of several rounds."""
    found = []
    with sync_playwright() as playwright:
        for _ in range(number):
            browser = playwright.chromium.launch(executable_path=chromium, args=SWITCHES)
            found.append(shown(browser, path))
            browser.close()
    return [
        [name, f"{statistics.median(one[name] for one in found):,.2f}", f"{max(one[name] for one in found):,.2f}"]
        for name in found[0]
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="the browser (default: chromium)")
    parser.add_argument("--keep", type=Path, help="write the page here and keep it")
    arguments = parser.parse_args()
    if not arguments.chromium:
        sys.exit("There is no Chromium; name one with --chromium.")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    with tempfile.TemporaryDirectory(prefix="manylinux-lab-benchmark-") as folder:
        path = (arguments.keep or Path(folder) / "report.html").absolute()
        print(tabulate(made(arguments.cells, path), disable_numparse=True))
        rows = rounds(arguments.rounds, path, arguments.chromium)
        print(tabulate(rows, headers=["in the browser, seconds", "median", "worst"], disable_numparse=True))


if __name__ == "__main__":
    main()
