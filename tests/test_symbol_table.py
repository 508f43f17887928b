"""The symbols of a wheel's files by name: what they expect of whom, and what they offer."""

import io
import subprocess
from pathlib import Path

import pytest
from dynamic_elves import NEEDED, dynamic_elf
from elves import EXEC, MACHINES, elf
from local_bench import compile_object
from wheels import build_wheel

from manylinux_lab.errors import EngineError
from manylinux_lab.wheels import symbol_table
from manylinux_lab.wheels.symbol_table import SymbolTable, Undefined, symbol_tables, table_of

VERSIONS = (("libc.so.6", ("GLIBC_2.17", "GLIBC_2.2.5")),)


def symbols_of(data: bytes) -> SymbolTable:
    """Return the symbols of one file."""
    (table,) = table_of("x.so", io.BytesIO(data))
    return table


@pytest.mark.parametrize(
    ("machine", "wide", "order"), [(62, True, "<"), (3, False, "<"), (22, True, ">"), (20, False, ">")]
)
def test_each_symbol_is_told_with_whose_it_is(machine: int, wide: bool, order: str) -> None:
    data = dynamic_elf(
        machine=machine, wide=wide, order=order, texts=((NEEDED, "libc.so.6"),), versions=VERSIONS,
        undefined=["puts", "own", "clock"], numbers=[3, 1, 2], ordinary=["g", "f"], unique=["u"],
    )  # fmt: skip

    assert symbols_of(data) == SymbolTable(
        path="x.so",
        undefined=(
            Undefined(name="clock", version="GLIBC_2.17", library="libc.so.6"),
            Undefined(name="own"),
            Undefined(name="puts", version="GLIBC_2.2.5", library="libc.so.6"),
        ),
        exported=("f", "g", "u"),
    )


def test_a_weak_version_is_told_too() -> None:
    (one,) = symbols_of(dynamic_elf(versions=VERSIONS, weak_versions=True, undefined=["puts"], numbers=[2])).undefined

    assert (one.version, one.library) == ("GLIBC_2.17", "libc.so.6")


def test_a_damaged_file_has_a_note_in_the_place_of_symbols(monkeypatch: pytest.MonkeyPatch) -> None:
    good = dynamic_elf(undefined=["a" * 40], ordinary=["b" * 40])

    assert symbols_of(good[:-8]).note == "cut short: 8 bytes of what is loaded lie beyond its end"
    assert symbols_of(good[:30]).note.startswith("not readable as ELF: ")
    monkeypatch.setattr(symbol_table, "NAMES_LIMIT", 379)
    assert symbols_of(good) == SymbolTable(
        path="x.so", note="without readable symbols: it has more symbols than can be true"
    )


def test_the_files_of_a_wheel_come_by_path_and_only_those_of_a_loader(tmp_path: Path) -> None:
    files = {
        "demo/z.so": elf("f"),
        "demo/kernel.cubin": elf(machine=MACHINES["cuda"]),
        "demo/text.so": b"INPUT(libz.so)",
        "demo-1.0.data/scripts/tool": elf("main", kind=EXEC),
    }
    found = list(symbol_tables(build_wheel(tmp_path, files=files)))

    assert [(one.path, one.exported) for one in found] == [("bin/tool", ("main",)), ("demo/z.so", ("f",))]


def test_a_file_that_is_gone_is_the_labs_trouble(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot be read any more: No such file"):
        list(symbol_tables(tmp_path / "gone.whl"))


@pytest.mark.real
def test_nm_says_the_same_of_a_compiled_file(tmp_path: Path) -> None:
    source = """
    #include <stdio.h>
    #include <time.h>
    extern int nowhere(void) __attribute__((weak));
    __attribute__((visibility("hidden"))) int inner(void) { return 1; }
    __attribute__((visibility("protected"))) int guarded(void) { return inner(); }
    int shown(void) { struct timespec t; clock_gettime(0, &t); puts("x"); return nowhere ? nowhere() : 0; }
    """
    path = compile_object(tmp_path / "x.so", source, "-O1")
    said = subprocess.run(["nm", "-D", "--with-symbol-versions", path], capture_output=True, text=True, check=True)
    kinds = [(line.split()[-2], *line.split()[-1].partition("@")) for line in said.stdout.splitlines()]
    table = symbols_of(path.read_bytes())

    assert {(one.name, one.version, one.is_weak) for one in table.undefined} == {
        (name, version.removeprefix("@"), kind == "w") for kind, name, _, version in kinds if kind in "Uw"
    }
    assert set(table.exported) == {name for kind, name, _, _ in kinds if kind not in "Uw"} == {"shown", "guarded"}
