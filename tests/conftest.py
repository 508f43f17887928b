"""Fixtures of the lab's own tests: unit tests may neither start a process nor open a socket."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


# --- the page in a browser; only tests that ask for these import what drives it ---


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start one browser for the tests of a module; each test has a profile of its own."""
    from browser import chromium

    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def page_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the pages of the runs in ``page_runs``."""
    from page_runs import hostile, large, pairs_only, rich, rich_changes

    from manylinux_lab.report import page

    folder = tmp_path_factory.mktemp("pages")
    (folder / "rich.html").write_text(page.render(*rich()))
    (folder / "compared.html").write_text(page.render(*rich(), changes=rich_changes()))
    (folder / "large.html").write_text(page.render(*large()))
    (folder / "pairs.html").write_text(page.render(*pairs_only()))
    (folder / "hostile.html").write_text(page.render(*hostile()))
    return folder


@pytest.fixture
def show(browser: Any, page_files: Path) -> Iterator[Any]:
    """Return what shows a page; nothing may be fetched, refused or said in the console."""
    from browser import visit

    visits = []

    def shown(state: str = "", name: str = "rich", **wishes: object) -> Any:
        visits.append(visit(browser, page_files / f"{name}.html", state, **wishes))
        return visits[-1]

    yield shown
    for one in visits:
        assert (one.requests, one.troubles, one.refused()) == ([], [], [])
        one.page.context.close()
