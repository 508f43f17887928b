"""A bench that is this machine, for tests of the probe: a ``Container`` over plain subprocesses in a scratch folder."""

import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from manylinux_lab.bench import probe
from manylinux_lab.bench.session import Session, open_session
from manylinux_lab.engines.contract import Finished
from manylinux_lab.errors import EngineError

MINORS = range(6, 16)


class LocalProcess:
    """A subprocess as a ``Process``."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str] | None) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self.popen = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, env=environment, bufsize=0
        )

    def send(self, data: bytes) -> None:
        assert self.popen.stdin is not None
        try:
            self.popen.stdin.write(data)
        except BrokenPipeError as error:
            raise EngineError("The program on 'local' has ended.") from error

    def receive(self, seconds: float) -> bytes:
        assert self.popen.stdout is not None
        if not select.select([self.popen.stdout], [], [], seconds)[0]:
            raise EngineError(f"No output on 'local' within {seconds:.1f} seconds.")
        return os.read(self.popen.stdout.fileno(), 1 << 16)

    def errors(self) -> str:
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def close(self) -> None:
        self.popen.kill()
        self.popen.wait()
        for stream in (self.popen.stdin, self.popen.stdout, self._log):
            if stream is not None:
                stream.close()


class LocalContainer:
    """This machine as a ``Container``; it fences nothing."""

    def start(self, argv: Sequence[str], environment: Mapping[str, str] | None = None) -> LocalProcess:
        return LocalProcess(argv, environment)

    def run(self, argv: Sequence[str], *, seconds: float) -> Finished:
        done = subprocess.run(argv, capture_output=True, timeout=seconds, check=False)
        return Finished(exit_code=done.returncode, stdout=done.stdout, stderr=done.stderr)

    def interactive(self, argv: Sequence[str]) -> int:
        return subprocess.run(argv, check=False).returncode


def interpreters() -> list[str]:
    """Return the CPythons of this machine, one for each minor version; the running one stands for its own."""
    found = {sys.version_info[1]: sys.executable}
    for minor in MINORS:
        candidates = [shutil.which(f"python3.{minor}") or ""]
        candidates += map(str, sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python")))
        for candidate in filter(None, candidates):
            if minor not in found and subprocess.run([candidate, "-c", ""], capture_output=True).returncode == 0:
                found[minor] = candidate
    return [found[minor] for minor in sorted(found)]


@contextmanager
def session(python: str, work: Path) -> Iterator[Session]:
    """Open a session with the probe under ``python``, working in ``work``."""
    with open_session(LocalContainer(), python, probe_path=str(Path(probe.__file__).parent), work=str(work)) as opened:
        yield opened


def compile_object(path: Path, source: str, *flags: str) -> Path:
    """Compile C source to a shared object; no header of Python is needed for what the tests do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    argv = ["cc", "-shared", "-fPIC", "-x", "c", "-", "-x", "none", "-o", str(path), *flags]
    subprocess.run(argv, input=source.encode(), check=True)
    return path
