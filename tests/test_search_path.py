"""Search paths for libraries that lead out of the wheel."""

import pytest

from manylinux_lab.wheels.elf import ElfFacts
from manylinux_lab.wheels.search_path import Outside, outside

BUILT = "a folder of the machine that it was built on"
CURRENT = "which counts from the current folder of whoever runs it"
LEAVES = "which leads out of the folder that the wheel is installed to"


def facts(path: str = "demo/sub/x.so", **fields: str) -> ElfFacts:
    return ElfFacts(path=path, sha256="", **fields)  # type: ignore[arg-type]  # texts only


@pytest.mark.parametrize(
    ("runpath", "found"),
    [
        ("", []),
        ("$ORIGIN", []),
        ("${ORIGIN}/../../demo.libs", []),
        ("$ORIGIN/../..", []),
        ("$ORIGIN/./a//..", []),
        ("/home/ci/lib:$ORIGIN", [("/home/ci/lib", BUILT)]),
        ("$ORIGIN/../../..", [("$ORIGIN/../../..", LEAVES)]),
        ("$ORIGIN/../../../demo/sub", [("$ORIGIN/../../../demo/sub", LEAVES)]),
        ("lib", [("lib", CURRENT)]),
        ("$ORIGIN:", [("", CURRENT)]),
        ("$ORIGIN::/a:/a", [("", CURRENT), ("/a", BUILT)]),
        ("$LIB/x", [("$LIB/x", CURRENT)]),
    ],
)
def test_entries_that_lead_out(runpath: str, found: list[tuple[str, str]]) -> None:
    expected = tuple(Outside(file="demo/sub/x.so", entry=entry, why=why) for entry, why in found)

    assert outside([facts(runpath=runpath)]) == expected
    assert outside([facts(rpath=runpath)]) == expected


def test_runpath_hides_rpath() -> None:
    assert outside([facts(runpath="$ORIGIN", rpath="/home/ci")]) == ()
