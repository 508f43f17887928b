"""Libraries that distros dropped, where the measured profiles do not tell."""

from pathlib import Path

import pytest

from manylinux_lab import tables
from manylinux_lab.catalogue.distro import Release
from manylinux_lab.catalogue.reading import load_catalogue
from manylinux_lab.errors import UsageError
from manylinux_lab.predicting.best_profile import profile_of
from manylinux_lab.predicting.dropped import age, dropped, packages_of
from manylinux_lab.predicting.ground import ground_of
from manylinux_lab.predicting.profile import Answer, Layer, load_profiles


def known(distro: str) -> Release:
    """Return a release of the catalogue."""
    return next(release for release in load_catalogue() if release.id == distro)


@pytest.mark.parametrize(
    ("distro", "soname", "answer"),
    [
        ("fedora-29", "libcrypt.so.1", Answer.RESOLVED),
        ("fedora-30", "libcrypt.so.1", Answer.UNRESOLVED),
        ("fedora-rawhide", "libcrypt.so.1", Answer.UNRESOLVED),
        ("centos-stream8", "libcrypt.so.1", Answer.RESOLVED),
        ("centos-stream9", "libcrypt.so.1", Answer.UNRESOLVED),
        ("fedora-24", "libncursesw.so.5", Answer.UNRESOLVED),
        ("centos-7", "libncursesw.so.5", Answer.RESOLVED),
        ("ubuntu-24.04", "libcrypt.so.1", Answer.UNKNOWN),
        ("debian-12", "libcrypt.so.1", Answer.RESOLVED),  # measured
        ("debian-12", "libncursesw.so.5", Answer.UNRESOLVED),
    ],
)
def test_the_end_of_a_library_completes_a_profile(distro: str, soname: str, answer: Answer) -> None:
    profile = profile_of(known(distro), "x86_64", is_minimal=False)

    assert profile is not None
    assert profile.library(soname) is answer


def test_a_version_is_known_with_the_library() -> None:
    profile = profile_of(known("fedora-29"), "x86_64", is_minimal=False)

    assert profile is not None
    assert profile.version("libcrypt.so.1", "GLIBC_2.2.5") is Answer.RESOLVED
    assert profile.version("libcrypt.so.1", "XCRYPT_4.4") is Answer.UNRESOLVED


def test_the_package_that_brings_it_later_is_known() -> None:
    assert packages_of(known("fedora-29")) == {
        "libncursesw.so.5": "ncurses-compat-libs",
        "libtinfo.so.5": "ncurses-compat-libs",
    }
    assert ground_of(known("fedora-44"), "x86_64").soname_packages["libcrypt.so.1"] == "libxcrypt-compat"
    assert "libcrypt.so.1" not in ground_of(known("debian-13"), "x86_64").soname_packages


def test_nothing_that_was_measured_is_overruled() -> None:
    for release in load_catalogue():
        measured = load_profiles("x86_64", Layer.DESKTOP).get(release.id)
        if measured is not None:
            told = profile_of(release, "x86_64", is_minimal=False)
            assert told is not None
            assert measured.sonames.items() <= told.sonames.items()
            assert measured.absent <= told.absent


def test_every_distro_and_last_release_is_in_the_catalogue() -> None:
    ids = {release.id for release in load_catalogue()}

    assert {f"{distro}-{end.last}" for one in dropped().values() for distro, end in one.distros.items()} <= ids


def test_releases_are_in_order() -> None:
    versions = ["rawhide", "stream9", "8", "24.04", "10", "7"]

    assert sorted(versions, key=age) == ["7", "8", "stream9", "10", "24.04", "rawhide"]


@pytest.mark.parametrize("text", ["", "schema = 2", 'schema = 1\n["libx.so".distros]\nfedora = 1', "="])
def test_a_damaged_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (tmp_path / "dropped.toml").write_text(text)
    monkeypatch.setattr(tables, "data_folder", lambda _: tmp_path)

    with pytest.raises(UsageError, match=r"dropped\.toml' is damaged"):
        dropped.__wrapped__()
