"""Which wheels share a process on which bench, from which sites, and what is left out."""

from pathlib import Path

import pytest
from indexes import IndexFolder
from records import bench

from manylinux_lab.cells import Bench, Cell, Plan
from manylinux_lab.errors import EngineError
from manylinux_lab.judge import OutcomeKind
from manylinux_lab.options import Options
from manylinux_lab.planning.beside import place_beside
from manylinux_lab.planning.checks import CHECKS
from manylinux_lab.planning.companies import Joined, join, mode_of
from manylinux_lab.planning.placing import Placing
from manylinux_lab.planning.plan import plan
from manylinux_lab.planning.resolver import Resolver
from manylinux_lab.resolving.index import Index, IndexFile
from manylinux_lab.resolving.sources import Sources
from manylinux_lab.resolving.subjects import Subjects, parse_subjects

OLD = bench("debian-11", abi="cp39", libc_version=(2, 31))
NEW = bench("debian-12")


@pytest.fixture
def folder(tmp_path: Path) -> IndexFolder:
    return IndexFolder(root=tmp_path / "index")


def planned(
    folder: IndexFolder,
    *words: str | Path,
    beside: tuple[str, ...] = (),
    benches: tuple[Bench, ...] = (NEW,),
    keep: str = "",
    **options: object,
) -> Plan:
    """Return the plan of a run over an index folder; ``beside`` are the neighbours, ``keep`` is part of cell ids."""
    chosen = Options(**options)  # type: ignore[arg-type]
    subjects = parse_subjects([str(word) for word in words])
    neighbours = parse_subjects(beside) if beside else Subjects()
    resolver = Resolver(subjects, chosen, Index(Sources(index_urls=(folder.url,))))
    placed = Placing(subjects, chosen, resolver).place(benches)
    mode, joined = mode_of(chosen, subjects, neighbours), Joined()
    if mode != "off":
        place_beside(neighbours, benches, placed, chosen, resolver)
        joined = join(benches, placed, chosen, mode, resolver)
    return plan(
        benches,
        (*placed.placements, *joined.placements),
        CHECKS,
        keep=lambda cell: keep in cell,
        left_out=(*placed.left_out, *joined.left_out),
        files={**resolver.files(), **placed.files},
        sites=joined.sites.values(),
        rosters=joined.rosters,
        subjects=joined.subjects.values(),
    )


def companies(made: Plan, where: Bench = NEW) -> list[str]:
    return [cell.subject for cell in made.cells if cell.check == "coload" and cell.bench == where.id]


def names(made: Plan, cell: Cell) -> list[list[str]]:
    """Return the wheels of each site of a cell, as project and version."""
    sites = {site.id: site for site in made.sites}
    return [
        ["-".join(Path(made.files[sha256]).name.split("-")[:2]) for sha256 in sites[site].wheels] for site in cell.sites
    ]


def one(made: Plan, subject: str) -> Cell:
    (cell,) = [cell for cell in made.cells if cell.subject == subject]
    return cell


def test_pairs_are_the_default_and_the_standard_library_is_a_neighbour(folder: IndexFolder) -> None:
    for project in ("a", "b"):
        folder.wheel(project, "1.0")
    made = planned(folder, "a", "b")
    assert companies(made) == [
        "a-1.0,b-1.0",
        "a-1.0,stdlib",
        "b-1.0,a-1.0",
        "b-1.0,stdlib",
        "stdlib,a-1.0",
        "stdlib,b-1.0",
    ]
    assert [cell.subject for cell in made.cells if cell.check == "effects"] == [
        "a-1.0-py3-none-any.whl",
        "b-1.0-py3-none-any.whl",
    ]
    assert [cell.check for cell in made.cells][-8:] == ["effects"] * 2 + ["coload"] * 6
    assert {cell.sites for cell in made.cells if cell.sites} == {(made.sites[0].id,)}
    company = next(subject for subject in made.subjects if subject.id == "a-1.0,stdlib")
    assert (company.project, company.members, company.sha256) == ("a,stdlib", ("a-1.0", "stdlib"), "")
    assert made.rosters == {NEW.id: {"a-1.0": "a-1.0-py3-none-any.whl", "b-1.0": "b-1.0-py3-none-any.whl"}}


@pytest.mark.parametrize(
    ("words", "beside", "said", "mode"),
    [
        (("a",), (), "auto", "off"),
        (("a", "b"), (), "auto", "pairs"),
        (("a==1", "A==2"), (), "auto", "off"),
        (("a",), ("b",), "auto", "pairs"),
        (("a",), (), "pairs", "pairs"),
        (("a", "b"), (), "off", "off"),
    ],
)
def test_what_the_default_means(words: tuple[str, ...], beside: tuple[str, ...], said: str, mode: str) -> None:
    neighbours = parse_subjects(beside) if beside else Subjects()
    assert mode_of(Options(coload=said), parse_subjects(words), neighbours) == mode


def test_a_cell_that_is_asked_for_by_name_is_planned() -> None:
    wanted = Options(cell=("debian-12:x86_64:cp311/coload/a-1.0,stdlib",))
    assert mode_of(wanted, parse_subjects(["a"]), Subjects()) == "pairs"


def test_off_plans_none(folder: IndexFolder) -> None:
    folder.wheel("a", "1.0")
    folder.wheel("b", "1.0")
    made = planned(folder, "a", "b", coload="off")
    assert (companies(made), made.sites, made.rosters) == ([], (), {})


@pytest.mark.parametrize(
    ("options", "count", "first"),
    [
        ({"coload": "triples"}, 24, "a-1.0,b-1.0,c-1.0"),
        ({"coload": "orders", "orders": 0}, 4, "a-1.0,d-1.0,b-1.0,c-1.0"),
        ({"coload": "orders", "orders": 5}, 9, "a-1.0,d-1.0,b-1.0,c-1.0"),
        ({"coload": "all"}, 1, "a-1.0,b-1.0,c-1.0,d-1.0"),
    ],
)
def test_modes(folder: IndexFolder, options: dict[str, object], count: int, first: str) -> None:
    for project in "abcd":
        folder.wheel(project, "1.0")
    found = companies(planned(folder, *"abcd", **options))
    assert (len(found), found[0]) == (count, first)


def test_neighbours_are_paired_with_what_was_given_and_have_no_cells_of_their_own(folder: IndexFolder) -> None:
    for project in ("a", "x", "y"):
        folder.wheel(project, "1.0")
    made = planned(folder, "a", beside=("x", "y", "a"))
    assert companies(made) == [
        "a-1.0,x-1.0",
        "a-1.0,y-1.0",
        "a-1.0,stdlib",
        "x-1.0,a-1.0",
        "y-1.0,a-1.0",
        "stdlib,a-1.0",
    ]
    assert {cell.subject for cell in made.cells if cell.check != "coload"} == {"a", "a-1.0-py3-none-any.whl"}
    assert {subject.id for subject in made.subjects} >= {"x-1.0-py3-none-any.whl", "y-1.0-py3-none-any.whl"}
    assert len(made.files) == 3


def test_a_neighbour_adapts_to_what_the_wheels_need(folder: IndexFolder) -> None:
    folder.wheel("a", "1.0", ["base<2"])
    folder.wheel("base", "1.0")
    folder.wheel("base", "2.0")
    folder.wheel("x", "1.0", ["base"])
    folder.wheel("x", "2.0", ["base>=2"])
    made = planned(folder, "a", beside=("x",))
    assert names(made, one(made, "a-1.0,x-1.0")) == [["base-1.0", "a-1.0", "x-1.0"]]


def test_a_neighbour_that_is_not_for_the_bench_is_left_out(folder: IndexFolder) -> None:
    folder.wheel("a", "1.0")
    folder.sdist("x", "1.0")
    made = planned(folder, "a", beside=("x",))
    assert companies(made) == ["a-1.0,stdlib", "stdlib,a-1.0"]
    (entry,) = made.left_out
    assert (entry.bench, entry.subject) == (NEW.id, "x")
    assert entry.reason.startswith("No wheel for this bench: x 1.0 has only an sdist")


def test_a_dependency_may_have_another_release_together_but_a_subject_may_not(folder: IndexFolder) -> None:
    folder.wheel("a", "1.0", ["base"])
    folder.wheel("b", "1.0", ["base<2"])
    folder.wheel("base", "1.0")
    folder.wheel("base", "2.0")
    made = planned(folder, "a", "b")
    assert names(made, one(made, "a-1.0,b-1.0")) == [["base-1.0", "a-1.0", "b-1.0"]]
    made = planned(folder, "a", "b", "base")
    assert "a-1.0,base-2.0" in companies(made)
    assert "b-1.0,base-2.0" not in companies(made)


def test_what_cannot_be_installed_together_is_said_in_the_resolvers_words(folder: IndexFolder) -> None:
    folder.wheel("a", "1.0", ["base>=2"])
    folder.wheel("b", "1.0", ["base<2"])
    folder.wheel("base", "1.0")
    folder.wheel("base", "2.0")
    made = planned(folder, "a", "b")
    assert companies(made) == ["a-1.0,stdlib", "b-1.0,stdlib", "stdlib,a-1.0", "stdlib,b-1.0"]
    (entry,) = made.left_out
    assert (entry.bench, entry.subject) == (NEW.id, "a-1.0,b-1.0")
    assert entry.reason == "These cannot be met together: a 1.0 needs 'base>=2'; b 1.0 needs 'base<2'."


def test_a_conflict_that_only_the_chosen_releases_have_is_told_apart(folder: IndexFolder) -> None:
    folder.wheel("a", "0.5")
    folder.wheel("a", "1.0")
    folder.wheel("b", "1.0", ["a"])
    folder.wheel("b", "2.0", ["a<1"])
    (entry,) = planned(folder, "a", "b").left_out
    assert entry.reason.endswith("b 2.0 needs 'a<1'. Asked for all at once, an installer would take a 0.5 instead.")


def test_what_is_only_named_in_a_conflict_is_not_fetched(folder: IndexFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.wheel("a", "1.0", ["base>=2"])
    folder.wheel("b", "1.0", ["base"], has_metadata_beside=True)
    folder.wheel("b", "2.0", ["base<2"])
    folder.wheel("base", "1.0")
    folder.wheel("base", "2.0")
    fetched, real = set(), Index.download

    def download(self: Index, file: IndexFile) -> Path:
        fetched.add("-".join(file.name.split("-")[:2]))
        return real(self, file)

    monkeypatch.setattr(Index, "download", download)
    (entry,) = planned(folder, "a", "b").left_out
    assert entry.reason.endswith("an installer would take b 1.0 instead.")
    assert fetched == {"a-1.0", "b-2.0", "base-1.0", "base-2.0"}


def test_force_together_loads_each_from_a_site_of_its_own(folder: IndexFolder) -> None:
    folder.wheel("a", "1.0", ["base>=2"])
    folder.wheel("b", "1.0", ["base<2"])
    folder.wheel("base", "1.0")
    folder.wheel("base", "2.0")
    made = planned(folder, "a", "b", force_together=True)
    cell = one(made, "b-1.0,a-1.0")
    assert names(made, cell) == [["base-1.0", "b-1.0"], ["base-2.0", "a-1.0"]]
    assert cell.reason.startswith("These cannot be met together")
    assert made.left_out == ()
    assert len(made.sites) == 2


def test_two_files_of_one_release_go_by_their_names(folder: IndexFolder) -> None:
    pure = folder.wheel("a", "1.0")
    tagged = folder.wheel("a", "1.0", tag="py3-none-manylinux_2_17_x86_64")
    other = folder.wheel("b", "1.0")
    made = planned(folder, pure, tagged, other)
    assert {f"{pure.name},b-1.0", f"b-1.0,{tagged.name}"} <= set(companies(made))
    assert not any(pure.name in name and tagged.name in name for name in companies(made))


def test_a_name_means_the_wheel_of_the_bench(folder: IndexFolder) -> None:
    for tag in ("cp39-cp39-manylinux_2_17_x86_64", "cp311-cp311-manylinux_2_17_x86_64"):
        folder.wheel("a", "1.0", tag=tag)
    folder.wheel("b", "1.0")
    made = planned(folder, "a", "b", benches=(OLD, NEW))
    assert companies(made, OLD) == companies(made, NEW)
    assert made.rosters[OLD.id]["a-1.0"] == "a-1.0-cp39-cp39-manylinux_2_17_x86_64.whl"
    assert made.rosters[NEW.id]["a-1.0"] == "a-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"
    assert len(made.sites) == 2
    assert sum(bool(subject.members) for subject in made.subjects) == 6


@pytest.mark.parametrize(("mode", "count"), [("all", 2), ("orders", 4)])
def test_an_order_of_all_holds_one_wheel_of_a_project(folder: IndexFolder, mode: str, count: int) -> None:
    folder.wheel("a", "1.0")
    folder.wheel("a", "2.0")
    folder.wheel("b", "1.0")
    found = companies(planned(folder, "a==1.0", "a==2.0", "b", coload=mode))
    assert len(found) == count
    assert {"a-1.0,b-1.0", "a-2.0,b-1.0"} <= set(found)


def test_all_by_force_holds_the_first_wheel_of_each_project(folder: IndexFolder) -> None:
    folder.wheel("a", "1.0", ["base<2"])
    folder.wheel("b", "1.0", ["base>=2"])
    folder.wheel("b", "2.0", ["base>=2"])
    folder.wheel("base", "1.0")
    folder.wheel("base", "2.0")
    made = planned(folder, "a", "b==1.0", "b==2.0", coload="all", force_together=True)
    assert companies(made) == ["a-1.0,b-1.0"]


def test_a_site_keeps_the_extras_of_a_requirement(folder: IndexFolder) -> None:
    folder.wheel("a", "1.0", ["more; extra == 'all'", "base"], fields=["Provides-Extra: all"])
    folder.wheel("more", "1.0", ["base<2"])
    folder.wheel("b", "1.0", ["base>=1.5"])
    for version in ("1.0", "1.7", "2.0"):
        folder.wheel("base", version)
    made = planned(folder, "a[all]", "b")
    assert names(made, one(made, "a-1.0,b-1.0")) == [["base-1.7", "more-1.0", "a-1.0", "b-1.0"]]


@pytest.mark.parametrize("mode", ["pairs", "all"])
def test_an_order_that_exhausts_static_tls_gets_a_cell_in_every_mode(
    folder: IndexFolder, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    for project in "abc":
        folder.wheel(project, "1.0")
    monkeypatch.setattr(
        "manylinux_lab.planning.companies.exhausting", lambda _, given, __: (tuple(given[::-1]), "too much")
    )
    cell = one(planned(folder, *"abc", coload=mode), "c-1.0,b-1.0,a-1.0")
    assert (cell.check, cell.reason, len(cell.sites)) == ("coload", "too much", 1)


def test_a_source_that_fails_is_the_labs_trouble(folder: IndexFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.wheel("a", "1.0", ["base"])
    folder.wheel("b", "1.0", ["base<2"])
    folder.wheel("base", "1.0")
    folder.wheel("base", "2.0")
    real = Resolver.resolve

    def failing(self: Resolver, roots, *rest, **options) -> object:  # type: ignore[no-untyped-def]  # as the real one
        return EngineError("The index does not answer.") if len(roots) > 1 else real(self, roots, *rest, **options)

    monkeypatch.setattr(Resolver, "resolve", failing)
    made = planned(folder, "a", "b")
    cell = one(made, "a-1.0,b-1.0")
    assert cell.finding
    assert (cell.check, cell.finding.kind) == ("resolve", OutcomeKind.TROUBLE)
    assert "stdlib,a-1.0" in companies(made)


def test_cells_that_are_not_wanted_leave_no_trace(folder: IndexFolder) -> None:
    for project in "abc":
        folder.wheel(project, "1.0")
    made = planned(folder, *"abc", keep="/coload/a-1.0,c-1.0")
    assert companies(made) == ["a-1.0,c-1.0"]
    assert [subject.id for subject in made.subjects if subject.members] == ["a-1.0,c-1.0"]
    assert len(made.sites) == 1
