"""Runs for the tests of the page: one that shows every state once, and one whose every text is hostile."""

import base64
import json
import re
import zlib
from itertools import permutations
from typing import Any

from records import bench, result, run

from manylinux_lab.cells import Bench, Cell, LeftOut, Plan, Subject
from manylinux_lab.coload.evidence import Kind
from manylinux_lab.engines.contract import Boundary, Image
from manylinux_lab.history.causes import Cause, CauseKind
from manylinux_lab.history.changes import Change, Changed
from manylinux_lab.judge import Grade, How, OutcomeKind, Promise, Verdict
from manylinux_lab.results import Result
from manylinux_lab.runs import Run

IMAGE = Image(reference="x", digest="sha256:" + "1" * 64, arch="x86_64", origin="bootstrapped")
OLD = bench("debian-11", abi="cp39", image=IMAGE, family="debian", ending="past its end of life")
NEW = bench("debian-12", image=IMAGE, family="debian")
ARM = bench("debian-12", "aarch64", emulated=True, image=IMAGE, family="debian")
MUSL = bench("alpine-3.22", abi="cp312", image=IMAGE, family="alpine", libc="musl", libc_version=(1, 2))
FORESEEN = bench("fedora-43", abi="cp314", family="fedora")
NAMES = ("alpha", "beta", "gamma", "delta")
TRACE = "Traceback (most recent call last):\nImportError: libx.so.1: cannot open shared object file"


def wheel(project: str) -> Subject:
    """Return the subject of a wheel."""
    name = f"{project}-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"
    return Subject(id=name, project=project, version="1.0", sha256="0" * 64, argument=name)


def seen(project: str, where: Bench, **fields: Any) -> Result:
    """Return a result of a wheel on a bench."""
    place = {"distro": where.distro, "arch": where.arch, "interpreter": where.interpreter.id}
    own = {"project": project, "version": "1.0", "subject": wheel(project).id, "emulated": where.emulated}
    return result(bench=where.id, **place, **own, **fields)


def pair(*members: str, **fields: Any) -> Result:
    """Return a result of wheels in one process."""
    name = ",".join(members)
    return result(check="coload", subject=name, project=name, version="", sha256="", **fields)


BROKEN: dict[str, Any] = {"verdict": Verdict.FAIL, "outcome": OutcomeKind.BROKEN, "grade": Grade.NONE}
CAPTURE = {
    "kind": Kind.CAPTURED.value,
    "weight": "fail",
    "words": "'beta' was given 'libx.so' of 'alpha' instead of its own",
    "facts": {
        "soname": "libx.so",
        "wanted": "/s/beta/libx.so",
        "given": "/s/alpha/libx.so",
        "askers": ["/s/beta/b.so"],
    },
}


def rich_results() -> list[Result]:
    """Return results with every verdict, observed, emulated and predicted, and pairs of wheels."""
    refused: dict[str, Any] = {
        "promise": Promise.UNSUPPORTED,
        "outcome": OutcomeKind.REFUSED,
        "grade": Grade.NONE,
        "check": "refuse",
    }
    deviations = [{"kind": "import", "name": "beta", "message": "libx.so.1 is missing", "trace": TRACE}]
    return [
        *(seen(name, NEW, check="install", grade=Grade.INSTALLED) for name in NAMES),
        seen("alpha", NEW, facts={"statuses": {"import": {"ok": 3}}}),
        seen("beta", NEW, **BROKEN, reason="'beta' needs 'libx.so.1'.", facts={"deviations": deviations}),
        seen("gamma", NEW, verdict=Verdict.WARN, side_effects=("it prints while it is loaded",)),
        seen("delta", NEW, verdict=Verdict.UNKNOWN, outcome=OutcomeKind.UNKNOWN, reason="needs libGL.so.1"),
        seen("alpha", ARM, grade=Grade.SMOKE_TESTED, check="smoke"),
        seen("beta", ARM, verdict=Verdict.ERROR, outcome=OutcomeKind.TROUBLE, reason="the emulator crashed"),
        seen("gamma", ARM, verdict=Verdict.SKIP, outcome=OutcomeKind.NOT_APPLIED, reason="see install"),
        seen("alpha", OLD, grade=Grade.LOADED),
        *(seen(name, MUSL, **refused) for name in NAMES),
        seen("alpha", FORESEEN, how=How.PREDICTED, grade=Grade.RESOLVED, image="", seconds=0.0),
        seen("beta", FORESEEN, how=How.PREDICTED, **BROKEN, reason="'libx.so.1' is missing", image=""),
        *(
            pair(f"{first}-1.0", f"{then}-1.0")
            for first, then in permutations(("alpha", "beta", "gamma"), 2)
            if (first, then) != ("alpha", "beta")
        ),
        pair(
            "alpha-1.0", "beta-1.0", **BROKEN, reason=CAPTURE["words"], facts={"evidence": [CAPTURE], "rate": "3 of 3"}
        ),
        pair("alpha-1.0", "beta-1.0", "gamma-1.0", **BROKEN, reason="three are too many"),
    ]


def rich() -> tuple[Run, list[Result]]:
    """Return a run with everything that a page can show, and its results."""
    results = rich_results()
    cells = [
        Cell(bench=one.bench, check=one.check, subject=one.subject, promise=one.promise)
        for one in results
        if one.how is How.OBSERVED
    ]
    cells.append(Cell(bench=OLD.id, check="import", subject=wheel("beta").id, promise=Promise.SUPPORTED))
    companies = {one.subject for one in results if one.check == "coload"}
    subjects = (
        *map(wheel, NAMES),
        *(Subject(id=name, project=name, members=tuple(name.split(","))) for name in sorted(companies)),
    )
    left_out = (
        LeftOut(bench=OLD.id, subject=wheel("gamma").id, reason="it needs a newer Python"),
        LeftOut(bench="suse-15:x86_64", subject="", reason="no registry answers"),
        LeftOut(bench=NEW.id, subject="beta-1.0,delta-1.0", reason="beta needs delta<1"),
    )
    plan = Plan(
        benches=(OLD, NEW, ARM, MUSL),
        subjects=subjects,
        cells=tuple(cells),
        left_out=left_out,
        foreseen=(FORESEEN,),
        notes=("a note",),
    )
    return with_limits(run(plan)), results


def with_limits(made: Run) -> Run:
    """Return the run with a limit that is in force and one that is not."""
    limits = (
        Boundary(name="network", in_force=True, detail="only lo"),
        Boundary(name="memory", in_force=False, detail="no cgroup"),
    )
    return Run(**{name: getattr(made, name) for name in Run.__slots__} | {"boundaries": limits})


def pairs_only() -> tuple[Run, list[Result]]:
    """Return a run in which two wheels met, and none was asked for alone."""
    results = [pair("alpha-1.0", "beta-1.0"), pair("beta-1.0", "alpha-1.0")]
    cells = [Cell(bench=NEW.id, check=one.check, subject=one.subject, promise=one.promise) for one in results]
    subjects = [Subject(id=one.subject, project="", members=tuple(one.subject.split(","))) for one in results]
    return run(Plan(benches=(NEW,), subjects=tuple(subjects), cells=tuple(cells))), results


def rich_changes() -> list[Changed]:
    """Return changes since a run before: a wheel that broke, a pair that broke, a bench that vanished."""
    because = (Cause(kind=CauseKind.WHEEL, words="the wheel changed"),)
    return [
        Changed(change=Change.REGRESSED, old=seen("beta", NEW), new=seen("beta", NEW, **BROKEN), causes=because),
        Changed(
            change=Change.REGRESSED,
            old=pair("alpha-1.0", "beta-1.0"),
            new=pair("alpha-1.0", "beta-1.0", **BROKEN),
            causes=because,
        ),
        Changed(change=Change.VANISHED, old=seen("alpha", bench("debian-9")), new=None, causes=because),
    ]


def large() -> tuple[Run, list[Result]]:
    """Return a run of 300 wheels on 40 benches."""
    benches = tuple(bench(f"distro-{number}", family="distro") for number in range(1, 41))
    results = [
        seen(f"wheel-{number:03}", where, **(BROKEN if (number + place) % 50 == 0 else {}))
        for place, where in enumerate(benches)
        for number in range(300)
    ]
    return run(Plan(benches=benches, subjects=(), cells=())), results


# --- hostile ---

HOSTILE = (
    "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=1>{{7*7}}${7*7}"
    "&lt;\u2028\u2029\u202ertl\u2066\x1b[31m\x00'\"`<!--\ue000"
)


def hostile() -> tuple[Run, list[Result]]:
    """Return a run in which every text that a wheel, a bench or a catalogue could choose is hostile."""
    where = bench(
        HOSTILE,
        family=HOSTILE,
        image=Image(reference=HOSTILE, digest=HOSTILE, arch="x86_64", origin=HOSTILE),
        ending=HOSTILE,
        trouble=HOSTILE,
    )
    piece = {
        "kind": HOSTILE,
        "weight": HOSTILE,
        "words": HOSTILE,
        "facts": {"from": HOSTILE, "to": HOSTILE, HOSTILE: [HOSTILE]},
    }
    facts = {
        "evidence": [piece, HOSTILE],
        "advice": [HOSTILE],
        "likely_cause": "it is " + HOSTILE,
        HOSTILE: {HOSTILE: HOSTILE},
    }
    texts = dict.fromkeys(
        ("project", "version", "subject", "sha256", "installer", "variant", "engine", "image", "repeat", "lab"), HOSTILE
    )
    results = [
        result(**texts, **BROKEN, bench=where.id, distro=where.distro, reason=HOSTILE, facts=facts, check="import"),
        result(
            **texts | {"subject": f"a{HOSTILE},b{HOSTILE}"},
            **BROKEN,
            bench=where.id,
            reason=HOSTILE,
            side_effects=(HOSTILE,),
            facts=facts,
            check="coload",
        ),
    ]
    cells = tuple(Cell(bench=one.bench, check=one.check, subject=one.subject, promise=one.promise) for one in results)
    subjects = (
        Subject(id=HOSTILE, project=HOSTILE, version=HOSTILE),
        Subject(id=results[1].subject, project=HOSTILE, members=(f"a{HOSTILE}", f"b{HOSTILE}")),
    )
    left_out = (LeftOut(bench=HOSTILE, subject=HOSTILE, reason=HOSTILE),)
    plan = Plan(benches=(where,), subjects=subjects, cells=cells, left_out=left_out, notes=(HOSTILE,))
    limits = (Boundary(name=HOSTILE, in_force=False, detail=HOSTILE),)
    made = run(plan)
    kept = {name: getattr(made, name) for name in Run.__slots__}
    return Run(**kept | {"id": HOSTILE, "engine": HOSTILE, "lab": HOSTILE, "boundaries": limits}), results


# --- what a page holds ---

SCRIPT = re.compile(r'<script type="application/octet-stream" id="([\w-]+)"[^>]*>([^<]*)</script>')


def unpacked(text: str) -> Any:
    """Return what was packed."""
    return json.loads(zlib.decompress(base64.b64decode(text), wbits=-zlib.MAX_WBITS))


def held(text: str) -> dict[str, Any]:
    """Return all that a page holds packed, by id."""
    return {name: unpacked(content) for name, content in SCRIPT.findall(text)}
