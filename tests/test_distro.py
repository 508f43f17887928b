"""Tests of ``distro``: what a date makes of a release."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from manylinux_lab.catalogue.distro import Dataset, Release, is_ending, is_supported, is_supported_long, lifecycle
from manylinux_lab.catalogue.reading import read_distro

TODAY = date(2026, 11, 21)


@pytest.fixture
def release(tmp_path: Path) -> Release:
    file = tmp_path / "debian.toml"
    file.write_text(
        'schema = 1\n[[release]]\nversion = "12"\nname = "Debian"\nfamily = "debian"\nlibc = "glibc"\n'
        'libc_version = "2.36"\ndataset = "current"\nimage = "debian:12"\narches = ["x86_64"]\n'
    )
    return read_distro(file)[0]


@pytest.mark.parametrize(
    ("dates", "words", "ending"),
    [
        ({}, "end of life not known", False),
        ({"rolling": True}, "rolling", False),
        ({"eol": date(2027, 6, 10)}, "supported until 2027-06-10", False),
        ({"eol": date(2026, 12, 22)}, "supported until 2026-12-22", False),
        ({"eol": date(2026, 12, 21)}, "ends in 30 days", True),
        ({"eol": date(2026, 12, 3)}, "ends in 12 days", True),
        ({"eol": date(2026, 11, 22)}, "ends in 1 day", True),
        ({"eol": TODAY}, "ends today", True),
        ({"eol": date(2026, 11, 20)}, "past its end of life since 2026-11-20", True),
        (
            {"eol": date(2026, 6, 10), "lts_end": date(2028, 6, 30), "elts_end": date(2033, 6, 30)},
            "past its end of life since 2026-06-10 (LTS until 2028-06-30)",
            True,
        ),
        (
            {"eol": date(2024, 8, 14), "lts_end": date(2026, 8, 31), "elts_end": date(2031, 6, 30)},
            "past its end of life since 2024-08-14 (ELTS until 2031-06-30)",
            True,
        ),
        (
            {"eol": date(2016, 4, 26), "lts_end": date(2018, 5, 31), "elts_end": date(2020, 6, 30)},
            "past its end of life since 2016-04-26",
            True,
        ),
    ],
)
def test_lifecycle(release: Release, dates: dict[str, date], words: str, ending: bool) -> None:
    release = replace(release, **dates)
    assert lifecycle(release, TODAY) == words
    assert is_ending(release, TODAY) is ending


@pytest.mark.parametrize(
    ("changes", "supported", "supported_long"),
    [
        ({}, True, True),
        ({"dataset": Dataset.HISTORIC}, False, False),
        ({"dataset": Dataset.HISTORIC, "eol": TODAY}, True, True),
        ({"eol": date(2026, 11, 20)}, False, False),
        ({"eol": date(2026, 11, 20), "lts_end": TODAY}, False, True),
        ({"eol": date(2026, 11, 18), "lts_end": date(2026, 11, 20)}, False, False),
        ({"dataset": Dataset.BUILD, "eol": date(2030, 1, 1), "lts_end": date(2031, 1, 1)}, False, False),
    ],
)
def test_support(release: Release, changes: dict[str, object], supported: bool, supported_long: bool) -> None:
    release = replace(release, **changes)  # type: ignore[arg-type]  # the table holds values of several fields
    assert is_supported(release, TODAY) is supported
    assert is_supported_long(release, TODAY) is supported_long
