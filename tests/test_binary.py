"""ELF files of all kinds, and broken ones made by slicing good ones."""

import io
import struct

import pytest
from elves import DYN, EXEC, MACHINES, REL, elf

from manylinux_lab.wheels.binary import examine
from manylinux_lab.wheels.elf import Kind


@pytest.mark.parametrize(
    ("data", "name", "kind", "machine"),
    [
        pytest.param(elf(), "libx.so.1", Kind.OBJECT, "x86_64", id="library"),
        pytest.param(elf(kind=EXEC), "tool", Kind.EXECUTABLE, "x86_64", id="program"),
        pytest.param(elf(is_pie=True, is_interpreted=True), "tool", Kind.EXECUTABLE, "x86_64", id="pie"),
        pytest.param(elf(is_pie=True), "tool", Kind.EXECUTABLE, "x86_64", id="static-pie"),
        pytest.param(elf(is_interpreted=True), "tool", Kind.EXECUTABLE, "x86_64", id="pie-of-an-old-linker"),
        pytest.param(elf(is_interpreted=True), "libc.so.6", Kind.OBJECT, "x86_64", id="library-that-starts"),
        pytest.param(elf(kind=REL), "x.o", Kind.OTHER, "x86_64", id="relocatable"),
        pytest.param(elf(machine=MACHINES["aarch64"]), "libx.so", Kind.OBJECT, "aarch64", id="aarch64"),
        pytest.param(elf(machine=MACHINES["ppc64le"]), "libx.so", Kind.OBJECT, "ppc64le", id="ppc64le"),
        pytest.param(elf(machine=MACHINES["cuda"], kind=EXEC), "k.cubin", Kind.OTHER, "EM_CUDA", id="gpu"),
    ],
)
def test_tells_what_a_file_is(data: bytes, name: str, kind: Kind, machine: str) -> None:
    facts = examine(io.BytesIO(data), name)

    assert (facts.kind, facts.machine, facts.note) == (kind, machine, "")


@pytest.mark.parametrize("length", [4, 16, 40, 63, 80, 130, 180])
def test_a_sliced_file_is_an_object_with_a_note(length: int) -> None:
    facts = examine(io.BytesIO(elf("PyInit_x")[:length]), "x.so")

    assert facts.kind is Kind.OBJECT
    assert facts.note.startswith(("not readable as ELF: ", "cut short: "))


@pytest.mark.parametrize("position", range(0, len(elf("PyInit_x")) - 8, 8))
def test_no_damaged_word_raises_or_hangs(position: int) -> None:
    good = elf("PyInit_x")
    data = good[:position] + b"\xff" * 8 + good[position + 8 :]

    assert isinstance(examine(io.BytesIO(data), "x.so").kind, Kind)


def test_a_dynamic_section_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("manylinux_lab.wheels.binary.READS_LIMIT", 2000)
    endless = elf()[:-16] + struct.pack("<QQ", 1, 0) * 5000

    assert "too large to be true" in examine(io.BytesIO(endless), "x.so").note


def test_dyn_is_the_type_of_shared_objects() -> None:
    assert elf()[16] == DYN
