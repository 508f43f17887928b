"""Tests of loading wheels together: for real, under every Python of this machine, with neighbours of the worst kind."""

import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from local_bench import compile_object, interpreters, session
from meetings import NULL, OK, items, meet, member, opened, site, work

from manylinux_lab.bench.session import Session

real = pytest.mark.real
__all__ = ["opened", "site", "work"]  # fixtures


@cache
def pythons() -> list[str]:
    return interpreters()


@real
@pytest.mark.parametrize("python", pythons() or [sys.executable])
@pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "forked"])
def test_two_wheels_that_get_on(python: str, fresh: bool, site: Path, work: Path) -> None:
    with session(python, work) as opened:
        calm = member("calm", smoke="import calm; assert calm.value == 1")
        event = meet(opened, site, calm, "quiet", fresh=fresh)
    assert event["status"] == "ok"
    assert items(event) == [["ok", ""], ["ok", ""]]
    assert [one["smoke"] for one in event["members"]] == [OK, None]
    assert [one["changes"] for one in event["members"]] == [{}, {}]
    assert [one["noise"] for one in event["members"]] == ["", ""]
    assert (event["fork"], event["exit"], event["warm"]) == (OK, OK, not fresh)
    assert event["stage"] == event["member"] == event["item"] == event["trace"] == ""
    assert event["mapped"]


@real
@pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "forked"])
def test_an_exception_in_company_only(opened: Session, site: Path, fresh: bool) -> None:
    assert items(meet(opened, site, "after_calm", "calm", fresh=fresh)) == [["ok", ""], ["ok", ""]]
    event = meet(opened, site, "calm", "after_calm", fresh=fresh)
    assert event["status"] == "ok"
    assert items(event) == [["ok", ""], ["exception", "calm is here"]]
    assert event["members"][1]["items"][0][3] == "ValueError"
    assert "after_calm.py" in event["members"][1]["items"][0][5]


@real
@pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "forked"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("segfaults", {"status": "crash", "signal": 11}),
        ("leaves", {"status": "early-exit", "exit_code": 0}),
        ("hangs", {"status": "hang"}),
    ],
)
def test_the_end_of_a_process_while_it_loads(
    opened: Session, site: Path, name: str, words: dict[str, Any], fresh: bool
) -> None:
    event = meet(opened, site, "calm", name, seconds=1.5, fresh=fresh)
    assert {key: event[key] for key in words} == words
    assert (event["stage"], event["member"], event["item"]) == ("load", f"{name}-1", name)
    assert ("Segmentation fault" in event["trace"]) == (name == "segfaults")
    assert event["exit"] == event["fork"] == {"status": "not-tried"}
    assert items(event) == [["ok", ""], ["not-tried", ""]]
    assert items(meet(opened, site, "calm", "quiet", fresh=fresh)) == [["ok", ""], ["ok", ""]]


@real
@pytest.mark.parametrize("name", ["segfaults", "leaves", "hangs"])
def test_a_mother_that_ends_while_it_loads(opened: Session, site: Path, name: str) -> None:
    event = meet(opened, site, name, "calm", seconds=1.5)
    assert event["status"] == {"segfaults": "crash", "leaves": "early-exit", "hangs": "hang"}[name]
    assert (event["stage"], event["member"]) == ("load", f"{name}-1")
    assert items(meet(opened, site, "calm", "quiet")) == [["ok", ""], ["ok", ""]]


@real
@pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "forked"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("crashes_at_exit", {"status": "exit-crash", "signal": 6}),
        ("hangs_at_exit", {"status": "exit-hang"}),
    ],
)
def test_the_end_of_the_interpreter(opened: Session, site: Path, name: str, words: dict[str, Any], fresh: bool) -> None:
    event = meet(opened, site, "calm", name, seconds=1.5, fresh=fresh)
    assert event["status"] == "ok"
    assert event["exit"] == words
    assert meet(opened, site, "calm", "quiet", fresh=fresh)["exit"] == OK


@real
@pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "forked"])
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (f"import os, calm\nif os.getpid() != calm.pid:\n    {NULL}", {"status": "crash", "signal": 11}),
        ("import os, calm\nif os.getpid() != calm.pid: os._exit(3)", {"status": "early-exit", "exit_code": 3}),
        ("import os, calm\nwhile os.getpid() != calm.pid: pass", {"status": "hang"}),
        (
            "import os, calm\nif os.getpid() != calm.pid: raise KeyError('forked')",
            {"status": "exception", "member": "calm-1", "exception": "KeyError", "message": "'forked'"},
        ),
    ],
    ids=["crash", "early-exit", "hang", "exception"],
)
def test_the_end_of_a_fork_that_uses_all(
    opened: Session, site: Path, code: str, words: dict[str, Any], fresh: bool
) -> None:
    (site / "where.py").write_text("import calm, os\ncalm.pid = os.getpid()")
    event = meet(opened, site, member("calm", smoke=code), "where", seconds=1.5, fresh=fresh)
    assert {key: event["fork"].get(key) for key in words} == words
    assert (event["status"], event["exit"]) == ("ok", OK)
    assert event["members"][0]["smoke"] == OK


@real
@pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "forked"])
def test_smoke_code_that_fails_in_company_only(opened: Session, site: Path, fresh: bool) -> None:
    (site / "spoils.py").write_text("import calm\ncalm.value = 9")
    calm = member("calm", smoke="import calm\nassert calm.value == 1, calm.value")
    assert meet(opened, site, calm, "quiet", fresh=fresh)["members"][0]["smoke"] == OK
    event = meet(opened, site, calm, "spoils", fresh=fresh)
    smoke = event["members"][0]["smoke"]
    assert (smoke["status"], smoke["exception"], smoke["message"]) == ("exception", "AssertionError", "9")
    assert event["fork"]["member"] == "calm-1"


@real
@pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "forked"])
def test_noise_is_told_of_the_member_that_made_it(opened: Session, site: Path, fresh: bool) -> None:
    for names in (("says", "calm", "quiet"), ("calm", "says", "quiet"), ("calm", "quiet", "says")):
        event = meet(opened, site, *names, fresh=fresh)
        noise = {one["id"]: "".join(sorted(one["noise"].split())) for one in event["members"]}
        assert noise == {"calm-1": "", "quiet-1": "", "says-1": "hellothere"}


@real
def test_hidden_modules_are_not_found(opened: Session, site: Path) -> None:
    (site / "asks.py").write_text("try:\n    import quiet.deep\nexcept ModuleNotFoundError as error: print(error.name)")
    first = {"hidden_first": ["quiet", "says"], "hidden": ["says"]}
    event = meet(opened, site, "asks", "quiet", "says", **first)
    assert [one["items"][0][1] for one in event["members"]] == ["ok", "ok", "exception"]
    assert event["members"][0]["noise"] == "quiet\n"
    assert event["members"][2]["items"][0][2:5] == ["No module named 'says'", "ModuleNotFoundError", "says"]
    assert [one["changes"] for one in event["members"]] == [{}, {}, {}]


@real
def test_a_captured_library_is_mapped_and_bound(opened: Session, site: Path) -> None:
    for wheel in ("one", "two"):
        soname = ["-Wl,-soname,libshared-here.so", f"-Wl,-rpath,{site / wheel}"]
        library = compile_object(site / wheel / "libshared-here.so", "int shared(void) { return 1; }", *soname)
        source = "extern int shared(void); int use(void) { return shared(); }"
        compile_object(site / wheel / "user.so", source, str(library), soname[1])
        (site / wheel / "__init__.py").write_text(
            f"import ctypes\nlibrary = ctypes.CDLL({str(site / wheel / 'user.so')!r})\nassert library.use() == 1"
        )
    events = opened.ask(
        "coload", seconds=20, sites=[str(site)], hidden=[], order=[member("one"), member("two")], fresh=False
    )
    libraries = {event["path"]: event for event in events if event["event"] == "library"}
    event = events[-1]
    assert event["status"] == "ok"
    own = [path for path in event["mapped"] if path.startswith(str(site))]
    assert own == [str(site / path) for path in ("one/libshared-here.so", "one/user.so", "two/user.so")]
    assert [str(site / "two/user.so"), str(site / "one/libshared-here.so"), 1, ["shared"]] in event["bindings"]
    user = libraries[str(site / "two/user.so")]
    assert user["needed"][0] == "libshared-here.so"
    assert str(site / "two") in (user["rpath"], user["runpath"])
    assert libraries[str(site / "one/libshared-here.so")]["soname"] == "libshared-here.so"
    again = opened.ask("coload", seconds=20, sites=[str(site)], hidden=[], order=[member("calm")], fresh=True)
    assert not {event["path"] for event in again if event["event"] == "library"} & set(libraries)


@real
def test_modules_that_are_hidden_are_not_there_at_all(opened: Session, site: Path) -> None:
    (site / "asks.py").write_text("import importlib.util\nprint(importlib.util.find_spec('quiet'))")
    event = meet(opened, site, "asks", "quiet", hidden_first=["quiet"])
    assert event["members"][0]["noise"] == "None\n"
    assert items(event) == [["ok", ""], ["ok", ""]]
    assert event["refused"] == ["quiet"]
    assert meet(opened, site, "calm", "asks", hidden_first=["quiet"], hidden=["quiet"])["refused"] == []
    assert meet(opened, site, "asks", "calm", hidden=["quiet"], fresh=True)["refused"] == ["quiet"]


@real
def test_many_orders_leave_nothing_behind(opened: Session, site: Path, work: Path) -> None:
    def left() -> tuple[int, int, set[str]]:
        pid = opened._process.popen.pid  # type: ignore[attr-defined]  # the local bench's process
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        descriptors = list(Path(f"/proc/{pid}/fd").iterdir())
        return len(descriptors), len(children), {path.name for path in work.iterdir()}

    meet(opened, site, "calm", "quiet")
    before = left()
    for _ in range(100):
        meet(opened, site, "calm", "quiet")
    meet(opened, site, "calm", "quiet", fresh=True)
    meet(opened, site, "quiet", "calm")
    meet(opened, site, "calm", "segfaults")
    assert [len(one) if isinstance(one, set) else one for one in left()] == [*before[:2], len(before[2])]
    opened.ask("facts", seconds=20)
    assert left()[1:] == (0, set())
