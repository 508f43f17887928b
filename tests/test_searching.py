"""Search paths of a wheel's files: which of its own libraries the loader finds, by ld.so(8)."""

from typing import Any

import pytest
from test_needs import fact

from manylinux_lab.predicting.needs import needs_of
from manylinux_lab.predicting.searching import carried, leads_elsewhere
from manylinux_lab.wheels.elf import ElfFacts

DEEP = fact("libs/libdeep.so.1", soname="libdeep.so.1")
MIDDLE = fact("libs/libmiddle.so.1", "libdeep.so.1", soname="libmiddle.so.1")


def lost(*files: ElfFacts) -> list[tuple[str, str]]:
    """Return what no search path leads to."""
    return list(carried(files))


@pytest.mark.parametrize(
    ("paths", "is_lost"), [({"rpath": "$ORIGIN/libs"}, False), ({"runpath": "$ORIGIN/libs"}, True)]
)
def test_rpath_is_inherited_and_runpath_is_not(paths: dict[str, Any], is_lost: bool) -> None:
    module = fact("core.so", "libmiddle.so.1", **paths)

    assert lost(module, MIDDLE, DEEP) == ([("libs/libmiddle.so.1", "libdeep.so.1")] if is_lost else [])


def test_a_file_with_runpath_inherits_nothing() -> None:
    module = fact("core.so", "libmiddle.so.1", rpath="$ORIGIN/libs")
    middle = fact("libs/libmiddle.so.1", "libdeep.so.1", soname="libmiddle.so.1", runpath="/build")

    assert lost(module, middle, DEEP) == [("libs/libmiddle.so.1", "libdeep.so.1")]


def test_what_one_file_finds_is_loaded_for_all() -> None:
    module = fact("core.so", "libmiddle.so.1", "libdeep.so.1", runpath="$ORIGIN/libs")

    assert lost(module, MIDDLE, DEEP) == []


def test_the_loader_looks_for_names_of_files_and_not_for_sonames() -> None:
    renamed = fact("libs/libdeep-1.so", soname="libdeep.so.1")
    module = fact("core.so", "libdeep.so.1", runpath="$ORIGIN/libs")

    assert lost(module, renamed) == [("core.so", "libdeep.so.1")]
    assert lost(fact("core.so", "libdeep-1.so", "libdeep.so.1", runpath="$ORIGIN/libs"), renamed) == []


def test_a_name_with_a_slash_is_a_place() -> None:
    module = fact("core.so", "$ORIGIN/libs/libdeep.so.1", "${ORIGIN}/libs/libgone.so.1", "/usr/lib/libz.so.1")
    needs = needs_of([module, DEEP], "x86_64")

    assert [need.library for need in needs.libraries] == ["${ORIGIN}/libs/libgone.so.1", "/usr/lib/libz.so.1"]
    assert needs.carried == ()


@pytest.mark.parametrize(
    ("runpath", "is_elsewhere"),
    [("$ORIGIN/Qt5/lib", True), ("$ORIGIN", False), ("$ORIGIN/../demo.libs", False), ("/usr/lib", False), ("", False)],
)
def test_a_search_path_may_lead_to_another_wheel(runpath: str, is_elsewhere: bool) -> None:
    module = fact("demo/core.so", "libQt5Core.so.5", runpath=runpath)

    assert list(leads_elsewhere([module])) == ([module.path] if is_elsewhere else [])
    assert needs_of([module], "x86_64", has_requirements=True).borrowing == frozenset(leads_elsewhere([module]))
    assert needs_of([module], "x86_64").borrowing == frozenset()
