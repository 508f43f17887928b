"""The list of checks, and those that users add."""

from pathlib import Path

import pytest

from manylinux_lab.errors import UsageError
from manylinux_lab.folders import data_folder
from manylinux_lab.judge import Promise
from manylinux_lab.planning.checks import CHECKS, with_suites


def test_every_check_has_its_test_file_and_the_reverse() -> None:
    files = {path.stem.removeprefix("test_") for path in data_folder("suites").glob("test_*.py")}
    assert files == {check.name for check in CHECKS}


def test_a_users_file_becomes_a_check_after_the_labs(tmp_path: Path) -> None:
    file = tmp_path / "test_version.py"
    file.write_text("def test_version(cell): ...")
    checks = with_suites([file])
    assert checks[:-1] == CHECKS
    assert (checks[-1].name, checks[-1].promise) == ("version", Promise.SUPPORTED)


@pytest.mark.parametrize("name", ["version.py", "test_Version.py", "test_missing.py"])
def test_a_file_that_cannot_be_used(tmp_path: Path, name: str) -> None:
    if "missing" not in name:
        (tmp_path / name).write_text("")
    with pytest.raises(UsageError, match=r"called test_<check>\.py"):
        with_suites([tmp_path / name])


def test_a_name_that_is_taken(tmp_path: Path) -> None:
    (tmp_path / "test_import.py").write_text("")
    with pytest.raises(UsageError, match="takes the name of the check 'import'"):
        with_suites([tmp_path / "test_import.py"])


@pytest.mark.parametrize(
    "text", ["from mine import test_it", "from mine import it as test_it", "class T:\n def test(): 1"]
)
def test_where_a_test_may_be(tmp_path: Path, text: str) -> None:
    (tmp_path / "test_own.py").write_text(text)
    assert with_suites([tmp_path / "test_own.py"])[-1].name == "own"


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"x = 1", "so it asks nothing"), (b"def test(:", "cannot be read: invalid syntax"), (b"\0", "cannot be read")],
)
def test_a_file_that_asks_nothing(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "test_own.py").write_bytes(content)
    with pytest.raises(UsageError, match=message):
        with_suites([tmp_path / "test_own.py"])
