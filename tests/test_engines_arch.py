"""Tests of machine names and of what emulation needs."""

from pathlib import Path

import pytest

from manylinux_lab.engines.arch import (
    ARCHES,
    arch_trouble,
    emulated,
    emulator_environment,
    is_native,
    known_arch,
    machine_of_platform,
)
from manylinux_lab.errors import UsageError

ENABLED = "enabled\ninterpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P\nflags: POCF\noffset 0\n"


@pytest.mark.parametrize(
    ("name", "machine"),
    [("arm64", "aarch64"), ("linux/amd64", "x86_64"), ("i386", "i686"), ("ppc64el", "ppc64le"), ("s390x", "s390x")],
)
def test_other_names_are_understood(name: str, machine: str) -> None:
    assert known_arch(name).machine == machine


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"'aarch46' is unknown \(did you mean 'aarch64'"):
        known_arch("aarch46")


@pytest.mark.parametrize(
    ("architecture", "variant", "machine"),
    [
        ("amd64", "", "x86_64"),
        ("arm64", "v8", "aarch64"),
        ("arm64", "", "aarch64"),
        ("arm", "v7", "armv7l"),
        ("arm", "v6", "armv6"),
        ("386", "", "i686"),
        ("mips", "", "mips"),
    ],
)
def test_oci_platforms_have_machine_names(architecture: str, variant: str, machine: str) -> None:
    assert machine_of_platform(architecture, variant) == machine


@pytest.mark.parametrize(
    ("arch", "machine", "native"),
    [
        ("x86_64", "x86_64", True),
        ("i686", "x86_64", True),
        ("x86_64", "i686", False),
        ("aarch64", "x86_64", False),
        ("aarch64", "aarch64", True),
        ("armv7l", "aarch64", False),
    ],
)
def test_what_runs_natively(arch: str, machine: str, native: bool) -> None:
    assert is_native(arch, machine) is native
    assert emulated(arch, machine) is not native


def test_every_emulated_arch_gets_a_cpu_model() -> None:
    assert emulator_environment("aarch64", "x86_64") == {"QEMU_CPU": "cortex-a72"}
    assert emulator_environment("i686", "x86_64") == {}
    assert all(emulator_environment(arch, "nothing")["QEMU_CPU"] for arch in ARCHES)


def binfmt(folder: Path, handler: str | None) -> Path:
    """Return a folder as binfmt_misc would show it."""
    (folder / "status").write_text("enabled\n")
    if handler is not None:
        (folder / "qemu-aarch64").write_text(handler)
    return folder


def test_a_registered_handler_is_no_trouble(tmp_path: Path) -> None:
    assert arch_trouble("aarch64", "x86_64", binfmt(tmp_path, ENABLED)) is None
    assert arch_trouble("x86_64", "x86_64", tmp_path / "absent") is None


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (None, "no handler 'qemu-aarch64' is registered"),
        (ENABLED.replace("enabled", "disabled", 1), "is registered and disabled"),
        (ENABLED.replace("POCF", "POC"), "lacks the F flag"),
    ],
)
def test_trouble_names_the_command_and_the_format(tmp_path: Path, handler: str | None, words: str) -> None:
    trouble = arch_trouble("arm64", "x86_64", binfmt(tmp_path, handler))
    assert trouble is not None
    assert words in trouble
    assert "update-binfmts --enable qemu-aarch64" in trouble


def test_binfmt_misc_may_not_be_mounted(tmp_path: Path) -> None:
    trouble = arch_trouble("s390x", "x86_64", tmp_path)
    assert trouble is not None
    assert "mount -t binfmt_misc" in trouble
