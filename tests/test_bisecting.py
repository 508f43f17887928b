"""The search for the first bad candidate: every place it can be at, what cannot be tested, and logs."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import bench, result, run, subject

from manylinux_lab.cells import Cell, Plan, Site, Subject
from manylinux_lab.engines.contract import Image
from manylinux_lab.errors import UsageError
from manylinux_lab.history.bisect_log import Search, log_step, open_log, read_log
from manylinux_lab.history.bisecting import Found, Judged, Step, following, found, step_of
from manylinux_lab.history.variants import (
    asked_cell,
    beside,
    counterpart,
    images_of,
    of_cell,
    version_of,
    with_image,
    with_release,
)
from manylinux_lab.judge import Promise, Verdict
from manylinux_lab.runs import Run, RunFolder

SEARCH = Search(run="runs/x", cell="b/import/x.whl", project="dep", candidates=("1", "2", "3"))


def searched(names: list[str], judge: dict[str, Judged]) -> tuple[Found, int]:
    """Search to the end and return what was found, and in how many steps."""
    steps: list[Step] = []
    while (candidate := following(names, steps)) is not None:
        assert candidate not in {step.candidate for step in steps}, "nothing is asked twice"
        steps.append(Step(candidate=candidate, judged=judge[candidate]))
    return found(names, steps), len(steps)


@settings(deadline=None)
@given(st.integers(2, 60), st.data())
def test_the_first_bad_one_is_found_wherever_it_is(number: int, data: st.DataObject) -> None:
    names = [f"1.{place}" for place in range(number)]
    bad = data.draw(st.integers(1, number - 1))
    judge = {name: Judged.BAD if place >= bad else Judged.GOOD for place, name in enumerate(names)}
    end, asked = searched(names, judge)
    assert end == Found(last_good=names[bad - 1], first_bad=names[bad])
    assert asked <= 2 + number.bit_length()


@settings(deadline=None)
@given(st.integers(2, 30), st.data())
def test_what_cannot_be_tested_is_passed_and_told(number: int, data: st.DataObject) -> None:
    names = [f"1.{place}" for place in range(number)]
    bad = data.draw(st.integers(1, number - 1))
    judge = {name: Judged.BAD if place >= bad else Judged.GOOD for place, name in enumerate(names)}
    for place in data.draw(st.sets(st.integers(0, number - 1))) - {0, number - 1}:
        judge[names[place]] = Judged.UNTESTABLE
    end, _ = searched(names, judge)
    low, high = names.index(end.last_good), names.index(end.first_bad)
    assert (judge[names[low]], judge[names[high]]) == (Judged.GOOD, Judged.BAD)
    assert end.untested == tuple(names[low + 1 : high])
    assert {judge[name] for name in end.untested} <= {Judged.UNTESTABLE}


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((Judged.GOOD, Judged.GOOD), "with '3' the cell is good, not bad"),
        ((Judged.BAD, Judged.BAD), "with '1' the cell is bad, not good"),
        ((Judged.GOOD, Judged.UNTESTABLE), "with '3' the cell is untestable, not bad"),
    ],
)
def test_ends_that_do_not_come_out_say_that_it_is_not_the_cause(ends: tuple[Judged, Judged], words: str) -> None:
    end, _ = searched(["1", "2", "3"], {"1": ends[0], "2": Judged.BAD, "3": ends[1]})
    assert end == Found(contradiction=words)


@pytest.mark.parametrize(
    ("verdict", "judged"),
    [
        (Verdict.PASS, Judged.GOOD),
        (Verdict.WARN, Judged.GOOD),
        (Verdict.FAIL, Judged.BAD),
        (Verdict.SKIP, Judged.UNTESTABLE),
        (Verdict.ERROR, Judged.UNTESTABLE),
        (Verdict.UNKNOWN, Judged.UNTESTABLE),
        (None, Judged.UNTESTABLE),
    ],
)
def test_what_a_result_says_of_a_candidate(verdict: Verdict | None, judged: Judged) -> None:
    step = step_of("1", result(verdict=verdict, reason="why") if verdict else None)
    assert step.judged is judged
    assert bool(step.words) == (judged is not Judged.GOOD)


def test_a_search_goes_on_where_its_log_ends(tmp_path: Path) -> None:
    log = tmp_path / "bisect.jsonl"
    steps = (Step(candidate="3", judged=Judged.BAD, words="no"), Step(candidate="1", judged=Judged.GOOD))
    assert open_log(log, SEARCH) == ()
    for step in steps:
        log_step(log, step)
    with log.open("ab") as file:
        file.write(b'{"candidate": "2", "jud')
    assert open_log(log, SEARCH) == steps
    log_step(log, Step(candidate="2", judged=Judged.BAD))
    assert read_log(log) == (SEARCH, (*steps, Step(candidate="2", judged=Judged.BAD)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty: its bisection has not begun"),
        (b"PK\x03\x04", "is not the log of a bisection"),
        (b'{"schema": 99}', "is not the log of a bisection"),
        (b"\xff\n", "is not the log of a bisection"),
        (b"\n\n", "is not the log of a bisection"),
        (b"[" * 100_000, "is not the log of a bisection"),
    ],
)
def test_what_is_no_log_is_said_in_words_of_the_lab(tmp_path: Path, content: bytes, said: str) -> None:
    log = tmp_path / "bisect.jsonl"
    log.write_bytes(content)
    with pytest.raises(UsageError, match=said) as caught:
        read_log(log)
    assert str(caught.value).lower().endswith("name the file that '--log' of a bisection wrote.")


def test_a_log_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no log '.*gone'; 'manylinux-lab bisect CELL' writes one\.$"):
        read_log(tmp_path / "gone")
    with pytest.raises(UsageError, match=r"cannot be read: Is a directory\.$"):
        read_log(tmp_path)


def test_a_log_that_was_changed_is_said(tmp_path: Path) -> None:
    log = tmp_path / "bisect.jsonl"
    open_log(log, SEARCH)
    log_step(log, Step(candidate="no such", judged=Judged.BAD))
    with pytest.raises(UsageError, match="a step with 'no such', which is not searched"):
        read_log(log)
    log.unlink()
    open_log(log, replace(SEARCH, candidates=()))
    with pytest.raises(UsageError, match="it has nothing to search"):
        read_log(log)


def test_a_log_of_another_search_or_a_newer_lab_is_said(tmp_path: Path) -> None:
    log = tmp_path / "bisect.jsonl"
    open_log(log, replace(SEARCH, schema=99))
    with pytest.raises(UsageError, match="has schema 99"):
        read_log(log)
    other = tmp_path / "other.jsonl"
    open_log(other, SEARCH)
    with pytest.raises(UsageError, match="is of another search"):
        open_log(other, replace(SEARCH, project="else"))


DEPENDENCY, NEWER = "dep-1.0-py3-none-any.whl", "dep-2.0-py3-none-any.whl"
PAIR = Subject(id="numpy-2.1.3,stdlib", project="numpy,stdlib", members=("numpy-2.1.3", "stdlib"))


def planned() -> Run:
    where = bench()
    cells = [
        Cell(bench=where.id, check=check, subject=subject().id, promise=Promise.SUPPORTED, dependencies=("d" * 64,))
        for check in ("install", "import", "effects")
    ]
    cells.append(Cell(bench=where.id, check="coload", subject=PAIR.id, promise=Promise.SUPPORTED, sites=("s1",)))
    files = {"0" * 64: f"/w/{subject().id}", "d" * 64: f"/w/{DEPENDENCY}"}
    return run(
        Plan(
            benches=(where,),
            subjects=(subject(), PAIR),
            cells=tuple(cells),
            files=files,
            sites=(Site(id="s1", wheels=("d" * 64, "0" * 64)),),
            rosters={where.id: {"numpy-2.1.3": subject().id}},
        )
    )


@pytest.mark.parametrize("number", [1, 3])
def test_one_release_beside_a_cell_is_another_and_the_rest_stays(number: int) -> None:
    made = of_cell(planned(), planned().plan.cells[number].id)
    assert beside(made.plan) == {"dep": "d" * 64}
    assert version_of(made.plan, "dep") == "1.0"
    varied = with_release(made, "dep", "e" * 64, Path(f"/w/{NEWER}"))
    assert version_of(varied.plan, "dep") == "2.0"
    assert beside(varied.plan) == {"dep": "e" * 64}
    assert [cell.id for cell in varied.plan.cells] == [cell.id for cell in made.plan.cells]
    assert varied.plan.files["0" * 64] == f"/w/{subject().id}"


def test_the_installation_of_a_cell_comes_with_it() -> None:
    cells = planned().plan.cells
    assert [cell.check for cell in of_cell(planned(), cells[1].id).plan.cells] == ["install", "import"]
    assert [cell.check for cell in of_cell(planned(), cells[3].id).plan.cells] == ["coload"]


def test_a_cell_or_a_dependency_that_is_not_there_is_said() -> None:
    with pytest.raises(UsageError, match="has no cell 'x'"):
        of_cell(planned(), "x")
    with pytest.raises(UsageError, match="no wheel of 'scipy'; it has dep, numpy"):
        version_of(of_cell(planned(), planned().plan.cells[1].id).plan, "scipy")


@pytest.mark.parametrize(("number", "asked"), [(1, "import/{}"), (2, "effects/{}"), (3, "coload/numpy-2.2.0,stdlib")])
def test_the_release_that_a_cell_asks_about_is_another_and_so_is_its_name(number: int, asked: str) -> None:
    made = of_cell(planned(), planned().plan.cells[number].id)
    assert version_of(made.plan, "numpy") == "2.1.3"
    newer = subject().id.replace("2.1.3", "2.2.0")
    varied = with_release(made, "numpy", "e" * 64, Path(f"/w/{newer}"))
    assert asked_cell(varied).id == f"{bench().id}/{asked.format(newer)}"
    assert version_of(varied.plan, "numpy") == "2.2.0"
    assert beside(varied.plan) == {"dep": "d" * 64}
    assert varied.plan.rosters[bench().id] == {"numpy-2.2.0": newer}
    (site,) = varied.plan.sites
    assert site.wheels == ("d" * 64, "e" * 64)
    assert {one.id: one.sha256 for one in varied.plan.subjects}[newer] == "e" * 64
    back = with_release(varied, "numpy", "0" * 64, Path(f"/w/{subject().id}"))
    assert [cell.id for cell in back.plan.cells] == [cell.id for cell in made.plan.cells]
    assert counterpart(made, varied).plan.cells == made.plan.cells


def test_files_that_go_by_their_names_keep_doing_so() -> None:
    made = of_cell(planned(), planned().plan.cells[3].id)
    named = replace(PAIR, id=f"{subject().id},stdlib", members=(subject().id, "stdlib"))
    plan = replace(
        made.plan,
        subjects=(subject(), named),
        cells=(replace(made.plan.cells[0], subject=named.id),),
        rosters={bench().id: {subject().id: subject().id}},
    )
    newer = subject().id.replace("2.1.3", "2.2.0")
    (cell,) = with_release(replace(made, plan=plan), "numpy", "e" * 64, Path(f"/w/{newer}")).plan.cells
    assert cell.subject == f"{newer},stdlib"


def test_another_image_for_the_bench_of_the_cell_and_all_that_runs_had(tmp_path: Path) -> None:
    images = [Image(reference=str(n), digest=f"sha256:{n}", arch="x86_64", origin="") for n in (1, 2, 1)]
    folders = [RunFolder(path=tmp_path / str(number)) for number in range(4)]
    for folder, image in zip(folders, images, strict=False):
        folder.write(with_image(planned(), image))
    found_images = images_of(folders, bench().id)
    assert list(found_images) == ["sha256:1", "sha256:2"]
    assert found_images["sha256:2"] == images[1]
