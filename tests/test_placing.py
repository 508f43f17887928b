"""Subjects on benches: what the tag promises where, what is left out, and what the resolver's answers become."""

from pathlib import Path

import pytest
from indexes import IndexFolder
from records import bench
from wheels import build_wheel

from manylinux_lab.cells import HOST, Bench
from manylinux_lab.errors import EngineError
from manylinux_lab.interpreter import Interpreter
from manylinux_lab.judge import OutcomeKind, Promise
from manylinux_lab.options import Options
from manylinux_lab.planning.placing import Placed, Placing
from manylinux_lab.planning.resolver import Resolver
from manylinux_lab.resolving.index import Index
from manylinux_lab.resolving.sources import Sources
from manylinux_lab.resolving.subjects import parse_subjects

OLD = bench("debian-11", abi="cp39", libc_version=(2, 31))
NEW = bench("debian-12")
MUSL = bench("alpine-3.22", libc="musl", libc_version=(1, 2))
ARM = bench("debian-12", "aarch64")
STOCK_REASON = (
    "pip 9.0.3 does not know manylinux_2_17_x86_64, which pip 20.3 understood first; use --installer newest-pip"
)
STOCK = Interpreter(version=(3, 6), abi="cp36m", pip="9.0.3")


@pytest.fixture
def folder(tmp_path: Path) -> IndexFolder:
    return IndexFolder(root=tmp_path / "index")


def place(folder: IndexFolder, *words: str | Path, benches: tuple[Bench, ...] = (NEW,), **options: object) -> Placed:
    subjects = parse_subjects([str(word) for word in words])
    index = Index(Sources(index_urls=(folder.url,)))
    chosen = Options(**options)  # type: ignore[arg-type]
    return Placing(subjects, chosen, Resolver(subjects, chosen, index)).place(benches)


def promises(placed: Placed) -> dict[str, str]:
    return {one.bench: one.promise.value for one in placed.placements if one.bench != HOST}


def test_a_wheel_file_meets_every_bench(tmp_path: Path, folder: IndexFolder) -> None:
    wheel = build_wheel(tmp_path, tag="py3-none-manylinux_2_34_x86_64")
    placed = place(folder, wheel, benches=(OLD, NEW, MUSL, ARM))
    assert promises(placed) == {
        OLD.id: "unsupported",
        NEW.id: "supported",
        MUSL.id: "unsupported",
        ARM.id: "unsupported",
    }
    reasons = {one.bench: one.reason for one in placed.placements}
    assert "needs glibc 2.34 or later, debian-11 has 2.31" in reasons[OLD.id]
    assert [(one.check, one.finding and one.finding.kind) for one in placed.placements if one.bench == HOST] == [
        ("read", OutcomeKind.OK)
    ]
    assert list(placed.files.values()) == [str(wheel)]


@pytest.mark.parametrize(
    ("tag", "lines", "where", "reason"),
    [
        ("cp39-cp39-manylinux_2_17_x86_64", (), NEW, "the wheel is for cp39-cp39, the interpreter is cp311"),
        ("py3-none-any", ("Requires-Python: <3.11",), NEW, "it requires Python <3.11, the bench has 3.11"),
        (
            "py3-none-manylinux_2_17_x86_64",
            (),
            bench("centos-7", libc_version=(2, 17), interpreter=STOCK),
            STOCK_REASON,
        ),
    ],
)
def test_what_is_left_out_and_why(
    tmp_path: Path, folder: IndexFolder, tag: str, lines: tuple[str, ...], where: Bench, reason: str
) -> None:
    placed = place(folder, build_wheel(tmp_path, tag=tag, lines=lines), benches=(where,))
    assert [(entry.bench, entry.reason) for entry in placed.left_out] == [(where.id, reason)]
    assert promises(placed) == {}


def test_requires_python_can_be_ignored_and_a_newer_pip_sees_more(tmp_path: Path, folder: IndexFolder) -> None:
    capped = build_wheel(tmp_path, lines=("Requires-Python: <3.11",))
    assert promises(place(folder, capped, ignore_requires_python=True)) == {NEW.id: "supported"}
    centos = bench("centos-7", libc_version=(2, 17), interpreter=STOCK)
    tagged = build_wheel(tmp_path, "other", tag="py3-none-manylinux_2_17_x86_64")
    assert promises(place(folder, tagged, benches=(centos,), installer="newest-pip")) == {centos.id: "supported"}


def test_an_unreadable_file_fails_alone(tmp_path: Path, folder: IndexFolder) -> None:
    (tmp_path / "broken-1.0-py3-none-any.whl").write_bytes(b"no zip")
    placed = place(folder, tmp_path / "broken-1.0-py3-none-any.whl", build_wheel(tmp_path))
    kinds = {one.subject.id: one.finding.kind for one in placed.placements if one.finding}
    assert kinds == {"broken-1.0-py3-none-any.whl": OutcomeKind.BROKEN, "demo-1.0-py3-none-any.whl": OutcomeKind.OK}
    assert placed.placements[0].subject.argument == str(tmp_path / "broken-1.0-py3-none-any.whl")
    assert promises(placed) == {NEW.id: "supported"}


def test_a_requirement_becomes_the_chosen_wheel_with_what_it_needs(folder: IndexFolder) -> None:
    folder.wheel("app", "2.0", ["lib"])
    folder.wheel("lib", "1.0")
    placed = place(folder, "app")
    resolved, chosen = placed.placements
    assert (resolved.check, resolved.finding and resolved.finding.facts["chosen"]) == (
        "resolve",
        ["lib-1.0-py3-none-any.whl", "app-2.0-py3-none-any.whl"],
    )
    assert (chosen.subject.id, chosen.subject.argument, chosen.promise) == (
        "app-2.0-py3-none-any.whl",
        "app==2.0",
        Promise.SUPPORTED,
    )
    assert [Path(placed.files[sha256]).name for sha256 in chosen.dependencies] == ["lib-1.0-py3-none-any.whl"]


def test_a_wheel_file_brings_its_requirements_and_extras(tmp_path: Path, folder: IndexFolder) -> None:
    folder.wheel("lib", "1.0")
    folder.wheel("more", "1.0")
    lines = ("Provides-Extra: all", "Requires-Dist: lib", "Requires-Dist: more; extra == 'all'")
    wheel = build_wheel(tmp_path, lines=lines)

    def needed(**options: object) -> list[str]:
        placed = place(folder, wheel, **options)
        return sorted(Path(placed.files[one]).name for one in placed.placements[-1].dependencies)

    assert needed() == ["lib-1.0-py3-none-any.whl"]
    assert needed(extra=("all",)) == ["lib-1.0-py3-none-any.whl", "more-1.0-py3-none-any.whl"]


def test_a_silent_fallback_to_an_sdist_is_a_failure(folder: IndexFolder) -> None:
    folder.wheel("app", "1.0")
    folder.sdist("app", "2.0")
    (only,) = place(folder, "app").placements
    assert (only.check, only.finding and only.finding.kind) == ("resolve", OutcomeKind.BROKEN)
    assert only.finding
    assert only.finding.reason.startswith("No wheel for this bench: app 2.0 has only an sdist")


def test_a_conflict_is_the_requirements_fault_and_a_marker_leaves_out(folder: IndexFolder) -> None:
    folder.wheel("app", "1.0", ["lib<1"])
    folder.wheel("lib", "1.0")
    (only,) = place(folder, "app").placements
    assert only.finding
    assert (only.finding.kind, "lib<1" in only.finding.reason) == (OutcomeKind.BROKEN, True)
    placed = place(folder, "app; sys_platform == 'win32'")
    assert (placed.placements, len(placed.left_out)) == ([], 1)
    assert "its marker excludes it" in placed.left_out[0].reason


def test_an_index_that_fails_is_the_labs_trouble(folder: IndexFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise EngineError("The index does not answer.")

    monkeypatch.setattr(Index, "files", fail)
    (only,) = place(folder, "app").placements
    assert only.finding
    assert (only.check, only.finding.kind) == ("resolve", OutcomeKind.TROUBLE)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"Requires-Dist: {'a' * 70000}", "InvalidURL: URL too long"),
        ("Requires-Dist: x @ file:///%00/x-1.0-py3-none-any.whl", "ValueError: embedded null byte"),
        ("Requires-Dist: x @ file:///nowhere/x-1.0-py3-none-any.whl", "No such file or directory"),
        ("Requires-Dist: x; 'y' in extras", "UndefinedEnvironmentName"),
    ],
    ids=["name", "byte", "file", "marker"],
)
def test_metadata_that_breaks_a_library_ends_no_run(tmp_path: Path, folder: IndexFolder, line: str, said: str) -> None:
    hostile = build_wheel(tmp_path, "hostile", lines=[line])
    subjects = parse_subjects([str(hostile), str(build_wheel(tmp_path, "healthy"))])
    index = Index(Sources(index_urls=("http://127.0.0.1:9/simple/",)))
    placing = Placing(subjects, Options(), Resolver(subjects, Options(), index))
    found = {one.subject.project: one for one in placing.place((NEW,)).placements}
    finding = found["hostile"].finding
    assert finding
    assert finding.kind is OutcomeKind.TROUBLE
    assert said in finding.reason
    assert len(finding.reason) < 300
    assert found["healthy"].promise is Promise.SUPPORTED


def test_benches_that_resolve_alike_are_asked_for_once(folder: IndexFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    from manylinux_lab.planning import resolver

    folder.wheel("app", "1.0")
    asked, real = [], resolver.resolve

    def counting(*arguments: object, **options: object) -> object:
        asked.append(arguments)
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(resolver, "resolve", counting)
    twin = bench("ubuntu-22.04")
    assert len(place(folder, "app", benches=(NEW, twin, OLD)).placements) == 6
    assert len(asked) == 2


def test_a_requirement_for_other_pythons_is_left_out(folder: IndexFolder) -> None:
    folder.wheel("app", "2.0", attributes='data-requires-python="&lt;3.11"', fields=["Requires-Python: <3.11"])
    placed = place(folder, "app")
    assert placed.placements == []
    assert "is for Python <3.11" in placed.left_out[0].reason


def test_a_url_stays_as_it_is_in_the_command_that_repeats_it(folder: IndexFolder) -> None:
    word = f"app @ {folder.wheel('app', '2.0').as_uri()}"
    resolved, chosen = place(folder, word).placements
    assert resolved.subject.id == word
    assert (chosen.subject.id, chosen.subject.argument) == ("app-2.0-py3-none-any.whl", word)


def test_the_patch_level_counts_where_the_image_told_it(tmp_path: Path, folder: IndexFolder) -> None:
    wheel = build_wheel(tmp_path, lines=("Requires-Python: >=3.11.4",))
    told = Interpreter(version=(3, 11), abi="cp311", full_version="3.11.2")
    assert promises(place(folder, wheel)) == {NEW.id: "supported"}
    placed = place(folder, wheel, benches=(bench(interpreter=told),))
    assert [entry.reason for entry in placed.left_out] == ["it requires Python >=3.11.4, the bench has 3.11.2"]
