"""Tests of ``commands/distros``: the table, the JSON and the complaint, through the parser."""

import argparse
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from manylinux_lab.catalogue.reading import load_catalogue
from manylinux_lab.commands import distros
from manylinux_lab.errors import UsageError

DISTRO = """\
schema = 1
[[release]]
version = "1"
name = "Mine"
family = "debian"
libc = "musl"
libc_version = "1.2"
dataset = "current"
eol = {eol}
image = "registry.example.org/mine:1"
arches = ["x86_64", "aarch64"]
interpreters = [{{ version = "3.9", pip = "20.1" }}, {{ version = "3.12", origin = "found" }}]
"""


class Today(date):
    """A calendar that stands still."""

    @classmethod
    def today(cls) -> "Today":
        return cls(2026, 11, 21)


@pytest.fixture(autouse=True)
def _same_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distros, "date", Today)


def execute(*words: str) -> int:
    parser = argparse.ArgumentParser()
    distros.add_arguments(parser)
    return distros.execute(parser.parse_args(words))


@pytest.fixture
def folder(tmp_path: Path) -> str:
    (tmp_path / "mine.toml").write_text(DISTRO.format(eol="2026-12-01"))
    return str(tmp_path)


def test_prints_a_row_for_each_release(capsys: pytest.CaptureFixture[str], folder: str) -> None:
    assert execute("mine-*", "debian-12", "fedora-rawhide", "--catalogue", folder) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["debian-12", "fedora-rawhide", "mine-1"]
    assert lines[0].split() == ["distro", "libc", "lifecycle", "arches", "interpreters", "image"]
    cells = [cell.strip() for cell in lines[4].split("  ") if cell.strip()]
    assert cells == [
        "mine-1",
        "musl 1.2",
        "! ends in 10 days",
        "x86_64 aarch64",
        "cp39 (cp312)",
        "registry.example.org/mine:1",
    ]
    assert "! past its end of life since 2026-06-10 (LTS until 2028-06-30)" in lines[2]
    assert "docker.io/library/debian:12-slim or mmdebstrap" in lines[2]
    assert "not known" in lines[3]


def test_lists_what_is_supported_without_a_pattern(capsys: pytest.CaptureFixture[str]) -> None:
    execute()
    out, err = capsys.readouterr()
    names = {line.split()[0] for line in out.splitlines()[2:]}
    assert "debian-13" in names
    assert not names & {"debian-12", "manylinux-2_28", "fedora-20"}
    assert err == f"{len(names)} of {len(load_catalogue())} releases; 'distros all' lists every one.\n"


def read_json(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert execute(*words, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_prints_json(capsys: pytest.CaptureFixture[str], folder: str) -> None:
    assert read_json(capsys, "mine-1", "--catalogue", folder) == {
        "schema": 1,
        "date": "2026-11-21",
        "distros": [
            {
                "id": "mine-1",
                "name": "Mine",
                "version": "1",
                "family": "debian",
                "libc": "musl",
                "libc_version": "1.2",
                "dataset": "current",
                "lifecycle": "ends in 10 days",
                "ending": True,
                "rolling": False,
                "eol": "2026-12-01",
                "lts_end": None,
                "elts_end": None,
                "images": [
                    {"arch": "x86_64", "reference": "registry.example.org/mine:1", "platform": "linux/amd64"},
                    {"arch": "aarch64", "reference": "registry.example.org/mine:1", "platform": "linux/arm64/v8"},
                ],
                "bootstrap": None,
                "interpreters": [
                    {"id": "cp39", "version": "3.9", "origin": "distro", "path": "", "pip": "20.1"},
                    {"id": "cp312", "version": "3.12", "origin": "found", "path": "", "pip": ""},
                ],
                "notes": [],
            }
        ],
    }


def test_json_has_the_bootstrap(capsys: pytest.CaptureFixture[str]) -> None:
    (entry,) = read_json(capsys, "debian-12")["distros"]
    assert entry["bootstrap"] == {"tool": "mmdebstrap", "suite": "bookworm", "mirror": ""}


def test_an_unknown_distro_is_the_users_mistake() -> None:
    with pytest.raises(UsageError, match="did you mean 'debian-12'"):
        execute("debain-12")
