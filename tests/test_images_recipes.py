"""What each bootstrap tool is told, and what is given up when a mirror does not serve everything."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from image_records import release

from manylinux_lab.catalogue.distro import Bootstrap
from manylinux_lab.images import bootstrap as bootstrap_module
from manylinux_lab.images import recipes
from manylinux_lab.images.bootstrap import bootstrap, meaningful, recipe_of
from manylinux_lab.images.prepared import NotAvailable, Variant, Wanted

WANTED = Wanted(release=release(), arch="x86_64")
DEBIAN = Bootstrap(tool="mmdebstrap", suite="bookworm")


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be an x86_64 machine with every tool."""
    monkeypatch.setattr(recipes, "is_native", lambda arch: arch in ("x86_64", "i686"))
    monkeypatch.setattr(bootstrap_module.shutil, "which", lambda program: f"/usr/bin/{program}")


def test_a_native_arch_is_installed_completely() -> None:
    command = recipes.mmdebstrap(DEBIAN, "i686", ["python3-pip"]).commands[0]
    assert {"--architectures=i386", "--variant=minbase", "--include=python3-pip"} <= set(command)
    assert command[-2:] == ("bookworm", "{tarball}")


def test_a_foreign_arch_is_only_unpacked_and_says_so() -> None:
    recipe = recipes.mmdebstrap(DEBIAN, "aarch64", ["python3-pip"])
    (command,) = recipe.commands
    assert {"--architectures=arm64", "--variant=extract"} <= set(command)
    assert not any(word.startswith(("--customize-hook", "--essential-hook")) for word in command), "extract runs none"
    assert any("maintainer scripts" in note for note in recipe.notes)


def test_an_archived_release_comes_from_its_archive() -> None:
    archived = Bootstrap(tool="mmdebstrap", suite="buster", mirror="http://archive.example/debian")
    assert recipes.mmdebstrap(archived, "x86_64", []).commands[0][-1] == "http://archive.example/debian"


def test_dnf_takes_several_repositories_and_admits_missing_signatures() -> None:
    fedora = Bootstrap(tool="dnf", suite="41", mirror="https://one.example/os/ https://two.example/os/")
    recipe = recipes.dnf(fedora, "aarch64", ["python3-pip"])
    assert {
        "--installroot={root}",
        "--releasever=41",
        "--forcearch=aarch64",
        "--repofrompath=lab0,https://one.example/os/",
        "--repofrompath=lab1,https://two.example/os/",
    } <= set(recipe.commands[0])
    assert recipe.commands[0][-4:] == ("install", "bash", "coreutils", "python3-pip")
    assert recipe.notes == (recipes.UNSIGNED,)


def test_zypper_adds_the_repository_first() -> None:
    leap = Bootstrap(tool="zypper", suite="15.6", mirror="https://one.example/oss/")
    add, install = recipes.zypper(leap, "x86_64", ["python3-pip"]).commands
    assert add[-3:] == ("addrepo", "https://one.example/oss/", "lab0")
    assert "--root={root}" in install


def test_apk_reads_main_and_community_of_the_suite() -> None:
    alpine = Bootstrap(tool="apk", suite="v3.20", mirror="https://one.example/alpine")
    (command,) = recipes.apk(alpine, "armv7l", ["py3-pip"]).commands
    assert {
        "--arch=armv7",
        "--repository=https://one.example/alpine/v3.20/main",
        "--repository=https://one.example/alpine/v3.20/community",
    } <= set(command)


def test_pacman_gets_its_repositories_through_a_file() -> None:
    arch = Bootstrap(tool="pacman", suite="core", mirror="https://one.example/$repo/os/$arch")
    recipe = recipes.pacman(arch, "x86_64", ["python-pip"])
    assert recipe.commands[0][-1] == "https://one.example/$repo/os/$arch"
    assert recipe.tool == "pacman"


def test_a_desktop_gets_its_libraries_while_it_is_made() -> None:
    desktop = Wanted(release=release(), arch="x86_64", variant=Variant.DESKTOP)
    assert "--include=python3-pip,libgl1" in recipe_of(desktop).commands[0]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"bootstrap": None}, "no bootstrap recipe for it"),
        ({"bootstrap": Bootstrap(tool="rpmstrap", suite="1")}, "unknown bootstrap tool, 'rpmstrap'"),
    ],
)
def test_a_release_that_cannot_be_bootstrapped_says_why(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(NotAvailable, match=words):
        recipe_of(Wanted(release=release(**fields), arch="x86_64"))


class Tool:
    """Stands for the tool: fails with each of ``failures`` in turn, then writes the tarball."""

    def __init__(self, *failures: str) -> None:
        self.failures = list(failures)
        self.seen: list[list[str]] = []

    def __call__(self, argv: list[str]) -> str | None:
        self.seen.append(argv)
        if self.failures:
            return self.failures.pop(0)
        Path(next(word for word in argv if word.endswith(".tar"))).write_bytes(b"root")
        return None


def make(monkeypatch: pytest.MonkeyPatch, tool: Tool, **terms: bool) -> bootstrap_module.Root:
    """Bootstrap with the stand-in."""
    monkeypatch.setattr(bootstrap_module, "_run", tool)
    return bootstrap(WANTED, lambda text: None, **terms)


def test_a_root_is_made_once_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    tool = Tool()
    first = make(monkeypatch, tool)
    assert first.tarball.read_bytes() == b"root"
    assert make(monkeypatch, tool) == first
    assert len(tool.seen) == 1
    make(monkeypatch, tool, rebuild=True)
    assert len(tool.seen) == 2


def test_stale_lists_and_missing_updates_are_conceded_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    tool = Tool("E: Release file for x is expired", "E: Failed to fetch x/bookworm-security/Packages")
    root = make(monkeypatch, tool)
    assert len(root.notes) == 2
    assert "--aptopt=Acquire::Check-Valid-Until false" in tool.seen[2]
    assert make(monkeypatch, Tool("E: not again")).notes == root.notes


def test_the_same_concession_is_not_made_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    tool = Tool("E: Release file is expired", "E: Release file is expired")
    with pytest.raises(NotAvailable, match="'mmdebstrap' failed: Release file is expired"):
        make(monkeypatch, tool)
    assert not list(bootstrap_module.cache_folder("roots").iterdir())


def test_offline_makes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotAvailable, match="needs the network"):
        make(monkeypatch, Tool(), offline=True)


def test_a_program_that_takes_for_ever_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = []

    class Endless:
        pid = 0

        def __init__(self, *_: object, **__: object) -> None: ...

        def communicate(self, timeout: float) -> Any:
            raise subprocess.TimeoutExpired("mmdebstrap", timeout)

        def wait(self) -> None: ...

    monkeypatch.setattr(subprocess, "Popen", Endless)
    monkeypatch.setattr(bootstrap_module.os, "killpg", lambda group, number: ended.append(group))
    with pytest.raises(bootstrap_module.EngineError, match="did not end within 60 minutes"):
        bootstrap(WANTED, lambda text: None)
    assert ended == [0]


@pytest.mark.parametrize(
    ("output", "line"),
    [
        ("I: run\nE: Release file is expired.\nE: apt failed\nE: mmdebstrap failed to run", "Release file is expired."),
        ("W: Failed to fetch x Could not resolve 'x'\nE: It is not signed", "Failed to fetch x Could not resolve 'x'"),
        ("Error: Unable to find a match: python9", "Error: Unable to find a match: python9"),
        ("one\ntwo\n\n", "two"),
        ("", "it said nothing"),
    ],
)  # fmt: skip
def test_the_meaningful_line_of_a_failure(output: str, line: str) -> None:
    assert meaningful(output) == line
