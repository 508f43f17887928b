"""Tests of hiding modules from a process of wheels."""

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from manylinux_lab.bench.probe.hiding import Hiding

FILES = (
    "seen_here.py",
    "hidden_here/__init__.py",
    "hidden_here/deep.py",
    "space_here/shown.py",
    "space_here/hidden/__init__.py",
    "wave.py",
)
HIDDEN = ["hidden_here", "space_here.hidden", "wave"]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A site folder behind the standard library; all that an import leaves in the interpreter is taken back."""
    folder = tmp_path / "site"
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    monkeypatch.setattr(sys, "path_hooks", list(sys.path_hooks))
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder)])
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    sys.modules.pop("wave", None)
    yield folder
    for entry in [entry for entry in sys.path_importer_cache if entry.startswith(str(tmp_path))]:
        del sys.path_importer_cache[entry]


@pytest.mark.parametrize("name", ["hidden_here", "hidden_here.deep", "space_here.hidden"])
def test_a_hidden_module_is_missing_in_pythons_own_words(site: Path, name: str) -> None:
    Hiding([str(site)], HIDDEN)
    with pytest.raises(ModuleNotFoundError) as caught:
        importlib.import_module(name)
    missing = "space_here.hidden" if name.startswith("space") else "hidden_here"
    assert (caught.value.name, str(caught.value)) == (missing, f"No module named {missing!r}")


def test_who_asks_politely_is_told_that_there_is_none(site: Path) -> None:
    Hiding([str(site)], HIDDEN)
    assert importlib.util.find_spec("hidden_here") is None
    assert importlib.util.find_spec("space_here.hidden") is None
    assert importlib.util.find_spec("seen_here") is not None


@pytest.mark.parametrize("name", ["seen_here", "space_here", "space_here.shown"])
def test_other_modules_are_found(site: Path, name: str) -> None:
    Hiding([str(site) + "/"], HIDDEN)
    assert importlib.import_module(name).__name__ == name


def test_the_standard_library_keeps_what_a_hidden_wheel_has_too(site: Path) -> None:
    Hiding([str(site)], HIDDEN)
    assert str(site) not in str(importlib.import_module("wave").__file__)


def test_a_folder_beside_the_site_is_left_alone(site: Path) -> None:
    beside = Path(f"{site}-other")
    beside.mkdir()
    (beside / "hidden_here.py").write_text("")
    sys.path.append(str(beside))
    Hiding([str(site)], HIDDEN)
    assert importlib.import_module("hidden_here").__file__ == str(beside / "hidden_here.py")


def test_what_is_hidden_can_change(site: Path) -> None:
    hiding = Hiding([str(site)], HIDDEN)
    assert importlib.util.find_spec("hidden_here") is None
    hiding.names = frozenset({"seen_here"})
    assert importlib.util.find_spec("hidden_here") is not None
    assert importlib.util.find_spec("seen_here") is None


def test_who_asked_for_what_is_remembered(site: Path) -> None:
    hiding = Hiding([str(site)], [*HIDDEN, *(f"module_{number}" for number in range(99))])
    assert hiding.refused == []
    for name in ("seen_here", "wave", "space_here.hidden", "hidden_here", "space_here.hidden"):
        importlib.util.find_spec(name)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("hidden_here.deep")
    assert hiding.refused == ["space_here.hidden", "hidden_here"]
    for number in range(99):
        importlib.util.find_spec(f"module_{number}")
    assert len(hiding.refused) == 50


def test_finders_stay_of_their_own_type(site: Path) -> None:
    Hiding([str(site)], HIDDEN)
    assert importlib.util.find_spec("seen_here") is not None
    names = [module.name for module in pkgutil.iter_modules([str(site)])]
    assert "seen_here" in names
    assert type(sys.path_importer_cache[str(site)]).__name__ == "FileFinder"
