"""Import names, extension modules and the places of installed files."""

import pytest

from manylinux_lab.wheels.contents import Installed, extension_name, import_names, installed_paths
from manylinux_lab.wheels.wheel import is_looked_for

GNU = "x86_64-linux-gnu"


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        pytest.param(["demo/__init__.py", "demo/core.py"], ["demo"], id="package"),
        pytest.param(["six.py"], ["six"], id="module"),
        pytest.param(
            ["google/protobuf/__init__.py", "google/x/y.py"], ["google.protobuf", "google.x.y"], id="namespace"
        ),
        pytest.param(["a/b/c/__init__.py", "a/b/c/d/__init__.py"], ["a.b.c"], id="deep-namespace"),
        pytest.param(["demo/__init__.py", "tests/__init__.py", "docs/conf.py"], ["demo"], id="unowned"),
        pytest.param(["tests/__init__.py", "test/x.py"], ["test.x", "tests"], id="nothing-but-unowned"),
        pytest.param(["demo.libs/x.py", "bin/tool.py", "demo-1.dist-info/x.py", "x.py"], ["x"], id="not-imported"),
        pytest.param([f"_x.cpython-311-{GNU}.so", "y.abi3.so"], ["_x", "y"], id="extensions"),
        pytest.param([f"demo/__init__.cpython-311-{GNU}.so", "demo/a.py"], ["demo"], id="compiled-package"),
        pytest.param(["requests-stubs/__init__.pyi", "demo/py.typed"], [], id="stubs"),
        pytest.param(["demo/__main__.py", "demo/a.py"], ["demo.a"], id="main-is-not-imported"),
        pytest.param(["__init__.py"], [], id="package-without-a-name"),
        pytest.param(["my-data/x.py", "class/x.py", "a.b.py"], [], id="no-names"),
    ],
)
def test_import_names(paths: list[str], names: list[str]) -> None:
    assert list(import_names(paths)) == names


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"a/b.cpython-311-{GNU}.so", ("a.b", f".cpython-311-{GNU}.so")),
        (f"a/b.cpython-313t-{GNU}.so", ("a.b", f".cpython-313t-{GNU}.so")),
        (f"a/b.pypy39-pp73-{GNU}.so", ("a.b", f".pypy39-pp73-{GNU}.so")),
        ("a/b.abi3.so", ("a.b", ".abi3.so")),
        ("a/b.so", ("a.b", ".so")),
        (f"a/__init__.cpython-311-{GNU}.so", ("a", f".cpython-311-{GNU}.so")),
        (f"6b39__mypyc.cpython-311-{GNU}.so", ("6b39__mypyc", f".cpython-311-{GNU}.so")),
        ("a/libb.so.1", None),
        ("a/b.cpython-311-darwin.so", None),
        ("a/b.pyd", None),
        ("a.libs/b.so", None),
        ("lib/python3.11/site-packages/b.abi3.so", None),
    ],
)
def test_extension_names(path: str, expected: tuple[str, str] | None) -> None:
    assert extension_name(path) == expected


@pytest.mark.parametrize(
    ("entry", "path", "is_code"),
    [
        ("demo/a.py", "demo/a.py", True),
        ("demo-1.data/purelib/demo/a.py", "demo/a.py", True),
        ("demo-1.data/platlib/demo/a.so", "demo/a.so", True),
        ("demo-1.data/scripts/tool", "bin/tool", False),
        ("demo-1.data/data/share/x.py", "share/x.py", False),
    ],
)
def test_installed_paths(entry: str, path: str, is_code: bool) -> None:
    assert installed_paths([entry]) == (Installed(entry=entry, path=path, is_code=is_code),)


def test_headers_are_not_installed() -> None:
    assert installed_paths(["demo-1.data/headers/demo.h", "demo-1.data/purelib"]) == ()


@pytest.mark.parametrize(
    ("suffix", "abi", "expected"),
    [
        (".so", "cp311", True),
        (".so", "cp313t", True),
        (".abi3.so", "cp39", True),
        (".abi3.so", "cp313t", False),
        (".abi3t.so", "cp315t", True),
        (".abi3t.so", "cp315", False),
        (f".cpython-311-{GNU}.so", "cp311", True),
        (f".cpython-311-{GNU}.so", "cp310", False),
        (f".cpython-313t-{GNU}.so", "cp313t", True),
        (f".cpython-313-{GNU}.so", "cp313t", False),
        (f".cpython-37m-{GNU}.so", "cp37m", True),
        (f".pypy39-pp73-{GNU}.so", "cp39", False),
    ],
)
def test_which_interpreter_looks_for_a_suffix(suffix: str, abi: str, expected: bool) -> None:
    assert is_looked_for(suffix, abi) is expected
