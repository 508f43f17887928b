"""The line in trouble: interrupted, killed, on a full disk, without its daemon; results stay, the blame is right."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from line import (
    Ended,
    benches_of,
    both_engines,
    command,
    ended,
    lab,
    need_engine,
    need_musl,
    on,
    read_lines,
    surroundings,
)
from wheels import build_wheel

pytestmark = pytest.mark.real
SLOW = "import time; time.sleep(2)"
WHEELS = 6
PATIENCE = 120


def slow_wheels(folder: Path) -> list[Path]:
    """Write wheels that take two seconds to import."""
    return [build_wheel(folder, f"slow{n}", files={f"slow{n}.py": SLOW.encode()}) for n in range(WHEELS)]


def started(folder: Path, engine: str, *words: object, environment: dict[str, str] | None = None) -> subprocess.Popen:
    """Start a lab in a process group of its own, as a shell does, also where the tests themselves ignore Ctrl-C."""
    need_engine(engine)
    return subprocess.Popen(
        command("run", *words, "--engine", engine, "--coload", "off"),
        cwd=folder,
        env=surroundings(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def end_of(process: subprocess.Popen, folder: Path) -> Ended:
    """Wait for the end of a lab."""
    out, err = process.communicate(timeout=PATIENCE)
    return ended(folder, process.returncode, out, err)


def wait(condition: Callable[[], object], process: subprocess.Popen) -> None:
    """Wait until something holds while the lab runs."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def imported(folder: Path) -> int:
    """Return how many imports the latest run has finished."""
    files = sorted(folder.glob("runs/*/results.jsonl"))
    return files[-1].read_text().count('"check":"import"') if files else 0


@both_engines
@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_keeps_the_results_and_resume_does_the_rest(tmp_path: Path, engine: str, workers: str) -> None:
    words = [*slow_wheels(tmp_path), *on("debian-12", "debian-13"), "-n", workers]
    process = started(tmp_path, engine, *words)
    wait(lambda: imported(tmp_path) >= 2, process)
    os.killpg(process.pid, signal.SIGINT)
    first = end_of(process, tmp_path)
    assert first.code == 2, first.words
    assert "--resume" in first.out
    before = first.results
    assert 0 < len(before) < len(first.plan["cells"])
    assert benches_of(engine, first.runs[-1]) == []
    again = lab(tmp_path, "run", "--resume", "latest")
    assert again.code == 0, again.words
    assert again.runs == first.runs
    assert again.results[: len(before)] == before
    assert len(again.results) == len(again.verdicts()) == len(again.plan["cells"])
    assert lab(tmp_path, "run", "--resume", "latest").code == 5


def test_a_lab_that_is_told_to_end_still_reports(tmp_path: Path) -> None:
    process = started(tmp_path, "bwrap", *slow_wheels(tmp_path), *on("debian-12", "debian-13"), "-n", "2")
    wait(lambda: imported(tmp_path) >= 2, process)
    process.terminate()
    ended = end_of(process, tmp_path)
    assert ended.code == 2, ended.words
    assert "--resume" in ended.out
    assert (ended.runs[-1] / "report.md").is_file()
    assert not (ended.runs[-1] / "stage").exists()
    assert benches_of("bwrap", ended.runs[-1]) == []


@both_engines
def test_a_killed_lab_loses_no_result_and_leaves_no_bench_for_ever(tmp_path: Path, engine: str) -> None:
    process = started(tmp_path, engine, *slow_wheels(tmp_path), *on("debian-12", "debian-13"), "-n", "1")
    wait(lambda: imported(tmp_path) >= 1, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (folder,) = {file.parent for file in tmp_path.glob("runs/*/plan.json")}
    before = read_lines(folder / "results.jsonl")
    assert before
    with (folder / "results.jsonl").open("a") as file:
        file.write('{"schema":1,"cell":"debian-1')  # a torn line
    assert benches_of(engine, folder)
    again = lab(tmp_path, "run", "--resume", "latest")
    assert again.code == 0, again.words
    assert benches_of(engine, folder) == []
    lines = (folder / "results.jsonl").read_text().splitlines()
    assert lines[len(before)] == '{"schema":1,"cell":"debian-1'
    del lines[len(before)]
    (folder / "results.jsonl").write_text("\n".join(lines))
    assert len(again.results) == len(again.verdicts()) == len(again.plan["cells"])
    assert lab(tmp_path, "report", "latest").code == 0


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a small file system; skip where that is not allowed."""
    folder.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Write until nothing more fits."""
    with suppress(OSError), (folder / "full").open("wb", buffering=0) as file:
        while file.write(bytes(1 << 12)):
            pass


def test_a_disk_that_fills_up_is_said_and_the_matrix_still_printed(tmp_path: Path) -> None:
    with small_disk(tmp_path / "runs") as disk:
        process = started(tmp_path, "bwrap", *slow_wheels(tmp_path), *on("debian-12"))
        wait(lambda: imported(tmp_path) >= 1, process)
        fill(disk)
        run = end_of(process, tmp_path)
    assert run.code == 3, run.words
    assert "could not be written to disk: No space left on device" in run.out
    assert "Traceback" not in run.err + run.out, run.words
    rows = [line.split() for line in run.out.splitlines() if line.startswith("slow")]
    assert rows == [[f"slow{n}", "1.0", "imported"] for n in range(WHEELS)], run.words


def test_a_disk_that_is_full_is_one_sentence(tmp_path: Path) -> None:
    with small_disk(tmp_path / "runs") as disk:
        fill(disk)
        run = lab(tmp_path, "run", *slow_wheels(tmp_path), *on("debian-12"), "--engine", "bwrap", "--coload", "off")
    assert run.code == 3, run.words
    sentences = [line for line in run.err.splitlines() if line.startswith("manylinux-lab: ")]
    assert len(sentences) == 1, run.words
    assert "No space left on device" in sentences[0]


def test_an_engine_that_is_not_there(tmp_path: Path) -> None:
    environment = {"DOCKER_HOST": f"unix://{tmp_path}/nobody.sock"}
    wheel = build_wheel(tmp_path)
    run = lab(tmp_path, "run", wheel, *on("debian-12"), "--engine", "docker", environment=environment)
    assert run.code == 3, run.words
    (sentence,) = run.err.splitlines()
    assert f"'{tmp_path}/nobody.sock' does not exist" in sentence


@contextmanager
def second_daemon(folder: Path) -> Iterator[tuple[subprocess.Popen, str]]:
    """Run a Docker daemon that shares nothing with this machine's; skip where that is not possible."""
    if os.getuid() or shutil.which("dockerd") is None:
        pytest.skip("a second Docker daemon needs root and dockerd")
    address = f"unix://{folder}/d.sock"
    # A network of its own: a daemon without a bridge deletes docker0, which belongs to the other one.
    argv = [
        "unshare",
        "--net",
        "dockerd",
        "--data-root",
        f"{folder}/data",
        "--exec-root",
        f"{folder}/exec",
        "-H",
        address,
    ]
    argv += ["--pidfile", f"{folder}/pid", "--bridge", "none", "--iptables=false"]
    with (folder / "log").open("w") as log:
        daemon = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True)
    try:
        for _ in range(200):
            if subprocess.run(["docker", "-H", address, "info"], capture_output=True).returncode == 0:
                break
            if daemon.poll() is not None:
                pytest.skip(f"a second Docker daemon does not start: {(folder / 'log').read_text()[-300:]}")
            time.sleep(0.1)
        yield daemon, address
    finally:
        daemon.terminate()
        daemon.wait(timeout=30)
        _end_what_is_below(folder)


def _end_what_is_below(folder: Path) -> None:
    """End the daemon's helpers, which outlive it, by their ids, and unmount what they mounted."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if str(folder).encode() in entry.read_bytes() and int(entry.parent.name) != os.getpid():
                os.kill(int(entry.parent.name), signal.SIGKILL)
    time.sleep(0.5)
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((place for place in mounts if place.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", "-l", mount], capture_output=True)


def test_a_daemon_that_dies_in_the_middle_is_the_labs_trouble(tmp_path: Path) -> None:
    root = need_musl()
    with tempfile.TemporaryDirectory() as short, second_daemon(Path(short)) as (daemon, address):  # sockets' paths
        words = [*slow_wheels(tmp_path), *on("alpine-3.22"), "--image", f"alpine-3.22={root}"]
        process = started(tmp_path, "docker", *words, environment={"DOCKER_HOST": address})
        wait(lambda: imported(tmp_path) >= 1, process)
        daemon.kill()
        run = end_of(process, tmp_path)
    assert run.code == 3, run.words
    assert "Traceback" not in run.err + run.out
    verdicts = run.verdicts("alpine-3.22:*/import/*")
    assert set(verdicts.values()) <= {"pass", "error", "skip"}, run.words
    assert "pass" in verdicts.values()
    assert "error" in run.verdicts("alpine-3.22:*").values()
    assert len(run.results) == len(run.plan["cells"])
