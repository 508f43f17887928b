"""The policies as they are stored: what adds up, and what stops being forbidden."""

from itertools import pairwise
from pathlib import Path

import pytest

from manylinux_lab import tables
from manylinux_lab.catalogue.distro import Libc
from manylinux_lab.engines.arch import ARCHES
from manylinux_lab.errors import UsageError
from manylinux_lab.wheels import policies as module
from manylinux_lab.wheels.policies import index_arches, policies, watched_symbols

TWO = """
schema = 1
[[policy]]
name = "manylinux_2_17"
libc = "glibc"
aliases = ["manylinux2014"]
libraries = ["libc.so.6", "libz.so.1"]
[policy.versions]
x86_64 = ["GLIBC_2.17"]
[policy.forbidden]
"libz.so.1" = ["inner", "late"]

[[policy]]
name = "manylinux_2_28"
libc = "glibc"
aliases = []
libraries = ["libmvec.so.1"]
[policy.versions]
aarch64 = ["GLIBC_2.17", "GLIBC_2.28"]
x86_64 = ["GLIBC_2.28"]
[policy.lifted]
"libz.so.1" = ["late"]
"""


@pytest.fixture
def _two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put two small policies in the place of the lab's own."""
    (tmp_path / "policies.toml").write_text(TWO)
    monkeypatch.setattr(tables, "data_folder", lambda name: tmp_path)
    for cached in (policies, module._tables):
        cached.cache_clear()


@pytest.fixture(autouse=True)
def _forget() -> None:
    """Start every test with the files as they are."""
    for cached in (policies, module._tables, watched_symbols, index_arches):
        cached.cache_clear()


@pytest.mark.usefixtures("_two")
def test_a_policy_adds_to_the_one_before() -> None:
    first, second = policies(Libc.GLIBC, "x86_64")

    assert (first.name, first.aliases, first.libc_version) == ("manylinux_2_17", ("manylinux2014",), (2, 17))
    assert (first.libraries, first.versions) == ({"libc.so.6", "libz.so.1"}, {"GLIBC_2.17"})
    assert second.libraries == {"libc.so.6", "libz.so.1", "libmvec.so.1"}
    assert second.versions == {"GLIBC_2.17", "GLIBC_2.28"}
    assert (first.forbidden, second.forbidden) == ({"libz.so.1": {"inner", "late"}}, {"libz.so.1": {"inner"}})


@pytest.mark.usefixtures("_two")
def test_an_arch_begins_with_its_first_policy_and_has_all_libraries() -> None:
    (only,) = policies(Libc.GLIBC, "aarch64")

    assert (only.name, only.libraries) == ("manylinux_2_28", {"libc.so.6", "libz.so.1", "libmvec.so.1"})


@pytest.mark.parametrize("text", ["schema = 2", "schema = 1", "schema ="])
def test_a_damaged_file_is_said(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "policies.toml").write_text(text)
    monkeypatch.setattr(tables, "data_folder", lambda name: tmp_path)

    with pytest.raises(UsageError, match=r"policies\.toml"):
        policies(Libc.GLIBC, "x86_64")


@pytest.mark.parametrize("arch", ARCHES)
def test_every_arch_has_policies_of_both_kinds(arch: str) -> None:
    for libc in Libc:
        found = policies(libc, arch)
        assert found
        assert list(found) == sorted(found, key=lambda policy: policy.libc_version)
        for older, newer in pairwise(found):
            assert older.libraries <= newer.libraries
            assert older.versions <= newer.versions


@pytest.mark.parametrize(
    ("policy", "version", "is_in"),
    [
        ("manylinux_2_5", "GLIBC_2.5", True),
        ("manylinux_2_5", "GLIBC_2.6", False),
        ("manylinux_2_17", "GLIBCXX_3.4.19", True),
        ("manylinux_2_17", "GLIBCXX_3.4.20", False),
        ("manylinux_2_35", "GLIBC_ABI_DT_RELR", False),
        ("manylinux_2_36", "GLIBC_ABI_DT_RELR", True),
    ],
)
def test_the_limits_of_the_peps_are_there(policy: str, version: str, is_in: bool) -> None:
    (found,) = (one for one in policies(Libc.GLIBC, "x86_64") if one.name == policy)

    assert (version in found.versions) is is_in


def test_an_older_musl_lacks_what_a_newer_one_brought() -> None:
    older, newer = policies(Libc.MUSL, "i686")

    assert {"reallocarray", "qsort_r", "__clock_gettime64"} <= older.forbidden["libc.so"]
    assert "malloc" not in older.forbidden["libc.so"]
    assert (newer.forbidden["libc.so"], watched_symbols() >= older.forbidden["libc.so"]) == (frozenset(), True)


def test_forbidden_symbols_and_the_arches_of_the_index_are_known() -> None:
    assert "inflate_fast" in watched_symbols()
    assert "x86_64" in index_arches()["manylinux1"]
    assert "aarch64" not in index_arches()["manylinux1"]
