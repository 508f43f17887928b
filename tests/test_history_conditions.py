"""Under what a cell is asked: what could change its result is recorded, what could not is left away."""

from dataclasses import replace
from pathlib import Path

import pytest
from records import bench, run, subject

from manylinux_lab.bench import probe
from manylinux_lab.cells import HOST, Cell, Plan, Site, Subject
from manylinux_lab.engines.contract import Boundary
from manylinux_lab.history import conditions
from manylinux_lab.history.conditions import Circumstances, probe_digest
from manylinux_lab.interpreter import Interpreter, Origin
from manylinux_lab.judge import Promise
from manylinux_lab.results import Conditions
from manylinux_lab.runs import Run

PYTHON = Interpreter(version=(3, 11), abi="cp311", path="/usr/bin/python3", pip="23.0.1", full_version="3.11.2")
BENCH = bench(interpreter=PYTHON)
LXML = Subject(id="lxml-5.4.0-cp311-cp311-linux_x86_64.whl", project="lxml", version="5.4.0", sha256="a" * 64)
PAIR = Subject(id="lxml-5.4.0,stdlib", project="lxml,stdlib", members=("lxml-5.4.0", "stdlib"))


def cell(check: str, about: Subject, where: str = BENCH.id, **fields: tuple[str, ...]) -> Cell:
    return Cell(bench=where, check=check, subject=about.id, promise=Promise.SUPPORTED, **fields)


def made(**options: object) -> Run:
    plan = Plan(
        benches=(BENCH,),
        subjects=(subject(), LXML, PAIR),
        cells=(),
        files={
            "0" * 64: f"/somewhere/{subject().id}",
            "a" * 64: f"/else/{LXML.id}",
            "d" * 64: "/x/six-1-py3-none-any.whl",
        },
        sites=(Site(id="s1", wheels=("a" * 64, "d" * 64)), Site(id="s2", wheels=("a" * 64,))),
        rosters={BENCH.id: {"lxml-5.4.0": LXML.id}},
    )
    limits = (Boundary(name="memory", in_force=True, detail=""), Boundary(name="pids", in_force=False, detail="no"))
    return replace(run(plan, **options), boundaries=limits)


def test_a_cell_of_one_wheel() -> None:
    found = Circumstances(made(timeout=60, strict=True)).of(cell("import", subject(), dependencies=("d" * 64,)))
    assert found == Conditions(
        wheels={subject().id: "0" * 64},
        beside={"six-1-py3-none-any.whl": "d" * 64},
        python="3.11.2",
        installer="pip 23.0.1",
        probe=probe_digest(),
        options={"timeout": "60", "strict": "true"},
        limits=("memory",),
    )


def test_wheels_in_one_process_have_members_a_site_and_smoke_code() -> None:
    circumstances = Circumstances(made())
    first, second = (circumstances.of(cell("coload", PAIR, sites=(site,))) for site in ("s1", "s2"))
    assert first.wheels == {LXML.id: "a" * 64}
    assert first.site
    assert first.site != second.site
    assert set(first.options) == {"timeout", "smoke lxml", "smoke stdlib"}


def test_smoke_code_bears_on_the_cells_that_run_it_only() -> None:
    before, after = (Circumstances(made(smoke=(f"numpy={code}",))) for code in ("import numpy", "pass"))
    assert before.of(cell("import", subject())) == after.of(cell("import", subject()))
    assert before.of(cell("smoke", subject())) != after.of(cell("smoke", subject()))


def test_a_cell_without_a_bench_has_neither_versions_nor_limits() -> None:
    found = Circumstances(made()).of(cell("read", subject(), HOST))
    assert (found.python, found.installer, found.probe, found.limits) == ("", "", "", ())


def test_an_installer_that_is_not_at_hand_has_no_version() -> None:
    assert Circumstances(made(installer="uv")).of(cell("import", subject())).installer == ""


def test_the_file_of_a_users_check_is_recorded(tmp_path: Path) -> None:
    file = tmp_path / "test_mine.py"
    file.write_text("def test_mine(): pass\n")
    circumstances = Circumstances(made(suite=(str(file),)))
    before = circumstances.of(cell("mine", subject())).check
    file.write_text("def test_mine(): assert True\n")
    assert before
    assert before != circumstances.of(cell("mine", subject())).check
    assert circumstances.of(cell("import", subject())).check == ""


def test_a_portable_python_is_known_by_its_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "python3.11"
    program.parent.mkdir()
    program.write_bytes(b"one")
    brought = replace(PYTHON, origin=Origin.PORTABLE, path="/python-portable/bin/python3.11", full_version="")
    found = type("Found", (), {"mount": type("Mount", (), {"outside": tmp_path})})
    monkeypatch.setattr(conditions, "portable", lambda root: found)
    started = made(python_root=str(tmp_path))
    started = replace(started, plan=replace(started.plan, benches=(bench(interpreter=brought),)))
    there = bench(interpreter=brought).id
    assert Circumstances(started).of(cell("import", subject(), there)).python.startswith("sha256:")


def test_the_probe_is_known_by_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "__init__.py").write_text("one")
    monkeypatch.setattr(probe, "__file__", str(tmp_path / "__init__.py"))
    known = probe_digest()
    probe_digest.cache_clear()
    assert probe_digest() != known
    probe_digest.cache_clear()
