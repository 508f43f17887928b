"""Tests of ``tags``: what installers accept, compared with ``packaging`` on this host, and how far tags reach."""

import os
import platform as host
import sys
import sysconfig
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.tags import Tag, parse_tag, sys_tags

from manylinux_lab import tables
from manylinux_lab.catalogue.distro import Libc
from manylinux_lab.errors import UsageError
from manylinux_lab.interpreter import Interpreter, default_abi
from manylinux_lab.wheels import tags
from manylinux_lab.wheels.tags import (
    Platform,
    ReachKind,
    marker_environment,
    platform_tags,
    reach,
    stock_pip_sees,
    supported_tags,
)

DEBIAN_11 = Platform(arch="x86_64", libc=Libc.GLIBC, libc_version=(2, 31))
DEBIAN_12 = Platform(arch="x86_64", libc=Libc.GLIBC, libc_version=(2, 36))
DEBIAN_12_ARM = Platform(arch="aarch64", libc=Libc.GLIBC, libc_version=(2, 36))
DEBIAN_7_ARM = Platform(arch="armv7l", libc=Libc.GLIBC, libc_version=(2, 13))
CENTOS_5 = Platform(arch="i686", libc=Libc.GLIBC, libc_version=(2, 5))
ALPINE = Platform(arch="x86_64", libc=Libc.MUSL, libc_version=(1, 2))


def cpython(minor: int, abi: str = "") -> Interpreter:
    return Interpreter(version=(3, minor), abi=abi or default_abi((3, minor)))


CP311 = cpython(11)


def is_linux(tag: Tag) -> bool:
    return tag.platform.startswith("linux_")


@pytest.mark.skipif(
    sys.implementation.name != "cpython" or host.libc_ver()[0] != "glibc", reason="this host is no CPython on glibc"
)
def test_agrees_with_packaging_on_this_host() -> None:
    major, minor = os.confstr("CS_GNU_LIBC_VERSION").split()[1].split(".")[:2]  # type: ignore[union-attr]  # glibc
    arch = sysconfig.get_platform().removeprefix("linux-").replace("-", "_")
    abi = default_abi(sys.version_info[:2]) + ("t" if sysconfig.get_config_var("Py_GIL_DISABLED") else "")
    mine = supported_tags(
        Platform(arch=arch, libc=Libc.GLIBC, libc_version=(int(major), int(minor))),
        Interpreter(version=sys.version_info[:2], abi=abi),
    )
    theirs = list(sys_tags())
    assert set(mine) == set(theirs)
    # packaging 26.3 and pip 26.3 moved linux_ARCH to the front
    assert [tag for tag in mine if not is_linux(tag)] == [tag for tag in theirs if not is_linux(tag)]


@pytest.mark.parametrize(
    ("platform", "first", "last", "count"),
    [
        (DEBIAN_12, "manylinux_2_36_x86_64", ["manylinux_2_5_x86_64", "manylinux1_x86_64", "linux_x86_64"], 36),
        (
            DEBIAN_12_ARM,
            "manylinux_2_36_aarch64",
            ["manylinux_2_17_aarch64", "manylinux2014_aarch64", "linux_aarch64"],
            22,
        ),
        (CENTOS_5, "manylinux_2_5_i686", ["manylinux_2_5_i686", "manylinux1_i686", "linux_i686"], 3),
        (DEBIAN_7_ARM, "linux_armv7l", ["linux_armv7l"], 1),
        (ALPINE, "musllinux_1_2_x86_64", ["musllinux_1_1_x86_64", "musllinux_1_0_x86_64", "linux_x86_64"], 4),
    ],
)
def test_platform_tags(platform: Platform, first: str, last: list[str], count: int) -> None:
    names = platform_tags(platform)
    assert names[0] == first
    assert names[-len(last) :] == last
    assert len(names) == count


def test_legacy_aliases_stand_beside_theirs() -> None:
    names = platform_tags(DEBIAN_12)
    for legacy, tag in (("manylinux2014", "2_17"), ("manylinux2010", "2_12"), ("manylinux1", "2_5")):
        assert names.index(f"{legacy}_x86_64") == names.index(f"manylinux_{tag}_x86_64") + 1


@pytest.mark.parametrize(
    ("interpreter", "tag", "expected"),
    [
        (CP311, "cp311-cp311-manylinux_2_36_x86_64", True),
        (CP311, "cp311-cp311-manylinux_2_37_x86_64", False),
        (CP311, "cp37-abi3-manylinux2014_x86_64", True),
        (CP311, "cp312-abi3-manylinux2014_x86_64", False),
        (CP311, "cp311-none-any", True),
        (CP311, "py3-none-any", True),
        (CP311, "py39-none-linux_x86_64", True),
        (CP311, "py2-none-any", False),
        (cpython(7), "cp37-cp37m-manylinux1_x86_64", True),
        (cpython(7), "cp37-cp37-manylinux1_x86_64", False),
        (cpython(13, "cp313t"), "cp313-cp313t-manylinux2014_x86_64", True),
        (cpython(13, "cp313t"), "cp313-cp313-manylinux2014_x86_64", False),
        (cpython(13, "cp313t"), "cp37-abi3-manylinux2014_x86_64", False),
        (cpython(13, "cp313t"), "py3-none-manylinux2014_x86_64", True),
    ],
)
def test_supported_tags(interpreter: Interpreter, tag: str, expected: bool) -> None:
    assert (next(iter(parse_tag(tag))) in supported_tags(DEBIAN_12, interpreter)) is expected


@pytest.mark.parametrize(
    ("pip", "seen"),
    [
        ("8.0", {"linux"}),
        ("9.0.3", {"linux", "manylinux1"}),
        ("19.2", {"linux", "manylinux1", "manylinux2010"}),
        ("20.2.4", {"linux", "manylinux1", "manylinux2010", "manylinux2014"}),
        ("20.3", {"linux", "manylinux1", "manylinux2010", "manylinux2014", "manylinux"}),
        ("", {"linux", "manylinux1", "manylinux2010", "manylinux2014", "manylinux"}),
        ("from the distro", {"linux", "manylinux1", "manylinux2010", "manylinux2014", "manylinux"}),
    ],
)
def test_an_old_pip_supports_less(pip: str, seen: set[str]) -> None:
    names = {tag.platform for tag in supported_tags(DEBIAN_12, CP311, pip)} - {"any"}
    assert {name.split("_")[0] for name in names} == seen


@pytest.mark.parametrize(("pip", "position"), [("", -1), ("26.2.1", -1), ("26.3", 0), ("27.0", 0)])
def test_the_place_of_plain_linux(pip: str, position: int) -> None:
    own = [tag.platform for tag in supported_tags(DEBIAN_12, CP311, pip) if tag.abi == "cp311"]
    assert own[position] == "linux_x86_64"


@pytest.mark.parametrize(
    ("pip", "platforms", "reason"),
    [
        ("20.0.2", ["manylinux_2_28_x86_64"], "manylinux_2_28_x86_64, which pip 20.3"),
        ("20.0.2", ["manylinux_2_17_x86_64", "manylinux2014_x86_64"], None),
        ("18.1", ["manylinux_2_17_x86_64", "manylinux2014_x86_64"], "manylinux2014_x86_64, which pip 19.3"),
        ("21.1", ["musllinux_1_2_x86_64"], "musllinux_1_2_x86_64, which pip 21.2"),
        ("18.1", ["any"], None),
        ("18.1", ["linux_x86_64"], None),
        ("18.1", ["win_amd64"], None),
        ("18.1", [], None),
        ("", ["manylinux_2_28_x86_64"], None),
        ("?", ["manylinux_2_28_x86_64"], None),
    ],
)
def test_stock_pip_sees(pip: str, platforms: list[str], reason: str | None) -> None:
    expected = reason and f"pip {pip} does not know {reason} understood first"
    assert stock_pip_sees(platforms, pip) == expected


@pytest.mark.parametrize("content", [None, "", "[understands]\nmanylinux1 = 'x'\n", "["])
def test_a_damaged_pip_file_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None) -> None:
    if content is not None:
        (tmp_path / "pip.toml").write_text(content)
    monkeypatch.setattr(tables, "data_folder", lambda name: tmp_path)
    tags.pip_understands.cache_clear()
    with pytest.raises(UsageError, match=r"pip.toml' is damaged"):
        stock_pip_sees(["manylinux1_x86_64"], "8.0")
    tags.pip_understands.cache_clear()


SUPPORTED, PLATFORM, INTERPRETER = ReachKind.SUPPORTED, ReachKind.PLATFORM, ReachKind.INTERPRETER


@pytest.mark.parametrize(
    ("wheel", "platform", "interpreter", "kind", "reason"),
    [
        ("py3-none-any", ALPINE, CP311, SUPPORTED, ""),
        ("py2.py3-none-any", DEBIAN_7_ARM, CP311, SUPPORTED, ""),
        ("cp37-abi3-manylinux_2_28_x86_64", DEBIAN_11, CP311, SUPPORTED, ""),
        ("cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", DEBIAN_11, CP311, SUPPORTED, ""),
        ("cp311-cp311-manylinux_2_34_x86_64.manylinux_2_28_x86_64", DEBIAN_11, CP311, SUPPORTED, ""),
        ("cp311-cp311-linux_x86_64", ALPINE, CP311, SUPPORTED, ""),
        ("cp311-cp311-musllinux_1_1_x86_64", ALPINE, CP311, SUPPORTED, ""),
        ("cp37-abi3-manylinux_2_34_x86_64", DEBIAN_11, CP311, PLATFORM,
         "manylinux_2_34_x86_64 needs glibc 2.34 or later, debian has 2.31"),
        ("cp311-cp311-manylinux_2_40_x86_64.manylinux_2_39_x86_64", DEBIAN_11, CP311, PLATFORM,
         "manylinux_2_39_x86_64 needs glibc 2.39 or later, debian has 2.31"),
        ("cp311-cp311-manylinux2014_armv7l", DEBIAN_7_ARM, CP311, PLATFORM,
         "manylinux2014_armv7l needs glibc 2.17 or later, debian has 2.13"),
        ("cp311-cp311-manylinux2014_x86_64", ALPINE, CP311, PLATFORM,
         "manylinux2014_x86_64 needs glibc, debian has musl"),
        ("cp311-cp311-musllinux_1_2_x86_64", DEBIAN_11, CP311, PLATFORM,
         "musllinux_1_2_x86_64 needs musl, debian has glibc"),
        ("cp311-cp311-musllinux_1_3_x86_64", ALPINE, CP311, PLATFORM,
         "musllinux_1_3_x86_64 needs musl 1.3 or later, debian has 1.2"),
        ("cp311-cp311-manylinux2014_aarch64", DEBIAN_11, CP311, PLATFORM,
         "manylinux2014_aarch64 needs aarch64, debian is x86_64"),
        ("cp311-cp311-manylinux2014_i686", DEBIAN_11, CP311, PLATFORM,
         "manylinux2014_i686 needs i686, debian is x86_64"),
        ("cp311-cp311-linux_armv6l", DEBIAN_7_ARM, CP311, PLATFORM, "linux_armv6l needs armv6l, debian is armv7l"),
        ("cp311-cp311-manylinux_2_4_x86_64", DEBIAN_11, CP311, PLATFORM,
         "manylinux_2_4_x86_64 is not among the tags that installers know for x86_64"),
        ("cp311-cp311-manylinux_2_12_aarch64", DEBIAN_12_ARM, CP311, PLATFORM,
         "manylinux_2_12_aarch64 is not among the tags that installers know for aarch64"),
        ("cp311-cp311-win_amd64", DEBIAN_11, CP311, PLATFORM,
         "installers on Linux know no platform win_amd64 for such a file"),
        ("cp311-cp311-any", DEBIAN_11, CP311, PLATFORM, "installers on Linux know no platform any for such a file"),
        ("cp311-cp311-manylinux_x86_64", DEBIAN_11, CP311, PLATFORM,
         "installers on Linux know no platform manylinux_x86_64 for such a file"),
        ("cp311-cp311-linux_2_17_x86_64", DEBIAN_11, CP311, PLATFORM,
         "installers on Linux know no platform linux_2_17_x86_64 for such a file"),
        ("cp311-cp311-manylinux_99999999999999_1_x86_64", DEBIAN_11, CP311, PLATFORM,
         "installers on Linux know no platform manylinux_99999999999999_1_x86_64 for such a file"),
        ("cp312-cp312-manylinux2014_x86_64", DEBIAN_11, CP311, INTERPRETER,
         "the wheel is for cp312-cp312, the interpreter is cp311"),
        ("cp312-cp312-musllinux_1_2_aarch64", DEBIAN_11, CP311, INTERPRETER,
         "the wheel is for cp312-cp312, the interpreter is cp311"),
        ("pp310-pypy310_pp73-manylinux2014_x86_64", DEBIAN_11, CP311, INTERPRETER,
         "the wheel is for pp310-pypy310_pp73, the interpreter is cp311"),
        ("cp39-abi3-manylinux2014_x86_64", DEBIAN_11, cpython(13, "cp313t"), INTERPRETER,
         "the wheel is for cp39-abi3, the interpreter is cp313t, and free-threaded builds have no abi3"),
        ("cp39-cp39-manylinux2014_x86_64", DEBIAN_11, cpython(13, "cp313t"), INTERPRETER,
         "the wheel is for cp39-cp39, the interpreter is cp313t"),
    ],
)  # fmt: skip
def test_reach(wheel: str, platform: Platform, interpreter: Interpreter, kind: ReachKind, reason: str) -> None:
    found = reach(parse_tag(wheel), platform, interpreter, where="debian")
    assert (found.kind, found.reason) == (kind, reason)


def test_an_absurd_tag_is_for_nobody() -> None:
    found = reach([Tag("?", "!", "..")], DEBIAN_11, CP311)
    assert (found.kind, found.reason) == (INTERPRETER, "the wheel is for ?-!, the interpreter is cp311")


def test_no_tag_is_for_nobody() -> None:
    assert reach([], DEBIAN_11, CP311).reason == "the wheel has no tag"


def test_takes_an_iterator() -> None:
    found = reach(iter(parse_tag("cp311-cp311-win_amd64")), DEBIAN_11, CP311)
    assert found.kind is ReachKind.PLATFORM


@pytest.mark.parametrize(
    ("marker", "expected"),
    [
        ("python_version >= '3.11'", True),
        ("python_version < '3.9'", False),
        ("python_full_version >= '3.11.0'", True),
        ("platform_machine == 'x86_64'", True),
        ("sys_platform == 'linux' and os_name == 'posix' and platform_system == 'Linux'", True),
        ("implementation_name == 'pypy' or platform_python_implementation == 'PyPy'", False),
        ("extra == 'test'", False),
    ],
)
def test_marker_environment(marker: str, expected: bool) -> None:
    environment = marker_environment(DEBIAN_12, CP311)
    assert Marker(marker).evaluate({**environment, "extra": ""}) is expected
