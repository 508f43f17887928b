"""Tests of the engine that runs programs of this machine."""

import platform
from pathlib import Path

import pytest

from manylinux_lab.engines.local import LocalEngine
from manylinux_lab.errors import EngineError


def test_local_says_that_nothing_is_isolated() -> None:
    engine = LocalEngine()
    image = engine.find("anything")
    assert image is not None
    (boundary,) = engine.boundaries(image)
    assert not boundary.in_force
    assert engine.arch_trouble(platform.machine()) is None
    assert engine.arch_trouble("vax") == f"The 'local' engine runs '{platform.machine()}' only, not 'vax'."


def test_local_keeps_no_images() -> None:
    engine = LocalEngine()
    image = engine.find("x")
    assert image is not None
    assert engine.images() == ()
    for attempt in (
        lambda: engine.pull("debian:12", "x86_64", "x"),
        lambda: engine.load(Path("root"), "x86_64", "x", "a test"),
        lambda: engine.build(image, (), {}, "x"),
        lambda: engine.remove("x"),
    ):
        with pytest.raises(EngineError, match="take 'docker' or 'bwrap'"):
            attempt()


@pytest.mark.real
def test_local_runs_in_a_scratch_folder_that_goes() -> None:
    engine = LocalEngine()
    image = engine.find("x")
    assert image is not None
    with engine.start(image, run="tests", bench="scratch") as bench:
        folder = Path(bench.run(("pwd",), seconds=30).stdout.decode().strip())
        done = bench.run(("sh", "-c", "echo $HOME; echo trouble >&2; exit 4"), seconds=30)
        assert (done.exit_code, done.stdout.decode().strip(), done.stderr) == (4, str(folder), b"trouble\n")
        process = bench.start(("cat",))
        process.send(b"hello")
        assert process.receive(30) == b"hello"
        with pytest.raises(EngineError, match="'no-such-program' cannot be started on this machine"):
            bench.run(("no-such-program",), seconds=30)
        assert folder.is_dir()
    assert not folder.exists()
    assert engine.reap() == 0
