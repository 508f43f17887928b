"""Tests of the probe: for real, under every Python of this machine, with wheels' worst manners made by hand."""

import ast
import itertools
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from local_bench import compile_object, interpreters, session

from manylinux_lab.bench import probe
from manylinux_lab.bench.outcomes import import_outcome, install_outcome
from manylinux_lab.bench.probe.control import control
from manylinux_lab.bench.probe.elf import elf_header, machine
from manylinux_lab.bench.probe.loading import owner
from manylinux_lab.bench.probe.seen import KEPT, Seen
from manylinux_lab.bench.probe.status import end_of, forked_result
from manylinux_lab.bench.probe.unpack import place_of
from manylinux_lab.bench.session import Event, Session
from manylinux_lab.errors import EngineError
from manylinux_lab.judge import Grade, OutcomeKind
from manylinux_lab.wheels.reading import read_wheel

CRASH = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
NULL = "import _ctypes, ctypes; ctypes.string_at(0)"
MODULES = {
    "fine": "value = 1",
    "raises": "raise ValueError('no luck')",
    "needs": "import absent_dependency",
    "wraps": "try:\n    import absent_dependency\nexcept ImportError:\n    raise ImportError('please install it')",
    "hangs": "import time\nwhile True: time.sleep(1)",
    "segfaults": NULL,
    "aborts": "import os; os.abort()",
    "crashes_at_exit": "import atexit, os; atexit.register(os.abort)",
    "exit_code": "import atexit, os; atexit.register(os._exit, 3)",
    "hangs_at_exit": "import threading, time; threading.Thread(target=time.sleep, args=(1000,)).start()",
    "leaves": "import os; os._exit(0)",
    "quits": "raise SystemExit(0)",
    "forges": "import os\nfor fd in range(1, 40):\n"
    '    try: os.write(fd, b\'{"token": "guess", "request": 1, "event": "done"}\\n\' * 5)\n'
    "    except OSError: pass",
    "floods": "import os\nfor _ in range(3000): os.write(1, b'x' * 1023 + b'\\n')",
    "daemon": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(600)\n",
    "peeks": "import os\nfound = {os.readlink('/proc/self/fd/%s' % fd) for fd in os.listdir('/proc/self/fd') if "
    "os.path.exists('/proc/self/fd/%s' % fd)}\nprint(sorted(name.split(':')[0] for name in found))",
    "kills_parent": "import os, time; os.kill(os.getppid(), 9); time.sleep(30)",
    "stdlib_only": "import sys\nprint(sorted(set(sys.modules) & {'json', 'ctypes', 'zipfile', 'hashlib', 'socket'}))",
}
STATUS = {
    "fine": {"status": "ok", "left_behind": 0},
    "raises": {"status": "exception", "exception": "ValueError", "message": "no luck", "missing": ""},
    "needs": {"status": "exception", "exception": "ModuleNotFoundError", "missing": "absent_dependency"},
    "wraps": {"status": "exception", "exception": "ImportError", "missing": "absent_dependency"},
    "hangs": {"status": "hang"},
    "segfaults": {"status": "crash", "signal": 11, "repeated": "crash"},
    "aborts": {"status": "crash", "signal": 6, "repeated": "crash"},
    "crashes_at_exit": {"status": "exit-crash", "signal": 6},
    "exit_code": {"status": "exit-crash", "exit_code": 3},
    "hangs_at_exit": {"status": "exit-hang"},
    "leaves": {"status": "early-exit", "exit_code": 0},
    "quits": {"status": "exception", "exception": "SystemExit"},
    "floods": {"status": "ok"},
    "forges": {"status": "ok"},
    "daemon": {"status": "ok", "left_behind": 1},
    "stdlib_only": {"status": "ok", "output": "[]\n"},
}
WRONG = "void start(void) __attribute__((constructor)); void start(void) { *(volatile int *)0 = 1; }"
UNDEFINED = "extern int nowhere(void); int here(void) { return nowhere(); }"

BESIDE = {"details", "hiding", "snapshot", "step", "teller"}  # company.py imports them as plain modules
MODULE_FILES = sorted(Path(probe.__file__).parent.glob("*.py"))

real = pytest.mark.real


@cache
def pythons() -> list[str]:
    return interpreters()


@pytest.fixture(params=["oldest", "middle", "newest"])
def python(request: pytest.FixtureRequest) -> str:
    found = pythons()
    place = {"oldest": 0, "middle": len(found) // 2, "newest": -1}[request.param]
    if request.param == "middle" and len(found) < 3:
        pytest.skip("This machine has fewer than three Python versions.")
    return found[place]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    for name, source in MODULES.items():
        (folder / f"{name}.py").write_text(source)
    return folder


@pytest.fixture
def opened(python: str, tmp_path: Path) -> Iterator[Session]:
    with session(python, tmp_path) as one:
        yield one


def imports(opened: Session, site: Path, *names: str, seconds: float = 20, **fields: Any) -> list[Event]:
    wanted = {"names": names, "extensions": [], "objects": [], "executables": [], **fields}
    return list(opened.ask("import", seconds=seconds, site=str(site), **wanted))


def by_name(events: list[Event]) -> dict[str, Event]:
    return {event["name"]: event for event in events}


@pytest.mark.parametrize("module", MODULE_FILES, ids=lambda path: path.name)
def test_a_module_parses_as_python_3_6(module: Path) -> None:
    tree = ast.parse(module.read_text(), feature_version=(3, 6))
    assert ast.get_docstring(tree)


def imported_by(module: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(module.read_text())))
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return imported | {"." * node.level + (node.module or "") for node in nodes if isinstance(node, ast.ImportFrom)}


def test_the_probe_imports_the_standard_library_and_itself() -> None:
    imported = set().union(*map(imported_by, MODULE_FILES))
    own = {"."} | {f".{module.stem}" for module in MODULE_FILES} | BESIDE
    assert {name for name in imported - own if name.partition(".")[0] not in sys.stdlib_module_names} == {
        "pip",
        "_manylinux",
    }


def test_the_processes_of_wheels_import_little_and_only_what_lies_beside_them() -> None:
    bare = {"os", "sys", "_thread", "_signal", "_locale", "_warnings", "ctypes", "marshal"}
    for name in ("company", *BESIDE - {"step"}):
        (module,) = [module for module in MODULE_FILES if module.stem == name]
        assert imported_by(module) - {"typing"} <= bare | BESIDE


def test_a_step_imports_nothing_of_the_probe() -> None:
    (step,) = [module for module in MODULE_FILES if module.name == "step.py"]
    assert imported_by(step) == {"os", "sys", "marshal", "site", "_ctypes", "traceback", "warnings", "time"}


def test_control_is_the_same_each_time_and_complete() -> None:
    assert control() == control()
    assert control()["sha256"] == "a1f259d4365ed4320c377ce26f5c8c56dcdc9a89e7b641bfd8eabfbbeac86654"
    assert control()["matrix"] == "280.765625 10983.8125"


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ("pkg/__init__.py", "pkg/__init__.py"),
        ("./pkg//a.py", "pkg/a.py"),
        ("x-1.data/purelib/pkg/a.py", "pkg/a.py"),
        ("x-1.data/platlib/a.so", "a.so"),
        ("x-1.data/scripts/tool", "bin/tool"),
        ("x-1.data/headers/x/a.h", "include/x/a.h"),
        ("x-1.data/data/share/a", "share/a"),
        ("../a", None),
        ("pkg/../../a", None),
        ("/etc/passwd", None),
        ("pkg\\..\\a", None),
        ("a\0b", None),
        ("", None),
    ],
)
def test_place_of_an_entry(entry: str, place: str | None) -> None:
    assert place_of(entry) == place


def test_output_is_kept_at_both_ends() -> None:
    seen = Seen()
    for number in range(200):
        seen.take_output(b"%06d" % number * 200)
    kept = seen.output()
    assert kept.startswith("000000000000")
    assert kept.endswith("000199")
    assert "[... 174464 bytes left out ...]" in kept
    assert len(kept) < 2 * KEPT + 100


def test_malformed_reports_are_dropped() -> None:
    seen = Seen()
    seen.take_reports(b"0 status=6f6b\nnonsense\n1 status=zz\n2 a=b=c\n\xff\n3 stat")
    seen.take_reports(b"us=6f6b\n")
    assert seen.reports == {0: {"status": "ok"}, 3: {"status": "ok"}}


@pytest.mark.parametrize(
    ("wait", "prefix", "cut_short", "words"),
    [
        (None, "", True, {"status": "hang"}),
        (None, "exit-", False, {"status": "exit-hang"}),
        (11, "", True, {"status": "crash", "signal": 11}),
        (6, "exit-", False, {"status": "exit-crash", "signal": 6}),
        (0, "", True, {"status": "early-exit", "exit_code": 0}),
        (3 << 8, "exit-", False, {"status": "exit-crash", "exit_code": 3}),
        (0, "exit-", False, {"status": "ok"}),
    ],
)
def test_end_of_a_step(wait: int | None, prefix: str, cut_short: bool, words: dict[str, Any]) -> None:
    assert end_of(wait, prefix, cut_short) == words


@pytest.mark.parametrize(
    ("report", "words"),
    [
        ({"status": "ok", "wait": "0"}, {"status": "ok"}),
        ({"status": "ok"}, {"status": "ok"}),
        ({"wait": "11"}, {"status": "crash", "signal": 11}),
        ({"wait": "0"}, {"status": "early-exit", "exit_code": 0}),
        ({"wait": "hang"}, {"status": "hang"}),
        ({}, {"status": "crash"}),
        ({"status": "ok", "wait": "6"}, {"status": "crash", "signal": 6}),
        ({"status": "exception", "message": "x", "wait": "0"}, {"status": "exception", "message": "x"}),
    ],
)
def test_result_of_a_fork(report: dict[str, str], words: dict[str, Any]) -> None:
    assert forked_result(report) == words


def test_items_belong_to_the_longest_import_name() -> None:
    names = ["pkg", "pkg.sub", "other"]
    assert owner(("extension", "pkg.sub._a", "pkg/sub/_a.so"), names) == "pkg.sub"
    assert owner(("object", "pkg/lib/a.so", "pkg/lib/a.so"), names) == "pkg"
    assert owner(("object", "pkg.libs/a.so", "pkg.libs/a.so"), names) == "pkg"
    assert owner(("extension", "others", "others.so"), names) is None


def test_a_truncated_elf_file_has_no_header(tmp_path: Path) -> None:
    whole = Path(sys.executable).read_bytes()
    assert elf_header(sys.executable)["machine"] == machine()
    for length in (0, 3, 15, 16, 40, 64, 100):
        (tmp_path / "cut").write_bytes(whole[:length])
        assert elf_header(str(tmp_path / "cut")) == {}
    (tmp_path / "cut").write_bytes(b"#!/bin/sh\n" * 20)
    assert elf_header(str(tmp_path / "cut")) == {}


@real
def test_facts(opened: Session, python: str) -> None:
    (facts,) = opened.ask("facts", seconds=20)
    told = subprocess.run([python, "-c", "import sys; print(sys.version.split()[0])"], capture_output=True, text=True)
    assert facts["version"] == told.stdout.strip()
    assert facts["control"] == control()
    assert facts["machine"] == os.uname().machine
    assert facts["uid"] == os.getuid()
    assert facts["abi"].startswith("cp3")
    assert (facts["libc"], facts["libc_version"].count(".")) in (("glibc", 1), ("musl", 2))


@real
@pytest.mark.parametrize("name", sorted(STATUS))
def test_status_of_an_import(opened: Session, site: Path, name: str) -> None:
    seconds = 2 if "hang" in name else 20
    (event,) = imports(opened, site, name, seconds=seconds)
    assert {key: event.get(key) for key in STATUS[name]} == STATUS[name]


@real
def test_a_step_is_as_bare_as_a_users_interpreter(opened: Session, site: Path, python: str) -> None:
    code = "import sys\nprint(sorted(sys.modules))\nprint(sys.path)"
    (site.parent / "plain.py").write_text(code)
    argv = [python, "-B", "-X", "faulthandler", str(site.parent / "plain.py")]
    plain, path = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    (event,) = opened.ask("smoke", seconds=20, site=str(site), code=code)
    modules, entries = map(ast.literal_eval, event["output"].splitlines())
    assert modules == ast.literal_eval(plain)
    assert [entry for entry in entries if entry != str(site)] == ast.literal_eval(path)[1:]


@real
def test_a_wheel_may_have_modules_named_like_the_probes(opened: Session, site: Path) -> None:
    names = ["probe", *(module.stem for module in MODULE_FILES if not module.stem.startswith("_"))]
    for name in names:
        (site / f"{name}.py").write_text(f"assert __file__.startswith({str(site)!r})\nprint(__name__)")
    assert [event["output"] for event in imports(opened, site, *names)] == [f"{name}\n" for name in names]


@real
def test_a_segfault_has_a_trace(opened: Session, site: Path) -> None:
    (event,) = imports(opened, site, "segfaults")
    assert "Fatal Python error: Segmentation fault" in event["trace"]
    assert "segfaults.py" in event["trace"]


@real
def test_a_flood_is_cut(opened: Session, site: Path) -> None:
    (event,) = imports(opened, site, "floods")
    assert "bytes left out" in event["output"]
    assert len(event["output"]) < 2 * KEPT + 100


@real
def test_a_step_sees_neither_the_events_nor_the_requests(opened: Session, site: Path) -> None:
    (event,) = imports(opened, site, "peeks")
    assert set(ast.literal_eval(event["output"])) <= {"/dev/null", "pipe"}


def command_lines() -> Iterator[bytes]:
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # a process may end at any time
            yield entry.read_bytes()


@real
def test_no_process_is_left_behind(opened: Session, site: Path, tmp_path: Path) -> None:
    mark = f"mark-{os.getpid()}-{os.urandom(4).hex()}"
    (site / "stays.py").write_text(
        f"import os, sys\nif os.fork() == 0:\n    os.setsid()\n"
        f"    os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(600)', '{mark}'])\n"
        "import time; time.sleep(0.2)"
    )
    (event,) = imports(opened, site, "stays")
    assert event["left_behind"] == 1
    assert not [line for line in command_lines() if mark.encode() in line]


@real
def test_killing_the_probe_is_trouble_of_the_lab(opened: Session, site: Path) -> None:
    with pytest.raises(EngineError, match=r"The probe ended in the middle of 'import'; something killed it"):
        imports(opened, site, "kills_parent")
    with pytest.raises(EngineError, match=r"The probe ended in the middle of 'import'"):
        opened.ask("facts", seconds=5)


@real
def test_extensions_and_objects(opened: Session, site: Path) -> None:
    package = site / "pkg"
    suffix = ".abi3.so"
    compile_object(package / f"_no_init{suffix}", "int nothing;")
    compile_object(package / f"_undefined{suffix}", UNDEFINED, "-Wl,-z,now")
    compile_object(package / f"_wrong{suffix}", WRONG)
    compile_object(package / "inner.so", "int inner(void) { return 1; }", "-Wl,-soname,libinner-here.so")
    compile_object(
        package / "outer.so", "int outer(void) { return 2; }", "-Wl,--no-as-needed", str(package / "inner.so")
    )
    (package / "__init__.py").write_text("")
    names = ["_no_init", "_undefined", "_wrong"]
    found = by_name(
        imports(
            opened,
            site,
            "pkg",
            extensions=[(f"pkg.{name}", f"pkg/{name}{suffix}") for name in names]
            + [("pkg.gone", "pkg/gone.abi3.so"), ("pkg.old", "pkg/old.cpython-27.so")],
            objects=["pkg/inner.so", "pkg/outer.so"],
        )
    )
    assert found["pkg"]["status"] == "ok"
    assert "does not define" in found["pkg._no_init"]["message"]
    assert "undefined symbol: nowhere" in found["pkg._undefined"]["message"]
    assert {key: found["pkg._wrong"][key] for key in ("status", "signal", "warm")} == {
        "status": "crash",
        "signal": 11,
        "warm": "crash",
    }
    assert found["pkg._wrong"]["last_library"].endswith(f"_wrong{suffix}")
    assert found["pkg.gone"]["status"] == "absent"
    assert found["pkg/inner.so"]["status"] == "ok"
    assert "libinner-here.so: cannot open shared object file" in found["pkg/outer.so"]["message"]


@real
def test_extensions_of_another_interpreter_are_skipped(opened: Session, site: Path) -> None:
    compile_object(site / "other.cpython-27.so", "int nothing;")
    (event,) = imports(opened, site, extensions=[("other", "other.cpython-27.so")])
    assert event["status"] == "skipped"


@real
def test_by_force_the_loader_has_its_say_on_extensions(opened: Session, site: Path, tmp_path: Path) -> None:
    library = compile_object(tmp_path / "libgone.so", "int gone(void) { return 0; }", "-Wl,-soname,libgone.so")
    lacks = ["-Wl,--no-as-needed", str(library)]
    for path, flags in {
        "good/_loads.cpython-27.so": [],
        "good/_lacks.cpython-27.so": lacks,
        "bad/_lacks.abi3.so": lacks,
    }.items():
        compile_object(site / path, "int nothing;", *flags)
    (site / "good" / "__init__.py").write_text("")
    (site / "bad" / "__init__.py").write_text("import absent_dependency")
    extensions = [
        ("good._loads", "good/_loads.cpython-27.so"),
        ("good._lacks", "good/_lacks.cpython-27.so"),
        ("good._gone", "good/_gone.cpython-27.so"),
        ("bad._lacks", "bad/_lacks.abi3.so"),
    ]
    imported = {
        "good": "ok",
        "bad": "exception",
        "good._loads": "skipped",
        "good._lacks": "skipped",
        "good._gone": "absent",
        "bad._lacks": "not-tried",
    }
    loaded = {"good/_loads.cpython-27.so": "ok"}
    loaded |= dict.fromkeys(["good/_lacks.cpython-27.so", "bad/_lacks.abi3.so"], "exception")
    for force, expected in ((False, imported), (True, imported | loaded)):
        found = by_name(imports(opened, site, "good", "bad", extensions=extensions, force=force))
        assert {name: event["status"] for name, event in found.items()} == expected
    for name in ("good/_lacks.cpython-27.so", "bad/_lacks.abi3.so"):
        assert "libgone.so: cannot open shared object file" in found[name]["message"]


@real
def test_objects_see_what_the_package_loaded_before(opened: Session, site: Path) -> None:
    package = site / "pre"
    inner = compile_object(package / "inner.so", "int inner(void) { return 1; }", "-Wl,-soname,libpreloaded.so")
    compile_object(package / "outer.so", "int outer(void) { return 2; }", "-Wl,--no-as-needed", str(inner))
    (package / "__init__.py").write_text(f"import ctypes; ctypes.CDLL({str(inner)!r})")
    found = by_name(imports(opened, site, "pre", objects=["pre/outer.so"]))
    assert found["pre/outer.so"]["status"] == "ok"


@real
def test_extensions_of_a_package_that_fails_are_not_tried(opened: Session, site: Path) -> None:
    compile_object(site / "bad" / "_x.abi3.so", "int nothing;")
    compile_object(site / "bad" / "lib.so", "int nothing;")
    (site / "bad" / "__init__.py").write_text("raise ImportError('broken')")
    found = by_name(imports(opened, site, "bad", extensions=[("bad._x", "bad/_x.abi3.so")], objects=["bad/lib.so"]))
    assert {name: event["status"] for name, event in found.items()} == {
        "bad": "exception",
        "bad._x": "not-tried",
        "bad/lib.so": "ok",
    }


@real
def test_a_hanging_file_is_repeated_and_ends(opened: Session, site: Path) -> None:
    compile_object(site / "slow.so", "#include <unistd.h>\n__attribute__((constructor)) void s(void) { sleep(600); }")
    (event,) = imports(opened, site, objects=["slow.so"], seconds=1)
    assert {key: event[key] for key in ("status", "warm", "repeated")} == {
        "status": "hang",
        "warm": "hang",
        "repeated": "hang",
    }


@real
def test_executables_are_checked_and_never_run(opened: Session, site: Path, tmp_path: Path) -> None:
    made = tmp_path / "ran"
    source = f'#include <stdio.h>\nint main(void) {{ fclose(fopen("{made}", "w")); return 0; }}'
    library = compile_object(site / "libgone.so", "int gone(void) { return 0; }", "-Wl,-soname,libgone.so")
    for name, flags in {
        "good": [],
        "lacks": ["-Wl,--no-as-needed", str(library)],
        "strange": ["-Wl,--dynamic-linker=/lib/ld-none.so.9"],
        "static": ["-static"],
    }.items():
        argv = ["cc", "-x", "c", "-", "-o", str(site / name), "-x", "none", *flags]
        subprocess.run(argv, input=source.encode(), check=True)
    library.unlink()
    (site / "text").write_text("#!/bin/sh\n")
    found = by_name(imports(opened, site, executables=["good", "lacks", "strange", "static", "text", "none"]))
    assert {name: event["status"] for name, event in found.items()} == {
        "good": "ok",
        "lacks": "exception",
        "strange": "exception",
        "static": "ok",
        "text": "exception",
        "none": "absent",
    }
    assert "libgone.so: cannot open shared object file" in found["lacks"]["message"]
    assert "the loader '/lib/ld-none.so.9' that the program asks for is not there" in found["strange"]["message"]
    assert not made.exists()


@real
def test_pth_files_work_and_the_site_folder_comes_before_the_distro(opened: Session, site: Path) -> None:
    (site / "more.pth").write_text("extra\nimport os; os.environ['FROM_PTH'] = '1'\n")
    (site / "extra").mkdir()
    (site / "extra" / "deep.py").write_text("")
    (site / "pip.py").write_text("ours = True")
    code = "import os, deep, pip; assert os.environ['FROM_PTH'] and pip.ours"
    (event,) = opened.ask("smoke", seconds=20, site=str(site), code=code)
    assert event["status"] == "ok", event


@real
@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("assert 1 + 1 == 2", "ok"),
        ("assert 1 + 1 == 3, 'sum'", "exception"),
        ("import os; os.abort()", "crash"),
        ("import time; time.sleep(60)", "hang"),
        ("def f():\n    return g()\ndef g():\n    return __name__\nassert f() == '__main__'", "ok"),
    ],
)
def test_smoke(opened: Session, site: Path, code: str, status: str) -> None:
    (event,) = opened.ask("smoke", seconds=2, site=str(site), code=code)
    assert event["status"] == status, event


def make_wheel(folder: Path, entries: dict[str, str], name: str = "thing-1.0-py3-none-any.whl") -> Path:
    info = "thing-1.0.dist-info"
    files = {
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        **entries,
    }
    record = "".join(f"{path},,\n" for path in files) + f"{info}/RECORD,,\n"
    with zipfile.ZipFile(folder / name, "w") as archive:
        for path, content in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, content)
    return folder / name


@real
def test_install_with_the_interpreters_own_pip(opened: Session, python: str, tmp_path: Path) -> None:
    if subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode:
        pytest.skip(f"'{python}' has no pip.")
    wheel = make_wheel(tmp_path, {"thing.py": "value = 1"})
    site = tmp_path / "installed"
    argv = ["pip", "install", "--no-index", "--no-compile", "--target", str(site), str(wheel)]
    (event,) = opened.ask("install", seconds=60, argv=argv)
    assert (event["status"], event["exit_code"]) == ("exited", 0), event["output"]
    assert "Successfully installed thing-1.0" in event["output"]
    assert (site / "thing.py").read_text() == "value = 1"
    (again,) = opened.ask("install", seconds=60, argv=["pip", "install", "--no-index", "nowhere-to-be-found"])
    assert again["exit_code"] == 1
    assert "No matching distribution found for nowhere-to-be-found" in again["output"]
    assert shutil.which("true")
    (other,) = opened.ask("install", seconds=60, argv=["true"])
    assert (other["status"], other["exit_code"]) == ("exited", 0)


@real
def test_an_installer_that_hangs_or_is_missing(opened: Session) -> None:
    (event,) = opened.ask("install", seconds=1, argv=["sleep", "60"])
    assert event["status"] == "timeout"
    (event,) = opened.ask("install", seconds=5, argv=["no-such-installer"])
    assert event["exit_code"] == 70
    assert "No such file" in event["output"]


@real
def test_unpack(opened: Session, tmp_path: Path) -> None:
    entries = {
        "pkg/__init__.py": "",
        "thing-1.0.data/scripts/tool": "#!/bin/sh\n",
        "thing-1.0.data/purelib/more.py": "",
    }
    wheel = make_wheel(tmp_path, entries)
    (event,) = opened.ask("unpack", seconds=20, wheel=str(wheel), site=str(tmp_path / "out"))
    assert event["error"] is None
    assert os.access(tmp_path / "out" / "bin" / "tool", os.X_OK)
    assert (tmp_path / "out" / "more.py").exists()
    climbing = make_wheel(tmp_path, {"../climbed.py": ""}, "other.whl")
    (event,) = opened.ask("unpack", seconds=20, wheel=str(climbing), site=str(tmp_path / "out2"))
    assert "'../climbed.py' is a link or leads out of the folder" in event["error"]
    assert not (tmp_path / "climbed.py").exists()
    (tmp_path / "cut.whl").write_bytes(wheel.read_bytes()[:100])
    (event,) = opened.ask("unpack", seconds=20, wheel=str(tmp_path / "cut.whl"), site=str(tmp_path / "out3"))
    assert event["error"].startswith("BadZipFile")


@real
def test_remove_stays_in_the_work_folder(opened: Session, tmp_path: Path, tmp_path_factory: Any) -> None:
    inside = tmp_path / "inside"
    outside = tmp_path_factory.mktemp("outside")
    inside.mkdir()
    for path in (inside, outside, tmp_path / ".." / outside.name, tmp_path):
        assert opened.ask("remove", seconds=20, path=str(path)) == ()
    assert not inside.exists()
    assert outside.exists()
    assert tmp_path.exists()


@real
def test_many_questions_leave_no_descriptor_open(opened: Session, site: Path) -> None:
    pid = opened._process.popen.pid  # type: ignore[attr-defined]  # the test's own process class
    counts = []
    for _ in itertools.repeat(None, 3):
        imports(opened, site, "fine", "raises")
        counts.append(len(list(Path(f"/proc/{pid}/fd").iterdir())) if os.getuid() == 0 else 0)
    assert len(set(counts)) == 1


@real
@pytest.mark.parametrize("project", ["lxml", "numpy"])
def test_a_real_wheel_from_the_index(project: str, tmp_path: Path) -> None:
    argv = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--only-binary",
        ":all:",
        "-d",
        str(tmp_path),
        project,
    ]
    fetched = subprocess.run(argv, capture_output=True, text=True)
    if fetched.returncode:
        pytest.skip(f"The package index gave no wheel of '{project}': {fetched.stderr[-200:]}")
    (path,) = tmp_path.glob("*.whl")
    wheel = read_wheel(path)
    site = str(tmp_path / "site")
    with session(sys.executable, tmp_path) as one:
        words = one.ask("install", seconds=120, argv=["pip", "install", "--no-index", "--target", site, str(path)])
        assert install_outcome(words).grade is Grade.INSTALLED
        events = one.ask(
            "import",
            seconds=60,
            site=site,
            names=wheel.import_names,
            extensions=[(extension.name, extension.path) for extension in wheel.extensions],
            objects=wheel.objects,
            executables=wheel.executables,
        )
    outcome = import_outcome(events, wheel, soname_packages={}, variant="minimal", emulated="", markers={})
    assert (outcome.kind, outcome.grade, outcome.reason, outcome.side_effects) == (
        OutcomeKind.OK,
        Grade.IMPORTED,
        "",
        (),
    )
    assert len(events) >= len(wheel.import_names) + len(wheel.extensions) > 4


@real
def test_clear_leaves_nothing_of_the_wheel_before(python: str, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    with session(python, work) as one:
        one.ask("facts", seconds=20)
        (work / "locked" / "deep").mkdir(parents=True)
        (work / "locked" / "deep" / "file").touch()
        (work / "locked" / "deep").chmod(0)
        (work / ".config").mkdir()
        (work / "link").symlink_to(tmp_path)
        (event,) = one.ask("clear", seconds=20)
        assert event["left"] == 0
        assert list(work.iterdir()) == []
    assert tmp_path.exists()


@real
def test_clear_touches_nothing_that_was_there_before(python: str, tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with session(python, tmp_path) as one:
        (event,) = one.ask("clear", seconds=20)
    assert (event["left"], (tmp_path / "mine").exists()) == (0, True)
