"""Tests of bindings between wheels: whose are counted, and what is said of them."""

from collections.abc import Sequence

import pytest
from test_coload_capture import label
from test_coload_ground import wheel

from manylinux_lab.coload.bindings import crossing_evidence, crossings
from manylinux_lab.coload.evidence import Kind
from manylinux_lab.coload.ground import Ground
from manylinux_lab.coload.observation import Binding, Observation
from manylinux_lab.wheels.elf import ElfFacts

SITE = "/work/sites/s"
A, B, C = f"{SITE}/a.so", f"{SITE}/b.so", f"{SITE}/c.so"
SSL, LIBSTDCXX = "/usr/lib/python3.11/lib-dynload/_ssl.so", "/usr/lib/libstdc++.so.6"

LONG = "_ZN" + "9namespace" * 30


def ground() -> Ground:
    wheels = [wheel("a", files=["a.so"]), wheel("b", files=["b.so"]), wheel("c", "a", files=["c.so"])]
    unique = {"a.so": frozenset({"one", "two", LONG})}
    return Ground(
        {SITE: wheels},
        {},
        lambda one: [ElfFacts(path=path, sha256="", unique=unique.get(path, frozenset())) for path in one.objects],
    )


def observation(*bindings: Binding, mapped: Sequence[str] = ()) -> Observation:
    return Observation(warm=False, seconds=0.0, status="ok", bindings=bindings, mapped=tuple(mapped))


@pytest.mark.parametrize(
    ("source", "target", "counted"),
    [
        (B, A, True),
        (A, A, False),
        (C, A, False),  # c requires a
        (A, C, False),
        (A, "/usr/lib/libc.so.6", False),
        (SSL, A, True),
        (LIBSTDCXX, A, False),  # a loads it alone too
        (LIBSTDCXX, B, True),
    ],
)
def test_whose_bindings_count(source: str, target: str, counted: bool) -> None:
    alone = [observation(mapped=[A, LIBSTDCXX]), observation(mapped=[B])]
    assert bool(crossings(observation(Binding(source, target, 3, ("f",))), alone, ground())) is counted


def test_what_is_bound_alone_is_not_counted_again() -> None:
    binding = Binding(B, A, 3, ("f",))
    assert crossings(observation(binding), [observation(binding)], ground()) == ()


def test_bindings_of_two_wheels_are_told_together() -> None:
    seen = observation(Binding(B, A, 3, ("one", "f")), Binding(f"{SITE}/b.so", f"{SITE}/a.so", 40, ("g",)))
    (crossing,) = crossings(seen, [], ground())
    evidence = crossing_evidence(crossing, label)
    assert evidence.kind is Kind.BINDINGS
    assert evidence.words == "'b' uses 43 symbols of 'a' instead of its own, such as 'g' between 'b.so' and 'a.so'"
    assert evidence.facts == {"from": B, "to": A, "count": 43, "symbols": ["g", "one", "f"]}
    assert "-fvisibility=hidden" in evidence.advice


@pytest.mark.parametrize("symbols", [("one",), ("one", LONG[:200])])
def test_unique_symbols_are_a_note(symbols: tuple[str, ...]) -> None:
    (crossing,) = crossings(observation(Binding(B, A, 1, symbols)), [], ground())
    evidence = crossing_evidence(crossing, label)
    assert evidence.kind is Kind.UNIQUE
    assert "uses 1 symbol of 'a'" in evidence.words
    assert evidence.words.endswith(", marked as unique in the process (STB_GNU_UNIQUE)")
