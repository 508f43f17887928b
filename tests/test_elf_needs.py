"""What an ELF file asks of the system: versions, undefined symbols, notes; also from files that lie."""

import io
import struct
from contextlib import suppress
from pathlib import Path

import pytest
from dynamic_elves import HASH, NEEDED, dynamic_elf, note
from elves import elf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wheels import build_wheel

from manylinux_lab.wheels.binary import UNREADABLE, LoadedFile
from manylinux_lab.wheels.elf import ElfFacts
from manylinux_lab.wheels.elf_reading import read_facts
from manylinux_lab.wheels.reading import read_wheel
from manylinux_lab.wheels.remembered import elf_facts

VERSIONS = (("libc.so.6", ("GLIBC_2.17", "GLIBC_2.2.5")), ("libm.so.6", ("GLIBC_2.29",)))
DT_RELR, DT_TEXTREL = 36, 22
BLANK = ElfFacts(path="x.so", sha256="0" * 64, machine="x86_64")


def level(bits: int, size: int = 4) -> bytes:
    """Return the note by which a file insists on x86-64 levels."""
    return note(5, struct.pack("<3I", 0xC0008002, size, bits) + b"\0" * 4)


GOOD = dynamic_elf(
    texts=((NEEDED, "libc.so.6"), (NEEDED, "libm.so.6")),
    versions=VERSIONS,
    undefined=["PyList_New", "inflate_fast", "puts"],
    numbers=[1, 1, 3],
    ordinary=["f", "g"],
    notes=note(3, b"\x12\x34") + level(0b100),
    align=4096,
)


def facts_of(data: bytes) -> ElfFacts:
    """Return the facts of one file."""
    stream = io.BytesIO(data)
    return read_facts(LoadedFile(stream), stream, BLANK)


@pytest.mark.parametrize("has_gnu_hash", [True, False], ids=["gnu", "sysv"])
def test_functions_that_make_modules_are_found_by_either_hash_table(has_gnu_hash: bool) -> None:
    names = ("other", "PyInit_x", "PyInitU_ber_xyz", "last", "PyModExport_x", "PyInitial", "my_PyInit_x")
    found = facts_of(elf(*names, has_gnu_hash=has_gnu_hash))

    assert found.inits == ("PyInitU_ber_xyz", "PyInit_x", "PyModExport_x")


def test_a_function_that_is_only_mentioned_or_hidden_makes_no_module() -> None:
    data = elf("PyInit_x")
    symbol = struct.pack("<IBBH", 1, 0x12, 0, 1)
    assert data.count(symbol) == 1

    assert facts_of(elf("PyInit_x", has_gnu_hash=False, is_defined=False)).inits == ()
    assert facts_of(data.replace(symbol, struct.pack("<IBBH", 1, 0x12, 2, 1))).inits == ()
    assert facts_of(data.replace(symbol, struct.pack("<IBBH", 1, 0x12, 3, 1))).inits == ("PyInit_x",)  # protected


@pytest.mark.parametrize(
    ("needed", "symbol", "libc"),
    [
        ((), "__memcpy_chk", "glibc"),
        ((), "__isoc23_strtol", "glibc"),
        ((), "gnu_get_libc_version", "glibc"),
        ((), "__cxa_thread_atexit_impl", "glibc"),
        ((), "__errno_location", ""),
        ((), "__stack_chk_fail", ""),
        (("libc.so.6",), "__errno_location", "glibc"),
        (("libc.musl-x86_64.so.1",), "__memcpy_chk", "musl"),
    ],
)
def test_the_c_library_is_told_by_what_is_needed_then_by_a_symbol_that_only_glibc_has(
    needed: tuple[str, ...], symbol: str, libc: str
) -> None:
    found = facts_of(
        dynamic_elf(texts=[(NEEDED, name) for name in needed], undefined=["a", symbol], ordinary=["__x_chk"])
    )

    assert found.libc == libc


def test_a_table_of_billions_of_buckets_is_refused() -> None:
    data = elf("PyInit_x")
    table, lie = (struct.pack("<IIII", count, 1, count, 0) for count in (1, 2**32 - 1))
    assert table in data

    assert "too large to be true" in facts_of(data.replace(table, lie)).note


@pytest.mark.parametrize(
    ("machine", "wide", "order"), [(62, True, "<"), (3, False, "<"), (22, True, ">"), (20, False, ">")]
)
def test_versions_and_symbols_are_read_in_every_size_and_byte_order(machine: int, wide: bool, order: str) -> None:
    data = dynamic_elf(
        machine=machine, wide=wide, order=order, versions=VERSIONS, undefined=["_PyX", "inflate_fast"], ordinary=["f"]
    )
    found = facts_of(data)

    assert found.versions == (("libc.so.6", ("GLIBC_2.17", "GLIBC_2.2.5")), ("libm.so.6", ("GLIBC_2.29",)))
    assert (found.python, found.watched, found.exported) == (("_PyX",), ("inflate_fast",), 1)
    assert (found.bits, found.little_endian, found.libc) == (64 if wide else 32, order == "<", "glibc")


@pytest.mark.parametrize(
    ("machine", "wide", "order"), [(62, True, "<"), (3, False, "<"), (22, True, ">"), (20, False, ">")]
)
def test_of_each_version_the_first_symbol_that_asks_for_it_is_named(machine: int, wide: bool, order: str) -> None:
    names, numbers = ["memmove", "puts", "exp", "memcpy", "mine"], [2, 3, 0x8004, 2, 1]
    data = dynamic_elf(
        machine=machine, wide=wide, order=order, versions=VERSIONS, undefined=names, numbers=numbers, ordinary=["a"]
    )

    assert facts_of(data).first_symbols == (
        ("libc.so.6", "GLIBC_2.17", "memcpy"),
        ("libc.so.6", "GLIBC_2.2.5", "puts"),
        ("libm.so.6", "GLIBC_2.29", "exp"),
    )


def test_a_file_without_numbers_of_versions_names_no_symbols() -> None:
    assert facts_of(dynamic_elf(versions=VERSIONS, undefined=["puts"])).first_symbols == ()


def test_weak_versions_are_not_insisted_on() -> None:
    assert facts_of(dynamic_elf(versions=VERSIONS, weak_versions=True)).versions == ()


def test_notes_and_alignment_are_read() -> None:
    found = facts_of(GOOD)

    assert (found.build_id, found.x86_level, found.align) == ("1234", 3, 4096)


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        (level(0b1), 1),
        (level(0b1111), 4),
        (level(0), 0),
        (level(0b1, size=8), 0),
        (note(5, b"\2\0\0\0\4\0\0\0\1\0\0\0\0\0\0\0") + level(0b10), 2),
        (b"\1\2\3", 0),
        (struct.pack("<3I", 4, 1 << 31, 5) + b"GNU\0", 0),
        (struct.pack("<3I", 1 << 31, 4, 5) + b"GNU\0", 0),
    ],
)
def test_the_level_of_the_cpu_is_what_the_property_says(notes: bytes, expected: int) -> None:
    assert facts_of(dynamic_elf(notes=notes)).x86_level == expected


@pytest.mark.parametrize(
    ("fields", "attribute"),
    [
        ({"texts": ((DT_RELR, "r"),)}, "relr"),
        ({"texts": ((DT_TEXTREL, "t"),)}, "textrel"),
        ({"flags": 0x4}, "textrel"),
        ({}, "only_gnu_hash"),
    ],
)
def test_flags_of_the_dynamic_section(fields: dict, attribute: str) -> None:  # type: ignore[type-arg]
    assert getattr(facts_of(dynamic_elf(**fields)), attribute)
    assert not getattr(facts_of(dynamic_elf(hash_tag=HASH)), attribute)


@pytest.mark.parametrize(
    ("needed", "libc"),
    [("libc.so.6", "glibc"), ("libc.musl-x86_64.so.1", "musl"), ("libc.so", "musl"), ("libm.so.6", "")],
)
def test_the_c_library_is_told_by_what_is_needed(needed: str, libc: str) -> None:
    assert facts_of(dynamic_elf(texts=((NEEDED, needed),))).libc == libc


@given(st.lists(st.tuples(st.integers(16, len(GOOD) - 1), st.integers(0, 255)), max_size=12), st.integers(0, len(GOOD)))
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_damaged_file_gives_facts_or_one_of_the_known_errors(changes: list[tuple[int, int]], end: int) -> None:
    data = bytearray(GOOD)
    for place, value in changes:
        data[place] = value
    for damaged in (bytes(data), bytes(data[:end])):
        with suppress(*UNREADABLE):  # elf_facts makes a note of it
            assert isinstance(facts_of(damaged), ElfFacts)


@given(st.lists(st.tuples(st.integers(0, len(GOOD) // 8 - 1), st.integers(0, 2**64 - 1)), min_size=1, max_size=4))
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_absurd_numbers_neither_hang_nor_fill_memory(changes: list[tuple[int, int]]) -> None:
    data = bytearray(GOOD)
    for word, value in changes:
        struct.pack_into("<Q", data, word * 8, value)
    with suppress(*UNREADABLE):
        assert len(facts_of(bytes(data)).versions) <= 20_000


def test_a_version_table_that_turns_back_ends(tmp_path: Path) -> None:
    place = GOOD.find(struct.pack("<2H", 1, 2))
    data = bytearray(GOOD)
    struct.pack_into("<I", data, place + 12, 0)
    (found,) = elf_facts(read_wheel(build_wheel(tmp_path, files={"demo/x.so": bytes(data)})))

    assert found.versions[0][0] == "libc.so.6"


def test_symbols_that_ask_for_no_version_are_told_where_all_libraries_give_one() -> None:
    def found(*needed: str) -> tuple[str, ...]:
        texts = [(NEEDED, name) for name in needed]
        undefined = ["PyList_New", "puts", "rotl64"]
        return facts_of(dynamic_elf(texts=texts, versions=VERSIONS, undefined=undefined, numbers=[1, 3, 1])).loose

    assert found("libc.so.6") == ("rotl64",)
    assert found("libc.so.6", "libX11.so.6") == ()
