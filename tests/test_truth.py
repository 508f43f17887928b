"""Tags against contents: which promises can be true, what stands in their way, and what the author can do."""

from typing import Any

import pytest

from manylinux_lab.predicting.needs import Need, Needs
from manylinux_lab.predicting.truth import Holds, Truth, truth_of

NEWEST = 43
FILE = "demo/_core.abi3.so"


def needs(*wanted: str, arch: str = "x86_64", **fields: Any) -> Needs:
    """Return needs from words such as ``libc.so.6:GLIBC_2.17`` or ``libz.so.1``; every library counts once."""
    pairs = [word.partition(":")[::2] for word in wanted]
    defaults: dict[str, Any] = {
        "arch": arch,
        "files": 1,
        "machines": frozenset({arch}),
        "libraries": tuple(Need(file=FILE, library=name) for name in dict.fromkeys(name for name, _ in pairs)),
        "versions": tuple(Need(file=FILE, library=name, version=version) for name, version in pairs if version),
        "symbols": (),
        "libpython": (),
        "stacks": (),
        "levels": (),
        "carried": (),
    }
    return Needs(**(defaults | fields))


def truth(tag: str, *wanted: str, **fields: Any) -> Truth:
    """Return the truth of one tag."""
    return truth_of([tag], needs(*wanted, **fields), NEWEST)


@pytest.mark.parametrize(
    ("tag", "wanted", "holds"),
    [
        ("manylinux_2_17_x86_64", ["libc.so.6:GLIBC_2.17"], Holds.TRUE),
        ("manylinux2014_x86_64", ["libc.so.6:GLIBC_2.17"], Holds.TRUE),
        ("manylinux_2_17_x86_64", ["libc.so.6:GLIBC_2.18"], Holds.FALSE),
        ("manylinux1_x86_64", ["libc.so.6:GLIBC_2.5", "libstdc++.so.6:GLIBCXX_3.4.8"], Holds.TRUE),
        ("manylinux1_x86_64", ["libstdc++.so.6:GLIBCXX_3.4.9"], Holds.FALSE),
        ("manylinux2010_x86_64", ["libexpat.so.1"], Holds.TRUE),
        ("manylinux1_x86_64", ["libexpat.so.1"], Holds.FALSE),
        ("manylinux_2_17_x86_64", ["libgomp.so.1"], Holds.FALSE),
        ("manylinux_2_17_x86_64", ["ld-linux-x86-64.so.2:GLIBC_2.3"], Holds.TRUE),
        ("manylinux_2_17_x86_64", ["libc.so.6:GLIBC_PRIVATE"], Holds.FALSE),
        ("manylinux_2_28_x86_64", ["libc.so.6:GLIBC_ABI_DT_RELR"], Holds.FALSE),
        ("manylinux_2_36_x86_64", ["libc.so.6:GLIBC_ABI_DT_RELR"], Holds.TRUE),
        ("manylinux_2_17_x86_64", ["libc.musl-x86_64.so.1"], Holds.FALSE),
        ("musllinux_1_1_x86_64", ["libc.musl-x86_64.so.1", "libz.so.1"], Holds.TRUE),
        ("musllinux_1_2_x86_64", ["libc.so.6:GLIBC_2.17"], Holds.FALSE),
        ("linux_x86_64", ["libgomp.so.1"], Holds.TRUE),
        ("manylinux_2_42_x86_64", ["libc.so.6:GLIBC_2.42"], Holds.TRUE),
        ("manylinux_2_999_x86_64", ["libc.so.6:GLIBC_2.17"], Holds.FALSE),
        ("manylinux_2_17_sparc", ["libc.so.6:GLIBC_2.17"], Holds.FALSE),
        ("macosx_11_0_arm64", ["libc.so.6:GLIBC_2.17"], Holds.UNKNOWN),
        ("plan9_x86_64", ["libc.so.6:GLIBC_2.17"], Holds.FALSE),
    ],
)
def test_a_tag_is_true_or_not(tag: str, wanted: list[str], holds: Holds) -> None:
    assert truth(tag, *wanted).holds is holds


@pytest.mark.parametrize(
    ("tag", "wanted", "holds"),
    [
        pytest.param("manylinux_2_30_x86_64", "libc.so.6:GLIBC_2.30", Holds.TRUE, id="glibc-by-number"),
        pytest.param("manylinux_2_30_x86_64", "libc.so.6:GLIBC_2.31", Holds.FALSE, id="glibc-too-new"),
        pytest.param("manylinux_2_30_x86_64", "libstdc++.so.6:GLIBCXX_3.4.24", Holds.TRUE, id="in-the-one-below"),
        pytest.param("manylinux_2_30_x86_64", "libstdc++.so.6:GLIBCXX_3.4.28", Holds.UNKNOWN, id="in-the-one-above"),
        pytest.param("manylinux_2_30_x86_64", "libstdc++.so.6:GLIBCXX_3.4.30", Holds.FALSE, id="in-neither"),
        pytest.param("manylinux_2_43_x86_64", "libstdc++.so.6:GLIBCXX_3.4.34", Holds.UNKNOWN, id="beyond-all"),
        pytest.param("manylinux_2_17_riscv64", "libc.so.6:GLIBC_2.27", Holds.TRUE, id="the-first-glibc-of-an-arch"),
        pytest.param("manylinux_2_17_riscv64", "libc.so.6:GLIBC_2.28", Holds.FALSE, id="after-the-first"),
    ],
)
def test_a_tag_between_two_policies_may_stay_open(tag: str, wanted: str, holds: Holds) -> None:
    arch = tag.rpartition("_")[2] if tag.endswith("riscv64") else "x86_64"

    assert truth(tag, wanted, arch=arch).holds is holds


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"stacks": (FILE,)}, f"'{FILE}' asks for an executable stack, which glibc 2.41 and newer refuse."),
        ({"levels": ((FILE, 3),)}, f"'{FILE}' insists on a CPU of level x86-64-v3, which no policy promises."),
        (
            {"libpython": (Need(file=FILE, library="libpython3.7m.so.1.0"),)},
            f"'{FILE}' is linked with 'libpython3.7m.so.1.0', which PEP 513 forbids.",
        ),
    ],
)
def test_a_flaw_breaks_every_promise(fields: dict[str, Any], reason: str) -> None:
    found = truth("manylinux_2_17_x86_64", "libc.so.6:GLIBC_2.17", **fields)

    assert found.holds is Holds.FALSE
    assert found.tags[0].reasons == (reason,)
    assert found.lowest == "manylinux_2_17_x86_64"
    assert found.breaks == "manylinux_2_41"


def test_packed_relocations_need_their_glibc_also_where_no_version_says_so() -> None:
    found = truth("manylinux_2_17_x86_64", "libc.so.6:GLIBC_2.17", relr=(FILE,))

    assert found.tags[0].reasons == (f"'{FILE}' needs symbol version 'GLIBC_ABI_DT_RELR' of 'libc.so.6'.",)
    assert found.lowest == "manylinux_2_36_x86_64"
    assert truth("musllinux_1_2_x86_64", relr=(FILE,)).holds is Holds.TRUE


def test_a_watched_symbol_stands_in_the_way_where_its_library_is_the_systems() -> None:
    one = truth("manylinux_2_17_x86_64", "libz.so.1", symbols=((FILE, "libz.so.1", "inflate_fast"),))
    other = truth("manylinux_2_17_x86_64", "libz.so.1", symbols=((FILE, "libm.so.6", "inflate_fast"),))

    assert (one.holds, other.holds) == (Holds.FALSE, Holds.TRUE)


@pytest.mark.parametrize(
    ("tag", "wanted", "lowest", "breaks", "advice"),
    [
        (
            "manylinux_2_12_x86_64",
            ["libc.so.6:GLIBC_2.38", "libc.so.6:GLIBC_2.17"],
            "manylinux_2_38_x86_64",
            "manylinux_2_37",
            f"because '{FILE}' needs symbol version 'GLIBC_2.38' of 'libc.so.6'.",
        ),
        ("manylinux_2_34_x86_64", ["libc.so.6:GLIBC_2.17"], "manylinux_2_17_x86_64", "manylinux_2_12", "honestly be"),
        ("manylinux_2_17_x86_64", ["libodbc.so.2"], "", "manylinux_2_41", "Bundle 'libodbc.so.2'"),
        (
            "manylinux_2_17_x86_64",
            ["libc.so.6:GLIBC_2.43"],
            "manylinux_2_43_x86_64",
            "manylinux_2_41",
            "manylinux_2_43",
        ),
    ],
)
def test_the_advice_names_the_honest_tag(tag: str, wanted: list[str], lowest: str, breaks: str, advice: str) -> None:
    found = truth(tag, *wanted)

    assert (found.lowest, found.breaks) == (lowest, breaks)
    assert advice in " ".join(found.advice)


@pytest.mark.parametrize(
    ("tag", "library"), [("musllinux_1_2_x86_64", "libc.so.6"), ("manylinux_2_17_x86_64", "libc.musl-x86_64.so.1")]
)
def test_nobody_is_told_to_bundle_a_c_library(tag: str, library: str) -> None:
    found = truth(tag, library, "libodbc.so.2")

    assert found.tags[0].reasons[0] == f"'{FILE}' needs '{library}', another C library than the tag's."
    assert found.advice == (
        f"Build it on a system with the C library of its tag: it is linked with '{library}'.",
        "Bundle 'libodbc.so.2' with 'auditwheel repair': no policy has it.",
    )


def test_the_symbol_that_asks_for_a_version_is_named_wherever_the_version_is() -> None:
    need = Need(file=FILE, library="libc.so.6", version="GLIBC_2.14", symbol="memcpy")
    found = truth("manylinux_2_5_x86_64", "libc.so.6", versions=(need,))
    sentence = f"'{FILE}' needs symbol version 'GLIBC_2.14' of 'libc.so.6' for 'memcpy'."

    assert found.tags[0].reasons == (sentence,)
    assert sentence in found.advice[0]
    assert [one.symbol for one in found.policies[0].obstacles] == ["memcpy"]


@pytest.mark.parametrize("tag", ["win_amd64", "macosx_11_0_arm64"])
def test_tags_of_other_systems_are_not_said_to_be_refused(tag: str) -> None:
    assert truth(tag, files=0, machines=frozenset()).refused == ()


def test_a_true_tag_needs_no_advice() -> None:
    found = truth("manylinux_2_17_x86_64", "libc.so.6:GLIBC_2.17")

    assert (found.advice, found.refused, found.breaks) == ((), (), "manylinux_2_12")


def test_a_file_that_nobody_can_read_leaves_a_tag_open_but_not_a_false_one() -> None:
    damage = (("demo/cut.so", "not readable as ELF: odd"),)
    good = truth("manylinux_2_17_x86_64", "libc.so.6:GLIBC_2.17", unsound=damage)
    bad = truth("manylinux_2_17_x86_64", "libc.so.6:GLIBC_2.18", unsound=damage)

    assert (good.holds, good.tags[0].reasons) == (
        Holds.UNKNOWN,
        ("Nobody can vouch for 'demo/cut.so': it is not readable as ELF: odd.",),
    )
    assert bad.holds is Holds.FALSE


@pytest.mark.parametrize(
    ("library", "symbol", "lowest", "reason"),
    [
        (
            "libc.musl-x86_64.so.1",
            "reallocarray",
            "musllinux_1_2_x86_64",
            "uses 'reallocarray', which came with musl 1.2.2",
        ),
        ("libc.so", "__time64", "musllinux_1_2_x86_64", "uses '__time64', which came with musl 1.2.0"),
        ("libc.so", "malloc", "musllinux_1_1_x86_64", ""),
    ],
)
def test_what_came_with_a_newer_musl_is_no_older_ones(library: str, symbol: str, lowest: str, reason: str) -> None:
    uses = ((FILE, library, symbol),)
    old, new = (truth(f"musllinux_1_{minor}_x86_64", library, symbols=uses) for minor in (1, 2))

    assert (old.lowest, new.lowest, new.holds) == (lowest, lowest, Holds.TRUE)
    assert old.tags[0].reasons == ((f"'{FILE}' {reason}.",) if reason else ())


def test_a_symbol_of_a_newer_musl_may_be_old_in_glibc() -> None:
    uses = ((FILE, "libc.so.6", "reallocarray"),)

    assert truth("manylinux_2_28_x86_64", "libc.so.6:GLIBC_2.26", symbols=uses).holds is Holds.TRUE


def test_nobody_is_told_to_promise_an_older_musl() -> None:
    assert truth("musllinux_1_2_x86_64", "libc.musl-x86_64.so.1").advice == ()


def test_every_policy_says_what_stands_in_its_way() -> None:
    found = truth("manylinux_2_17_x86_64", "libc.so.6:GLIBC_2.14", "libgomp.so.1")
    ways = {answer.policy: [(one.library, one.version) for one in answer.obstacles] for answer in found.policies}

    assert ways["manylinux_2_12"] == [("libgomp.so.1", ""), ("libc.so.6", "GLIBC_2.14")]
    assert ways["manylinux_2_17"] == [("libgomp.so.1", "")]


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("linux_x86_64", "no linux wheels for x86_64"),
        ("manylinux1_aarch64", "no manylinux1 wheels for aarch64"),
        ("manylinux_2_999_x86_64", "a glibc that does not exist"),
        ("plan9_x86_64", "no platform tag"),
    ],
)
def test_what_the_index_would_refuse_is_said(tag: str, words: str) -> None:
    arch = "aarch64" if tag.endswith("aarch64") else "x86_64"

    assert words in " ".join(truth(tag, "libc.so.6:GLIBC_2.17", arch=arch).refused)


def test_files_of_another_machine_make_a_tag_wrong() -> None:
    found = truth_of(["manylinux_2_17_aarch64"], needs(arch="aarch64", files=0, machines=frozenset({"x86_64"})), NEWEST)

    assert found.tags[0].reasons == ("'manylinux_2_17_aarch64' is for aarch64, the files are for x86_64.",)


def test_a_wheel_without_machine_code_is_true_everywhere() -> None:
    found = truth_of(["any"], needs(arch="", files=0, machines=frozenset()), NEWEST)

    assert (found.holds, found.lowest) == (Holds.TRUE, "any")


def test_a_wheel_without_machine_code_gets_no_advice() -> None:
    assert truth("manylinux_2_17_x86_64", files=0, machines=frozenset()).advice == ()


def test_machine_code_under_the_tag_any_stays_open() -> None:
    assert truth_of(["any"], needs(arch="", files=0), NEWEST).holds is Holds.UNKNOWN


def test_the_worst_tag_counts() -> None:
    found = truth_of(["manylinux_2_5_x86_64", "manylinux_2_17_x86_64"], needs("libc.so.6:GLIBC_2.17"), NEWEST)

    assert [tag.holds for tag in found.tags] == [Holds.TRUE, Holds.FALSE]
    assert found.holds is Holds.FALSE
