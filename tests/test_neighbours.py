"""Neighbours and their smoke code: the lab's own file, a user's file, and what is wrong in one."""

from pathlib import Path

import pytest

from manylinux_lab.coload.neighbours import (
    KEYS,
    NEIGHBOUR_KEYS,
    asked_for,
    curated,
    read_neighbours,
    smoke_codes,
    stdlib_smoke,
)
from manylinux_lab.errors import UsageError
from manylinux_lab.options import Options

ROOT = Path(__file__).resolve().parent.parent


def write(folder: Path, text: str) -> str:
    file = folder / "mine.toml"
    file.write_text(f"schema = 1\n{text}")
    return str(file)


def test_the_curated_list() -> None:
    projects = {project.name: project for project in curated().projects}
    assert {"numpy", "lxml", "protobuf", "opencv-python-headless"} <= set(asked_for(["popular"]))
    assert "torch" not in asked_for(["popular"])
    assert "size" in projects["torch"].note
    assert [name for name, project in projects.items() if project.is_popular and not project.smoke] == []
    assert list(stdlib_smoke()) == ["ssl", "sqlite3", "hashlib", "ctypes", "multiprocessing"]


@pytest.mark.parametrize("key", [*KEYS, *NEIGHBOUR_KEYS])
def test_every_key_is_explained(key: str) -> None:
    section = (ROOT / "docs" / "run.md").read_text().partition("### Neighbours")[2].partition("\n## ")[0]
    assert f"\n| `{key}` |" in section


@pytest.mark.parametrize(
    "module",
    [*sorted({*stdlib_smoke()} - {"multiprocessing"}), pytest.param("multiprocessing", marks=pytest.mark.real)],
)
def test_the_standard_library_does_here_what_its_code_asks(module: str) -> None:
    exec(stdlib_smoke()[module], {"__name__": "smoke"})


def test_words_that_name_neighbours(tmp_path: Path) -> None:
    file = write(
        tmp_path, "[[neighbour]]\nname = 'A_b'\nrequirement = 'a-b<2'\n[[neighbour]]\nname = 'c'\npopular = false"
    )
    assert asked_for([file, "numpy==2.1.*", file]) == ("a-b<2", "numpy==2.1.*")


def test_smoke_code_of_the_user_comes_first_then_that_of_named_files(tmp_path: Path) -> None:
    file = write(tmp_path, "[[neighbour]]\nname = 'numpy'\nsmoke = '1'\n[[neighbour]]\nname = 'lxml'\nsmoke = '2'")
    codes = smoke_codes(Options(neighbours=(file,), smoke=("Lxml=3", "other=4")))
    assert (codes["numpy"], codes["lxml"], codes["other"]) == ("1", "3", "4")
    assert codes["pyyaml"] == smoke_codes(Options())["pyyaml"]
    assert smoke_codes(Options())["numpy"].count("assert") == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("schema = 2", "cannot be read"),
        ("other = 1", "'other' is unknown"),
        ("neighbour = 3", "must be a list of tables"),
        ("[[neighbour]]\nsmoke = '1'", "the key 'name' of neighbour 1 is missing"),
        ("[[neighbour]]\nname = 'a'\nsize = 3", "the key 'size' of neighbour 1 is unknown"),
        ("[[neighbour]]\nname = 'a'\nrequirement = 'a=='", "is no requirement"),
        ("[[neighbour]]\nname = 'a'\nrequirement = 'b'", "is for 'b', not for 'a'"),
        ("[[neighbour]]\nname = 'a'\nsmoke = 'a b'", "the key 'smoke' of neighbour 1 is no Python code"),
        ("[[neighbour]]\nname = 'a'\n[[neighbour]]\nname = 'A'", "has 'a' twice"),
        ("[[neighbour]]\nname = 'a'\npopular = 'yes'", "must be true or false"),
        ("[stdlib]\nssl = 3", "must be a string"),
    ],
)
def test_files_that_break_the_format(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_neighbours(Path(write(tmp_path, text)))


def test_a_file_of_another_schema_or_none_at_all(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("schema = 2")
    with pytest.raises(UsageError, match="must be 1, the format that this lab knows"):
        read_neighbours(tmp_path / "mine.toml")
    with pytest.raises(UsageError, match="cannot be read"):
        asked_for([str(tmp_path / "nowhere.toml")])
