"""Needs against profiles: what resolves, what does not, and what stays unknown."""

from datetime import date
from typing import Any

import pytest
from test_needs import fact

from manylinux_lab.catalogue.distro import Libc
from manylinux_lab.catalogue.reading import load_catalogue
from manylinux_lab.interpreter import Interpreter
from manylinux_lab.judge import Grade, OutcomeKind
from manylinux_lab.predicting.ground import Ground, ground_of
from manylinux_lab.predicting.modules import modules_of
from manylinux_lab.predicting.needs import Need, Needs, needs_of
from manylinux_lab.predicting.predict import predict
from manylinux_lab.predicting.profile import Answer, Layer, Profile

FILE = "demo/_core.so"
EMPTY = needs_of([], "x86_64")


def profile(glibc: tuple[int, int] = (2, 36), **fields: Any) -> Profile:
    """Return a small distro."""
    defaults: dict[str, Any] = {
        "distro": "some-1",
        "arch": "x86_64",
        "layer": Layer.DESKTOP,
        "libc_version": glibc,
        "sonames": {
            "libc.so.6": frozenset({"GLIBC_2.17", "GLIBC_2.34", "GLIBC_PRIVATE"}),
            "libstdc++.so.6": frozenset({"GLIBCXX_3.4.19"}),
            "libX11.so.6": None,
        },
        "absent": frozenset({"libgone.so.1"}),
        "measured": date(2026, 1, 2),
        "image": "",
        "origin": "",
    }
    return Profile(**(defaults | fields))


def ground(**fields: Any) -> Ground:
    """Return a place with nothing special about it."""
    defaults: dict[str, Any] = {
        "distro": "some-1",
        "arch": "x86_64",
        "x86_level": 1,
        "page_size": 4096,
        "soname_packages": {},
        "is_minimal": False,
    }
    return Ground(**(defaults | fields))


def needs(*wanted: str, **fields: Any) -> Needs:
    """Return needs from words such as ``libc.so.6:GLIBC_2.17``."""
    pairs = [word.partition(":")[::2] for word in wanted]
    found: dict[str, Any] = {
        **{name: getattr(EMPTY, name) for name in Needs.__dataclass_fields__ if name != "wanted"},
        "files": 1,
        "libraries": tuple(Need(file=FILE, library=name) for name, _ in pairs),
        "versions": tuple(Need(file=FILE, library=name, version=version) for name, version in pairs if version),
        "essential": frozenset({FILE}),
    }
    return Needs(**(found | fields))


@pytest.mark.parametrize(
    ("wanted", "kind", "words"),
    [
        ("libc.so.6:GLIBC_2.17", OutcomeKind.OK, ""),
        ("libX11.so.6", OutcomeKind.OK, ""),
        ("ld-linux-x86-64.so.2", OutcomeKind.OK, ""),
        ("libc.so.6:GLIBC_2.38", OutcomeKind.BROKEN, "needs glibc 2.38 or newer (symbol version 'GLIBC_2.38')"),
        ("libstdc++.so.6:GLIBCXX_3.4.32", OutcomeKind.BROKEN, "of GCC 13.2 or newer"),
        ("libgone.so.1", OutcomeKind.BROKEN, "the library 'libgone.so.1' is not on this system"),
        ("libother.so.1", OutcomeKind.UNKNOWN, "needs 'libother.so.1', which was not measured here"),
        ("libc.so.6:GLIBC_PRIVATE", OutcomeKind.UNKNOWN, "private symbols of 'libc.so.6'"),
        ("libX11.so.6:X_1", OutcomeKind.UNKNOWN, "needs 'X_1' of 'libX11.so.6', which was not measured here"),
        ("libc.so.6:GLIBC_2.30", OutcomeKind.UNKNOWN, "needs 'GLIBC_2.30' of 'libc.so.6', which was not measured here"),
    ],
)
def test_a_need_resolves_or_not_or_is_not_known(wanted: str, kind: OutcomeKind, words: str) -> None:
    outcome = predict(needs(wanted), profile(), ground())

    assert outcome.kind is kind
    assert words in outcome.reason
    assert outcome.grade is (Grade.RESOLVED if kind is OutcomeKind.OK else Grade.NONE)


@pytest.mark.parametrize("libc", Libc)
@pytest.mark.parametrize("library", ["libc.so.6", "libX11.so.6", "libempty.so", "libgone.so.1", "libnew.so"])
@pytest.mark.parametrize("versions", [(), ("GLIBC_2.17",), ("GLIBC_2.17", "GLIBC_2.99")])
def test_the_quick_answer_is_that_of_each_question(libc: Libc, library: str, versions: tuple[str, ...]) -> None:
    known = profile()
    known = profile(libc=libc, sonames={**known.sonames, "libempty.so": frozenset()})
    answers = [known.library(library), *(known.version(library, version) for version in versions)]

    assert known.resolves(library, frozenset(versions)) is all(one is Answer.RESOLVED for one in answers)


def test_what_surely_fails_comes_before_what_is_unknown() -> None:
    outcome = predict(needs("libother.so.1", "libgone.so.1", "libc.so.6:GLIBC_2.38"), profile(), ground())

    assert outcome.kind is OutcomeKind.BROKEN
    assert outcome.reason.endswith("(and 1 more)")
    assert [len(outcome.facts[name]) for name in ("unresolved", "unknown", "advice")] == [2, 1, 2]


def test_the_package_that_has_a_library_is_named() -> None:
    outcome = predict(needs("libgone.so.1"), profile(), ground(soname_packages={"libgone.so.1": "gone"}))

    assert "the system package 'gone' would bring it" in outcome.reason


def test_a_minimal_image_may_lack_what_a_desktop_has() -> None:
    packages = {"libX11.so.6": "libx11-6"}

    assert predict(needs("libX11.so.6"), profile(), ground(soname_packages=packages)).kind is OutcomeKind.OK
    bare = predict(needs("libX11.so.6"), profile(), ground(soname_packages=packages, is_minimal=True))
    assert bare.kind is OutcomeKind.UNKNOWN
    assert "'libx11-6' brings it" in bare.reason


@pytest.mark.parametrize(
    ("fields", "glibc", "kind"),
    [
        ({"stacks": (FILE,)}, (2, 40), OutcomeKind.OK),
        ({"stacks": (FILE,)}, (2, 41), OutcomeKind.BROKEN),
        ({"relr": (FILE,)}, (2, 35), OutcomeKind.BROKEN),
        ({"relr": (FILE,)}, (2, 36), OutcomeKind.OK),
        ({"levels": ((FILE, 2),)}, (2, 36), OutcomeKind.UNKNOWN),
        ({"aligns": ((FILE, 4096),)}, (2, 36), OutcomeKind.OK),
        ({"aligns": ((FILE, 2048),)}, (2, 36), OutcomeKind.BROKEN),
    ],
)
def test_what_an_older_or_a_newer_system_refuses(
    fields: dict[str, Any], glibc: tuple[int, int], kind: OutcomeKind
) -> None:
    assert predict(needs(**fields), profile(glibc), ground()).kind is kind


def test_a_distro_for_newer_machines_has_what_a_file_insists_on() -> None:
    assert predict(needs(levels=((FILE, 2),)), profile(), ground(x86_level=2)).kind is OutcomeKind.OK


@pytest.mark.parametrize(
    ("version", "kind"), [((3, 11), OutcomeKind.BROKEN), ((3, 7), OutcomeKind.UNKNOWN), (None, OutcomeKind.UNKNOWN)]
)
def test_the_shared_library_of_another_python_is_not_there(version: tuple[int, int] | None, kind: OutcomeKind) -> None:
    interpreter = None if version is None else Interpreter(version=version, abi="")
    linked = needs(libpython=(Need(file=FILE, library="libpython3.7m.so.1.0"),))

    outcome = predict(linked, profile(), ground(interpreter=interpreter))

    assert outcome.kind is kind
    assert "libpython3.7m.so.1.0" in outcome.reason


def test_a_missing_library_of_a_file_that_no_import_loads_is_a_side_effect() -> None:
    outcome = predict(needs("libgone.so.1", essential=frozenset({"demo/other.so"})), profile(), ground())

    assert outcome.kind is OutcomeKind.OK
    assert "libgone.so.1" in outcome.side_effects[0]


def test_a_module_that_this_python_does_not_load_is_told() -> None:
    path = "_core.cpython-311-x86_64-linux-gnu.so"
    modules = modules_of([fact(path, inits=("PyInit__core",))], [path])
    here = ground(interpreter=Interpreter(version=(3, 13), abi="cp313"))

    assert predict(needs(modules=modules), profile(), here).kind is OutcomeKind.BROKEN
    assert predict(needs(modules=modules), profile(), ground()).kind is OutcomeKind.OK


def test_files_for_other_machines_alone_leave_it_open() -> None:
    outcome = predict(needs_of([fact("demo/libtool.so", machine="aarch64")], "x86_64"), profile(), ground())

    assert outcome.kind is OutcomeKind.UNKNOWN
    assert outcome.reason == "It has ELF files for aarch64 and none for x86_64."


@pytest.mark.parametrize(
    ("carried", "kind"),
    [
        ((FILE, "libown.so.1"), OutcomeKind.UNKNOWN),
        ((FILE, "libX11.so.6"), OutcomeKind.OK),  # the system's will do
        (("demo/plugin.so", "libown.so.1"), OutcomeKind.OK),  # no import loads it
    ],
)
def test_what_code_of_the_wheel_must_load_first_is_unknown(carried: tuple[str, str], kind: OutcomeKind) -> None:
    assert predict(needs(carried=(carried,)), profile(), ground()).kind is kind


@pytest.mark.parametrize(("file", "kind"), [(FILE, OutcomeKind.UNKNOWN), ("demo/plugin.so", OutcomeKind.OK)])
def test_a_symbol_that_nobody_is_known_to_define_is_unknown(file: str, kind: OutcomeKind) -> None:
    assert predict(needs(loose=((file, "rotl64"),)), profile(), ground()).kind is kind


@pytest.mark.parametrize(
    ("borrowing", "packages", "kind"),
    [
        (frozenset({FILE}), {}, OutcomeKind.UNKNOWN),
        (frozenset({FILE}), {"libgone.so.1": "libgone1"}, OutcomeKind.BROKEN),  # a distro has it: no wheel's
        (frozenset(), {}, OutcomeKind.BROKEN),
    ],
)
def test_a_required_wheel_may_bring_a_library(
    borrowing: frozenset[str], packages: dict[str, str], kind: OutcomeKind
) -> None:
    wanted = needs("libgone.so.1", borrowing=borrowing)

    assert predict(wanted, profile(), ground(soname_packages=packages)).kind is kind


def test_a_library_at_a_fixed_place_is_unknown() -> None:
    outcome = predict(needs("/usr/lib/libgone.so.1"), profile(is_complete=True), ground())

    assert outcome.kind is OutcomeKind.UNKNOWN
    assert "asks for '/usr/lib/libgone.so.1' at that very place" in outcome.reason


def test_of_a_damaged_file_nothing_is_known() -> None:
    damage = ((FILE, "cut short: 8 bytes of what is loaded lie beyond its end"),)
    alone = predict(needs(files=0, unsound=damage), profile(), ground())
    loose = predict(needs(unsound=damage, essential=frozenset({"demo/other.so"})), profile(), ground())

    assert (alone.kind, loose.kind) == (OutcomeKind.UNKNOWN, OutcomeKind.OK)
    assert alone.reason == loose.side_effects[0] == f"Nobody can vouch for '{FILE}': it is {damage[0][1]}."


def musl(version: tuple[int, int] = (1, 2), **fields: Any) -> Profile:
    """Return a distro with musl of which nothing was measured."""
    return profile(version, **({"libc": Libc.MUSL, "sonames": {}, "absent": frozenset(), "measured": None} | fields))


CPLUSPLUS = {"sonames": {"libstdc++.so.6": frozenset({"GLIBCXX_3.4.19"})}, "is_complete": True}


@pytest.mark.parametrize(
    ("wanted", "fields", "kind", "words"),
    [
        ("libc.musl-x86_64.so.1", {}, OutcomeKind.OK, ""),
        ("libc.so", {}, OutcomeKind.OK, ""),
        ("libpthread.so.0", {}, OutcomeKind.OK, ""),
        ("libc.so.6:GLIBC_2.17", {}, OutcomeKind.UNKNOWN, "musl's loader compares no versions, and only running shows"),
        ("libz.so.1", {}, OutcomeKind.UNKNOWN, "needs 'libz.so.1', which was not measured here"),
        ("libstdc++.so.6", {}, OutcomeKind.UNKNOWN, "here; the system package 'libstdc++' would bring it."),
        ("libz.so.1", {"is_complete": True}, OutcomeKind.BROKEN, "'libz.so.1' is not on this system"),
        ("libstdc++.so.6:GLIBCXX_3.4.19", CPLUSPLUS, OutcomeKind.OK, ""),
        ("libstdc++.so.6:GLIBCXX_3.4.32", CPLUSPLUS, OutcomeKind.UNKNOWN, "'GLIBCXX_3.4.32' of 'libstdc++.so.6'"),
    ],
)
def test_musl_is_one_file_and_compares_no_versions(
    wanted: str, fields: dict[str, Any], kind: OutcomeKind, words: str
) -> None:
    outcome = predict(needs(wanted), musl(**fields), ground(soname_packages={"libstdc++.so.6": "libstdc++"}))

    assert outcome.kind is kind
    assert words in outcome.reason


@pytest.mark.parametrize(
    ("fields", "version", "kind"),
    [
        ({"stacks": (FILE,)}, (1, 2), OutcomeKind.OK),
        ({"relr": (FILE,)}, (1, 1), OutcomeKind.BROKEN),
        ({"relr": (FILE,)}, (1, 2), OutcomeKind.UNKNOWN),
        ({"relr": (FILE,)}, (1, 3), OutcomeKind.OK),
    ],
)
def test_musl_has_its_own_history(fields: dict[str, Any], version: tuple[int, int], kind: OutcomeKind) -> None:
    assert predict(needs(**fields), musl(version), ground()).kind is kind


@pytest.mark.parametrize(("patch", "kind"), [(0, OutcomeKind.UNKNOWN), (3, OutcomeKind.UNKNOWN), (4, OutcomeKind.OK)])
def test_where_the_patch_level_of_musl_is_known_it_decides(patch: int, kind: OutcomeKind) -> None:
    assert predict(needs(relr=(FILE,)), musl((1, 2)), ground(musl_patch=patch)).kind is kind


@pytest.mark.parametrize(
    ("library", "symbol", "patch", "kind"),
    [
        ("libc.musl-x86_64.so.1", "reallocarray", 0, OutcomeKind.UNKNOWN),
        ("libc.musl-x86_64.so.1", "reallocarray", 2, OutcomeKind.OK),
        ("libc.so", "statx", 4, OutcomeKind.UNKNOWN),
        ("libc.so", "statx", 5, OutcomeKind.OK),
        ("libc.so", "puts", 0, OutcomeKind.OK),
    ],
)
def test_a_symbol_of_a_newer_musl_may_be_missing(library: str, symbol: str, patch: int, kind: OutcomeKind) -> None:
    wanted = needs(library, symbols=((FILE, library, symbol),))
    outcome = predict(wanted, musl(), ground(musl_patch=patch))

    assert outcome.kind is kind
    assert (f"uses '{symbol}', which musl 1.2." in outcome.reason) == (kind is OutcomeKind.UNKNOWN)


@pytest.mark.parametrize(
    ("distro", "patch"),
    [("alpine-3.18", 4), ("alpine-3.19", 4), ("alpine-3.21", 4), ("alpine-3.22", 5), ("debian-12", 0)],
)
def test_the_patch_level_of_musl_is_told_by_the_distros_release(distro: str, patch: int) -> None:
    (release,) = (one for one in load_catalogue() if one.id == distro)

    assert ground_of(release, "x86_64").musl_patch == patch


@pytest.mark.parametrize(
    ("loader", "there", "kind"),
    [
        ("ld-linux-x86-64.so.2", musl(), OutcomeKind.UNKNOWN),
        ("ld-musl-x86_64.so.1", musl(), OutcomeKind.OK),
        ("ld-linux-x86-64.so.2", profile(is_complete=True), OutcomeKind.OK),
        ("ld-musl-x86_64.so.1", profile(is_complete=True), OutcomeKind.BROKEN),
    ],
)
def test_each_c_library_has_a_loader_of_its_own(loader: str, there: Profile, kind: OutcomeKind) -> None:
    assert predict(needs(loader), there, ground()).kind is kind


def test_what_was_measured_whole_is_certain_of_versions() -> None:
    outcome = predict(needs("libc.so.6:GLIBC_2.30"), profile(is_complete=True), ground())

    assert outcome.kind is OutcomeKind.BROKEN


def test_without_a_profile_nothing_is_known_unless_nothing_is_needed() -> None:
    assert predict(needs("libc.so.6"), None, ground()).kind is OutcomeKind.UNKNOWN
    assert predict(EMPTY, None, ground()).kind is OutcomeKind.OK


@pytest.mark.parametrize(
    ("distro", "arch", "level", "page"),
    [
        ("debian-12", "x86_64", 1, 4096),
        ("almalinux-9", "x86_64", 2, 4096),
        ("almalinux-8", "aarch64", 1, 65536),
        ("debian-12", "ppc64le", 1, 65536),
    ],
)
def test_distros_differ_in_level_and_page(distro: str, arch: str, level: int, page: int) -> None:
    (release,) = (one for one in load_catalogue() if one.id == distro)
    found = ground_of(release, arch)

    assert (found.x86_level, found.page_size) == (level, page)
    assert release.soname_packages.items() <= found.soname_packages.items()
