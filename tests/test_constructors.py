"""Constructors that set flush-to-zero are found, and code that merely offers the mode is not."""

import io
import shutil
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from dynamic_elves import dynamic_elf

from manylinux_lab.wheels.binary import examine
from manylinux_lab.wheels.constructors import flushes_to_zero

X86, ARM = 62, 183
# What GCC 12 links in for -ffast-math (crtfastmath.o), for x86_64 and for aarch64.
FAST = bytes.fromhex("f30f1efa 0fae5c24fc 814c24fc40800000 0fae5424fc c3 90")
FAST_ARM = bytes.fromhex("0020a052 00441bd5 c0035fd6")
# The same by hand: or eax, 0x8000; with AVX encodings; only denormals-are-zero; in the registers that Clang takes.
IN_EAX = bytes.fromhex("0fae5c24fc 8b4424fc 0d00800000 894424fc 0fae5424fc c3 90")
AVX = bytes.fromhex("c5f8ae5c24fc 814c24fc40800000 c5f8ae5424fc c3 90")
ONLY_DAZ = bytes.fromhex("0fae5c24fc 8b4424fc 83c840 894424fc 0fae5424fc c3 90")
IN_AH = bytes.fromhex("0fae5c24fc 8b4424fc 80cc80 894424fc 0fae5424fc c3 90")
# No sign: rounding is set; the mode is read; another function after a return, or after the jump that is all of it.
ROUNDING = bytes.fromhex("0fae5c24fc 814c24fc00600000 0fae5424fc c3 90")
READS = bytes.fromhex("0fae5c24fc 8b4424fc c3 90")
RETURNS_FIRST = bytes.fromhex("31c0 c3 90") + FAST
JUMPS_AWAY = bytes.fromhex("f30f1efa e977ffffff") + FAST
RETURNS_FIRST_ARM = bytes.fromhex("c0035fd6") + FAST_ARM
JUMPS_AWAY_ARM = bytes.fromhex("5f2403d5 f6ffff17") + FAST_ARM
HARMLESS = bytes.fromhex("f30f1efa c3 90")


def found(data: bytes) -> bool:
    stream = io.BytesIO(data)
    told = examine(stream, "x.so")
    assert told.elf is not None
    return flushes_to_zero(told.elf, stream, told.machine)


@pytest.mark.parametrize("relocated", [False, True], ids=["there", "relocated"])
@pytest.mark.parametrize(
    ("machine", "constructors", "expected"),
    [
        pytest.param(X86, [FAST], True, id="crtfastmath"),
        pytest.param(X86, [HARMLESS, HARMLESS, FAST], True, id="the-last-of-three"),
        pytest.param(X86, [IN_EAX], True, id="in-eax"),
        pytest.param(X86, [IN_AH], True, id="in-ah"),
        pytest.param(X86, [AVX], True, id="avx"),
        pytest.param(X86, [ONLY_DAZ], True, id="only-daz"),
        pytest.param(ARM, [FAST_ARM], True, id="crtfastmath-aarch64"),
        pytest.param(X86, [ROUNDING], False, id="rounding"),
        pytest.param(X86, [READS], False, id="reads"),
        pytest.param(X86, [RETURNS_FIRST], False, id="returns-first"),
        pytest.param(X86, [JUMPS_AWAY], False, id="jumps-away"),
        pytest.param(ARM, [RETURNS_FIRST_ARM], False, id="returns-first-aarch64"),
        pytest.param(ARM, [JUMPS_AWAY_ARM], False, id="jumps-away-aarch64"),
        pytest.param(X86, [HARMLESS], False, id="harmless"),
        pytest.param(X86, [], False, id="none"),
        pytest.param(22, [FAST], False, id="another-machine"),
    ],
)
def test_a_constructor_sets_the_mode_or_not(
    machine: int, constructors: Sequence[bytes], expected: bool, relocated: bool
) -> None:
    order = ">" if machine == 22 else "<"
    data = dynamic_elf(machine=machine, order=order, constructors=constructors, relocated=relocated)

    assert found(data) is expected


def test_a_function_that_no_constructor_is_does_not_count() -> None:
    assert not found(dynamic_elf(constructors=[HARMLESS]) + FAST)


@pytest.mark.parametrize("size", [0, 7, 2**40, 2**63])
def test_a_table_that_lies_about_its_size_is_read_to_a_bound(size: int) -> None:
    data = dynamic_elf(constructors=[FAST])
    place = data.rfind(struct.pack("<2Q", 27, 8))
    lying = data[:place] + struct.pack("<2Q", 27, size) + data[place + 16 :]

    assert found(lying) is (size >= 8)


@pytest.mark.real
@pytest.mark.parametrize(("option", "expected"), [("-ffast-math", True), ("-O2", False)])
@pytest.mark.parametrize("linking", ["", "-Wl,-z,pack-relative-relocs"], ids=["rela", "relr"])
def test_what_the_compiler_links_in_is_found(tmp_path: Path, option: str, linking: str, expected: bool) -> None:
    if not shutil.which("gcc"):
        pytest.skip("there is no gcc to compile with")
    (tmp_path / "x.c").write_text("int f(int x) { return x + 1; }\n")
    argv = ["gcc", "-shared", "-fPIC", option, *filter(None, [linking]), "-o", "x.so", "x.c"]
    if subprocess.run(argv, cwd=tmp_path, check=False, capture_output=True).returncode:
        pytest.skip(f"this gcc does not take {' '.join(argv)}")
    version = subprocess.run(["gcc", "-dumpversion"], capture_output=True, text=True, check=True).stdout
    if int(version.partition(".")[0]) >= 13 and expected:
        pytest.skip("GCC 13 and newer link no crtfastmath into shared objects")

    assert found((tmp_path / "x.so").read_bytes()) is expected
