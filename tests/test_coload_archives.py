"""Tests of what files tell of a company: overlaps where they meet, runtimes, unique symbols and static TLS as notes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from test_coload_capture import label
from test_coload_ground import wheel
from wheels import build_wheel

from manylinux_lab.coload.archives import Archives
from manylinux_lab.coload.bindings import Crossing
from manylinux_lab.coload.comparison import Comparison, Control, Party
from manylinux_lab.coload.evidence import Kind
from manylinux_lab.coload.ground import Ground
from manylinux_lab.coload.observation import Binding, Observation
from manylinux_lab.wheels.elf import ElfFacts
from manylinux_lab.wheels.reading import read_wheel

SITE = "/work/sites/s"
FACTS: Mapping[str, Sequence[ElfFacts]] = {
    "a": [
        ElfFacts(path="a/libgomp-1.so", sha256="1"),
        ElfFacts(path="a/x.so", sha256="2", unique=frozenset({"_ZS"}), static_tls=True, tls_size=900, tls_align=8),
    ],
    "b": [
        ElfFacts(path="b/libiomp5.so", sha256="3"),
        ElfFacts(path="b/x.so", sha256="4", unique=frozenset({"_ZS"}), static_tls=True, tls_size=900, tls_align=8),
    ],
}
GROUND = Ground({SITE: [wheel("a"), wheel("b")]}, {}, lambda one: FACTS[one.project])
MAPPED = {name: tuple(f"{SITE}/{file.path}" for file in FACTS[name]) for name in FACTS}


def controls() -> dict[str, Control]:
    return {
        name: Control(
            party=Party(name=name, label=f"'{name}'", wheel=GROUND.wheels[name], items=()),
            seen=Observation(warm=False, seconds=0.0, status="ok", mapped=MAPPED[name]),
        )
        for name in FACTS
    }


def comparison(*mapped: str, crossings: tuple[Crossing, ...] = ()) -> Comparison:
    seen = Observation(warm=True, seconds=0.0, status="ok", mapped=mapped)
    return Comparison(seen=seen, deviations=(), captures=(), crossings=crossings, drifts=(), noises=())


def test_what_members_share_of_a_process_are_notes() -> None:
    found = Archives((2, 31)).of_process(comparison(*MAPPED["a"], *MAPPED["b"]), controls(), GROUND, label)
    assert [evidence.kind for evidence in found] == [Kind.RUNTIMES, Kind.UNIQUE, Kind.STATIC_TLS]
    assert found[2].words == (
        "2 of the wheels need 1800 bytes of static TLS together, and glibc 2.31 keeps 1664 free for libraries that are "
        "loaded late"
    )


def test_what_one_member_does_alone_or_bindings_tell_is_not_told_again() -> None:
    one = controls()
    one["a"] = Control(
        party=one["a"].party, seen=Observation(warm=False, seconds=0.0, status="ok", mapped=MAPPED["b"] + MAPPED["a"])
    )
    unique = Crossing(
        source=GROUND.wheels["a"],
        target=GROUND.wheels["b"],
        count=1,
        first=Binding(MAPPED["a"][1], MAPPED["b"][1], 1, ("_ZS",)),
        symbols=("_ZS",),
        is_unique=True,
    )
    both = comparison(*MAPPED["a"], *MAPPED["b"], crossings=(unique,))
    assert Archives(None).of_process(both, one, GROUND, label) == ()


def test_files_overlap_only_within_one_site(tmp_path: Path) -> None:
    pair = [
        read_wheel(build_wheel(tmp_path, name, files={"shared/x.py": name.encode(), f"{name}.py": b""}))
        for name in ("one", "other")
    ]
    archives = Archives(None)
    together = Ground({SITE: pair}, {}, lambda one: ())
    (evidence,) = archives.of_many(pair[::-1], together)
    assert (evidence.kind, evidence.facts["wins"]) == (Kind.OVERLAP, pair[1].id)
    assert archives.of_many(pair, Ground({"/a": pair[:1], "/b": pair[1:]}, {}, lambda one: ())) == ()
    assert archives.of_one(pair[0], together) == ()


def test_what_members_require_overlaps_too(tmp_path: Path) -> None:
    brought = [build_wheel(tmp_path, name, files={"shared.py": name.encode()}) for name in ("x", "y")]
    members = [
        build_wheel(
            tmp_path, name, files={f"{name}.py": b""}, lines=[f"Requires-Dist: {needed}" for needed in requires]
        )
        for name, requires in (("one", ["x"]), ("other", ["y"]), ("both", ["x", "y"]))
    ]
    x, y, one, other, both = map(read_wheel, (*brought, *members))
    ground, archives = Ground({SITE: [x, y, one, other, both]}, {}, lambda one: ()), Archives(None)
    (evidence,) = archives.of_many([one, other], ground)
    assert evidence.kind is Kind.OVERLAP
    assert evidence.words.startswith("'x' 1.0 and 'y' 1.0 both install 'shared.py' with different content")
    assert evidence.words.endswith("; 'one' requires 'x'; 'other' requires 'y'")
    (told,) = archives.of_many([x, other], ground)
    assert told.words.endswith("deletes 1 file of the other; 'other' requires 'y'")
    assert archives.of_many([one, both], ground) == (), "that is told of 'both' alone"
    (alone,) = archives.of_one(both, ground)
    assert alone.words.endswith("; 'both' requires 'x'; 'both' requires 'y'")
    assert archives.of_one(one, ground) == ()
