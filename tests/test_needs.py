"""What the files of a wheel need from the system, once what they find in each other is taken away."""

from typing import Any

import pytest

from manylinux_lab.predicting.needs import Need, Needs, needs_of
from manylinux_lab.wheels.elf import ElfFacts, Kind


def fact(path: str, *needed: str, machine: str = "x86_64", **fields: Any) -> ElfFacts:
    """Return the facts of one file."""
    return ElfFacts(path=path, sha256="0" * 64, machine=machine, needed=needed, **fields)


EXTENSION = fact("demo/_core.so", "libown-1.so", "libc.so.6", runpath="$ORIGIN/../demo.libs")
OWN = fact("demo.libs/libown-1.so", "libz.so.1", soname="libown-1.so")


def libraries(needs: Needs) -> list[tuple[str, str]]:
    """Return (file, library) pairs."""
    return [(need.file, need.library) for need in needs.libraries]


def test_what_the_wheel_brings_is_not_needed_from_the_system() -> None:
    needs = needs_of([EXTENSION, OWN], "x86_64")

    assert libraries(needs) == [("demo/_core.so", "libc.so.6"), ("demo.libs/libown-1.so", "libz.so.1")]
    assert (needs.files, needs.machines, needs.carried) == (2, {"x86_64"}, ())


def test_versions_of_an_own_library_do_not_count() -> None:
    versions = (("libown-1.so", ("OWN_1",)), ("libc.so.6", ("GLIBC_2.17", "GLIBC_2.5")))
    needs = needs_of([fact("a.so", "libown-1.so", "libc.so.6", versions=versions), OWN], "x86_64")

    assert needs.versions == (
        Need(file="a.so", library="libc.so.6", version="GLIBC_2.17"),
        Need(file="a.so", library="libc.so.6", version="GLIBC_2.5"),
    )


def test_files_of_other_machines_and_kinds_are_passed_over() -> None:
    other = fact("arm.so", "libarm.so.1", machine="aarch64")
    device = fact("gpu.cubin", "libgpu.so", machine="EM_CUDA", kind=Kind.OTHER)
    needs = needs_of([OWN, other, device], "x86_64")

    assert libraries(needs) == [("demo.libs/libown-1.so", "libz.so.1")]
    assert needs.machines == {"x86_64", "aarch64"}


def test_a_library_that_no_search_path_leads_to_is_carried() -> None:
    needs = needs_of([fact("demo/_core.so", "libown-1.so"), OWN], "x86_64")

    assert needs.carried == (("demo/_core.so", "libown-1.so"),)
    assert needs.libraries == (Need(file="demo.libs/libown-1.so", library="libz.so.1"),)


def test_a_program_begins_with_its_own_search_path() -> None:
    lost = fact("demo/bin/tool", "libown-1.so", kind=Kind.EXECUTABLE, runpath="/build/lib")
    found = fact("demo/bin/other", "libown-1.so", kind=Kind.EXECUTABLE, runpath="$ORIGIN/../../demo.libs")
    needs = needs_of([lost, found, EXTENSION, OWN], "x86_64")

    assert needs.carried == (("demo/bin/tool", "libown-1.so"),)


@pytest.mark.parametrize("path", ["$ORIGIN/../demo.libs", "${ORIGIN}/./../demo.libs/", "/opt:$ORIGIN/../demo.libs"])
def test_search_paths_begin_where_the_file_is(path: str) -> None:
    assert not needs_of([fact("demo/_core.so", "libown-1.so", rpath=path), OWN], "x86_64").carried


def test_what_some_systems_refuse_is_told() -> None:
    files = [
        fact("a.so", "libpython3.9.so.1.0", executable_stack=True, x86_level=3, relr=True, align=4096),
        fact("bin/tool", kind=Kind.EXECUTABLE, executable_stack=True, x86_level=1),
    ]
    needs = needs_of(files, "x86_64")

    assert needs.libpython == (Need(file="a.so", library="libpython3.9.so.1.0"),)
    assert (needs.stacks, needs.levels, needs.relr) == (("a.so",), (("a.so", 3),), ("a.so",))
    assert (needs.libraries, needs.aligns) == ((), (("a.so", 4096),))


def test_a_watched_symbol_comes_with_each_library_of_the_system() -> None:
    needs = needs_of([fact("a.so", "libz.so.1", "libc.so.6", watched=("inflate_fast",))], "x86_64")

    assert needs.symbols == (("a.so", "libz.so.1", "inflate_fast"), ("a.so", "libc.so.6", "inflate_fast"))


def test_a_damaged_file_is_the_wheels_own_for_every_arch_that_it_may_be_for() -> None:
    lost = fact("demo.libs/libown-1.so", machine="", note="not readable as ELF: odd", is_sound=False)
    arm = fact("arm.so", machine="aarch64", note="cut short: odd", is_sound=False)
    needs = needs_of([EXTENSION, lost, arm], "x86_64", ["demo/_core.so"])

    assert needs.unsound == (("demo.libs/libown-1.so", "not readable as ELF: odd"),)
    assert libraries(needs) == [("demo/_core.so", "libc.so.6")]
    assert needs.essential == {"demo/_core.so", "demo.libs/libown-1.so"}


def test_what_python_has_loaded_needs_no_library() -> None:
    loose = ("atan2f", "cos", "dlopen", "pthread_create", "rotl64", "sqrtl")

    assert needs_of([fact("a.so", loose=loose)], "x86_64").loose == (("a.so", "rotl64"),)


def test_an_import_loads_extensions_and_what_they_need() -> None:
    plugin = fact("demo/plugins/libplugin.so", "libowl.so")

    assert needs_of([EXTENSION, OWN, plugin], "x86_64", ["demo/_core.so"]).essential == {
        "demo/_core.so",
        "demo.libs/libown-1.so",
    }
    assert needs_of([OWN, plugin], "x86_64").essential == {"demo.libs/libown-1.so", "demo/plugins/libplugin.so"}
