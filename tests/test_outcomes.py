"""Tests of outcomes: events of the probe in, blame or no blame out."""

from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from manylinux_lab.bench.outcomes import import_outcome, install_outcome, refusal_outcome, smoke_outcome
from manylinux_lab.bench.session import Event
from manylinux_lab.judge import Grade, Outcome, OutcomeKind
from manylinux_lab.printable import short, tail
from manylinux_lab.wheels.wheel import Extension, Wheel

OK, BROKEN, UNKNOWN, TROUBLE = OutcomeKind.OK, OutcomeKind.BROKEN, OutcomeKind.UNKNOWN, OutcomeKind.TROUBLE
GLIBC = "/lib/libc.so.6: version `GLIBC_2.38' not found (required by /s/a.so)"
GL = "libGL.so.1: cannot open shared object file: No such file or directory"
ODBC = "libodbc.so.2: cannot open shared object file: No such file or directory"


def wheel(*requires: str, names: tuple[str, ...] = ("pkg",), objects: tuple[str, ...] = ()) -> Wheel:
    return Wheel(
        path=Path("pkg-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"),
        sha256="0" * 64,
        project="pkg",
        version="1.0",
        tags=frozenset(),
        requires_python=SpecifierSet(""),
        requires=tuple(map(Requirement, requires)),
        import_names=names,
        extensions=(Extension(name="pkg._x", path="pkg/_x.abi3.so", suffix=".abi3.so"),),
        objects=objects,
        executables=(),
    )


def event(kind: str, name: str = "pkg", status: str = "ok", **words: Any) -> Event:
    return {"event": kind, "name": name, "path": name, "status": status, **words}


def raised(kind: str, message: str, name: str = "pkg", exception: str = "ImportError", **words: Any) -> Event:
    return event(kind, name, "exception", exception=exception, message=message, trace="", missing="", **words)


def lacks(module: str, kind: str = "import", name: str = "pkg") -> Event:
    return {**raised(kind, f"No module named '{module}'", name, "ModuleNotFoundError"), "missing": module}


def judged(*events: Event, of: Wheel | None = None, **setting: Any) -> Outcome:
    markers = {"python_version": "3.11", "python_full_version": "3.11.2", "platform_machine": "aarch64"}
    bench = {"variant": "minimal", "emulated": "", "python": (3, 11), "markers": markers}
    defaults: dict[str, Any] = {"soname_packages": {"libGL.so.1": "libgl1"}, **bench}
    return import_outcome(events, of or wheel(), **{**defaults, **setting})


def installed(output: str, exit_code: int | None = 1, **words: Any) -> tuple[Event, ...]:
    found = {"event": "installed", "status": "exited", "exit_code": exit_code, "output": output, "seconds": 1.0}
    return ({**found, **words},)


@pytest.mark.parametrize(
    ("events", "kind", "reason"),
    [
        (installed("Successfully installed pkg-1.0", 0), OK, ""),
        (
            installed("WARNING: old\nERROR: pkg-1.0.whl is not a supported wheel on this platform.\nmore"),
            OutcomeKind.REFUSED,
            "pkg-1.0.whl is not a supported wheel on this platform.",
        ),
        (
            installed("ERROR: Package 'pkg' requires a different Python: 3.9.2 not in '>=3.10'"),
            OutcomeKind.REFUSED,
            "Package 'pkg' requires a different Python: 3.9.2 not in '>=3.10'",
        ),
        (
            installed("ERROR: Could not find a version\nERROR: No matching distribution found for pkg"),
            OutcomeKind.REFUSED,
            "No matching distribution found for pkg",
        ),
        (
            installed(
                "ERROR: Exception:\nTraceback (most recent call last):\n  File 'x'\npip.InvalidRequirement: Expected )"
            ),
            BROKEN,
            "The installation failed: pip.InvalidRequirement: Expected )",
        ),
        (
            installed("error: pkg has no wheels with a matching platform tag (e.g., `linux`)"),
            OutcomeKind.REFUSED,
            "pkg has no wheels with a matching platform tag (e.g., `linux`)",
        ),
        (
            installed("ERROR: Wheel 'pkg' is invalid.\n"),
            BROKEN,
            "The installation failed: Wheel 'pkg' is invalid.",
        ),
        (installed(""), BROKEN, "The installation failed: no word"),
        (
            installed("x", None, signal=9),
            BROKEN,
            "The installation failed: it crashed with SIGKILL; x",
        ),
        (
            installed("ERROR: [Errno 28] No space left on device"),
            TROUBLE,
            "The work space of the bench is full; the installer said: [Errno 28] No space left on device",
        ),
        (
            installed("", None, status="timeout", seconds=60.2),
            BROKEN,
            "The installer did not finish in 60 seconds.",
        ),
        ((), TROUBLE, "The probe did not report on the installation."),
    ],
)
def test_install(events: tuple[Event, ...], kind: OutcomeKind, reason: str) -> None:
    outcome = install_outcome(events)
    assert (outcome.kind, outcome.reason) == (kind, reason)
    assert outcome.grade is (Grade.INSTALLED if kind is OK else Grade.NONE)


def test_an_accepted_wheel_where_the_tag_does_not_reach_is_the_loudest_alarm() -> None:
    outcome = refusal_outcome(installed("Successfully installed", 0), ())
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert outcome.reason == "The installer accepted the wheel although its tag does not reach this bench."


def test_a_refusal_keeps_what_the_loader_said() -> None:
    forced = (
        {"event": "unpacked", "error": None},
        raised("import", GLIBC),
        event("extension", "pkg._x", "crash", signal=11),
        event("object"),
    )
    outcome = refusal_outcome(installed("ERROR: pkg.whl is not a supported wheel on this platform."), forced)
    assert outcome.kind is OutcomeKind.REFUSED
    assert outcome.facts["forced"] == {
        "statuses": {"extension": {"crash": 1}, "import": {"exception": 1}, "object": {"ok": 1}},
        "words": [GLIBC, "'pkg._x' crashed with SIGSEGV (segmentation fault) while being imported"],
    }
    unreadable = refusal_outcome(installed("x"), ({"event": "unpacked", "error": "BadZipFile: no\nzip"},))
    assert unreadable.facts["forced"] == {"unpacked": "BadZipFile: no zip"}


@pytest.mark.parametrize(
    ("events", "grade"),
    [
        ([event("import"), event("extension", "pkg._x"), event("object", "pkg.libs/a.so")], Grade.IMPORTED),
        ([event("import"), event("extension", "pkg._old", "skipped")], Grade.IMPORTED),
        ([event("extension", "pkg._x")], Grade.IMPORTED),
        ([event("object", "a.so"), event("executable", "bin/a")], Grade.LOADED),
    ],
)
def test_everything_works(events: list[Event], grade: Grade) -> None:
    outcome = judged(*events)
    assert (outcome.kind, outcome.reason, outcome.grade, outcome.side_effects) == (OK, "", grade, ())


@pytest.mark.parametrize("events", [[], [event("object", "a.so", "absent")], [event("extension", "x", "skipped")]])
def test_nothing_to_try(events: list[Event]) -> None:
    assert judged(*events).kind is OutcomeKind.NOT_APPLIED


LOADED = event("import")
TABLE = [
    ([raised("import", "no luck", exception="ValueError")], BROKEN, "'pkg' cannot be imported: ValueError: no luck"),
    ([raised("import", GLIBC)], BROKEN, "'pkg' cannot be imported: 'a.so' needs glibc 2.38 or newer (symbol version"),
    ([raised("import", ODBC)], BROKEN, "'pkg' cannot be imported: the library 'libodbc.so.2' is not on this system."),
    (
        [raised("import", GL)],
        UNKNOWN,
        "'pkg' cannot be imported: the library 'libGL.so.1' is not on this system; the system package 'libgl1'",
    ),
    ([raised("import", GL), raised("import", GLIBC, "two")], BROKEN, "'two' cannot be imported: 'a.so' needs glibc"),
    ([raised("import", "x", exception="MemoryError")], TROUBLE, "The bench ran out of space or memory: MemoryError: x"),
    ([raised("import", "a.so: failed to map segment from shared object")], TROUBLE, "'pkg' cannot be imported: 'a.so'"),
    ([raised("import", "KeyError: 'DISPLAY'")], UNKNOWN, "'pkg' needs a display"),
    ([event("import", status="crash", signal=11, last_library="/s/liba.so")], BROKEN, "'pkg' crashed with SIGSEGV"),
    ([event("import", status="crash", signal=4)], BROKEN, "'pkg' crashed with SIGILL (illegal instruction: it needs a"),
    ([event("import", status="crash", signal=99)], BROKEN, "'pkg' crashed with signal 99 while being imported."),
    ([event("import", status="crash")], BROKEN, "'pkg' died while being imported."),
    ([event("import", status="hang")], BROKEN, "'pkg' did not finish being imported before the deadline."),
    ([event("import", status="exit-hang")], BROKEN, "'pkg' can be imported, but the interpreter does not end"),
    (
        [event("import", status="exit-crash", signal=6)],
        BROKEN,
        "'pkg' can be imported, but the interpreter then crashed with SIGABRT (abort) while ending.",
    ),
    (
        [event("import", status="exit-crash", exit_code=3)],
        BROKEN,
        "'pkg' can be imported, but the interpreter then ended with exit code 3 while ending.",
    ),
    (
        [event("import", status="early-exit", exit_code=0)],
        BROKEN,
        "'pkg' ended the process with exit code 0 while being imported.",
    ),
    ([LOADED, raised("extension", GLIBC, "pkg._x")], BROKEN, "'pkg._x' cannot be imported: 'a.so' needs glibc 2.38"),
    (
        [LOADED, raised("extension", "initialised badly", "pkg._x", "SystemError")],
        BROKEN,
        "'pkg._x' cannot be imported",
    ),
    ([LOADED, event("extension", "pkg._x", "crash", signal=11)], BROKEN, "'pkg._x' crashed with SIGSEGV"),
    (
        [raised("import", "dynamic module does not define module export function (PyInit__x)")],
        BROKEN,
        "'pkg' cannot be imported: the extension module lacks its function 'PyInit__x'.",
    ),
    ([LOADED, raised("object", GLIBC, "a.so")], BROKEN, "'a.so' cannot be loaded: 'a.so' needs glibc 2.38"),
    ([raised("object", "/s/a.so: undefined symbol: x", "a.so")], BROKEN, "'a.so' cannot be loaded: 'a.so' uses"),
    ([raised("executable", GLIBC, "bin/a")], BROKEN, "'bin/a' cannot be loaded: 'a.so' needs glibc 2.38"),
    ([LOADED, raised("executable", GLIBC, "bin/a")], BROKEN, "'bin/a' cannot be loaded: 'a.so' needs glibc 2.38"),
    ([lacks("pkg._speed")], BROKEN, "'pkg' imports 'pkg._speed', which the wheel itself should bring and does not."),
    ([lacks("other")], BROKEN, "'pkg' imports 'other', which it does not declare as a requirement."),
    (
        [lacks("needed.part")],
        BROKEN,
        "'pkg' imports 'needed.part', which it expects of its requirement 'needed', and the installed one",
    ),
    (
        [lacks("yaml")],
        BROKEN,
        "'pkg' imports 'yaml', which it expects of its requirement 'PyYAML', and the installed one",
    ),
    ([lacks("old")], BROKEN, "'pkg' imports 'old', which it declares only where python_version < \"3.8\"."),
    (
        [lacks("new.part")],
        BROKEN,
        "'pkg' imports 'new.part', which it expects of its requirement 'new', and the installed one",
    ),
    ([lacks("plot")], BROKEN, "'pkg' imports 'plot', which it declares only where extra == \"draw\"."),
    (
        [raised("import", "[Errno -3] Temporary failure in name resolution", exception="gaierror")],
        UNKNOWN,
        "'pkg' needs a network; no bench has one: gaierror: [Errno -3]",
    ),
    ([lacks("tkinter")], UNKNOWN, "'pkg' imports 'tkinter', a part of the standard library that this distro packages"),
    ([lacks("distutils.core")], UNKNOWN, "'pkg' imports 'distutils.core', a part of the standard library"),
    (
        [raised("import", "one"), raised("import", "two", "b")],
        BROKEN,
        "'pkg' cannot be imported: ImportError: one (and 1",
    ),
]
REQUIRES = ("needed>=1", "PyYAML", "old; python_version<'3.8'", "new; python_version>='3.10'", "plot; extra=='draw'")


@pytest.mark.parametrize(("events", "kind", "reason"), TABLE, ids=[row[2][:50] for row in TABLE])
def test_trouble_with_an_import(events: list[Event], kind: OutcomeKind, reason: str) -> None:
    outcome = judged(*events, of=wheel(*REQUIRES))
    assert outcome.reason.startswith(reason), outcome.reason
    assert outcome.kind is kind
    assert outcome.grade is Grade.NONE


@pytest.mark.parametrize(
    ("deviation", "note"),
    [
        (
            raised("extension", "cannot load _umath_tests", "pkg._t", "RuntimeError"),
            "'pkg._t' cannot be imported: Runtime",
        ),
        (lacks("psutil", "extension", "pkg.tests._x"), "'pkg.tests._x' imports 'psutil', which is not installed"),
        (lacks("pytest", "import", "tests"), "'tests' imports 'pytest', which is not installed (optional"),
        (raised("import", "no luck", "tests"), "'tests' cannot be imported: ImportError: no luck"),
        (raised("object", "libsister.so.1: cannot open shared object file", "a.so"), "'a.so' cannot be loaded: the"),
        (raised("object", GL, "a.so"), "'a.so' cannot be loaded: the library 'libGL.so.1' is not on this system"),
        (
            raised("extension", "dynamic module does not define module export function (PyInit_x)", "pkg/x.so"),
            "'pkg/x.so' cannot be imported: the extension module lacks",
        ),
        (
            raised("extension", "dynamic module does not define module export function (PyInit_c)", "pkg/c.abi3.so"),
            "'pkg/c.abi3.so' cannot be imported: the extension module lacks",
        ),
        (event("object", "a.so", "absent", message="the file is not there"), "'a.so': the file is not there"),
    ],
)
def test_facts_that_blame_nobody(deviation: Event, note: str) -> None:
    names = [event("import"), event("extension", "pkg._x"), deviation]
    outcome = judged(*names, of=wheel(objects=("pkg.libs/libsister.so.1.2",)))
    if deviation["name"] != "tests":
        assert outcome.kind is OK
    assert [found[: len(note)] for found in outcome.facts["notes"]] == [note]
    assert outcome.side_effects == ()
    assert outcome.kind is OK


def test_a_library_at_the_top_level_beside_the_projects_own_name() -> None:
    library = raised("import", "dynamic module does not define module export function (PyInit_libpkg)", "libpkg")
    outcome = judged(event("import"), library, of=wheel(names=("libpkg", "pkg")))
    assert outcome.kind is OK
    assert outcome.side_effects == ()
    assert outcome.facts["notes"] == [
        "'libpkg' cannot be imported: the extension module lacks its function 'PyInit_libpkg'."
    ]
    inner = raised("import", "dynamic module does not define module export function (PyInit__x)", "pkg_x")
    assert judged(event("import"), inner, of=wheel(names=("pkg", "pkg_x"))).kind is BROKEN


def test_an_undeclared_requirement_of_a_further_name_is_a_side_effect() -> None:
    further = lacks("driver", "import", "driver_pkg")
    outcome = judged(event("import"), further, of=wheel(names=("driver_pkg", "pkg")))
    assert outcome.kind is OK
    assert outcome.side_effects == ("'driver_pkg' imports 'driver', which it does not declare as a requirement.",)


def test_an_optional_name_beside_one_that_works() -> None:
    outcome = judged(
        event("import"), lacks("plot", "import", "pkg_plot"), of=wheel(*REQUIRES, names=("pkg", "pkg_plot"))
    )
    assert outcome.kind is OK
    assert outcome.facts["notes"] == ["'pkg_plot' imports 'plot', which belongs to an extra"]


@pytest.mark.parametrize(
    ("deviation", "effect"),
    [
        (raised("object", ODBC, "a.so"), "'a.so' cannot be loaded: the library 'libodbc.so.2' is not on this system."),
        (
            raised("object", "/s/a.so: undefined symbol: x", "a.so"),
            "'a.so' cannot be loaded: 'a.so' uses the symbol 'x'",
        ),
        (
            event("object", "a.so", "crash", signal=11),
            "'a.so' crashed with SIGSEGV (segmentation fault) while being loaded.",
        ),
        (event("import", "b", left_behind=1), "'b' leaves a process running when it is imported."),
        (event("import", "b", left_behind=3), "'b' leaves 3 processes running when it is imported."),
    ],
)
def test_side_effects(deviation: Event, effect: str) -> None:
    outcome = judged(event("import"), deviation)
    assert outcome.kind is OK
    assert len(outcome.side_effects) == 1
    assert outcome.side_effects[0].startswith(effect)


@pytest.mark.parametrize("status", ["crash", "hang", "exit-crash", "exit-hang"])
def test_a_death_under_emulation_blames_nobody(status: str) -> None:
    outcome = judged(event("import", status=status, signal=11), emulated="aarch64")
    assert outcome.kind is UNKNOWN
    assert outcome.reason.endswith("under emulation of aarch64; a native run must confirm it.")


def test_an_exception_under_emulation_is_the_wheels() -> None:
    assert judged(raised("import", GLIBC), emulated="aarch64").kind is BROKEN
    assert judged(event("import", status="early-exit", exit_code=0), emulated="aarch64").kind is BROKEN


def test_a_library_that_a_minimal_image_may_lack_comes_with_the_way_on() -> None:
    outcome = judged(raised("import", GL))
    assert outcome.reason.endswith("this is allowed on a minimal image, so repeat with '--variant desktop'.")


def test_a_library_missing_even_on_a_desktop_is_the_wheels() -> None:
    assert judged(raised("import", GL), variant="desktop").kind is BROKEN


@pytest.mark.parametrize(("python", "kind"), [((3, 11), UNKNOWN), ((3, 12), BROKEN), (None, BROKEN)])
def test_modules_that_python_lost(python: tuple[int, int] | None, kind: OutcomeKind) -> None:
    outcome = judged(lacks("distutils"), python=python)
    assert outcome.kind is kind


@pytest.mark.parametrize(
    ("machine", "words"), [("aarch64", "which it expects of its requirement"), ("s390x", "declares only where")]
)
def test_markers_are_those_of_the_bench(machine: str, words: str) -> None:
    of = wheel(f"needed; platform_machine=='{machine}'")
    assert words in judged(lacks("needed"), of=of).reason


def test_facts_are_bounded_and_clean() -> None:
    many = [raised("import", "\x1b[31mred\x00\n\u202e" + "long " * 5000, f"n{number}") for number in range(100)]
    outcome = judged(*many)
    assert len(outcome.reason) <= 300
    assert outcome.reason.isprintable()
    assert outcome.reason.endswith("... (and 99 more)")
    assert len(outcome.facts["deviations"]) == 40
    assert max(len(item["message"]) for item in outcome.facts["deviations"]) == 2000
    assert outcome.facts["statuses"] == {"import": {"exception": 100}}


def test_text_from_a_bench_becomes_plain() -> None:
    assert short("a\n\tb\x07 \ud800c") == "a b c"
    assert short("x" * 400) == "x" * 297 + "..."
    assert tail("a\n\x1bb\ud800") == "a\n b "
    assert tail(None) == ""


@pytest.mark.parametrize(
    ("smoke", "kind", "reason"),
    [
        (event("smoke", "", output="1\n"), OK, ""),
        (raised("smoke", "sum", exception="AssertionError"), BROKEN, "The smoke code failed: AssertionError: sum"),
        (raised("smoke", GLIBC), BROKEN, "The smoke code failed: 'a.so' needs glibc 2.38 or newer"),
        (event("smoke", "", "crash", signal=11), BROKEN, "The smoke code crashed with SIGSEGV (segmentation fault)"),
        (event("smoke", "", "hang"), BROKEN, "The smoke code did not finish being run before the deadline."),
        (event("smoke", "", "early-exit", exit_code=0), BROKEN, "The smoke code ended the process with exit code 0"),
    ],
)
def test_smoke(smoke: Event, kind: OutcomeKind, reason: str) -> None:
    outcome = smoke_outcome((smoke,))
    assert outcome.kind is kind
    assert outcome.reason.startswith(reason)
    assert outcome.grade is (Grade.SMOKE_TESTED if kind is OK else Grade.NONE)


def test_smoke_that_dies_under_emulation_or_is_not_reported() -> None:
    assert smoke_outcome((event("smoke", "", "crash", signal=4),), emulated="aarch64").kind is UNKNOWN
    assert smoke_outcome((), emulated="").kind is TROUBLE


def test_what_a_bench_has_nothing_for_is_a_note() -> None:
    outcome = judged(event("import"), event("executable", "bin/x", "skipped", message="it is a script"))
    assert (outcome.kind, outcome.facts["notes"]) == (OK, ["'bin/x': it is a script"])
