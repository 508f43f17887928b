"""Tests of ``catalogue``: the format of distro files, choosing releases, and every file that the lab ships."""

import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from manylinux_lab.catalogue.reading import (
    BOOTSTRAP_KEYS,
    INTERPRETER_KEYS,
    PACKAGE_MANAGER_KEYS,
    RELEASE_KEYS,
    REPOSITORIES_KEYS,
    Bootstrap,
    Dataset,
    ImageReference,
    Libc,
    PackageManager,
    Release,
    Repositories,
    load_catalogue,
    read_distro,
    select,
)
from manylinux_lab.errors import UsageError
from manylinux_lab.folders import data_folder
from manylinux_lab.interpreter import Interpreter, Origin

ROOT = Path(__file__).parent.parent
TODAY = date(2026, 11, 21)
SHIPPED = load_catalogue()
SMALL = """\
schema = 1
name = "Example Linux"
family = "debian"
libc = "glibc"
image = "example.org/example:{version}"
arches = ["x86_64"]
"""
RELEASE = '[[release]]\nversion = "7"\nlibc_version = "2.36"\ndataset = "current"\n'
FULL = """\
[package_manager]
tool = "apt-get"
update = ["apt-get", "update"]
install = ["apt-get", "install"]
python_packages = ["python3-pip"]

[soname_packages]
"libX11.so.6" = "libx11-6"
"libGL.so.1" = "libgl1"

[bootstrap]
tool = "mmdebstrap"

[[release]]
version = "7"
libc_version = "2.36"
dataset = "historic"
eol = 2026-06-10
lts_end = 2028-06-30
elts_end = 2033-06-30
arches = ["aarch64"]
images = { riscv64 = "example.org/{arch}/other:{version}" }
interpreters = [{ version = "3.7", pip = "18.1" }, { version = "3.13", abi = "cp313t", origin = "found", path = "/p" }]
bootstrap = { suite = "seven", mirror = "http://example.org" }
package_manager = { python_packages = ["python3"], desktop_packages = ["libgl1"], environment = { A = "b" } }
soname_packages = { "libGL.so.1" = "" }
notes = ["a note"]

[release.repositories]
state = "archived"
hosts = { "a.org" = "b.org" }
base = "http://c.org"
disable = ["d"]
enable = ["e"]
ppa = ["f"]
"""


def write(folder: Path, content: str, name: str = "example.toml") -> Path:
    file = folder / name
    file.write_text(content)
    return file


def test_reads_every_key(tmp_path: Path) -> None:
    (release,) = read_distro(write(tmp_path, SMALL + FULL))
    assert release == Release(
        id="example-7",
        name="Example Linux",
        version="7",
        family="debian",
        libc=Libc.GLIBC,
        libc_version=(2, 36),
        dataset=Dataset.HISTORIC,
        eol=date(2026, 6, 10),
        lts_end=date(2028, 6, 30),
        elts_end=date(2033, 6, 30),
        images=(
            ImageReference(arch="aarch64", reference="example.org/example:7", platform="linux/arm64/v8"),
            ImageReference(arch="riscv64", reference="example.org/riscv64/other:7", platform="linux/riscv64"),
        ),
        package_manager=PackageManager(
            tool="apt-get",
            update=("apt-get", "update"),
            install=("apt-get", "install"),
            python_packages=("python3",),
            desktop_packages=("libgl1",),
            environment={"A": "b"},
        ),
        bootstrap=Bootstrap(tool="mmdebstrap", suite="seven", mirror="http://example.org"),
        interpreters=(
            Interpreter(version=(3, 7), abi="cp37m", pip="18.1"),
            Interpreter(version=(3, 13), abi="cp313t", origin=Origin.FOUND, path="/p"),
        ),
        soname_packages={"libX11.so.6": "libx11-6"},
        notes=("a note",),
        repositories=Repositories(
            archived=True, hosts={"a.org": "b.org"}, base="http://c.org", enable=("e",), disable=("d",), ppa=("f",)
        ),
    )
    assert release.arches == ("aarch64", "riscv64")


def test_reads_the_least(tmp_path: Path) -> None:
    (release,) = read_distro(write(tmp_path, SMALL + RELEASE + "rolling = true\n"))
    assert (release.package_manager, release.bootstrap, release.repositories) == (None, None, None)
    assert (release.eol, release.interpreters, release.rolling) == (None, (), True)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("schema = ", "cannot be read"),
        ("", "the key 'schema' must be 1"),
        ("schema = 2\n" + RELEASE, "the key 'schema' must be 1, the format that this lab knows"),
        (SMALL, "the key 'release' is missing"),
        ("eol = 2026-06-10\n" + SMALL + RELEASE, "the key 'eol' is unknown"),
        (SMALL + "[[release]]\n", "the key 'version' of release 1 is missing"),
        (
            SMALL + RELEASE + "libc_versoin = '2'\n",
            "'libc_versoin' of release '7' is unknown (did you mean 'libc_version'",
        ),
        (SMALL + RELEASE.replace("2.36", "2.36.1"), "'libc_version' of release '7' must be two numbers such as '2.36'"),
        (
            SMALL + RELEASE.replace("current", "recent"),
            "'dataset' of release '7' must be one of build, current, historic",
        ),
        (SMALL.replace("glibc", "gnu") + RELEASE, "'libc' of release '7' must be one of glibc, musl, not 'gnu'"),
        (SMALL + RELEASE + "eol = 'soon'\n", "'eol' of release '7' must be a date such as 2028-06-30"),
        (SMALL + RELEASE + "eol = 2026-13-01\n", "cannot be read"),
        (SMALL.replace("x86_64", "amd64") + RELEASE, "'arches' of release '7' has the unknown arch 'amd64'"),
        (SMALL + RELEASE + "arches = []\n", "'arches' of release '7' must name each arch once"),
        (SMALL + RELEASE + "images = { x86_64 = 'a' }\n", "'arches' of release '7' must name each arch once"),
        (SMALL + RELEASE + "images = 'a'\n", "'images' of release '7' must be a table"),
        (SMALL.replace("image =", "notes = []\n#") + RELEASE, "'image' of release '7' is missing"),
        (
            SMALL + RELEASE + "package_manager = { tool = 'dnf' }\n",
            "'install' of 'package_manager' of release '7' must name",
        ),
        (
            SMALL + RELEASE + "package_manager = { tool = 'dnf6', install = ['dnf6'] }\n",
            "'tool' of 'package_manager' of release '7' must be one of apk, apt-get, dnf,",
        ),
        (
            SMALL + RELEASE + "package_manager = { tol = 'dnf' }\n",
            "'tol' of 'package_manager' of release '7' is unknown",
        ),
        (
            SMALL + RELEASE + "bootstrap = { tool = 'tar', suite = '' }\n",
            "'tool' of 'bootstrap' of release '7' must be",
        ),
        (SMALL + RELEASE + "bootstrap = { tool = 'dnf' }\n", "'suite' of 'bootstrap' of release '7' is missing"),
        (SMALL + RELEASE + "bootstrap = { suit = 'dnf' }\n", "'suit' of 'bootstrap' of release '7' is unknown"),
        (SMALL + RELEASE + "repositories = { state = 'gone' }\n", "'state' of 'repositories' of release '7' must be"),
        (SMALL + RELEASE + "repositories = { host = {} }\n", "'host' of 'repositories' of release '7' is unknown"),
        (SMALL + RELEASE + "interpreters = [{ pip = '1' }]\n", "'version' of interpreters 1 is missing"),
        (SMALL + RELEASE + "interpreters = [{ python = '3' }]\n", "'python' of interpreters 1 is unknown"),
        (SMALL + RELEASE + "interpreters = [{ version = '3' }]\n", "'version' of interpreters 1 must be two numbers"),
        (
            SMALL + RELEASE + "interpreters = [{ version = '3.9', origin = 'host' }]\n",
            "'origin' of interpreters 1 must be one of distro, found, portable",
        ),
    ],
)
def test_complains_with_file_and_key(tmp_path: Path, content: str, problem: str) -> None:
    file = write(tmp_path, content)
    with pytest.raises(UsageError) as caught:
        read_distro(file)
    assert str(file) in str(caught.value)
    assert problem in str(caught.value)


def test_adds_folders_and_files(tmp_path: Path) -> None:
    write(tmp_path, SMALL + RELEASE)
    other = write(tmp_path, SMALL + RELEASE, "other.txt")
    releases = load_catalogue(tmp_path, extra=[other])
    assert [release.id for release in releases] == ["example-7", "other-7"]


def test_refuses_two_of_one_name(tmp_path: Path) -> None:
    file = write(tmp_path, SMALL + RELEASE)
    with pytest.raises(UsageError, match="The distro 'example-7' is described twice"):
        load_catalogue(tmp_path, extra=[file])


def test_refuses_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        load_catalogue(extra=[tmp_path / "nowhere"])


def test_sorts_numbers_as_numbers(tmp_path: Path) -> None:
    versions = ["testing", "10", "9", "9.1", "2_28", "stream9"]
    write(tmp_path, SMALL + "".join(RELEASE.replace('"7"', f'"{version}"') for version in versions))
    assert [release.version for release in load_catalogue(tmp_path)] == [
        "2_28",
        "9",
        "9.1",
        "10",
        "stream9",
        "testing",
    ]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ([], []),
        (["debian-12"], ["debian-12"]),
        (["debian-1[23]", "alpine-3.24", "debian-13"], ["alpine-3.24", "debian-12", "debian-13"]),
    ],
)
def test_selects_by_glob(patterns: list[str], expected: list[str]) -> None:
    assert [release.id for release in select(SHIPPED, patterns, TODAY)] == expected


def test_selects_by_word() -> None:
    chosen = {word: {release.id for release in select(SHIPPED, [word], TODAY)} for word in ("supported", "lts", "all")}
    assert chosen["supported"] < chosen["lts"] < chosen["all"]
    assert "debian-13" in chosen["supported"]
    assert "debian-12" in chosen["lts"] - chosen["supported"]
    assert len(chosen["all"]) == len(SHIPPED)
    assert not any(name.startswith(("manylinux", "musllinux")) for name in chosen["lts"])


def test_a_word_may_choose_nothing() -> None:
    debian_7 = select(SHIPPED, ["debian-7"], TODAY)
    assert select(debian_7, ["supported"], TODAY) == ()


@pytest.mark.parametrize(
    ("pattern", "offer"),
    [("debain-12", "'debian-12'"), ("suported", "'supported'"), ("windows-*", "lists them")],
)
def test_an_unknown_name_offers_the_nearest(pattern: str, offer: str) -> None:
    with pytest.raises(UsageError, match=f"No distro is called '{pattern.replace('*', '[*]')}'.*{offer}"):
        select(SHIPPED, [pattern], TODAY)


def files() -> list[Path]:
    return sorted(data_folder("distros").glob("*.toml"))


@pytest.mark.parametrize("file", files(), ids=lambda file: file.stem)
def test_every_shipped_file_is_sound(file: Path) -> None:
    for release in read_distro(file):
        assert release.id == f"{file.stem}-{release.version}"
        assert release.libc_version >= (1, 0)
        dates = [day for day in (release.eol, release.lts_end, release.elts_end) if day]
        assert dates == sorted(dates)
        assert release.eol is not None or not dates
        assert not (release.rolling and release.eol)
        assert all(image.reference.split("/")[0].count(".") for image in release.images), "no registry named"
        assert not any("{" in image.reference for image in release.images)
        assert len({interpreter.id for interpreter in release.interpreters}) == len(release.interpreters)
        assert (release.package_manager is None) is (release.dataset is Dataset.BUILD)
        if release.bootstrap and release.package_manager:
            assert release.bootstrap.suite
            assert "{" not in release.bootstrap.mirror


def test_the_catalogue_has_what_was_promised() -> None:
    measured = Counter(
        release.dataset for release in SHIPPED if release.dataset is not Dataset.BUILD and release.libc is Libc.GLIBC
    )
    assert measured == {Dataset.CURRENT: 68, Dataset.HISTORIC: 75}
    known = {release.id: release for release in SHIPPED}
    assert known.keys() >= {f"alpine-3.{minor}" for minor in range(18, 25)} | {"alpine-edge"}
    assert known["alpine-3.22"].libc is Libc.MUSL
    assert known["manylinux-2_28"].images[0].reference == "quay.io/pypa/manylinux_2_28_x86_64:latest"
    assert known["musllinux-1_2"].libc_version == (1, 2)
    for name in ("debian-11", "debian-12", "debian-13", "debian-testing", "debian-unstable", "ubuntu-24.04"):
        assert known[name].bootstrap is not None


def test_the_documentation_mentions_every_key() -> None:
    text = (ROOT / "docs" / "distros.md").read_text()
    keys = {
        "schema",
        "release",
        *RELEASE_KEYS,
        *PACKAGE_MANAGER_KEYS,
        *BOOTSTRAP_KEYS,
        *REPOSITORIES_KEYS,
        *INTERPRETER_KEYS,
    }
    assert sorted(key for key in keys if f"`{key}`" not in text) == []


def test_the_documented_distro_can_be_added(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "distros.md").read_text()
    example = text.partition("```toml\n")[2].partition("```")[0]
    write(tmp_path, example, "mylinux.toml")
    (release,) = select(load_catalogue(extra=[tmp_path]), ["mylinux-*"], TODAY)
    assert release.id == "mylinux-4"
    assert release.bootstrap is not None


@pytest.mark.real
def test_the_converter_writes_what_is_committed(tmp_path: Path) -> None:
    facts = ROOT.parent / "shared" / "data"
    if not facts.is_dir():
        pytest.skip(f"the measured facts are not at '{facts}'")
    script = tmp_path / "tools" / "convert_distros.py"
    script.parent.mkdir()
    for folder in ("distros", "reference"):
        (tmp_path / folder).mkdir()
    for name in ("convert_distros.py", "additions.toml"):
        (script.parent / name).write_text((ROOT / "tools" / name).read_text())
    subprocess.run([sys.executable, script, facts], check=True)
    made = {file.name: file.read_text() for file in (tmp_path / "distros").iterdir()}
    assert not made.keys() & {"alpine.toml", "manylinux.toml", "musllinux.toml"}
    assert len(made) == 20
    assert (tmp_path / "reference" / "pip.toml").read_text() == (ROOT / "reference" / "pip.toml").read_text()
    assert {name for name, text in made.items() if (ROOT / "distros" / name).read_text() != text} == set()
