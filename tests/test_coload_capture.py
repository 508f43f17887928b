"""Tests of captured libraries: what a file asked for, alone and in company."""

from collections.abc import Mapping, Sequence

import pytest
from test_coload_ground import wheel

from manylinux_lab.coload.capture import Capture, Need, capture_evidence, captures, needs
from manylinux_lab.coload.evidence import Kind
from manylinux_lab.coload.ground import Ground
from manylinux_lab.coload.observation import Binding, Library
from manylinux_lab.wheels.elf import ElfFacts
from manylinux_lab.wheels.wheel import Wheel

SITE = "/work/sites/s"
MODULE, OWN = f"{SITE}/b/core.so", f"{SITE}/b/libx.so.1"
OTHER = f"{SITE}/a/libx.so.1"
SYSTEM_MODULE, SYSTEM = "/usr/lib/python3.11/lib-dynload/_x.so", "/usr/lib/libx.so.1"
SHA256 = {"b/libx.so.1": "1", "a/libx.so.1": "2", "b/core.so": "3"}
LIBRARIES = {
    library.path: library
    for library in (
        Library(path=MODULE, needed=("libx.so.1", "libc.so.6")),
        Library(path=OWN, soname="libx.so.1"),
        Library(path=OTHER, soname="libx.so.1"),
        Library(path=SYSTEM_MODULE, needed=("libx.so.1",)),
        Library(path=SYSTEM, soname="libx.so.1"),
    )
}


def ground(sha256: Mapping[str, str] = SHA256) -> Ground:
    first, then = wheel("a", files=["a/libx.so.1"]), wheel("b", files=["b/libx.so.1", "b/core.so"])
    return Ground(
        {SITE: [first, then]}, {}, lambda one: [ElfFacts(path=path, sha256=sha256[path]) for path in one.objects]
    )


def label(owner: Wheel | None) -> str:
    return "the system" if owner is None else f"'{owner.project}'"


def found(
    alone: Sequence[str],
    together: Sequence[str],
    bindings: Sequence[Binding] = (),
    libraries: Mapping[str, Library] = LIBRARIES,
    sha256: Mapping[str, str] = SHA256,
) -> tuple[Capture, ...]:
    wanted = needs(alone, (), libraries)
    return captures([wanted], frozenset(together), bindings, libraries, ground(sha256))


def test_the_copy_that_was_bound_counts_where_two_have_the_name() -> None:
    both = [OTHER, OWN, MODULE]
    assert needs(both, (), LIBRARIES) == (Need(asker=MODULE, soname="libx.so.1", wanted=OTHER),)
    bound = [Binding(MODULE, OWN, 3, ("f",))]
    assert needs(both, bound, LIBRARIES) == (Need(asker=MODULE, soname="libx.so.1", wanted=OWN),)


@pytest.mark.parametrize(
    ("alone", "together", "kind", "words"),
    [
        ([MODULE, OWN], [MODULE, OTHER], Kind.CAPTURED, "'b' was given 'libx.so.1' of 'a' instead of its own"),
        ([MODULE, OWN], [OTHER], Kind.CAPTURED, "'b' was given 'libx.so.1' of 'a' instead of its own"),
        (
            [SYSTEM_MODULE, SYSTEM],
            [SYSTEM_MODULE, OTHER],
            Kind.CAPTURED,
            "'_x.so' of the standard library was given 'libx.so.1' of 'a' instead of the one of the system",
        ),
        (
            [MODULE, SYSTEM],
            [MODULE, OTHER],
            Kind.CAPTURED,
            "'b' was given 'libx.so.1' of 'a' instead of the one of the system",
        ),
        (
            [MODULE, OWN],
            [MODULE, SYSTEM],
            Kind.CAPTURED_BY_SYSTEM,
            "'b' was given 'libx.so.1' of the system instead of its own",
        ),
    ],
)
def test_another_copy_is_a_capture(alone: list[str], together: list[str], kind: Kind, words: str) -> None:
    (capture,) = found(alone, together)
    evidence = capture_evidence(capture, ground(), label)
    assert (evidence.kind, evidence.words) == (kind, words)
    assert "libx.so.1" in evidence.advice


@pytest.mark.parametrize(
    ("alone", "together"),
    [
        ([MODULE, OWN], [MODULE, OWN, OTHER]),  # both have their own
        ([MODULE, OWN], [MODULE]),  # nobody has it: it was never asked for
        ([MODULE], [MODULE, OTHER]),  # nothing was wanted
        ([SYSTEM_MODULE, SYSTEM], [SYSTEM_MODULE, "/opt/libx.so.1"]),  # not a wheel's business
    ],
)
def test_other_differences_are_none(alone: list[str], together: list[str]) -> None:
    assert found(alone, together, libraries={**LIBRARIES, "/opt/libx.so.1": Library(path="/opt/libx.so.1")}) == ()


def test_the_same_content_is_a_twin_and_the_same_file_is_nothing() -> None:
    (capture,) = found([MODULE, OWN], [MODULE, OTHER], sha256={**SHA256, "a/libx.so.1": "1"})
    evidence = capture_evidence(capture, ground(), label)
    assert evidence.kind is Kind.CAPTURED_TWIN
    assert evidence.words.endswith("; both files have the same content")
    linked = {path: Library(path=path, soname="libx.so.1", device_inode="1:2") for path in (OWN, OTHER)}
    assert found([MODULE, OWN], [MODULE, OTHER], libraries={**LIBRARIES, **linked}) == ()


def test_a_copy_that_is_mapped_but_not_used_was_captured_too() -> None:
    bound = [Binding(MODULE, OTHER, 3, ("f",))]
    (capture,) = found([MODULE, OWN], [MODULE, OWN, OTHER], bound)
    assert (capture.wanted, capture.given, capture.askers) == (OWN, OTHER, (MODULE,))


def test_a_file_without_soname_is_found_by_its_name() -> None:
    bare = {path: Library(path=path) for path in (OWN, OTHER)}
    (capture,) = found([MODULE, OWN], [MODULE, OTHER], libraries={**LIBRARIES, **bare})
    assert capture.soname == "libx.so.1"
