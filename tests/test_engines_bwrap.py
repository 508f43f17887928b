"""Tests of the bwrap engine: its commands as records, and for real what the shared contract does not cover."""

import os
import platform
import resource
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from bench_roots import sleepers, small_image, small_root, usable_engine, wait_for

from manylinux_lab.engines import bwrap, bwrap_build
from manylinux_lab.engines.boundaries import writable_mounts
from manylinux_lab.engines.bwrap import BwrapEngine, sandbox_argv
from manylinux_lab.engines.bwrap_build import build_argv
from manylinux_lab.engines.bwrap_image import pull_root
from manylinux_lab.engines.contract import Image, Limits, Mount
from manylinux_lab.engines.resource_limits import limit_prefix
from manylinux_lab.engines.stage import script
from manylinux_lab.errors import EngineError

FOLDER = Path("/stage")


def pairs(argv: list[str], option: str, width: int = 2) -> list[tuple[str, ...]]:
    """Return the values of every use of an option."""
    return [tuple(argv[at + 1 : at + 1 + width]) for at, word in enumerate(argv) if word == option]


def test_the_sandbox_shows_the_root_read_only_and_no_more() -> None:
    entries = [("bin", "usr/bin"), ("dev", None), ("etc", None), ("proc", None), ("tmp", None), ("usr", None)]
    argv = sandbox_argv(FOLDER, entries, [Mount(outside=Path("/wheels"), inside="/lab")], {})
    assert pairs(argv, "--ro-bind") == [
        ("/stage/root/etc", "/etc"),
        ("/stage/root/usr", "/usr"),
        ("/stage/mount0", "/lab"),
    ]
    assert pairs(argv, "--bind") == [("/stage/shm", "/dev/shm"), ("/stage/work", "/work"), ("/stage/tmp", "/tmp")]
    assert pairs(argv, "--symlink") == [("usr/bin", "/bin")]
    assert pairs(argv, "--remount-ro", 1) == [("/dev",), ("/",)]
    assert {"--unshare-all", "--die-with-parent", "--clearenv"} < set(argv)
    assert pairs(argv, "--cap-drop", 1) == [("ALL",)]
    assert "--share-net" not in argv


def test_the_stage_makes_limited_mounts_and_quotes_names(tmp_path: Path) -> None:
    odd = tmp_path / "it's a root"
    odd.mkdir()
    file = tmp_path / "wheel.whl"
    file.touch()
    lines = script(FOLDER, odd, [Mount(outside=file, inside="/lab/wheel.whl")], Limits(work=1 << 20)).splitlines()
    assert "mount -t tmpfs -o nosuid,nodev,mode=1777,size=1048576,nr_inodes=256 work work" in lines
    assert f"mount --rbind '{tmp_path}/it'\"'\"'s a root' root" in lines
    assert ": > mount0" in lines
    assert lines[-2:] == ["echo ready", "read -r line || true"]


def test_a_group_is_joined_before_anything_else(tmp_path: Path) -> None:
    argv = limit_prefix(Limits(), "x86_64", (tmp_path / "memory", tmp_path / "pids"))
    assert argv[:2] == ("sh", "-c")
    assert argv[2].startswith(f"echo $$ > {tmp_path}/memory/cgroup.procs && echo $$ > {tmp_path}/pids/cgroup.procs")
    assert argv[2].endswith('|| exit 125; exec "$@"')
    assert argv[-1] == "--core=0:0"


@pytest.mark.parametrize(("arch", "limits_memory"), [(platform.machine(), True), ("s390x", False)])
def test_without_a_group_rlimits_stay_below_the_hard_ones(
    monkeypatch: pytest.MonkeyPatch, arch: str, limits_memory: bool
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (5, 5))
    argv = limit_prefix(Limits(), arch, ())
    assert ("--as=5:5" in argv) is limits_memory
    assert "--nproc=5:5" in argv


def test_build_steps_are_root_of_their_copy_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(bwrap_build, "host_authorities", lambda host: tmp_path)
    argv = build_argv(tmp_path / "root", {"WORD": "x"})
    assert pairs(argv, "--bind") == [(str(tmp_path / "root"), "/")]
    assert pairs(argv, "--ro-bind") == [(str(tmp_path), "/dev/manylinux-lab-authorities.pem")]
    assert pairs(argv, "--setenv") == [("WORD", "x")]
    assert "CAP_SYS_ADMIN" not in argv
    assert "--unshare-user" not in argv


def test_without_root_build_steps_have_one_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(bwrap_build, "host_authorities", lambda host: None)
    argv = build_argv(tmp_path, {})
    assert pairs(argv, "--uid", 1) == [("0",)]
    ((settings, inside),) = pairs(argv, "--ro-bind")
    assert Path(settings).read_text() == 'APT::Sandbox::User "root";\n'
    assert pairs(argv, "--setenv") == [("APT_CONFIG", inside)]


@pytest.mark.parametrize(
    ("mounts", "expected"),
    [
        ("tmpfs / tmpfs ro 0 0\nwork /work tmpfs rw 0 0\nproc /proc proc rw 0 0\nx /dev/shm tmpfs rw 0 0\n", []),
        ("overlay / overlay rw,relatime 0 0\nx /workshop ext4 rw 0 0\n", ["/", "/workshop"]),
    ],
)
def test_writable_mounts_that_are_not_meant_to_be(mounts: str, expected: list[str]) -> None:
    assert writable_mounts(mounts) == expected


@pytest.mark.parametrize(
    ("missing", "package"), [("bwrap", "bubblewrap"), ("nsenter", "util-linux"), ("prlimit", "util-linux")]
)
def test_a_missing_program_names_its_package(monkeypatch: pytest.MonkeyPatch, missing: str, package: str) -> None:
    monkeypatch.setattr(bwrap.shutil, "which", lambda program: None if program == missing else f"/bin/{program}")
    assert BwrapEngine().trouble() == f"The program '{missing}' is missing; install the system package '{package}'."


def test_pulling_without_the_tools_names_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="'skopeo' is missing; install the system packages 'skopeo' and 'umoci'"):
        pull_root("docker.io/library/debian:12", "x86_64", tmp_path)


def test_an_arch_that_cannot_run_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bwrap.arches, "arch_trouble", lambda arch: "no handler.")
    image = Image(reference="/images/x/root", digest="sha256:0", arch="s390x", origin="a test")
    with (
        pytest.raises(EngineError, match=r"bench 'b' \(image '/images/x/root', s390x\) cannot be started: no handler"),
        BwrapEngine().start(image, run="r", bench="b"),
    ):
        pass


@pytest.mark.real
def test_two_loads_of_one_key_at_once_give_one_whole_image() -> None:
    engine = usable_engine("bwrap")
    made: list[Image] = []
    root = small_root()

    def load() -> None:
        made.append(engine.load(root, platform.machine(), "tests/raced", "a test"))

    threads = [threading.Thread(target=load) for _ in range(2)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(made) == 2
        assert made[0] == made[1] == engine.find("tests/raced")
        with engine.start(made[0], run="tests", bench="raced") as bench:
            assert bench.run(("cat", "/etc/debian_version"), seconds=30).stdout.startswith(b"12")
    finally:
        engine.remove("tests/raced")


@pytest.mark.real
def test_a_mount_below_what_the_image_has_not_is_said() -> None:
    engine = usable_engine("bwrap")
    mounts = [Mount(outside=Path("/usr"), inside="/usr/no/such/folder")]
    with (
        pytest.raises(EngineError, match=r"bench 'odd' .* cannot be started: bwrap: .*no/such|bwrap: .*Read-only"),
        engine.start(small_image(engine), run="tests", bench="odd", mounts=mounts),
    ):
        pass


def owners(seconds: str) -> set[int]:
    """Return the users outside that the sleeping programs belong to."""
    found = set()
    for pid in sleepers(seconds):
        with suppress(FileNotFoundError):
            found.add(Path(f"/proc/{pid}").stat().st_uid)
    return found


@pytest.mark.real
def test_the_bench_is_an_unknown_user_outside() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a bench another user")
    engine = usable_engine("bwrap")
    with engine.start(small_image(engine), run="tests", bench="outside") as bench:
        process = bench.start(("sleep", "98766"))
        # Bubblewrap carries the program's name too, as root, until it has become the program.
        assert wait_for(lambda: owners("98766") == {65532})
        process.close()
        assert bench.run(("cat", "/etc/shadow"), seconds=30).exit_code == 1
