"""The limits of a bench as they really are: a small bench tries to cross each one, with ``sh`` and ``/proc`` alone."""

import time
from collections.abc import Callable, Mapping

from ..errors import EngineError
from .contract import MEBIBYTE, Boundary, Container, Engine, Finished, Image, Limits
from .surroundings import clean_environment

SMALL = Limits(memory=192 * MEBIBYTE, pids=48, work=24 * MEBIBYTE, output=MEBIBYTE)
SECONDS = 60.0
HANG_SECONDS = 0.3
WRITABLE = ("/work", "/tmp", "/dev", "/proc", "/sys")  # noqa: S108 - on the bench
CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
FORKS = "i=0; while [ $i -lt 96 ]; do sleep 20 & i=$((i+1)); done; echo reached"
# dd reads into one block, so the block's size is the memory that it needs. The status tells the shell's reader
# whether dd itself was there: 127 and the like prove nothing.
MEMORY = (
    "dd if=/dev/zero of=/dev/null bs=8M count=1 2>/dev/null || exit 3; dd if=/dev/zero of=/dev/null bs=400M count=1"
)
FILL = "dd if=/dev/zero of={0}/small bs=1M count=4 2>/dev/null || exit 3; dd if=/dev/zero of={0}/full bs=1M count=40"


def measure(engine: Engine, image: Image, how: Mapping[str, str]) -> tuple[Boundary, ...]:
    """Return every boundary of a bench of ``image``; ``how`` says in words what enforces ``memory`` and ``pids``."""
    with engine.start(image, run="doctor", bench="boundaries", limits=SMALL) as bench:
        status = _status(_shell(bench, "cat /proc/self/status").stdout.decode())
        found = [
            _network(bench),
            _capabilities(status),
            _flag("no-new-privileges", status.get("NoNewPrivs") == "1", f"NoNewPrivs is {status.get('NoNewPrivs')}"),
            _flag("user", "0" not in status.get("Uid", "0").split(), f"uid {status.get('Uid', '?').split()[0]}"),
            _root(bench),
            _environment(bench, image.arch),
            _filled(bench, "/work"),
            _filled(bench, "/tmp"),  # noqa: S108 - on the bench
            _output(bench),
            _time(bench),
            _memory(bench, how),
        ]
    with engine.start(image, run="doctor", bench="boundaries-pids", limits=SMALL) as bench:
        found.append(_pids(bench, how))
    return tuple(found)


def _shell(bench: Container, script: str) -> Finished:
    return bench.run(("sh", "-c", script), seconds=SECONDS)


def _flag(name: str, in_force: bool, detail: str) -> Boundary:
    return Boundary(name=name, in_force=in_force, detail=detail)


def _status(text: str) -> dict[str, str]:
    return {name: value.strip() for name, _, value in (line.partition(":") for line in text.splitlines())}


def _network(bench: Container) -> Boundary:
    lines = _shell(bench, "cat /proc/net/dev").stdout.decode().splitlines()
    names = sorted(line.partition(":")[0].strip() for line in lines if ":" in line)
    return _flag("network", names == ["lo"], f"interfaces: {', '.join(names) or 'unknown'}")


def _capabilities(status: Mapping[str, str]) -> Boundary:
    held = [name for name in CAPABILITIES if int(status.get(name, "1"), 16) != 0]
    return _flag("capabilities", not held, f"not empty: {', '.join(held)}" if held else "all five sets are empty")


def _root(bench: Container) -> Boundary:
    wrote = _shell(bench, "for d in / /usr /etc /var; do (: > $d/.crossed) 2>/dev/null && echo $d; done; true").stdout
    open_mounts = writable_mounts(_shell(bench, "cat /proc/self/mounts").stdout.decode())
    if wrote or open_mounts:
        places = sorted({*wrote.decode().split(), *open_mounts})
        return _flag("root", False, f"writable: {', '.join(places)}")
    return _flag("root", True, "mounted read-only")


def writable_mounts(mounts: str) -> list[str]:
    """Return the mount points of ``/proc/self/mounts`` that are writable and not meant to be."""
    found = []
    for line in mounts.splitlines():
        _, where, _, options, *_ = line.split(" ")
        meant = any(where == place or where.startswith(f"{place}/") for place in WRITABLE)
        if "rw" in options.split(",") and not meant:
            found.append(where)
    return found


def _environment(bench: Container, arch: str) -> Boundary:
    names = {line.partition("=")[0] for line in _shell(bench, "env").stdout.decode().splitlines()}
    # The shell adds these by itself.
    extra = sorted(names - set(clean_environment(arch, {})) - {"PWD", "OLDPWD", "SHLVL", "_"})
    return _flag("environment", not extra, f"unexpected: {', '.join(extra)}" if extra else "nothing of the host's")


def _filled(bench: Container, folder: str) -> Boundary:
    done = _shell(bench, FILL.format(folder))
    size = f"{SMALL.work // MEBIBYTE} MiB"
    if done.exit_code == 3:
        return _flag(folder, False, f"not even a small file could be written: {_words(done)}")
    if done.exit_code == 0:
        return _flag(folder, False, f"a limit of {size} let 40 MiB through")
    in_force = b"o space left" in done.stderr
    return _flag(folder, in_force, f"40 MiB refused under {size}" if in_force else _words(done))


def _memory(bench: Container, how: Mapping[str, str]) -> Boundary:
    done = _shell(bench, MEMORY)
    size = f"{SMALL.memory // MEBIBYTE} MiB"
    detail = {0: f"400 MiB were used under a limit of {size}", 3: f"'dd' does not work: {_words(done)}"}
    in_force = done.exit_code not in detail
    return _flag("memory", in_force, f"{how['memory']}: " + detail.get(done.exit_code, f"400 MiB refused under {size}"))


def _pids(bench: Container, how: Mapping[str, str]) -> Boundary:
    done = _shell_until_late(bench, FORKS)
    in_force = b"over" in done and b"reached" not in done
    detail = f"96 processes {'refused' if in_force else 'started'} under a limit of {SMALL.pids}"
    return _flag("pids", in_force, f"{how['pids']}: {detail}")


def _shell_until_late(bench: Container, script: str) -> bytes:
    """Return the first output; the sleeping children hold the streams open, so there is no end to wait for."""
    process = bench.start(("sh", "-c", f"({script}) 2>&1; echo over"))
    try:
        seen = b""
        while b"reached" not in seen and b"over" not in seen:
            piece = process.receive(SECONDS)
            if not piece:
                break
            seen += piece
        return seen
    finally:
        process.close()


def _output(bench: Container) -> Boundary:
    script = "while :; do echo 0123456789012345678901234567890123456789012345678901234567890123456789; done"
    return _ended("output", bench, lambda: _shell(bench, script), f"a stream may bring {SMALL.output // MEBIBYTE} MiB")


def _time(bench: Container) -> Boundary:
    started = time.monotonic()
    boundary = _ended(
        "time", bench, lambda: bench.run(("sleep", "30"), seconds=HANG_SECONDS), "a deadline ends a program"
    )
    return boundary if time.monotonic() - started < SECONDS / 2 else _flag("time", False, "the deadline came late")


def _ended(name: str, bench: Container, attempt: Callable[[], Finished], detail: str) -> Boundary:
    """Tell whether the attempt was ended while the bench itself lived on; a bench that is gone proves nothing."""
    try:
        done = attempt()
    except EngineError:
        alive = _shell(bench, "true").exit_code == 0
        return _flag(name, alive, detail if alive else "the bench did not survive the attempt")
    return _flag(name, False, f"the program ended by itself with exit code {done.exit_code}")


def _words(done: Finished) -> str:
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit code {done.exit_code}"
