"""What two wheels' files do to each other, and names and RECORDs that a good neighbour does not have."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from wheels import build_wheel, wheel_entries, write_archive

from manylinux_lab.coload.evidence import Kind
from manylinux_lab.coload.files import KEPT, overlap_evidence, record_evidence, top_level_evidence
from manylinux_lab.wheels.reading import read_wheel
from manylinux_lab.wheels.wheel import Wheel

INFO = "{0}-1.0.dist-info/entry_points.txt"


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MANYLINUX_LAB_CACHE", str(tmp_path / "cache"))


def wheel(folder: Path, project: str, files: Mapping[str, bytes], version: str = "1.0") -> Wheel:
    return read_wheel(build_wheel(folder, project, version, {f"{project}.py": b"", **files}))


def test_a_true_record_says_nothing(tmp_path: Path) -> None:
    assert record_evidence(wheel(tmp_path, "demo", {"a.py": b"1"})) == ()


def test_every_lie_of_a_record_is_told_once(tmp_path: Path) -> None:
    files = {f"demo/f{number}.py": b"%d" % number for number in range(6)}
    entries = wheel_entries("demo", "1.0", files)
    record = entries["demo-1.0.dist-info/RECORD"].decode()
    first, second = record.splitlines()[:2]
    record = record.replace(first, first.replace("sha256=", "sha256=x")).replace(second, f"{second}\n{second}")
    entries["demo-1.0.dist-info/RECORD"] = f"{record}gone.py,sha256=x,1\n".encode()
    entries["demo/new|<b>.py"] = b"new"
    (evidence,) = record_evidence(read_wheel(write_archive(tmp_path / "demo-1.0-py3-none-any.whl", entries)))
    assert evidence.kind is Kind.RECORD
    assert evidence.words == (
        "The RECORD of 'demo' 1.0 is not true for 4 files; with a hash or size that does not fit: 'demo/f0.py'; "
        "listed but not there: 'gone.py'; there but not listed: 'demo/new|<b>.py'; listed more than once: 'demo/f1.py'"
    )
    assert evidence.facts["missing"] == ["gone.py"]


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"tests/__init__.py": b""}, ["tests"]),
        ({"tests/test_x.py": b"", "conftest.py": b"", "demo/tests/__init__.py": b""}, ["conftest", "tests"]),
        ({"examples/deep/x.py": b""}, ["examples"]),
        ({"src/core.abi3.so": b""}, ["src"]),
        ({"demo-1.0.data/purelib/docs/conf.py": b""}, ["docs"]),
        ({"docs/index.rst": b"", "tests/data.json": b"", "LICENSE": b""}, []),
        ({"demo-1.0.data/data/tests/x.py": b"", "demo-1.0.data/scripts/setup.py": b""}, []),
        ({"demo/tests/x.py": b"", "testing.py": b""}, []),
    ],
)
def test_top_level_names_that_no_library_should_own(
    tmp_path: Path, files: Mapping[str, bytes], names: list[str]
) -> None:
    found = top_level_evidence(wheel(tmp_path, "demo", files))
    assert [name for evidence in found for name in evidence.facts["names"]] == names
    assert {evidence.kind for evidence in found} <= {Kind.TOP_LEVEL}


def test_a_project_owns_its_own_name(tmp_path: Path) -> None:
    assert top_level_evidence(wheel(tmp_path, "unit_test", {"unit_test/__init__.py": b""})) == ()


def test_the_same_path_with_other_content(tmp_path: Path) -> None:
    one = wheel(tmp_path, "one", {"hash.so": b"1", "x/__init__.py": b"", "x/y.py": b"1"})
    two = wheel(tmp_path, "two", {"hash.so": b"2", "x/__init__.py": b"", "x/y.py": b"2"})
    differing, equal = overlap_evidence(one, two)
    assert (differing.kind, equal.kind) == (Kind.OVERLAP, Kind.OVERLAP_EQUAL)
    assert differing.words == (
        "'one' 1.0 and 'two' 1.0 both install 'hash.so' (and 1 file more) with different content: the one installed "
        "last wins (here 'two' 1.0), and uninstalling either deletes 3 files of the other"
    )
    assert equal.words == (
        "'one' 1.0 and 'two' 1.0 both install 'x/__init__.py' with the same content: "
        "uninstalling either deletes 3 files of the other"
    )
    assert differing.facts["paths"] == ["hash.so", "x/y.py"]
    assert overlap_evidence(two, one)[0].facts["wins"] == one.id


@pytest.mark.parametrize(
    ("one", "two", "kinds"),
    [
        ({"a.py": b""}, {"b.py": b""}, []),
        ({"one-1.0.data/scripts/run": b"1"}, {"two-1.0.data/data/bin/run": b"2"}, [Kind.OVERLAP]),
        ({"bin/run": b"1"}, {"two-1.0.data/scripts/run": b"2"}, []),
        ({"share/x": b"1"}, {"two-1.0.data/data/share/x": b"2"}, []),
        (
            {INFO.format("one"): b"[console_scripts]\nrun = a:b"},
            {INFO.format("two"): b"[console_scripts]\nrun = c:d"},
            [Kind.OVERLAP],
        ),
        (
            {INFO.format("one"): b"[console_scripts]\nrun = a:b"},
            {INFO.format("two"): b"[gui_scripts]\nrun=a:b"},
            [Kind.OVERLAP_EQUAL],
        ),
    ],
)
def test_what_counts_as_the_same_path(
    tmp_path: Path, one: Mapping[str, bytes], two: Mapping[str, bytes], kinds: list[Kind]
) -> None:
    found = overlap_evidence(wheel(tmp_path, "one", one), wheel(tmp_path, "two", two))
    assert [evidence.kind for evidence in found] == kinds


def test_releases_of_one_project_replace_each_other(tmp_path: Path) -> None:
    old, new = wheel(tmp_path, "one", {"x.py": b"1"}), wheel(tmp_path, "one", {"x.py": b"2"}, "2.0")
    assert overlap_evidence(old, new) == ()


def test_many_paths_are_counted_and_some_kept(tmp_path: Path) -> None:
    files = {f"x/f{number:03}.py": b"" for number in range(100)}
    (evidence,) = overlap_evidence(wheel(tmp_path, "one", files), wheel(tmp_path, "two", files))
    assert evidence.facts["count"] == 100
    assert len(evidence.facts["paths"]) == KEPT
