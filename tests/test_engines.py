"""The contract that every engine keeps, for real: run once for docker and once for bwrap."""

import platform
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench_roots import KEY, sleepers, small_image, small_root, usable_engine, wait_for

from manylinux_lab.engines.contract import MEBIBYTE, Container, Engine, Image, Limits, Mount
from manylinux_lab.errors import EngineError

pytestmark = pytest.mark.real
SMALL = Limits(memory=256 * MEBIBYTE, pids=64, work=16 * MEBIBYTE, output=MEBIBYTE)
BOUNDARIES = {
    *("network", "capabilities", "no-new-privileges", "user", "root", "environment"),
    *("/work", "/tmp", "output", "time", "memory", "pids"),
}
OWNER = """
import signal, sys
from manylinux_lab.engines import ENGINES
signal.signal(signal.SIGINT, signal.default_int_handler)  # what started the tests may ignore it
engine = ENGINES[sys.argv[1]]()
image = engine.find(sys.argv[2])
with engine.start(image, run="orphan", bench=sys.argv[3]) as bench:
    process = bench.start(("sleep", sys.argv[4]))
    print("started", flush=True)
    process.receive(600)
"""

INTERACTIVE = """
import sys
from manylinux_lab.engines import ENGINES
engine = ENGINES[sys.argv[1]]()
with engine.start(engine.find(sys.argv[2]), run="tests", bench="interactive") as bench:
    code = bench.interactive(("sh", "-c", "read word; echo got-$word on $(tty); exit 3"))
sys.exit(code)
"""


@pytest.fixture(params=["docker", "bwrap"], scope="module")
def engine(request: pytest.FixtureRequest) -> Engine:
    """Return each engine that works here, rid of what labs that were killed earlier left on this machine."""
    usable = usable_engine(request.param)
    usable.reap()
    return usable


@pytest.fixture(scope="module")
def image(engine: Engine) -> Image:
    """Return a small image."""
    return small_image(engine)


@pytest.fixture(scope="module")
def bench(engine: Engine, image: Image) -> Iterator[Container]:
    """Return a bench that the harmless tests share."""
    with engine.start(image, run="tests", bench="shared", limits=SMALL) as container:
        yield container


def test_find_returns_what_was_loaded(engine: Engine, image: Image) -> None:
    found = engine.find(KEY)
    assert found == image
    assert (image.arch, image.origin) == (platform.machine(), "made by mmdebstrap for tests")
    assert image.digest.startswith("sha256:")
    assert [(key, kept.digest) for key, kept, size in engine.images() if key == KEY and size > MEBIBYTE] == [
        (KEY, image.digest)
    ]


def test_an_unknown_key_is_not_found(engine: Engine) -> None:
    assert engine.find("tests/nobody-made-this") is None


def test_a_key_that_no_engine_could_keep_is_refused(engine: Engine) -> None:
    with pytest.raises(EngineError, match="The image key 'Debian 12' cannot be used"):
        engine.find("Debian 12")


def test_run_returns_code_and_both_streams(bench: Container) -> None:
    done = bench.run(("sh", "-c", "echo out; echo err >&2; exit 3"), seconds=30)
    assert (done.exit_code, done.stdout, done.stderr) == (3, b"out\n", b"err\n")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_death_by_a_signal_is_a_negative_code(bench: Container, number: signal.Signals) -> None:
    assert bench.run(("sh", "-c", f"kill -{number.value} $$"), seconds=30).exit_code == -number


def test_a_program_that_is_not_there_is_127(bench: Container) -> None:
    assert bench.run(("no-such-program",), seconds=30).exit_code == 127


def test_run_gives_no_input(bench: Container) -> None:
    assert bench.run(("cat",), seconds=30).stdout == b""


def test_streams_carry_a_conversation_longer_than_any_buffer(bench: Container) -> None:
    process = bench.start(("cat",))
    data = bytes(range(256)) * 3000
    process.send(data)
    seen = b""
    while len(seen) < len(data):
        seen += process.receive(30)
    assert seen == data
    process.close()
    process.close()


def test_two_processes_of_a_bench_share_its_work_folder(bench: Container) -> None:
    writer = bench.start(("sh", "-c", "echo shared > /work/note; echo done; cat"))
    assert writer.receive(30) == b"done\n"
    assert bench.run(("cat", "/work/note"), seconds=30).stdout == b"shared\n"
    writer.close()


def test_start_adds_variables_and_errors_returns_the_last_words(bench: Container) -> None:
    process = bench.start(("sh", "-c", "echo $EXTRA; echo trouble >&2"), {"EXTRA": "a b=c"})
    assert process.receive(30) == b"a b=c\n"
    assert process.receive(30) == b""
    assert wait_for(lambda: process.errors() == "trouble\n")
    process.close()


def test_the_environment_is_clean(bench: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKED", "secret")
    lines = set(bench.run(("env",), seconds=30).stdout.decode().splitlines())
    search = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    assert lines - {"PWD=/work"} == {search, "HOME=/work", "LANG=C.UTF-8", "USER=lab", "LOGNAME=lab"}


def test_nothing_of_this_machine_is_seen(engine: Engine, image: Image, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("host")
    with engine.start(image, run="tests", bench="leak") as bench:
        for path in (tmp_path, Path.home() / ".cache", Path(__file__)):
            assert bench.run(("ls", str(path)), seconds=30).exit_code == 2
        mounts = bench.run(("cat", "/proc/self/mounts"), seconds=30).stdout.decode()
        assert str(tmp_path) not in mounts
        processes = bench.run(("sh", "-c", "cat /proc/[0-9]*/cmdline"), seconds=30).stdout
        assert b"pytest" not in processes


def test_a_mount_is_readable_and_read_only(engine: Engine, image: Image, tmp_path: Path) -> None:
    (tmp_path / "wheel").write_text("content")
    tmp_path.chmod(0o755)
    with engine.start(image, run="tests", bench="mounts", mounts=[Mount(outside=tmp_path, inside="/lab")]) as bench:
        assert bench.run(("cat", "/lab/wheel"), seconds=30).stdout == b"content"
        assert bench.run(("sh", "-c", "echo > /lab/wheel"), seconds=30).exit_code != 0
        assert bench.run(("sh", "-c", "echo > /lab/new"), seconds=30).exit_code != 0
    assert (tmp_path / "wheel").read_text() == "content"


def test_every_boundary_is_in_force(engine: Engine, image: Image) -> None:
    found = engine.boundaries(image)
    assert {boundary.name for boundary in found} == BOUNDARIES
    assert [boundary for boundary in found if not boundary.in_force] == []


def test_a_hang_ends_at_the_deadline(engine: Engine, image: Image) -> None:
    with engine.start(image, run="tests", bench="hang") as bench:
        with pytest.raises(EngineError, match=r"'sleep' on bench 'hang' .* did not answer within 1 seconds"):
            bench.run(("sleep", "98761"), seconds=1)
        assert wait_for(lambda: not sleepers("98761"))
        assert bench.run(("echo", "alive"), seconds=30).stdout == b"alive\n"


def test_receive_keeps_its_deadline_and_the_process_lives_on(bench: Container) -> None:
    process = bench.start(("sh", "-c", "read line; echo $line"))
    with pytest.raises(EngineError, match=r"did not answer within 0\.2 seconds"):
        process.receive(0.2)
    process.send(b"late\n")
    assert process.receive(30) == b"late\n"
    process.close()


@pytest.mark.parametrize(("descriptor", "name"), [(1, "standard output"), (2, "standard error")])
def test_a_flood_is_stopped(bench: Container, descriptor: int, name: str) -> None:
    script = f"while :; do echo 0123456789012345678901234567890123456789 >&{descriptor}; done"
    with pytest.raises(EngineError, match=f"wrote more than 1 MiB to its {name} and was ended"):
        bench.run(("sh", "-c", script), seconds=120)
    assert bench.run(("echo", "alive"), seconds=30).stdout == b"alive\n"


def test_a_memory_hog_dies_alone(engine: Engine, image: Image) -> None:
    with engine.start(image, run="tests", bench="hog", limits=SMALL) as bench:
        for _ in range(3):
            assert bench.run(("dd", "if=/dev/zero", "of=/dev/null", "bs=600M", "count=1"), seconds=60).exit_code == -9
        assert bench.run(("echo", "alive"), seconds=30).stdout == b"alive\n"


def test_a_fork_bomb_leaves_nothing(engine: Engine, image: Image) -> None:
    with engine.start(image, run="tests", bench="bomb", limits=SMALL) as bench:
        process = bench.start(("sh", "-c", "bomb() { sleep 98762 & bomb | bomb & }; bomb; echo lit; sleep 98762"))
        assert b"lit" in process.receive(60)
        assert wait_for(lambda: 0 < len(sleepers("98762")) <= SMALL.pids)
    assert wait_for(lambda: not sleepers("98762"))


def test_leaving_by_an_exception_removes_the_bench(engine: Engine, image: Image) -> None:
    def interrupted() -> None:
        with engine.start(image, run="tests", bench="interrupted") as bench:
            bench.start(("sleep", "98763"))
            assert wait_for(lambda: sleepers("98763"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert wait_for(lambda: not sleepers("98763"))
    assert engine.reap() == 0


def test_interactive_joins_the_users_streams_and_returns_the_code(engine: Engine, image: Image) -> None:
    argv = (sys.executable, "-c", INTERACTIVE, engine.name, KEY)
    done = subprocess.run(argv, input=b"hello\n", capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (3, b"")
    assert b"got-hello on /dev/" in done.stdout


def start_owner(engine: Engine, seconds: str) -> subprocess.Popen[bytes]:
    """Start another lab that keeps a bench."""
    argv = (sys.executable, "-c", OWNER, engine.name, KEY, f"orphan-{seconds}", seconds)
    owner = subprocess.Popen(argv, stdout=subprocess.PIPE)
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"started\n"
    assert wait_for(lambda: sleepers(seconds))
    return owner


def test_a_killed_lab_is_reaped_and_a_living_one_is_not(engine: Engine, image: Image) -> None:
    with start_owner(engine, "98764") as dead, start_owner(engine, "98765") as alive:
        dead.kill()
        dead.wait()
        assert engine.reap() == 1
        assert wait_for(lambda: not sleepers("98764"))
        assert sleepers("98765")
        alive.send_signal(signal.SIGINT)
        alive.wait()
        assert wait_for(lambda: not sleepers("98765"))
    assert engine.reap() == 0


def test_two_benches_start_at_once(engine: Engine, image: Image) -> None:
    answers: list[bytes] = []

    def work(number: int) -> None:
        with engine.start(image, run="tests", bench=f"parallel-{number}") as bench:
            bench.run(("sh", "-c", f"echo {number} > /work/number"), seconds=60)
            answers.append(bench.run(("cat", "/work/number"), seconds=60).stdout)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [b"0\n", b"1\n", b"2\n"]


def test_build_runs_steps_as_root_on_a_copy(engine: Engine, image: Image) -> None:
    steps = [("sh", "-c", "id -u > /built; echo $WORD >> /built; mkdir -p /opt/new && chown 33:33 /opt/new")]
    try:
        made = engine.build(image, steps, {"WORD": "hello"}, "tests/built")
        assert made.digest != image.digest
        with engine.start(made, run="tests", bench="built") as bench:
            assert bench.run(("cat", "/built"), seconds=30).stdout == b"0\nhello\n"
        with engine.start(image, run="tests", bench="base") as bench:
            assert bench.run(("ls", "/built"), seconds=30).exit_code == 2
    finally:
        engine.remove("tests/built")
    assert engine.find("tests/built") is None


def test_build_has_the_network(engine: Engine, image: Image) -> None:
    made = engine.build(image, [("apt-get", "update")], {}, "tests/updated")
    engine.remove("tests/updated")
    assert made.arch == image.arch


def test_a_step_that_fails_keeps_no_image_and_says_which(engine: Engine, image: Image) -> None:
    steps = [("sh", "-c", "echo some words; exit 7")]
    with pytest.raises(EngineError, match=r"(?s)The step 'sh -c .*'tests/failed' .* exit code 7: some words"):
        engine.build(image, steps, {}, "tests/failed")
    assert engine.find("tests/failed") is None


@pytest.mark.parametrize("kind", ["folder", "tar.gz", "tar.xz"])
def test_load_takes_folders_and_compressed_tarballs(engine: Engine, tmp_path: Path, kind: str) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc/os-release").write_text("ID=tiny\n")
    (root / "etc/link").symlink_to("/etc/os-release")
    source = root
    if kind != "folder":
        source = tmp_path / f"root.{kind}"
        with tarfile.open(source, f"w:{kind[-2:]}") as archive:
            archive.add(root, ".")
    try:
        first = engine.load(source, platform.machine(), "tests/tiny", "a test")
        assert engine.load(source, platform.machine(), "tests/tiny", "a test").digest == first.digest
        assert engine.find("tests/tiny") == first
    finally:
        engine.remove("tests/tiny")


def test_a_root_of_another_arch_is_labelled_so(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root/file").write_text("")
    try:
        assert engine.load(tmp_path / "root", "aarch64", "tests/foreign", "a test").arch == "aarch64"
        found = engine.find("tests/foreign")
        assert found is not None
        assert found.arch == "aarch64"
    finally:
        engine.remove("tests/foreign")


def test_a_damaged_tarball_is_trouble_of_the_lab(engine: Engine, tmp_path: Path) -> None:
    torn = tmp_path / "torn.tar"
    with small_root().open("rb") as whole:
        torn.write_bytes(whole.read(3 * MEBIBYTE + 77))
    with pytest.raises(EngineError, match=r"torn\.tar"):
        engine.load(torn, platform.machine(), "tests/torn", "a test")
    assert engine.find("tests/torn") is None


def test_an_image_that_is_gone_is_said(engine: Engine, image: Image) -> None:
    reference = image.reference[:-12] + "0" * 12
    gone = Image(reference=reference, digest="sha256:0", arch=image.arch, origin="nowhere")
    with (
        pytest.raises(EngineError, match=rf"{reference}.*{image.arch}"),
        engine.start(gone, run="tests", bench="gone"),
    ):
        pass


def test_pulling_from_where_nobody_answers_is_trouble_of_the_lab(engine: Engine) -> None:
    with pytest.raises(EngineError, match=r"The image '127\.0\.0\.1:1/nobody:1' \(x86_64\) cannot be pulled"):
        engine.pull("127.0.0.1:1/nobody:1", "x86_64", "tests/pulled")


def test_the_host_user_does_not_show(bench: Container) -> None:
    status = bench.run(("cat", "/proc/self/status"), seconds=30).stdout.decode()
    lines = {line.partition(":")[0]: line.partition(":")[2].split() for line in status.splitlines()}
    assert lines["Uid"] == ["1000"] * 4
    assert lines["NoNewPrivs"] == ["1"]
