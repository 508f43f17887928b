"""Wheels that meet in one process of the probe, for its tests: small modules in a site folder, and how to ask."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from local_bench import session

from manylinux_lab.bench.session import Event, Session

OK = {"status": "ok"}
NULL = "import _ctypes, ctypes; ctypes.string_at(0)"
MODULES = {
    "calm": "value = 1",
    "quiet": "value = 2",
    "after_calm": "import sys\nif 'calm' in sys.modules: raise ValueError('calm is here')",
    "segfaults": NULL,
    "hangs": "import time\nwhile True: time.sleep(1)",
    "leaves": "import os; os._exit(0)",
    "crashes_at_exit": "import atexit, os; atexit.register(os.abort)",
    "hangs_at_exit": "import threading, time; threading.Thread(target=time.sleep, args=(1000,)).start()",
    "says": "import os\nprint('hello')\nos.write(2, b'there')",
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a site folder with small modules."""
    folder = tmp_path / "site"
    folder.mkdir()
    for name, source in MODULES.items():
        (folder / f"{name}.py").write_text(source)
    return folder


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Return an empty folder for the probe."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def opened(work: Path) -> Iterator[Session]:
    """Return a session with the probe under the Python that runs the tests."""
    with session(sys.executable, work) as one:
        yield one


def member(name: str, smoke: str = "") -> dict[str, Any]:
    """Return a member with one module."""
    return {"id": f"{name}-1", "items": [["import", name]], "smoke": smoke}


def meet(opened: Session, site: Path, *members: str | dict[str, Any], seconds: float = 20, **fields: Any) -> Event:
    """Load members together and return the event; a plain name is a member with that one module."""
    order = [member(one) if isinstance(one, str) else one for one in members]
    request = {"sites": [str(site)], "hidden": [], "order": order, "fresh": False, "detailed": False, **fields}
    *_, event = opened.ask("coload", seconds=seconds, **request)
    return event


def items(event: Event) -> list[list[str]]:
    """Return status and message of each member's only item."""
    return [[one["items"][0][1], one["items"][0][2]] for one in event["members"]]
