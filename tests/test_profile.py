"""Profiles as they are stored, and the three answers they give."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from manylinux_lab.catalogue.distro import Libc
from manylinux_lab.catalogue.reading import load_catalogue
from manylinux_lab.engines.arch import ARCHES
from manylinux_lab.errors import UsageError
from manylinux_lab.predicting.best_profile import profile_of
from manylinux_lab.predicting.profile import Answer, Layer, load_profiles, read_profiles


def document(**fields: Any) -> dict[str, Any]:
    """Return a file with one profile of one distro."""
    content = {
        "glibc": "2.36",
        "sonames": {"libc.so.6": 0, "libbare.so": 1, "libX11.so.6": -1},
        "absent": ["libgone.so.1"],
    }
    return {
        "schema": 1,
        "made_by": "a command",
        "source": "a measurement",
        "layer": "base",
        "arch": "x86_64",
        "versions": [["GLIBC_2.34", "GLIBC_2.36"], []],
        "contents": [content],
        "distros": {"some-1": {"content": 0, "measured": "2026-01-02", "image": "sha256:1"}},
        **fields,
    }


def written(folder: Path, **fields: Any) -> Path:
    """Write the file and return its path."""
    file = folder / "base-x86_64.json"
    file.write_text(json.dumps(document(**fields)))
    return file


def test_a_profile_says_where_it_comes_from(tmp_path: Path) -> None:
    profile = read_profiles(written(tmp_path))["some-1"]

    assert (profile.distro, profile.arch, profile.layer, profile.libc_version) == (
        "some-1",
        "x86_64",
        Layer.BASE,
        (2, 36),
    )
    assert (profile.measured, profile.image, profile.origin) == (date(2026, 1, 2), "sha256:1", "a measurement")


@pytest.mark.parametrize(
    ("soname", "answer"),
    [
        ("libc.so.6", Answer.RESOLVED),
        ("libX11.so.6", Answer.RESOLVED),
        ("libgone.so.1", Answer.UNRESOLVED),
        ("libother.so.1", Answer.UNKNOWN),
    ],
)
def test_a_library_is_there_or_not_or_not_known(tmp_path: Path, soname: str, answer: Answer) -> None:
    assert read_profiles(written(tmp_path))["some-1"].library(soname) is answer


@pytest.mark.parametrize(
    ("soname", "version", "answer"),
    [
        ("libc.so.6", "GLIBC_2.34", Answer.RESOLVED),
        ("libc.so.6", "GLIBC_2.38", Answer.UNRESOLVED),
        ("libX11.so.6", "X_1", Answer.UNKNOWN),
        ("libbare.so", "X_1", Answer.RESOLVED),
        ("libgone.so.1", "X_1", Answer.UNRESOLVED),
        ("libother.so.1", "X_1", Answer.UNKNOWN),
    ],
)
def test_a_version_is_there_or_not_or_not_known(tmp_path: Path, soname: str, version: str, answer: Answer) -> None:
    assert read_profiles(written(tmp_path))["some-1"].version(soname, version) is answer


@pytest.mark.parametrize(
    "fields",
    [
        {"schema": 2},
        {"layer": "kitchen"},
        {"contents": []},
        {"contents": [{"glibc": "new", "sonames": {}, "absent": []}]},
        {"contents": [{"sonames": {}, "absent": []}]},
        {"contents": [{"glibc": "2.36", "musl": "1.2", "sonames": {}, "absent": []}]},
        {"versions": []},
        {"distros": {"some-1": {"content": 0, "measured": "yesterday", "image": ""}}},
    ],
)
def test_a_file_that_breaks_the_format_is_named(tmp_path: Path, fields: dict[str, Any]) -> None:
    file = written(tmp_path, **fields)

    with pytest.raises(UsageError, match=r"base-x86_64\.json"):
        read_profiles(file)


@pytest.mark.parametrize("arch", ARCHES)
def test_every_arch_has_profiles_that_know_glibc(arch: str) -> None:
    profiles = load_profiles(arch)

    assert profiles
    for distro, profile in profiles.items():
        assert (profile.distro, profile.arch, profile.layer) == (distro, arch, Layer.DESKTOP)
        assert profile.sonames["libc.so.6"]
        assert not profile.absent & profile.sonames.keys()


def test_a_distro_with_musl_has_what_musl_brings(tmp_path: Path) -> None:
    content = {"musl": "1.2", "sonames": {"libz.so.1": 1}, "absent": [], "folders": ["/lib"]}
    measured = read_profiles(written(tmp_path, contents=[content]))["some-1"]
    (alpine,) = (release for release in load_catalogue() if release.id == "alpine-3.22")
    alone = profile_of(alpine, "x86_64", is_minimal=True)

    assert (measured.libc, measured.libc_version, measured.folders) == (Libc.MUSL, (1, 2), ("/lib",))
    assert alone is not None
    assert (alone.libc, alone.libc_version, alone.measured) == (Libc.MUSL, (1, 2), None)
    for soname, known, unknown in [("libc.so", measured, None), ("libz.so.1", measured, alone)]:
        assert known.library(soname) is Answer.RESOLVED
        assert unknown is None or unknown.library(soname) is Answer.UNKNOWN
    assert profile_of(alpine, "loongarch64", is_minimal=True) is None


def test_an_arch_without_measurements_has_no_profile() -> None:
    assert load_profiles("sparc64") == {}


def test_every_profile_belongs_to_a_distro_of_the_catalogue() -> None:
    known = {release.id for release in load_catalogue()}

    assert {distro for arch in ARCHES for distro in load_profiles(arch)} <= known
