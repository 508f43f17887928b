"""Static TLS of several wheels against what glibc keeps free; real libraries show that the arithmetic is glibc's."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from wheels import build_wheel

from manylinux_lab.coload.static_tls import left, order_that_exhausts, surplus
from manylinux_lab.wheels.elf import ElfFacts
from manylinux_lab.wheels.reading import read_wheel
from manylinux_lab.wheels.remembered import elf_facts

OLD, NEW = (2, 31), (2, 41)
LOAD_IN_ORDER = "import ctypes, sys\nfor path in sys.argv[1:]: ctypes.CDLL(path); print(path)"


def facts(size: int, align: int = 8, *, static: bool = True) -> ElfFacts:
    return ElfFacts(path="x.so", sha256="", static_tls=static, tls_size=size, tls_align=align)


@pytest.mark.parametrize(
    ("wheels", "order"),
    [
        ({"a": [facts(800)], "b": [facts(800)], "c": [facts(100)]}, ("a", "b", "c")),
        ({"c": [facts(100)], "b": [facts(900)], "a": [facts(900)]}, ("a", "b")),
        ({"a": [facts(800)], "b": [facts(800)]}, ()),
        ({"a": [facts(800)], "b": [facts(864)]}, ()),
        ({"a": [facts(800)], "b": [facts(865)]}, ("b", "a")),
        ({"a": [facts(801, 32)], "b": [facts(833, 32)]}, ("b", "a")),
        ({"a": [facts(500), facts(500)], "b": [facts(700)]}, ("a", "b")),
        ({"a": [facts(1600)], "b": [facts(1600, static=False)], "c": [facts(0)]}, ()),
        ({"a": [facts(1800)], "b": [facts(100)]}, ()),
        ({}, ()),
    ],
)
@pytest.mark.parametrize("version", [OLD, NEW])
def test_the_fewest_that_need_too_much(
    wheels: Mapping[str, Sequence[ElfFacts]], order: tuple[str, ...], version: tuple[int, int]
) -> None:
    assert order_that_exhausts(wheels, version) == order


@pytest.mark.parametrize(
    ("free", "blocks", "rest"),
    [(100, [(10, 1)], 90), (100, [(10, 8)], 88), (100, [(10, 64)], 64), (100, [(100, 4)], 0), (100, [(101, 1)], None)],
)
def test_how_blocks_are_placed(free: int, blocks: list[tuple[int, int]], rest: int | None) -> None:
    assert left(free, blocks) == rest


def test_a_hostile_alignment_is_no_trouble() -> None:
    assert left(100, [(1, 0)]) == 99
    assert left(100, [(1, 1 << 63)]) == 0


@pytest.mark.real
def test_the_loader_agrees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries of growing number are loaded in the predicted order: the last one fails, and without it none does."""
    if shutil.which("gcc") is None or not os.confstr("CS_GNU_LIBC_VERSION"):
        pytest.skip("needs gcc and glibc")
    monkeypatch.setenv("MANYLINUX_LAB_CACHE", str(tmp_path / "cache"))
    major, minor = os.confstr("CS_GNU_LIBC_VERSION").split()[1].split(".")[:2]
    paths = [_library(tmp_path, number) for number in range(9)]
    found = {
        path.stem: elf_facts(read_wheel(build_wheel(tmp_path, path.stem, files={f"{path.stem}.so": path.read_bytes()})))
        for path in paths
    }
    order = order_that_exhausts(found, (int(major), int(minor)))
    assert len(order) == surplus((int(major), int(minor))) // 256 + 1
    by_name = {path.stem: str(path) for path in paths}
    done = subprocess.run(
        [sys.executable, "-c", LOAD_IN_ORDER, *(by_name[name] for name in order)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stdout.splitlines() == [by_name[name] for name in order[:-1]]
    assert "cannot allocate memory in static TLS block" in done.stderr


def _library(folder: Path, number: int) -> Path:
    source, library = folder / f"block{number}.c", folder / f"block{number}.so"
    source.write_text("__thread char block[256] = {1};\nchar *place(int at) { return block + at; }\n")
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-ftls-model=initial-exec", "-o", library, source], check=True, timeout=60
    )
    return library
