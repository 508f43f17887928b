"""Tests of what a process of wheels reports and of how the probe takes it: encoding, snapshots, accounts, ELF files."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from local_bench import compile_object
from meetings import meet, member, opened, site, work

from manylinux_lab.bench.probe.account import NOISE, Account
from manylinux_lab.bench.probe.conversation import Conversation
from manylinux_lab.bench.probe.libraries import library
from manylinux_lab.bench.probe.loader_log import Counted, LoaderLog, count, last_library, told
from manylinux_lab.bench.probe.snapshot import TEXT, TOLD, changes
from manylinux_lab.bench.probe.teller import encoded
from manylinux_lab.bench.session import Session

real = pytest.mark.real
__all__ = ["opened", "site", "work"]  # fixtures

ORDER = [{"id": name, "items": [["import", name]], "smoke": ""} for name in ("a", "b")]
CHANGES = {
    "environment": "import os; os.environ['LAB_TEST'] = '1'",
    "cwd": "import os; os.chdir('/')",
    "umask": "import os; os.umask(0o27)",
    "signals": "import signal; signal.signal(signal.SIGUSR1, signal.SIG_IGN)",
    "locale": "import locale; locale.setlocale(locale.LC_ALL, 'C')",
    "dlopen_flags": "import os, sys; sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)",
    "sys_path": "import sys; sys.path.append('/nowhere')",
    "warning_filters": "import warnings; warnings.simplefilter('ignore', BytesWarning)",
    "start_method": "import multiprocessing; multiprocessing.set_start_method('spawn')",
    "limits": "import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0))",
    "threads": "import threading, time; threading.Thread(target=time.sleep, args=(1,), daemon=True).start()",
    "hooks": "import sys; sys.excepthook = lambda *_: None",
    "callbacks": "import gc; gc.callbacks.append(print)",
    "recursion_limit": "import sys; sys.setrecursionlimit(4321)",
}
MXCSR = "__attribute__((constructor)) void start(void) {{ __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | {bits}); }}"


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -5,
        "",
        "/a/path.so",
        'a "quoted" \\ one',
        "line\nend\0",
        "müßig \U0001f40d",
        "\udc80",
        ["a", ["b", None]],
        {"key": ["a", {}]},
        (1, "x"),
    ],
)
def test_reports_are_json(value: Any) -> None:
    said = encoded(value)
    assert said.isascii()
    assert "\n" not in said
    assert json.loads(said) == json.loads(json.dumps(value))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"umask": "22"}, {"umask": "22"}, {}),
        ({"umask": "22"}, {"umask": "27"}, {"umask": ["22", "27"]}),
        ({"gil": True}, {"gil": False}, {"gil": [True, False]}),
        ({"sys_path": ["a", "b", "b"]}, {"sys_path": ["b", "c"]}, {"sys_path": [[3, "a", "b"], [2, "c"]]}),
        (
            {"environment": {"A": "1", "B": "2"}},
            {"environment": {"B": "3", "C": "4"}},
            {"environment": [None, {"A": ["1", None], "B": ["2", "3"], "C": [None, "4"]}]},
        ),
    ],
)
def test_changes(before: dict[str, Any], after: dict[str, Any], told: dict[str, Any]) -> None:
    assert changes(before, after) == told


def test_changes_are_bounded() -> None:
    many = {f"V{number:03}": "x" * 2 * TEXT for number in range(100)}
    _, told = changes({"environment": {}}, {"environment": many})["environment"]
    assert len(told) == TOLD
    assert told["V000"] == [None, "x" * TEXT]
    _, after = changes({"sys_path": []}, {"sys_path": list(many)})["sys_path"]
    assert (after[0], len(after)) == (100, TOLD + 1)


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_marks_part_the_output(step: int) -> None:
    account = Account("7abc")
    output = b"one\n\0 is no mark" + b"\x007abc 0\0" + b"x" * 3 * NOISE + b"\x007abc 1\0" + b"\x000000 2\0later"
    for place in range(0, len(output), step):
        account.take_output(output[place : place + step])
    assert account.noise == {0: "one\n\0 is no mark", 1: "x" * NOISE}
    assert "7abc" not in account.seen.output()


@pytest.mark.parametrize(
    "line",
    [
        b'other stage ["exit", 0, ""]',
        b'1 stage ["exit", 0, ""]',
        b"s3 stage",
        b"s3 stage [1]",
        b'm3 stage ["exit", 0, ""]',
        b"s3 words {}",
        b"s3 __init__ {}",
        b"s3 member [0, [[1]], {}]",
        b's3 member [0, [], {"a": 1}]',
        b's3 member [0, [], {"a": [0, NaN]}]',
        b's3 member [0, [], {"a": [0, 1e999]}]',
        b's3 member [0, [], {"a": [0, [%s]]}]' % b", ".join([b'"%s"' % (b"x" * 3000)] * 100),
        b's3 smoke [0, {"status": "fine"}]',
        b"s3 fork 1e999",
        b"s3 mapped " + b"[" * 5000,
        b's3 details {"handlers": []}',
        b"\xff\xfe",
        b"",
    ],
)
def test_what_is_no_report_counts_for_nothing(line: bytes) -> None:
    account, untouched = Account("s3"), Account("s3")
    assert not account.take(line)
    assert account.words(ORDER) == untouched.words(ORDER)


def test_an_account_of_a_good_order() -> None:
    account = Account("s")
    for line in (
        b's member [0, [["a", "ok", "", "", "", ""]], {}]',
        b's member [1, [["b", "exception", "m", "E", "", "t"]], {"umask": ["22", "27"]}]',
        b's mapped ["/x.so"]',
        b"s forking -1",
        b"s fork 0",
        b's smoke [1, {"status": "ok"}]',
        b"s end null",
        b"s wait 0",
    ):
        assert account.take(line)
    words = account.words(ORDER)
    assert (words["status"], words["exit"], words["fork"]) == ("ok", {"status": "ok"}, {"status": "ok"})
    assert words["members"][1]["changes"] == {"umask": ["22", "27"]}
    assert [one["smoke"] for one in words["members"]] == [None, {"status": "ok"}]


def test_a_fork_that_ends_before_it_has_done_all() -> None:
    account = Account("s")
    assert account.take(b"s forking 1")
    assert account.take(b"s fork 0")
    assert account.words(ORDER)["fork"] == {"status": "early-exit", "exit_code": 0, "member": "b"}


def test_bindings_between_wheels_come_before_those_within_one() -> None:
    log = b"".join(
        b"      1:\tbinding file %s [0] to %s [0]: normal symbol `%s' [V]\n" % words
        for words in [
            (b"/s/a/x.so", b"/s/a.libs/y.so", b"f"),
            (b"/s/a/x.so", b"/s/a.libs/y.so", b"g"),
            (b"/s/a/x.so", b"/s/a/x.so", b"own"),
            (b"/s/a/x.so", b"/lib/libc.so.6", b"puts"),
            (b"/s/b/z.so", b"/s/a.libs/y.so", b"f"),
        ]
    )
    counted: Counted = {}
    count(log, ["/s"], counted)
    assert told(counted, ["/s"]) == [
        ["/s/b/z.so", "/s/a.libs/y.so", 1, ["f"]],
        ["/s/a/x.so", "/s/a.libs/y.so", 2, ["f", "g"]],
    ]
    assert last_library(log) == ""
    assert last_library(log + b"  1:\tcalling init: /s/b/z.so\n\n") == "/s/b/z.so"


def test_the_loaders_log_is_read_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conversation, "work", str(tmp_path))
    log = LoaderLog()
    log.open(7)
    line = b"  7:\tbinding file /s/a/x.so [0] to /s/b/y.so [0]: normal symbol `%s'\n"
    with Path(log.path).open("ab", buffering=0) as stream:
        for _ in range(2):
            stream.write(line % b"one" + (line % b"two")[:40])
            log.read(["/s"])
            stream.write((line % b"two")[40:] + b"  7:\tcalling init: /s/b/y.so\n")
            assert log.take(["/s"]) == ([["/s/a/x.so", "/s/b/y.so", 2, ["one", "two"]]], "/s/b/y.so")
    assert log.take(["/s"]) == ([], "")
    log.close()
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_no_library_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "libpipe.so")
    assert library(str(tmp_path / "libpipe.so")) == {}


@real
def test_the_words_of_a_library(tmp_path: Path) -> None:
    flags = ["-Wl,-soname,libhere.so.1", "-Wl,-rpath,/far/away"]
    path = compile_object(tmp_path / "libhere.so", "int here;", *flags)
    words = library(str(path))
    assert words["soname"] == "libhere.so.1"
    assert "/far/away" in (words["rpath"], words["runpath"])
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        (tmp_path / "cut").write_bytes(whole[:length])
        assert set(library(str(tmp_path / "cut"))) <= set(words)
    for place in range(16, 64):
        (tmp_path / "cut").write_bytes(whole[:place] + b"\xff" + whole[place + 1 :])
        assert set(library(str(tmp_path / "cut"))) <= set(words)
    (tmp_path / "cut").write_bytes(b"#!/bin/sh\n")
    assert library(str(tmp_path / "cut")) == library(str(tmp_path / "absent")) == {}


@real
@pytest.mark.parametrize("key", sorted(CHANGES))
def test_a_change_is_told_of_the_member_that_made_it(opened: Session, site: Path, key: str) -> None:
    (site / "changing.py").write_text(CHANGES[key])
    for fresh in (True, False):
        for names in (("changing", "calm"), ("calm", "changing")):
            event = meet(opened, site, *names, fresh=fresh)
            told = {one["id"]: one["changes"] for one in event["members"]}
            if key == "locale" and not told["changing-1"]:
                pytest.skip("The locale of this machine is C already.")
            assert set(told["changing-1"]) == {key}
            assert told["calm-1"] == {}


@real
@pytest.mark.parametrize(
    ("bits", "key", "value"), [("0x8040", "denormals", "flushed to zero"), ("0x4000", "rounding", "upward")]
)
def test_floating_point_that_a_library_sets(opened: Session, site: Path, bits: str, key: str, value: str) -> None:
    library = site / "libfast.so"
    try:
        compile_object(library, MXCSR.format(bits=bits), "-msse2")
    except OSError:
        pytest.skip("There is no compiler for x86.")
    (site / "fast.py").write_text(f"import ctypes; ctypes.CDLL({str(library)!r})")
    for fresh in (True, False):
        told = meet(opened, site, "calm", "fast", fresh=fresh)["members"][1]["changes"]
        assert told[key][1] == told[f"{key}_in_threads"][1] == value


@real
def test_details_name_the_file_of_a_handler_and_the_environment_of_c(opened: Session, site: Path) -> None:
    source = "#include <signal.h>\n#include <stdlib.h>\nstatic void handle(int number) { (void)number; }\n"
    source += '__attribute__((constructor)) void start(void) { signal(SIGUSR1, handle); setenv("LAB_C", "1", 1); }'
    library = compile_object(site / "libhandles.so", source)
    (site / "handles.py").write_text(f"import ctypes; ctypes.CDLL({str(library)!r})")
    details = meet(opened, site, "handles", fresh=True, detailed=True)["details"]
    assert details["handlers"]["10"] == str(library)
    assert details["environ"]["LAB_C"] == [None, "1"]


@real
def test_smoke_code_may_spawn(opened: Session, site: Path) -> None:
    code = "import multiprocessing, os\nprocess = multiprocessing.get_context('spawn').Process(target=os.getpid)\n"
    code += "process.start(); process.join(); assert process.exitcode == 0, process.exitcode"
    for fresh in (True, False):
        event = meet(opened, site, member("calm", smoke=code), fresh=fresh)
        assert event["members"][0]["smoke"] == {"status": "ok"}, sys.version


@real
def test_a_site_is_the_union_and_the_later_wheel_wins(opened: Session, tmp_path: Path, work: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "pkg").mkdir(parents=True)
        (tmp_path / name / "pkg" / "both.py").write_text(name)
        (tmp_path / name / "pkg" / f"{name}.py").write_text(name)
    (tmp_path / "two" / "link").symlink_to("pkg")
    folders = [str(tmp_path / name) for name in ("one", "two")]
    (event,) = opened.ask("gather", seconds=20, site=str(work / "united"), folders=folders)
    assert (event["error"], event["files"]) == (None, 5)
    united = work / "united"
    assert {path.name for path in (united / "pkg").iterdir()} == {"both.py", "one.py", "two.py"}
    assert (united / "pkg" / "both.py").read_text() == "two"
    assert (united / "link").readlink() == Path("pkg")
    (event,) = opened.ask("gather", seconds=20, site="/proc/nowhere", folders=folders)
    assert "nowhere" in event["error"]
