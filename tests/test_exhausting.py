"""Static TLS in the plan: which files count, on which benches, and how the cell says why it is there."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from records import bench
from test_sites import member

from manylinux_lab.cells import Bench
from manylinux_lab.planning import exhausting as module
from manylinux_lab.planning.exhausting import exhausting
from manylinux_lab.planning.sites import Member
from manylinux_lab.wheels.elf import ElfFacts
from manylinux_lab.wheels.wheel import Extension, Wheel

OLD = bench("debian-11", abi="cp39", libc_version=(2, 31))


@pytest.fixture(autouse=True)
def _facts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a wheel's files want the bytes that its version says; an executable of each wants far too much."""

    def facts(wheel: Wheel) -> tuple[ElfFacts, ...]:
        wanted = {"module.so": int(wheel.version), "lib/plain.so": 0, "bin/program": 9999}
        return tuple(
            ElfFacts(path=path, sha256="", static_tls=True, tls_size=size, tls_align=8) for path, size in wanted.items()
        )

    monkeypatch.setattr(module, "elf_facts", facts)


def ordered(where: Bench, members: Sequence[Member]) -> tuple[list[str], str]:
    wheels = {one.wheel.sha256: one.wheel for one in (*members, member("base", "900"))}
    native = {
        sha256: replace(
            wheel, extensions=(Extension(name="module", path="module.so", suffix=".so"),), objects=("lib/plain.so",)
        )
        for sha256, wheel in wheels.items()
    }
    found, reason = exhausting(where, members, native.__getitem__)
    return [one.name for one in found], reason


def test_wheels_that_exhaust_it_together_are_named_with_the_sum() -> None:
    names, reason = ordered(OLD, [member("a", "700"), member("b", "600"), member("c", "500")])
    assert sorted(names) == ["a-700", "b-600", "c-500"]
    assert reason == "together they want 1800 bytes of static TLS, glibc 2.31 keeps 1664 free"


def test_what_several_need_is_counted_once() -> None:
    assert ordered(OLD, [member("a", "200", base="900"), member("b", "200", base="900")]) == ([], "")
    assert ordered(OLD, [member("a", "400", base="900"), member("b", "400", base="900")])[0] != []


@pytest.mark.parametrize(
    ("where", "versions"),
    [
        (OLD, ["100", "200"]),
        (OLD, ["1000"]),
        (bench("alpine-3.22", libc="musl", libc_version=(1, 2)), ["1000", "1000"]),
    ],
)
def test_where_there_is_room_or_another_libc_nobody_is_named(where: Bench, versions: list[str]) -> None:
    assert ordered(where, [member(f"p{place}", version) for place, version in enumerate(versions)]) == ([], "")


def test_files_for_another_interpreter_do_not_count() -> None:
    other = Extension(name="module", path="module.so", suffix=".cpython-311-x86_64-linux-gnu.so")
    members = [member("a", "1000"), member("b", "1000")]
    wheels = {one.wheel.sha256: replace(one.wheel, extensions=(other,)) for one in members}
    assert exhausting(OLD, members, wheels.__getitem__) == ((), "")
    assert exhausting(bench("debian-12", libc_version=(2, 31)), members, wheels.__getitem__)[0] != ()
