"""What is odd about a wheel is said once, with the first files that show it."""

from pathlib import Path
from typing import Any

import pytest
from dynamic_elves import NEEDED, RUNPATH, SONAME, dynamic_elf
from wheels import build_wheel, wheel_entries, wheel_text, write_archive

from manylinux_lab.predicting.inspection import inspect
from manylinux_lab.wheels.reading import read_wheel

TAG = "cp311-cp311-manylinux_2_17_x86_64"
FAST = bytes.fromhex("0fae5c24fc 814c24fc40800000 0fae5424fc c3 90")


def notes(folder: Path, files: dict[str, bytes], tag: str = TAG) -> str:
    return " ".join(inspect(read_wheel(build_wheel(folder, files=files, tag=tag))).notes)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"texts": ((RUNPATH, "/build/lib"),)}, "'demo/x.so' searches for libraries in '/build/lib', a folder of the"),
        ({"texts": ((22, "t"),)}, "'demo/x.so' has relocations in its code."),
        ({"constructors": (FAST,)}, "1 file switches the CPU to flush-to-zero when loaded"),
        ({"machine": 183, "align": 4096}, "1 file is aligned for pages of 4 KiB and cannot be loaded by a kernel with"),
        ({}, ""),
        ({"align": 4096}, ""),
        ({"machine": 183, "align": 65536}, ""),
    ],
)
def test_oddities_of_files(tmp_path: Path, fields: dict[str, Any], words: str) -> None:
    found = notes(tmp_path, {"demo/x.so": dynamic_elf(**fields)})

    assert words in found if words else found == ""


@pytest.mark.parametrize(
    ("path", "symbols", "is_odd"),
    [
        ("_x.abi3.so", ("PyInit__x",), False),
        ("_x.abi3.so", ("PyModExport__x",), False),
        ("_x.abi3.so", ("PyInit_x", "init_x"), True),
        ("_x.cpython-311-x86_64-linux-gnu.so", (), True),
        ("_x.pypy-41.so", ("init_x",), False),
        ("pkg/__init__.abi3.so", ("PyInit_pkg",), False),
        ("\xfcber.abi3.so", ("PyInitU_ber_goa",), False),
        ("\xfcber.abi3.so", ("PyInit_\xfcber",), True),
        ("libx.so", (), False),
        ("_x.so", (), False),
    ],
)
def test_a_file_that_no_import_can_load_is_told(
    tmp_path: Path, path: str, symbols: tuple[str, ...], is_odd: bool
) -> None:
    found = notes(tmp_path, {f"demo/{path}": dynamic_elf(ordinary=symbols)})

    assert ("1 file has the name of an extension module and no function such as 'PyInit" in found) is is_odd, found
    assert (found == "") is not is_odd


def test_nothing_is_said_of_a_damaged_module_and_little_of_many(tmp_path: Path) -> None:
    data = dynamic_elf()
    found = notes(tmp_path, {"demo/cut.abi3.so": data[:-8], **{f"demo/_{n}.abi3.so": data for n in range(9)}})

    assert "9 files have the name of an extension module" in found
    assert found.count(".abi3.so") == 4, found


def test_vendored_libraries_have_a_name_of_their_own_and_a_licence(tmp_path: Path) -> None:
    plain, mangled = (dynamic_elf(texts=((SONAME, name),)) for name in ("libx.so.1", "libx-1a2b3c4d.so.1"))
    without = notes(tmp_path / "a", {"demo.libs/libx.so.1": plain, "demo.libs/libx-1a2b3c4d.so.1": mangled})
    licence = {"demo.libs/libx-1a2b3c4d.so.1": mangled, "demo-1.0.dist-info/licenses/libx/COPYING": b"x"}

    assert "1 vendored library keeps its plain SONAME, which other wheels may use too: 'libx.so.1'." in without
    assert "It has 2 vendored libraries and no licence file" in without
    assert notes(tmp_path / "b", licence) == ""


def test_one_search_path_of_many_files_is_one_note(tmp_path: Path) -> None:
    data = dynamic_elf(texts=((RUNPATH, "/build"), (NEEDED, "libc.so.6")))

    assert notes(tmp_path, {f"demo/{name}.so": data for name in "abc"}).count("/build") == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"Tag: cp311-cp311-linux_x86_64\n", "Its WHEEL file says cp311-cp311-linux_x86_64, which is not what"),
        (b"", "Its WHEEL file says no tag"),
        (b"Tag: a-b\n", "Its WHEEL file has the tag 'a-b', which is none."),
    ],
)
def test_the_tags_inside_are_compared(tmp_path: Path, text: bytes, words: str) -> None:
    entries = wheel_entries("demo", "1.0", {"demo.py": b""}, tag=TAG)
    entries["demo-1.0.dist-info/WHEEL"] = b"Wheel-Version: 1.0\n" + text
    found = inspect(read_wheel(write_archive(tmp_path / f"demo-1.0-{TAG}.whl", entries)))

    assert words in " ".join(found.notes)


@pytest.mark.parametrize(("is_pure", "data", "is_odd"), [(True, dynamic_elf(), True), (False, dynamic_elf(), False)])
def test_machine_code_in_the_folder_for_pure_python(tmp_path: Path, is_pure: bool, data: bytes, is_odd: bool) -> None:
    entries = wheel_entries("demo", "1.0", {"demo/x.so": data}, tag=TAG)
    entries["demo-1.0.dist-info/WHEEL"] = wheel_text(TAG, is_pure=is_pure).encode()
    found = inspect(read_wheel(write_archive(tmp_path / f"demo-1.0-{TAG}.whl", entries))).notes

    assert any("'Root-Is-Purelib: true'" in note for note in found) is is_odd
