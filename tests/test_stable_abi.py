"""The limited API: what a tag promises, and what goes beyond it."""

import pytest
from packaging.tags import parse_tag

from manylinux_lab.wheels.elf import ElfFacts
from manylinux_lab.wheels.stable_abi import Violation, promised, stable_symbols, violations


@pytest.mark.parametrize(
    ("tag", "oldest"),
    [
        ("cp39-abi3-any", (3, 9)),
        ("cp36.cp37.cp310-abi3-any", (3, 6)),
        ("cp39-cp39-any", None),
        ("py3-none-any", None),
        ("py3-abi3-any", None),
    ],
)
def test_the_oldest_python_of_the_tag_counts(tag: str, oldest: tuple[int, int] | None) -> None:
    assert promised(parse_tag(tag)) == oldest


def test_only_extension_modules_make_the_promise() -> None:
    facts = [
        ElfFacts(path="a.abi3.so", sha256="", python=("PyList_New", "PyType_GetModule", "_PyNever")),
        ElfFacts(path="b.so", sha256="", python=("_PyNever",)),
    ]

    assert violations(facts, ["a.abi3.so"], (3, 8)) == (
        Violation(file="a.abi3.so", symbol="PyType_GetModule", since=(3, 10)),
        Violation(file="a.abi3.so", symbol="_PyNever", since=None),
    )
    assert len(violations(facts, ["a.abi3.so"], (3, 10))) == 1


def test_a_symbol_may_be_older_than_its_promise() -> None:
    (found,) = violations([ElfFacts(path="a.so", sha256="", python=("PyBuffer_Release",))], ["a.so"], (3, 8))

    assert (found.since, found.is_there) == ((3, 11), True)


def test_the_list_is_whole() -> None:
    added, exported = stable_symbols()

    assert len(added) > 900
    assert all(exported[name] < added[name] for name in exported)
