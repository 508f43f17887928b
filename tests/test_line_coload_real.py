"""The line with wheels of the package index that get in each other's way, or in nobody's, in one process."""

from pathlib import Path

import pytest
from line import both_engines, on, pinned, run

pytestmark = pytest.mark.real

SOLVERS = {
    "ortools": "ortools-9.15.6755-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
    "highspy": "highspy-1.15.1-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl",
}
STATIC_HIGHSPY = "highspy-1.13.1-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl"
CYPARI = "cypari-2.5.5-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
PYHMMER = "pyhmmer-0.11.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
HEALTHY = {
    "greenlet": "greenlet-3.1.1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "lz4": "lz4-4.4.3-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "multidict": "multidict-6.2.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "orjson": "orjson-3.10.15-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "pyzmq": "pyzmq-26.3.0-cp311-cp311-manylinux_2_28_x86_64.whl",
    "regex": "regex-2024.11.6-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
}
SMOKE = {
    "greenlet": "import greenlet; assert greenlet.greenlet(lambda: 7).switch() == 7",
    "lz4": "import lz4.frame as frame; assert frame.decompress(frame.compress(b'x' * 999)) == b'x' * 999",
    "orjson": "import orjson; assert orjson.loads(orjson.dumps([5e-324])) == [5e-324]",
    "regex": "import regex; assert regex.match(r'(?P<a>\\p{L}+)', 'abc').group('a') == 'abc'",
}


@both_engines
def test_solvers_that_take_each_others_library(tmp_path: Path, engine: str) -> None:
    static = pinned("highspy", STATIC_HIGHSPY)
    wheels = [pinned(project, name) for project, name in SOLVERS.items()]
    words = [*on("debian-12"), "--coload", "pairs", "--cell", "*/coload/*"]
    ended = run(tmp_path, engine, [*wheels, static], *words, "--timeout", "60")
    assert ended.code == 1, ended.words
    for order in ("ortools-9.15.6755,highspy-1.15.1", "highspy-1.15.1,ortools-9.15.6755"):
        result = ended.one(f"*/coload/{order}")
        first, second = result["project"].split(",")
        assert result["verdict"] == "fail", result
        assert "ImportError" in result["reason"]
        assert "undefined symbol" in result["reason"]
        assert f"'libhighs.so.1' of '{first}' instead of its own" in result["reason"]
        captured = [evidence for evidence in result["facts"]["evidence"] if evidence["kind"] == "captured library"]
        assert captured[0]["facts"]["soname"] == "libhighs.so.1"
        assert f"/{second}/" in captured[0]["facts"]["wanted"]
        assert f"/{first}/" in captured[0]["facts"]["given"]
        assert result["facts"]["rate"] == "3 of 3"
    assert set(ended.verdicts("*/coload/*highspy-1.13.1*").values()) == {"pass"}, ended.words
    assert set(ended.verdicts("*/coload/*stdlib*").values()) == {"pass"}, ended.words


def test_wheels_that_change_the_process(tmp_path: Path) -> None:
    wheels = [pinned("cypari", CYPARI), pinned("pyhmmer", PYHMMER)]
    ended = run(tmp_path, "bwrap", wheels, *on("debian-12"), "--coload", "pairs", "--cell", "*/effects/*")
    assert ended.code == 1, ended.words
    signals, flushes = ended.one("*/effects/cypari-*"), ended.one("*/effects/pyhmmer-*")
    assert signals["verdict"] == "warn", signals
    assert any("SIGINT" in words for words in signals["side_effects"])
    assert flushes["verdict"] == "fail", flushes
    assert "denormals" in flushes["reason"]


def test_healthy_wheels_of_the_index(tmp_path: Path) -> None:
    wheels = [pinned(project, name) for project, name in HEALTHY.items()]
    smoke = [word for project, code in SMOKE.items() for word in ("--smoke", f"{project}={code}")]
    ended = run(tmp_path, "bwrap", wheels, *on("debian-12"), "--coload", "pairs", "--strict", *smoke)
    assert ended.code == 0, ended.words
    assert len(ended.verdicts("*/coload/*")) == 6 * 5 + 2 * 6
    assert set(ended.verdicts().values()) == {"pass"}, ended.words


def test_neighbours_are_smoke_tested_by_their_own_code(tmp_path: Path) -> None:
    names = ("psycopg2-binary", "pyyaml", "cffi")
    wheel = pinned("orjson", HEALTHY["orjson"])
    words = [*on("debian-12"), "--coload", "pairs", *(word for name in names for word in ("--with", name))]
    ended = run(tmp_path, "bwrap", [wheel], *words, "--cell", "*/coload/*")
    assert ended.code == 0, ended.words
    assert f"Choosing and fetching {len(names)} neighbours that go with the wheels, for 1 bench." in ended.err
    together = {line["cell"]: line["grade"] for line in ended.results}
    assert len(together) == 2 * len(names) + 2
    assert set(together.values()) == {"smoke-tested"}, together
