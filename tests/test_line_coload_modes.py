"""The line with wheels that share a process: crowds, orders, neighbours, conflicts, old glibc, hangs, a dead bench."""

import shutil
import subprocess
import threading
import time
from itertools import pairwise
from pathlib import Path

import company_wheels
import pytest
from company_rows import Row, clean, company, compared, effects, fails, member, smokes, written
from line import Ended, benches_of, both_engines, need_engine, on, run
from wheels import build_wheel

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("cc") is None, reason="the wheels are compiled here, and there is no 'cc'"),
]
THREE = ("part_one", "part_two", "part_three")


def names(*wheels: str) -> list[str]:
    """Return the names of wheels as the lab has them."""
    return [member(name) for name in wheels]


def orders(ended: Ended) -> list[list[str]]:
    """Return the orders of a run's companies, as they were planned."""
    return [cell["subject"].split(",") for cell in ended.plan["cells"] if cell["check"] == "coload"]


@both_engines
def test_healthy_wheels_are_left_in_peace(tmp_path: Path, engine: str) -> None:
    groups = (
        company_wheels.outcomes,
        company_wheels.captures,
        company_wheels.bindings,
        company_wheels.floating_point,
        company_wheels.process_state,
        company_wheels.files,
        company_wheels.static_tls,
    )
    wheels = written(tmp_path / "wheels", *groups)
    healthy = [wheels[name] for name in company_wheels.HEALTHY]
    words = [*on("debian-12"), "--coload", "pairs", *smokes(company_wheels.HEALTHY), "--timeout", "20", "--strict"]
    ended = run(tmp_path, engine, healthy, *words)
    count = len(healthy)
    assert ended.code == 0, ended.words
    assert len(ended.verdicts("*/coload/*")) == count * (count - 1) + 2 * count
    assert set(ended.verdicts().values()) == {"pass"}, ended.words
    assert all(line["side_effects"] == [] for line in ended.results), ended.words


def test_a_crowd_that_fails_is_shrunk_to_the_three_that_do_it(tmp_path: Path) -> None:
    wheels = written(tmp_path, company_wheels.crowd)
    crowd = [wheels[name] for name in (*sorted(set(wheels) - {*THREE}), *THREE)]
    together = run(tmp_path, "bwrap", crowd, *on("debian-12"), "--coload", "all")
    assert together.code == 1, together.words
    failed = together.one("*/coload/*")
    assert failed["verdict"] == "fail", failed
    assert failed["facts"]["smallest"] == names(*THREE)
    assert "cannot be imported after 'part-one' and 'part-two': RuntimeError: all three" in failed["reason"]
    apart = run(tmp_path, "bwrap", crowd, *on("debian-12"), "--coload", "pairs", "--cell", "*/coload/*")
    assert set(apart.verdicts().values()) == {"pass"}, apart.words


def test_triples_fail_in_the_orders_in_which_the_third_comes_last(tmp_path: Path) -> None:
    wheels = written(tmp_path, company_wheels.crowd)
    subjects = [wheels[name] for name in (*THREE, "passer_a")]
    ended = run(tmp_path, "bwrap", subjects, *on("debian-12"), "--coload", "triples", "--cell", "*/coload/*")
    assert len(ended.results) == 24, ended.words
    failed = {cell.rpartition("/")[2] for cell, verdict in ended.verdicts().items() if verdict == "fail"}
    first, second, third = names(*THREE)
    assert failed == {f"{first},{second},{third}", f"{second},{first},{third}"}, ended.words


def test_random_orders_are_repeated_by_their_seed(tmp_path: Path) -> None:
    wheels = written(tmp_path, company_wheels.crowd)

    def ordered(folder: Path, seed: str) -> Ended:
        folder.mkdir()
        words = ["--coload", "orders", "--orders", "4", "--seed", seed, "--cell", "*/coload/*"]
        return run(folder, "bwrap", [*wheels.values()], *on("debian-12"), *words)

    one, again, other = ordered(tmp_path / "1", "7"), ordered(tmp_path / "2", "7"), ordered(tmp_path / "3", "8")
    assert orders(one) == orders(again) != orders(other)
    beside = {pair for order in orders(one) for pair in pairwise(order)}
    assert len(beside) == len(wheels) * (len(wheels) - 1), "every ordered pair occurs as neighbours"
    for line in one.results:
        order = line["cell"].rpartition("/")[2].split(",")
        is_last = order.index(member("part_three")) > max(order.index(member(name)) for name in THREE[:2])
        assert line["verdict"] == ("fail" if is_last else "pass"), line
        assert not is_last or sorted(line["facts"]["smallest"]) == sorted(names(*THREE)), line


def test_neighbours_are_paired_and_not_judged_themselves(tmp_path: Path) -> None:
    wheels = written(tmp_path / "wheels", company_wheels.outcomes)
    words = ["--coload", "pairs", "--with", wheels["raises"], "--with", wheels["talks"]]
    ended = run(tmp_path, "bwrap", [wheels["host"]], *on("debian-12"), *words)
    pairs = {("host", "raises"), ("raises", "host"), ("host", "talks"), ("talks", "host")}
    pairs |= {("host", "stdlib"), ("stdlib", "host")}
    assert {tuple(order) for order in orders(ended)} == {tuple(names(*pair)) for pair in pairs} | {
        ("host-1.0", "stdlib"),
        ("stdlib", "host-1.0"),
    }
    assert list(ended.verdicts("*/effects/*")) == ["debian-12:x86_64:cp311/effects/host-1.0-py3-none-any.whl"]
    assert ended.one(company("host,raises"))["verdict"] == "fail"


def test_wheels_that_cannot_be_installed_together(tmp_path: Path) -> None:
    wheels = written(tmp_path / "wheels", company_wheels.conflicts)
    subjects = [wheels["wants_old"], wheels["wants_new"]]
    words = [*on("debian-12"), "--find-links", tmp_path / "wheels" / "links"]
    apart = run(tmp_path, "bwrap", subjects, *words, "--coload", "pairs")
    assert apart.code == 0, apart.words
    assert not apart.verdicts("*/coload/wants-old-1.0,wants-new-1.0")
    (left_out,) = [entry for entry in apart.plan["left_out"] if "wants-old-1.0" in entry["subject"]]
    assert "core" in left_out["reason"], left_out
    forced = run(tmp_path, "bwrap", subjects, *words, "--coload", "pairs", "--force-together")
    rows = (clean("wants_new,stdlib"), clean("wants_old,wants_new"), fails("wants_new,wants_old", "AssertionError"))
    assert not compared(forced, rows), compared(forced, rows)
    # What a wheel requires can be a member in another release, and then stands in the site of that one only.
    core = [wheels["core-1"], wheels["wants_new"]]
    beside = run(tmp_path, "bwrap", core, *words, "--coload", "pairs", "--force-together", "--cell", "*/coload/*")
    rows = (clean("core,wants_new"), clean("wants_new,core"), clean("wants_new,stdlib"))
    assert not compared(beside, rows), compared(beside, rows)


@pytest.mark.parametrize("distro", ["debian-11", "debian-12", "debian-13"])
def test_static_tls_and_executable_stacks_depend_on_glibc(tmp_path: Path, distro: str) -> None:
    wheels = written(tmp_path, company_wheels.static_tls, company_wheels.executable_stack)
    three = [wheels[name] for name in ("tls_one", "tls_two", "tls_three")]
    subjects = [*three, wheels["tls_dynamic"], wheels["runs_stack"]]
    ended = run(tmp_path, "bwrap", subjects, *on(distro), "--coload", "triples")
    assert ended.code == 1, ended.words
    row = fails("tls_one,tls_two,tls_three", "cannot allocate memory in static TLS block")
    healthy = clean("tls_one,tls_dynamic,tls_three")
    assert not compared(ended, [row, healthy]), compared(ended, [row, healthy])
    assert "static TLS" in str(ended.one(company(row.order))["facts"]["evidence"])
    stack = ended.one(effects("runs_stack"))
    if distro == "debian-13":
        assert ended.one("*/import/runs_stack-*")["verdict"] == "fail"
        assert stack["verdict"] == "skip"
    else:
        assert stack["verdict"] == "warn"
        assert "executable" in stack["side_effects"][0]


def test_static_tls_that_pairs_do_not_exhaust_is_foreseen_and_confirmed(tmp_path: Path) -> None:
    wheels = written(tmp_path, company_wheels.static_tls)
    ended = run(tmp_path, "bwrap", [*wheels.values()], *on("debian-12"), "--coload", "pairs", "--cell", "*/coload/*")
    assert ended.code == 1, ended.words
    failed = [cell for cell, verdict in ended.verdicts().items() if verdict == "fail"]
    assert len(failed) == 1, ended.words
    assert sorted(failed[0].rpartition("/")[2].split(",")) == sorted(names("tls_one", "tls_two", "tls_three"))
    assert "static TLS" in ended.one(failed[0])["reason"]


@both_engines
def test_hangs_in_company_end_at_the_deadline(tmp_path: Path, engine: str) -> None:
    wheels = written(tmp_path, company_wheels.outcomes)
    rows: tuple[Row, ...] = (
        fails("host,hangs", "did not finish being imported before the deadline"),
        clean("hangs,host"),
        fails("host,hangs_at_exit", "can be loaded together, but the interpreter then does not end"),
        fails(
            "hates_forks,late_host", "A child that is forked after 'hates-forks' and 'late-host' are loaded does not"
        ),
        clean("host,late_host"),
    )
    subjects = [wheels[name] for name in ("host", "hangs", "hangs_at_exit", "hates_forks", "late_host")]
    cells = [word for row in rows for word in ("--cell", company(row.order))]
    ended = run(tmp_path, engine, subjects, *on("debian-12"), "--coload", "pairs", "--timeout", "3", *cells)
    assert ended.code == 1, ended.words
    assert not compared(ended, rows), compared(ended, rows)


def test_a_bench_that_dies_in_a_row_is_replaced(tmp_path: Path) -> None:
    need_engine("docker")
    code = "import time\ntime.sleep(0.7)\n"
    wheels = [company_wheels.pure(tmp_path / "wheels", f"slow_{letter}", code) for letter in "abc"]
    killed: list[str] = []
    killer = threading.Thread(target=_kill_when_busy, args=(tmp_path, killed))
    killer.start()
    ended = run(tmp_path, "docker", wheels, *on("debian-12"), "--coload", "pairs", "--cell", "*/coload/*")
    killer.join()
    verdicts = list(ended.verdicts("*/coload/*").values())
    assert ended.code == 0, ended.words
    assert verdicts == ["pass"] * 12, ended.words
    assert killed, "a container was killed while cells were run"


def _kill_when_busy(folder: Path, killed: list[str]) -> None:
    """Kill the containers of the run in the folder once it has two results."""
    for _ in range(600):
        time.sleep(0.1)
        (results,) = [*folder.glob("runs/*/results.jsonl")] or [None]
        if results is not None and results.read_text().count("\n") >= 2:
            found = benches_of("docker", results.parent)
            killed += subprocess.run(["docker", "kill", *found], capture_output=True, text=True).stdout.split()
            return


def test_a_wheel_that_kills_its_parent_is_blamed_once(tmp_path: Path) -> None:
    code = "import os, signal, time\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(60)\n"
    wheels = [company_wheels.pure(tmp_path / "wheels", "killer", code)]
    wheels += [company_wheels.pure(tmp_path / "wheels", name, company_wheels.HOST) for name in ("calm", "quiet")]
    ended = run(tmp_path, "bwrap", wheels, *on("debian-12"), "--coload", "pairs", "-n", "1")
    assert ended.code == 1, ended.words
    failed = {cell for cell, verdict in ended.verdicts().items() if verdict == "fail"}
    assert failed == {"debian-12:x86_64:cp311/import/killer-1.0-py3-none-any.whl"}, ended.words
    together = ended.verdicts("*/coload/*")
    assert {verdict for cell, verdict in together.items() if "killer" not in cell} == {"pass"}, ended.words
    assert {verdict for cell, verdict in together.items() if "killer" in cell} == {"skip"}, ended.words
    assert "see debian-12:x86_64:cp311/import/killer" in ended.one(company("calm,killer"))["reason"].lower()


def test_a_wheel_that_deletes_what_others_installed_harms_no_pair_without_it(tmp_path: Path) -> None:
    code = b"import os, shutil\nshutil.rmtree(os.path.dirname(os.path.dirname(__file__)), ignore_errors=True)\n"
    vandal = build_wheel(tmp_path, "aa_vandal", files={"aa_vandal/__init__.py": code})
    peaceful = [build_wheel(tmp_path, name) for name in ("calm", "quiet")]
    ended = run(tmp_path, "bwrap", [vandal, *peaceful], *on("debian-12"), "--coload", "pairs", "-n", "1")
    assert ended.code == 1, ended.words
    without = {cell: found for cell, found in ended.verdicts("*/coload/*").items() if "aa-vandal" not in cell}
    assert len(without) == 6
    assert set(without.values()) == {"pass"}, ended.words
    blamed = ended.one("*/effects/aa_vandal*")
    assert blamed["verdict"] == "fail"
    assert blamed["reason"].startswith("Loading this changes or deletes installed files, such as"), blamed
    assert set(ended.verdicts("*/effects/[cq]*").values()) == {"pass"}
