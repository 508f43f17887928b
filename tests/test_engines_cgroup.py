"""Tests of finding and making control groups, on folders that look like the two hierarchies."""

import os
from pathlib import Path

import pytest

from manylinux_lab.engines import cgroup as subject
from manylinux_lab.engines.cgroup import Place, find_place, make_group, remove_group, settings
from manylinux_lab.engines.contract import Limits
from manylinux_lab.engines.owner import this_process
from manylinux_lab.engines.register import Register
from manylinux_lab.errors import EngineError

LIMITS = Limits(memory=1000, pids=7)


def legacy(folder: Path) -> str:
    """Make a v1 hierarchy with the lab's own groups and return its mounts."""
    for controller, own in (("memory", "lab/own"), ("pids", "")):
        (folder / controller / own).mkdir(parents=True)
        (folder / controller / own / "cgroup.procs").touch()
    return "".join(f"cgroup {folder}/{name} cgroup rw,relatime,{name} 0 0\n" for name in ("memory", "pids"))


def unified(folder: Path, granted: dict[str, str]) -> str:
    """Make a v2 hierarchy: each group with what its children are granted; return its mount."""
    for name, controllers in granted.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "cgroup.procs").touch()
        (folder / name / "cgroup.subtree_control").write_text(controllers)
    return f"cgroup2 {folder} cgroup2 rw,nosuid 0 0\n"


def test_version_1_groups_go_below_the_labs_own(tmp_path: Path) -> None:
    own = "8:pids:/\n4:memory:/lab/own\n0::/\n"
    assert find_place(legacy(tmp_path), own) == Place(
        version=1, folders=(tmp_path / "memory/lab/own", tmp_path / "pids")
    )


def test_a_path_of_the_host_falls_back_to_the_mount(tmp_path: Path) -> None:
    place = find_place(legacy(tmp_path), "8:pids:/\n4:memory:/docker/of-the-host\n")
    (tmp_path / "memory/cgroup.procs").touch()
    assert place is None
    assert find_place(legacy_mounts(tmp_path), "4:memory:/docker/of-the-host\n8:pids:/\n") == Place(
        version=1, folders=(tmp_path / "memory", tmp_path / "pids")
    )


def legacy_mounts(folder: Path) -> str:
    """Return the mounts of a hierarchy that is there already."""
    return "".join(f"cgroup {folder}/{name} cgroup rw,relatime,{name} 0 0\n" for name in ("memory", "pids"))


def test_version_2_takes_the_nearest_group_that_grants_both(tmp_path: Path) -> None:
    granted = {"user": "memory pids", "user/app": "memory pids", "user/app/lab": ""}
    place = find_place(unified(tmp_path, granted), "0::/user/app/lab\n")
    assert place == Place(version=2, folders=(tmp_path / "user/app",))


def test_version_2_without_a_grant_has_no_place(tmp_path: Path) -> None:
    granted = {"": "", "user": "cpu", "user/lab": ""}
    mounts = unified(tmp_path, granted)
    (tmp_path / "user/cgroup.procs").unlink()
    assert find_place(mounts, "0::/user/lab\n") is None


def test_the_top_of_version_2_is_asked_to_grant(tmp_path: Path) -> None:
    find_place(unified(tmp_path, {"": ""}), "0::/\n")
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_no_hierarchy_is_no_place() -> None:
    assert find_place("proc /proc proc rw 0 0\n", "0::/\n") is None


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (1, {"memory.limit_in_bytes": "1000", "memory.memsw.limit_in_bytes": "1000"}),
        (2, {"memory.max": "1000", "memory.swap.max": "0", "memory.oom.group": "0"}),
    ],
)
def test_memory_settings(version: int, expected: dict[str, str]) -> None:
    assert settings(version, "memory", LIMITS) == expected
    assert settings(version, "pids", LIMITS) == {"pids.max": "7"}


def test_a_group_has_its_limits_and_goes(tmp_path: Path) -> None:
    place = Place(version=1, folders=(tmp_path / "memory", tmp_path / "pids"))
    for folder in place.folders:
        folder.mkdir()
    made = make_group(place, "bench", LIMITS)
    assert (made[0] / "memory.limit_in_bytes").read_text() == "1000"
    assert not (made[0] / "memory.memsw.limit_in_bytes").exists()
    assert (made[1] / "pids.max").read_text() == "7"
    for file in (*made[0].iterdir(), *made[1].iterdir()):
        file.unlink()  # the kernel's files do not stand in the way of rmdir
    assert remove_group(made)
    assert not any(folder.exists() for folder in made)
    assert remove_group(made)


def test_a_group_that_cannot_be_made_is_trouble(tmp_path: Path) -> None:
    place = Place(version=2, folders=(tmp_path / "absent",))
    with pytest.raises(EngineError, match="The control group 'bench' cannot be made"):
        make_group(place, "bench", LIMITS)


def test_members_are_killed_before_a_group_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench/cgroup.procs").write_text("41\n42\n")
    killed: list[int] = []

    def kill(pid: int, number: int) -> None:
        killed.append(pid)
        (tmp_path / "bench/cgroup.procs").unlink(missing_ok=True)
        raise ProcessLookupError

    monkeypatch.setattr(os, "kill", kill)
    assert remove_group([tmp_path / "bench"])
    assert killed == [41, 42]


def test_a_group_that_stays_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "REMOVAL_SECONDS", 0.0)
    (tmp_path / "bench/child").mkdir(parents=True)
    assert not remove_group([tmp_path / "bench"])


def test_the_register_forgets_a_bench_that_ended_and_keeps_one_that_runs(tmp_path: Path) -> None:
    register = Register(tmp_path)
    with register.bench("run", "debian-12", None, LIMITS) as groups:
        assert groups == ()
        assert len(list(tmp_path.glob("*.json"))) == 1
        assert register.reap() == 0
    assert list(tmp_path.iterdir()) == []


def test_the_register_reaps_groups_of_its_own_name_only(tmp_path: Path) -> None:
    name, foreign = "manylinux-lab-1", tmp_path / "groups/important"
    own = tmp_path / "groups" / name
    for folder in (own, foreign):
        folder.mkdir(parents=True)
    benches = tmp_path / "benches"
    benches.mkdir()
    here = this_process().id.split(" ")
    dead = " ".join([here[0], "another-boot", *here[2:]])
    (benches / f"{name}.json").write_text(f'{{"owner": "{dead}", "groups": ["{own}", "{foreign}"]}}')
    (benches / "manylinux-lab-2.json").write_text('{"owner": "somebody", "groups": []}')
    assert Register(benches).reap() == 1
    assert not own.exists()
    assert foreign.exists()
    assert [path.name for path in benches.iterdir()] == ["manylinux-lab-2.json"]
