"""Several copies of one runtime in a process, and symbols that a process holds once, as notes."""

import pytest

from manylinux_lab.coload.evidence import Kind, Weight
from manylinux_lab.coload.runtimes import runtime_evidence, runtimes, unique_evidence
from manylinux_lab.wheels.elf import ElfFacts

ONE, TWO, SYSTEM = "'one' 1.0", "'two' 2.0", "the system"


@pytest.mark.parametrize(
    ("file", "runtime", "kind"),
    [
        ("libgomp.so.1", "OpenMP", "GNU"),
        ("libgomp-a34b3233.so.1.0.0", "OpenMP", "GNU"),
        ("libomp-1.so", "OpenMP", "LLVM"),
        ("libiomp5.so", "OpenMP", "Intel"),
        ("libopenblasp-r0-01191904.3.27.so", "BLAS", "OpenBLAS"),
        ("libopenblas64_p-r0-0cf96a72.3.23.dev.so", "BLAS", "OpenBLAS"),
        ("libscipy_openblas64_-99b71e71.so", "BLAS", "OpenBLAS"),
        ("libmkl_rt.so.2", "BLAS", "MKL"),
        ("libcrypto-fiona-4b285575.so.1.1", "OpenSSL", "OpenSSL"),
        ("libssl.so.3", "OpenSSL", "OpenSSL"),
        ("libhdf5-37e72caa.so.310.5.1", "HDF5", "HDF5"),
        ("libstdc++.so.6.0.30", "libstdc++", "GNU"),
        ("libcudart.faf08d9a.so.13", "CUDA runtime", "CUDA"),
        ("libxml2-39f609e7.so.2.9.7", "libxml2", "libxml2"),
        ("libhdf5_hl-0ce065ed.so.310.0.6", "", ""),
        ("libgeos_c.so.1", "", ""),
        ("_cython_blas.cpython-311-x86_64-linux-gnu.so", "", ""),
        ("libopenblas.a", "", ""),
        ("notlibgomp.so.1", "", ""),
    ],
)
def test_a_runtime_is_known_by_its_file(file: str, runtime: str, kind: str) -> None:
    found = [
        (one.name, name) for one in runtimes() for name, pattern in one.kinds if pattern.fullmatch(file) is not None
    ]
    assert found == ([(runtime, kind)] if runtime else [])


def test_copies_of_two_kinds_from_two_wheels() -> None:
    (evidence,) = runtime_evidence({"/s/one.libs/libgomp-1.so.1": ONE, "/s/two/libiomp5.so": TWO, "/s/x.so": TWO})
    assert (evidence.kind, evidence.weight) == (Kind.RUNTIMES, Weight.NOTE)
    assert evidence.words.startswith(
        "The process holds 2 copies of OpenMP of 2 kinds (GNU, Intel): "
        "'libgomp-1.so.1' of 'one' 1.0 and 'libiomp5.so' of 'two' 2.0. "
    )
    assert not evidence.words.endswith(".")
    assert evidence.facts["copies"][1] == {"kind": "Intel", "file": "libiomp5.so", "of": TWO}


@pytest.mark.parametrize(
    ("mapped", "names"),
    [
        ({"/s/libssl-1.so": ONE, "/s/libcrypto-1.so": ONE}, []),
        ({"/s/libgomp-1.so": ONE, "/s/libiomp5.so": ONE}, []),
        ({"/s/libssl-1.so": ONE, "/usr/lib/libcrypto.so.3": SYSTEM}, ["OpenSSL"]),
        ({"/s/libhdf5-1.so": ONE, "/s/libhdf5-2.so": TWO, "/s/libxml2-1.so": TWO}, ["HDF5"]),
        (
            {"/s/libgomp-1.so": ONE, "/s/libgomp-2.so": TWO, "/s/libtbb-1.so": ONE, "/s/libtbb.so": TWO},
            ["OpenMP", "TBB"],
        ),
        ({}, []),
    ],
)
def test_several_owners_make_a_note(mapped: dict[str, str], names: list[str]) -> None:
    assert [evidence.facts["runtime"] for evidence in runtime_evidence(mapped)] == names


def test_many_copies_are_counted_and_some_named() -> None:
    (evidence,) = runtime_evidence({f"/s/libhdf5-{number:02}.so": f"'w{number:02}' 1" for number in range(30)})
    assert evidence.words.startswith("The process holds 30 copies of HDF5: 'libhdf5-00.so' of 'w00' 1, ")
    assert " and 27 more. " in evidence.words
    assert len(evidence.facts["copies"]) == 20


def facts(*names: str) -> ElfFacts:
    return ElfFacts(path="x.so", sha256="", unique=frozenset(names))


def test_unique_symbols_in_both() -> None:
    ones = [facts("_ZN1aE", "_Zb"), facts("c")]
    (evidence,) = unique_evidence(ONE, ones, TWO, [facts("c", "_Zb", "\x1b[31m"), facts("d")])
    assert (evidence.kind, evidence.weight) == (Kind.UNIQUE, Weight.NOTE)
    assert evidence.words == (
        "'one' 1.0 and 'two' 2.0 both define 2 symbols that are unique in a process (STB_GNU_UNIQUE), such as "
        "'c' and '_Zb': whichever is loaded first gives them to both"
    )
    assert evidence.facts == {"count": 2, "symbols": ["c", "_Zb"]}
    assert unique_evidence(ONE, ones, TWO, [facts("e")]) == ()
    assert unique_evidence(ONE, [], TWO, []) == ()
