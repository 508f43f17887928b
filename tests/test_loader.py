"""Tests of the loader's messages: each as glibc, musl or the probe wrote it."""

import pytest

from manylinux_lab.loader import LoaderTrouble, explain, glibc_release, symbol_versions
from manylinux_lab.wheels.policies import is_system_library

GLIBC = "/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by /work/site/a/_x.abi3.so)"
TABLE = [
    (
        GLIBC,
        LoaderTrouble.VERSION,
        "'_x.abi3.so' needs glibc 2.34 or newer (symbol version 'GLIBC_2.34')",
        {"library": "libc.so.6", "version": "GLIBC_2.34", "file": "_x.abi3.so"},
    ),
    (
        "\n".join(
            f"F: /lib/libc.so.6: version `GLIBC_2.{minor}' not found (required by /s/austin)" for minor in (9, 38, 34)
        ),
        LoaderTrouble.VERSION,
        "'austin' needs glibc 2.38 or newer (symbol version 'GLIBC_2.38')",
        {"version": "GLIBC_2.38"},
    ),
    (
        "/lib/libc.so.6: version `GLIBC_ABI_DT_RELR' not found (required by /s/a.so)",
        LoaderTrouble.VERSION,
        "'a.so' needs glibc 2.36 or newer (symbol version 'GLIBC_ABI_DT_RELR')",
        {},
    ),
    (
        "/usr/lib/libstdc++.so.6: version `GLIBCXX_3.4.30' not found (required by /s/a.so)",
        LoaderTrouble.VERSION,
        "'a.so' needs 'libstdc++.so.6' of GCC 12 or newer (symbol version 'GLIBCXX_3.4.30')",
        {"library": "libstdc++.so.6"},
    ),
    (
        "/lib/libgcc_s.so.1: version `GCC_12.0.0' not found (required by /s/a.so)",
        LoaderTrouble.VERSION,
        "'a.so' needs 'libgcc_s.so.1' of GCC 12.0.0 or newer (symbol version 'GCC_12.0.0')",
        {},
    ),
    (
        "/lib/libcrypto.so.3: version `OPENSSL_3.2.0' not found (required by /s/a.so)",
        LoaderTrouble.VERSION,
        "'a.so' needs the symbol version 'OPENSSL_3.2.0', which 'libcrypto.so.3' here does not have",
        {},
    ),
    (
        "libGL.so.1: cannot open shared object file: No such file or directory",
        LoaderTrouble.LIBRARY,
        "the library 'libGL.so.1' is not on this system; the system package 'libgl1' would bring it",
        {"library": "libGL.so.1", "package": "libgl1"},
    ),
    (
        "/s/lacks: error while loading shared libraries: libodbc.so.2: cannot open shared object file: No such file",
        LoaderTrouble.LIBRARY,
        "the library 'libodbc.so.2' is not on this system",
        {"library": "libodbc.so.2", "package": ""},
    ),
    (
        "libpython3.7m.so.1.0: cannot open shared object file: No such file or directory",
        LoaderTrouble.LIBPYTHON,
        "'libpython3.7m.so.1.0', the shared library of another Python, is not there",
        {},
    ),
    (
        "Error loading shared library libz.so.1: No such file or directory (needed by /s/libgfortran.so.5)",
        LoaderTrouble.LIBRARY,
        "'libgfortran.so.5' cannot be loaded: the library 'libz.so.1' is not on this system",
        {"library": "libz.so.1", "file": "libgfortran.so.5"},
    ),
    (
        "Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by /s/a.so)",
        LoaderTrouble.LIBRARY,
        "'a.so' cannot be loaded: the library 'ld-linux-x86-64.so.2' is not on this system",
        {},
    ),
    (
        "Error relocating /s/vec0.so: __memcpy_chk: symbol not found",
        LoaderTrouble.SYMBOL,
        "'vec0.so' uses the symbol '__memcpy_chk', which no library here defines",
        {"symbol": "__memcpy_chk", "file": "vec0.so"},
    ),
    (
        "/s/a.so: undefined symbol: nowhere, version FOO_1",
        LoaderTrouble.SYMBOL,
        "'a.so' uses the symbol 'nowhere', which no library here defines",
        {"symbol": "nowhere"},
    ),
    (
        "undefined symbol: nowhere\t(/s/tool)",
        LoaderTrouble.SYMBOL,
        "'tool' uses the symbol 'nowhere', which no library here defines",
        {"file": "tool"},
    ),
    (
        "/s/_x.abi3.so: undefined symbol: _PyUnicode_Ready",
        LoaderTrouble.SYMBOL,
        "'_x.abi3.so' uses '_PyUnicode_Ready' of Python's C API, which this interpreter does not have",
        {},
    ),
    (
        "/s/_m.so: cannot enable executable stack as shared object requires: Invalid argument",
        LoaderTrouble.EXECUTABLE_STACK,
        "'_m.so' asks for an executable stack, which glibc 2.41 and newer refuse",
        {"file": "_m.so"},
    ),
    (
        "cannot enable executable stack as shared object requires",
        LoaderTrouble.EXECUTABLE_STACK,
        "a file asks for an executable stack, which glibc 2.41 and newer refuse",
        {},
    ),
    (
        "/lib/libgomp.so.1: cannot allocate memory in static TLS block",
        LoaderTrouble.STATIC_TLS,
        "'libgomp.so.1' needs static TLS, and other libraries have used it up",
        {"file": "libgomp.so.1"},
    ),
    ("/s/a.so: wrong ELF class: ELFCLASS32", LoaderTrouble.MACHINE, "'a.so' is built for another machine", {}),
    (
        "the program is for 'aarch64', the interpreter is 'x86_64'",
        LoaderTrouble.MACHINE,
        "a file is built for another machine",
        {},
    ),
    ("/s/a.so: invalid ELF header", LoaderTrouble.DAMAGED, "'a.so' is no intact ELF file", {}),
    ("/s/a.so: file too short", LoaderTrouble.DAMAGED, "'a.so' is no intact ELF file", {}),
    (
        "dynamic module does not define module export function (PyInit__x)",
        LoaderTrouble.NO_MODULE,
        "the extension module lacks its function 'PyInit__x'",
        {},
    ),
    (
        "dynamic module does not define init function (init_x)",
        LoaderTrouble.NO_MODULE,
        "the extension module lacks its function 'init_x'",
        {},
    ),
    (
        "the loader '/lib/ld-musl-x86_64.so.1' that the program asks for is not there",
        LoaderTrouble.NO_LOADER,
        "the loader 'ld-musl-x86_64.so.1' is not on this system",
        {},
    ),
    (
        "/s/a.so: failed to map segment from shared object",
        LoaderTrouble.NOT_MAPPED,
        "'a.so' could not be mapped into memory",
        {},
    ),
]


@pytest.mark.parametrize(("message", "kind", "what", "fields"), TABLE, ids=[row[2][:40] for row in TABLE])
def test_explain(message: str, kind: LoaderTrouble, what: str, fields: dict[str, str]) -> None:
    found = explain(message, {"libGL.so.1": "libgl1"})
    assert found is not None
    assert (found.kind, found.what) == (kind, what)
    assert {name: getattr(found, name) for name in fields} == fields
    assert found.advice.endswith(".")


@pytest.mark.parametrize("message", ["", "no luck", "libGL is nice", "No module named 'x'", "version 2 not found"])
def test_other_messages_are_not_explained(message: str) -> None:
    assert explain(message, {}) is None


@pytest.mark.parametrize(
    ("library", "words"),
    [
        ("libGL.so.1", "The manylinux policies let a wheel expect '"),
        ("libodbc.so.2", "No manylinux policy lets a wheel expect '"),
        ("ld-linux-x86-64.so.2", "The file was built for another C library"),
        ("ld-linux.so.2", "The file was built for another C library"),
        ("ld64.so.2", "The file was built for another C library"),
        ("libc.musl-aarch64.so.1", "The file was built for another C library"),
    ],
)
def test_advice_for_a_missing_library(library: str, words: str) -> None:
    found = explain(f"{library}: cannot open shared object file", {})
    assert found is not None
    assert found.advice.startswith(words)


@pytest.mark.parametrize(
    ("version", "release"),
    [("GLIBC_2.34", "2.34"), ("GLIBC_2.2.5", "2.2"), ("GLIBC_ABI_DT_RELR", "2.36"), ("GLIBCXX_3.4.30", ""), ("X", "")],
)
def test_glibc_release(version: str, release: str) -> None:
    assert glibc_release(version) == release


def test_policy_data() -> None:
    assert is_system_library("libX11.so.6")
    assert not is_system_library("libcrypt.so.1")
    releases = [
        tuple(map(int, symbol_versions()["gcc"][f"GLIBCXX_3.4.{number}"].split("."))) for number in range(9, 35)
    ]
    assert releases == sorted(releases)
