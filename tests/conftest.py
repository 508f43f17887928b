"""Fixtures of the lab's own tests: unit tests may neither start a process nor open a socket."""

import os
import socket
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _no_outside_world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every unit test fail that would start a process or open a connection; ``real`` tests may."""
    if request.node.get_closest_marker("real"):
        return

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("A unit test starts a process or opens a socket; mark it 'real' or give it records.")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr(os, "fork", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(autouse=True)
def _own_cache(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give unit tests a cache of their own; real tests share the user's, since images are slow to make."""
    if not request.node.get_closest_marker("real"):
        monkeypatch.setenv("MANYLINUX_LAB_CACHE", str(tmp_path / "cache"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites committed reports."""
    parser.addoption("--rewrite", action="store_true", help="write the committed report pages anew")
