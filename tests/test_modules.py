"""Extension modules against an interpreter: for which Python, for which machine, with which C API."""

from typing import Any

import pytest
from test_needs import fact

from manylinux_lab.interpreter import Interpreter
from manylinux_lab.predicting.modules import Trouble, modules_of, troubles
from manylinux_lab.wheels.stable_abi import surely_lacks

OLD = Interpreter(version=(3, 9), abi="cp39")
NEW = Interpreter(version=(3, 13), abi="cp313")


def found(*paths: str, interpreter: Interpreter | None = OLD, arch: str = "x86_64", **fields: Any) -> list[Trouble]:
    """Return the troubles of modules that have the same facts; each begins with ``PyInit__core``."""
    known = {"inits": ("PyInit__core",), **fields}
    modules = modules_of([fact(path, **known) for path in paths], paths)
    return list(troubles(modules, arch, interpreter))


@pytest.mark.parametrize("path", ["demo/_core.so", "demo/_core.abi3.so", "demo/_core.cpython-39-x86_64-linux-gnu.so"])
def test_a_module_for_this_python_is_no_trouble(path: str) -> None:
    assert found(path, python=("PyLong_FromLong", "PyModule_Create2")) == []


@pytest.mark.parametrize(("folder", "is_sure"), [("", True), ("demo/", False)])
def test_a_module_for_another_python_is_not_loaded(folder: str, is_sure: bool) -> None:
    path = f"{folder}_core.cpython-311-x86_64-linux-gnu.so"

    assert [one.is_sure for one in found(path)] == [is_sure]
    assert f"'{path}' is for another Python than cp39" in found(path)[0].what
    assert found(path, f"{folder}_core.abi3.so") == []
    assert found(path, interpreter=None) == []


@pytest.mark.parametrize(
    ("path", "is_sure"), [("_core.abi3.so", True), ("_core.cpython-39-aarch64-linux-gnu.so", False)]
)
def test_a_module_for_another_machine_is_not_loaded(path: str, is_sure: bool) -> None:
    (trouble,) = found(path, machine="aarch64")

    assert trouble == Trouble(
        what=f"'{path}' is for aarch64, and the wheel has no extension module for x86_64.", is_sure=is_sure
    )
    assert found(path, machine="aarch64", arch="aarch64") == []


@pytest.mark.parametrize(
    ("path", "count"), [("_core.abi3.so", 1), ("_core.so", 0), ("_core.cpython-39-x86_64-linux-gnu.so", 0)]
)
def test_a_symbol_beyond_every_limited_api_leaves_it_open(path: str, count: int) -> None:
    troubles_found = found(path, python=("PyLong_FromLong", "_PyUnicode_Ready"))

    assert [one.is_sure for one in troubles_found] == [False] * count
    assert all("'_PyUnicode_Ready'" in one.what for one in troubles_found)


def test_a_library_with_the_name_of_a_module_is_none() -> None:
    path = "librebound.cpython-311-x86_64-linux-gnu.so"

    assert found(path, inits=()) == []
    assert len(found(path, inits=("PyInit_librebound",))) == 1
    assert len(found(path, inits=(), is_sound=False)) == 1  # nobody can say


def test_a_symbol_that_python_did_not_have_yet_stops_the_import() -> None:
    (trouble,) = found("_core.abi3.so", python=("PyLong_FromLong", "PyType_GetModuleByDef"))

    assert trouble.is_sure
    assert "'PyType_GetModuleByDef' of Python's C API, which Python 3.9 does not have." in trouble.what
    assert found("_core.abi3.so", python=("PyType_GetModuleByDef",), interpreter=NEW) == []


@pytest.mark.parametrize("symbol", ["PyLongWriter_Create", "Py_HashBuffer"])
def test_a_symbol_may_have_been_there_before_it_was_promised(symbol: str) -> None:
    """Both were promised after 3.14, which had them: gmpy2, mypy, orjson and pydantic-core use them there."""
    newest = Interpreter(version=(3, 14), abi="cp314")

    assert found("_core.abi3.so", python=(symbol,), interpreter=newest) == []
    assert len(found("_core.abi3.so", python=(symbol,), interpreter=NEW)) == 1


@pytest.mark.parametrize(
    ("version", "since", "lacks"),
    [
        ((3, 9), (3, 10), True),
        ((3, 10), (3, 11), False),  # the exports of 3.10 were not read: it may have what 3.11 has
        ((3, 10), (3, 12), True),
        ((3, 13), (3, 14), True),
        ((3, 14), (3, 16), False),
    ],
)
def test_a_python_is_known_by_those_that_were_read(
    version: tuple[int, int], since: tuple[int, int], lacks: bool
) -> None:
    assert surely_lacks(version, since) is lacks
