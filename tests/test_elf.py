"""Facts of a wheel's ELF files: what the loader asks for, on every machine, and from files that lie."""

import struct
from pathlib import Path

import pytest
from dynamic_elves import HASH, NEEDED, RPATH, RUNPATH, SONAME, dynamic_elf
from wheels import build_wheel

from manylinux_lab.errors import EngineError
from manylinux_lab.wheels import symbols
from manylinux_lab.wheels.digests import file_digest
from manylinux_lab.wheels.elf import ElfFacts, Kind
from manylinux_lab.wheels.reading import read_wheel
from manylinux_lab.wheels.remembered import elf_facts
from manylinux_lab.wheels.wheel import Wheel

TEXTS = ((NEEDED, "libc.so.6"), (NEEDED, "libm.so.6"), (SONAME, "libx.so.1"), (RPATH, "/r"), (RUNPATH, "$ORIGIN"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MANYLINUX_LAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def wheel(folder: Path, **files: bytes) -> Wheel:
    return read_wheel(build_wheel(folder, files={f"demo/{name}.so": data for name, data in files.items()}))


def facts_of(folder: Path, data: bytes) -> ElfFacts:
    (found,) = elf_facts(wheel(folder, x=data))
    return found


def test_everything_that_the_loader_asks_for(tmp_path: Path) -> None:
    data = dynamic_elf(texts=TEXTS, flags=0x10, tls=(281, 32), stack=7, unique=["a", "b"], ordinary=["f"])
    (tmp_path / "x").write_bytes(data)
    assert facts_of(tmp_path, data) == ElfFacts(
        path="demo/x.so",
        sha256=file_digest(tmp_path / "x"),
        machine="x86_64",
        soname="libx.so.1",
        needed=("libc.so.6", "libm.so.6"),
        rpath="/r",
        runpath="$ORIGIN",
        static_tls=True,
        tls_size=281,
        tls_align=32,
        executable_stack=True,
        unique=frozenset({"a", "b"}),
        bits=64,
        exported=3,
        align=8,
        only_gnu_hash=True,
    )


@pytest.mark.parametrize(
    ("machine", "wide", "order", "hash_tag", "name"),
    [
        (62, True, "<", None, "x86_64"),
        (62, True, "<", HASH, "x86_64"),
        (3, False, "<", None, "i686"),
        (3, False, "<", HASH, "i686"),
        (40, False, "<", None, "armv7l"),
        (22, True, ">", None, "s390x"),
        (21, True, "<", HASH, "ppc64le"),
        (62, False, "<", None, "x32"),
        (183, True, ">", None, "aarch64_be"),
        (8, False, ">", None, "mips"),
    ],
)
def test_every_size_and_byte_order(
    tmp_path: Path, machine: int, wide: bool, order: str, hash_tag: int | None, name: str
) -> None:
    further = {} if hash_tag is None else {"hash_tag": hash_tag}
    data = dynamic_elf(
        machine=machine, wide=wide, order=order, texts=TEXTS, unique=["u"], ordinary=["f"], undefined=["g"], **further
    )
    found = facts_of(tmp_path, data)
    assert (found.machine, found.soname, found.unique, found.note) == (name, "libx.so.1", frozenset({"u"}), "")


@pytest.mark.parametrize(
    ("machine", "order", "stack", "executable"),
    [
        (62, "<", None, True),
        (62, "<", 6, False),
        (62, "<", 7, True),
        (183, "<", None, False),
        (183, "<", 7, True),
        (22, ">", None, True),
        (21, "<", None, False),
        (243, "<", None, False),
    ],
)
def test_a_missing_stack_header_means_what_the_loader_takes_it_for(
    tmp_path: Path, machine: int, order: str, stack: int | None, executable: bool
) -> None:
    assert facts_of(tmp_path, dynamic_elf(machine=machine, order=order, stack=stack)).executable_stack is executable


def test_no_symbols_no_dynamic_section_and_code_for_another_processor(tmp_path: Path) -> None:
    bare = dynamic_elf()
    static = bare[:64] + bare[64:].replace(struct.pack("<I", 2), struct.pack("<I", 4), 1)
    found = elf_facts(wheel(tmp_path, bare=bare, static=static, gpu=dynamic_elf(machine=190), text=b"no"))
    assert [(one.path, one.unique, one.note) for one in found] == [
        ("demo/bare.so", frozenset(), ""),
        ("demo/static.so", frozenset(), ""),
    ]


def test_only_so_many_unique_symbols_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symbols, "UNIQUE_LIMIT", 2)
    found = facts_of(tmp_path, dynamic_elf(unique=["a", "b", "c"]))
    assert found.unique == {"a", "b"}
    assert found.note == "only 2 of its 3 unique symbols were read"


def test_a_file_that_ends_before_its_segments_is_not_sound(tmp_path: Path) -> None:
    data = dynamic_elf(texts=TEXTS)
    sections_gone = data[:40] + struct.pack("<Q", len(data) + 1000) + data[48:60] + b"\5\0" + data[62:]
    cut, whole = elf_facts(wheel(tmp_path, cut=data[:-8], whole=sections_gone))

    assert (cut.note, cut.is_sound) == ("cut short: 8 bytes of what is loaded lie beyond its end", False)
    assert (cut.machine, cut.kind, whole.note, whole.is_sound) == ("x86_64", Kind.OBJECT, "", True)


def test_what_a_debugger_reads_is_not_for_the_loader(tmp_path: Path) -> None:
    data = dynamic_elf(texts=TEXTS)[:-8]
    path = build_wheel(tmp_path, files={"demo/x.so.debug": data})

    assert elf_facts(read_wheel(path)) == ()


@pytest.mark.parametrize("end", [20, 64, 100, 180, 240, 300, 400, -40])
def test_a_file_that_is_cut_short_has_a_note_or_what_is_left(tmp_path: Path, end: int) -> None:
    data = dynamic_elf(texts=TEXTS, unique=["a"] * 5, ordinary=["b"])
    assert len(elf_facts(wheel(tmp_path, x=data[:end]))) == 1


@pytest.mark.parametrize("value", [0xFF, 0x7F, 0x00])
def test_no_byte_of_a_file_can_do_harm(tmp_path: Path, value: int) -> None:
    """Every byte of a small file is replaced, one at a time; facts, a note or nothing come out, and no exception."""
    data = dynamic_elf(texts=TEXTS, tls=(8, 8), unique=["a"], ordinary=["b"])
    files = {f"x{place}": data[:place] + bytes([value]) + data[place + 1 :] for place in range(5, len(data))}
    found = elf_facts(wheel(tmp_path, **files))
    assert any(one.note for one in found)
    assert any(one.unique for one in found)


def test_facts_are_remembered_by_content(tmp_path: Path, cache: Path) -> None:
    subject = wheel(tmp_path, x=dynamic_elf(unique=["a", "b", "c"]))
    first = elf_facts(subject)
    remembered = cache / "elf" / f"{subject.sha256}.json"
    content = remembered.read_bytes()
    subject.path.unlink()
    assert elf_facts(subject) == first
    for damage in (b"{", content.replace(b'"schema":', b'"schema":9')):
        remembered.write_bytes(damage)
        with pytest.raises(EngineError, match="cannot be read any more"):
            elf_facts(subject)


def test_the_largest_files_are_read_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("manylinux_lab.wheels.archive.IN_MEMORY", 16)
    assert facts_of(tmp_path, dynamic_elf(texts=TEXTS)).soname == "libx.so.1"
