"""Tests of what the worst wheel can do to the orders of others on its bench: nothing."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from local_bench import session
from meetings import OK, items, meet, member, opened, site, work

from manylinux_lab.bench.session import Session
from manylinux_lab.errors import EngineError

pytestmark = pytest.mark.real
__all__ = ["opened", "site", "work"]  # fixtures

FIND_SECRET = """
import gc, os, sys, time
words = [value for value in gc.get_objects() if type(value) is dict and "secret" in value]
secret = words[0]["secret"] if words else "guess"
def write(line):
    for descriptor in range(3, 60):
        try:
            os.write(descriptor, line.encode())
        except OSError:
            pass
"""
LIES = """
for kind, value in CLAIMS:
    write("\\n%s %s %s\\n" % (secret, kind, value))
    write("\\n%d %s %s\\n" % (2, kind, value))
write("no end")
"""
CLAIMS = [
    ("stage", '["smoke", 99, "x"]'),
    ("stage", "[1]"),
    ("member", '[1, [["x", "exception", "lie", "Lie", "", ""]], {"umask": ["0", "1"]}]'),
    ("member", '[1, [["x"]], {}]'),
    ("member", '[1, [[]], {"umask": 1}]'),
    ("smoke", '[1, {"status": "fine"}]'),
    ("fork", "99999999999999999999999999"),
    ("forking", "1e400"),
    ("wait", '"x"'),
    ("details", "{}"),
    ("mapped", "[" * 100000),
    ("mapped", '["\\ud800", "/nowhere"]'),
    ("__init__", '"x"'),
    ("words", "[]"),
]
BABBLE = """
while True:
    time.sleep(0.01)
    write('\\n%s stage ["load", 1, "x"]\\n' % secret)
"""
KILLS_MOTHER = """
import os, signal, time
if b"company.py" in open("/proc/%d/cmdline" % os.getppid(), "rb").read():
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)
"""
DAEMON = """
import os, sys, time
awake, wake = os.pipe()
os.set_inheritable(wake, True)
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    code = "import os, time; os.write(%d, b'x'); time.sleep(600)" % wake
    os.execv(sys.executable, [sys.executable, "-c", code, MARK])
os.read(awake, 1)
"""
HELPED = """
import subprocess, sys
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", MARK])
"""
SPREADS = """
import os, time
for _ in range(6):
    if os.fork() == 0:
        os.setsid()
while True:
    time.sleep(0.001)
"""

both = pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "forked"])


@pytest.fixture
def mark() -> str:
    """Return a word by which a process can be found."""
    return f"mark-{os.getpid()}-{os.urandom(4).hex()}"


def running(mark: str) -> int:
    """Return how many processes have a mark in their command line."""
    found = 0
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # a process may end at any time
            found += mark.encode() in path.read_bytes()
    return found


@both
def test_a_wheel_cannot_lie_about_other_orders(opened: Session, site: Path, fresh: bool) -> None:
    (site / "lies.py").write_text(f"CLAIMS = {CLAIMS}\n{FIND_SECRET}{LIES}")
    assert meet(opened, site, "calm", "quiet", fresh=fresh)["status"] == "ok"
    event = meet(opened, site, "calm", "lies", fresh=fresh)
    assert event["members"][0]["items"] == [["calm", "ok", "", "", "", ""]]
    assert event["members"][1]["items"][0][2] == "lie"  # it does find its own order
    for _ in range(3):
        event = meet(opened, site, "calm", member("quiet", smoke="import quiet"), fresh=fresh)
        assert items(event) == [["ok", ""], ["ok", ""]]
        assert [one["changes"] for one in event["members"]] == [{}, {}]
        assert [one["noise"] for one in event["members"]] == ["", ""]
        assert (event["status"], event["fork"], event["exit"]) == ("ok", OK, OK)
        assert event["members"][1]["smoke"] == OK
        assert "/nowhere" not in event["mapped"]


@both
def test_a_wheel_that_says_without_end_that_it_goes_on_is_late_in_the_end(
    opened: Session, site: Path, fresh: bool
) -> None:
    (site / "babbles.py").write_text(FIND_SECRET + BABBLE)
    event = meet(opened, site, "calm", "babbles", seconds=0.5, fresh=fresh)
    assert (event["status"], event["stage"]) == ("hang", "load")
    assert meet(opened, site, "calm", "quiet", fresh=fresh)["status"] == "ok"


@both
def test_a_wheel_that_closes_all_descriptors_harms_itself(opened: Session, site: Path, fresh: bool) -> None:
    (site / "closes.py").write_text("import os\nos.closerange(3, 1000)")
    assert meet(opened, site, "calm", "closes", fresh=fresh)["member"] == "closes-1"
    assert meet(opened, site, "calm", "quiet", fresh=fresh)["status"] == "ok"


def test_a_mother_who_is_killed_by_her_child_costs_no_order(opened: Session, site: Path) -> None:
    (site / "ungrateful.py").write_text(KILLS_MOTHER)
    event = meet(opened, site, "calm", "ungrateful")
    assert (event["status"], event["warm"]) == ("ok", False)
    assert meet(opened, site, "calm", "quiet")["warm"] is False
    assert meet(opened, site, "quiet", "calm")["warm"] is True


@both
def test_a_daemon_ends_with_its_order(opened: Session, site: Path, mark: str, fresh: bool) -> None:
    (site / "daemon.py").write_text(f"MARK = {mark!r}{DAEMON}")
    assert meet(opened, site, "calm", "daemon", fresh=fresh)["status"] == "ok"
    assert not running(mark)
    assert meet(opened, site, "calm", "quiet", fresh=fresh)["status"] == "ok"


@both
def test_forks_without_end_end_with_their_order(opened: Session, site: Path, fresh: bool) -> None:
    (site / "spreads.py").write_text(SPREADS)
    event = meet(opened, site, "calm", "spreads", seconds=1.5, fresh=fresh)
    assert (event["status"], event["stage"]) == ("hang", "load")
    pid = opened._process.popen.pid  # type: ignore[attr-defined]  # the local bench's process
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert len(children) == (0 if fresh else 1)
    assert meet(opened, site, "calm", "quiet", fresh=fresh)["status"] == "ok"


def test_helpers_of_a_mother_live_as_long_as_she_does(opened: Session, site: Path, mark: str) -> None:
    (site / "helped.py").write_text(f"MARK = {mark!r}{HELPED}")
    for other in ("calm", "quiet", "says"):
        assert meet(opened, site, "helped", other)["status"] == "ok"
        assert running(mark) == 1
    meet(opened, site, "calm", "quiet")
    assert not running(mark)


def test_the_loaders_log_cannot_be_swapped(opened: Session, site: Path, work: Path) -> None:
    (site / "swaps.py").write_text(
        "import glob, os\nfor path in glob.glob('.loader-*'):\n    os.unlink(path)\n    os.mkfifo(path)"
    )
    event = meet(opened, site, "swaps", "calm", fresh=True)
    assert (event["status"], event["bindings"]) == ("ok", [])
    assert not list(work.iterdir())


def test_killing_the_probe_is_trouble_of_the_lab(opened: Session, site: Path) -> None:
    (site / "kills_parent.py").write_text("import os, time; os.kill(os.getppid(), 9); time.sleep(30)")
    with pytest.raises(EngineError, match=r"The probe ended in the middle of 'coload'; something killed it"):
        meet(opened, site, "kills_parent", fresh=True)


def test_a_wheel_that_kills_all_processes_costs_no_order(site: Path, work: Path, tmp_path: Path) -> None:
    outside = str(Path("/proc/self/ns/pid").readlink())
    alone = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("This user cannot make a namespace of processes, and outside of one the test would kill too much.")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {" ".join(alone)} {sys.executable} "$@"\n')
    python.chmod(0o755)
    guard = f"import os\nassert os.readlink('/proc/self/ns/pid') != {outside!r}\n"
    (site / "kills_all.py").write_text(f"{guard}try: os.kill(-1, 9)\nexcept ProcessLookupError: pass  # alone")
    with session(str(python), work) as opened:
        for fresh in (False, True):
            event = meet(opened, site, "calm", "kills_all", fresh=fresh)
            assert (event["status"], event["warm"], items(event)) == ("ok", False, [["ok", ""], ["ok", ""]])
        assert meet(opened, site, "quiet", "calm")["warm"] is True


@both
def test_a_program_that_a_wheel_starts_gets_none_of_the_labs_pipes(opened: Session, site: Path, fresh: bool) -> None:
    (site / "starts.py").write_text("import os\nos.system('readlink /proc/self/fd/*; env | grep ^LD_')")
    for names in (("starts", "calm"), ("calm", "starts")):
        event = meet(opened, site, *names, fresh=fresh)
        noise = next(one["noise"] for one in event["members"] if one["id"] == "starts-1")
        assert noise.count("pipe:") == 2  # standard output and standard error
        assert "LD_" not in noise
