"""Tests of the session: whatever else comes on the probe's stream is trouble of the lab, said in one sentence."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from local_bench import LocalContainer, session

from manylinux_lab.bench.session import Session, open_session
from manylinux_lab.engines.contract import Finished, Process
from manylinux_lab.errors import EngineError

Answer = Callable[[str, int], bytes]


class ScriptedProcess:
    """A probe that answers as the test says: ``answer(token, request)`` gives the bytes for each request."""

    def __init__(self, answer: Answer, *, piece: int = 7) -> None:
        self._answer = answer
        self._piece = piece
        self._pending = b""
        self.token = ""
        self.sent: list[dict[str, Any]] = []
        self.closed = 0

    def send(self, data: bytes) -> None:
        record = json.loads(data)
        if not self.token:
            self.token = record["token"]
            return
        self.sent.append(record)
        self._pending += self._answer(self.token, record["request"])

    def receive(self, seconds: float) -> bytes:
        assert seconds > 0
        if self._pending == b"SILENCE":
            raise EngineError("No output came in time.")
        piece, self._pending = self._pending[: self._piece], self._pending[self._piece :]
        return piece

    def errors(self) -> str:
        return "Traceback:\n  something broke"

    def close(self) -> None:
        self.closed += 1


class ScriptedContainer:
    """Starts one scripted process and keeps how it was started."""

    def __init__(self, process: ScriptedProcess) -> None:
        self.process = process
        self.started: list[tuple[Sequence[str], Mapping[str, str] | None]] = []

    def start(self, argv: Sequence[str], environment: Mapping[str, str] | None = None) -> Process:
        self.started.append((argv, environment))
        return self.process

    def run(self, argv: Sequence[str], *, seconds: float) -> Finished:
        raise NotImplementedError

    def interactive(self, argv: Sequence[str]) -> int:
        raise NotImplementedError


def line(token: str, request: int, event: str, **fields: Any) -> bytes:
    return json.dumps({"token": token, "request": request, "event": event, **fields}).encode() + b"\n"


def opened(answer: Answer) -> tuple[Session, ScriptedProcess]:
    process = ScriptedProcess(answer)
    return open_session(ScriptedContainer(process), "/usr/bin/python3"), process


def test_events_come_without_token_progress_and_done() -> None:
    def answer(token: str, request: int) -> bytes:
        lines = [line(token, request, "progress"), line(token, request, "facts", libc="glibc")]
        return b"".join([*lines, line(token, request, "done")])

    one, process = opened(answer)
    assert one.ask("facts", seconds=5) == ({"request": 1, "event": "facts", "libc": "glibc"},)
    assert one.ask("facts", seconds=5, extra=[1]) == ({"request": 2, "event": "facts", "libc": "glibc"},)
    assert process.sent[1] == {"request": 2, "op": "facts", "seconds": 5, "extra": [1]}


def test_the_probe_starts_isolated_and_the_token_differs() -> None:
    processes = [ScriptedProcess(lambda *_: b"") for _ in range(2)]
    for process in processes:
        container = ScriptedContainer(process)
        open_session(container, "/usr/bin/python3", environment={"A": "b"})
        assert container.started == [(["/usr/bin/python3", "-I", "-B", "/lab/probe"], {"A": "b"})]
    assert len(processes[0].token) == 32
    assert processes[0].token != processes[1].token


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda token, request: b"", "The probe ended in the middle of 'facts'"),
        (lambda token, request: line(token, request, "facts"), "The probe ended in the middle of 'facts'"),
        (lambda token, request: b"SILENCE", "No output came in time."),
        (lambda token, request: b"noise\n", "a line that is no event while answering 'facts'"),
        (lambda token, request: b"\xff\xfe\n", "a line that is no event"),
        (lambda token, request: b"[1]\n", "a line that is no event"),
        (lambda token, request: b"[" * 100_000 + b"\n", "a line that is no event"),
        (lambda token, request: b'{"event": "done", "request": 1}\n', "a line that is no event"),
        (lambda token, request: line("guess", request, "done"), "Something other than the probe wrote"),
        (lambda token, request: line("gu\u00e9ss", request, "done"), "Something other than the probe wrote"),
        (lambda token, request: line(token, request + 1, "done"), "Something other than the probe wrote"),
        (lambda token, request: line(token, request, "x").replace(b'"x"', b"1"), "Something other than the probe"),
    ],
)
def test_trouble_is_named_and_ends_the_session(answer: Answer, words: str) -> None:
    one, process = opened(answer)
    process._piece = 1 << 20
    with pytest.raises(EngineError) as caught:
        one.ask("facts", seconds=5)
    assert words in str(caught.value)
    assert str(caught.value).endswith("Its last words: Traceback: something broke")
    assert process.closed == 1
    with pytest.raises(EngineError) as again:
        one.ask("facts", seconds=5)
    assert str(again.value) == str(caught.value)
    assert len(process.sent) == 1


def test_a_line_without_end_is_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("manylinux_lab.bench.session.LINE", 100)
    one, _ = opened(lambda token, request: b"x" * 500)
    with pytest.raises(EngineError, match="has a line of more than 100 bytes"):
        one.ask("facts", seconds=5)


def test_a_deadline_that_passed_is_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("manylinux_lab.bench.session.SLACK", 0.0)
    one, _ = opened(lambda token, request: b"x")
    with pytest.raises(EngineError, match=r"The probe did not answer 'facts' for 0 seconds\."):
        one.ask("facts", seconds=0)


def test_a_closed_session_answers_nothing() -> None:
    with opened(lambda *_: b"")[0] as one:
        pass
    with pytest.raises(EngineError, match="was closed"):
        one.ask("facts", seconds=5)


@pytest.mark.real
def test_a_real_session(tmp_path: Path) -> None:
    with session(sys.executable, tmp_path) as one:
        (facts,) = one.ask("facts", seconds=10)
        assert facts["version"] == ".".join(map(str, sys.version_info[:3]))
        assert one.ask("remove", seconds=10, path=str(tmp_path / "none")) == ()


@pytest.mark.real
def test_a_probe_that_cannot_start_says_why(tmp_path: Path) -> None:
    missing = str(tmp_path / "no-probe")
    with open_session(LocalContainer(), sys.executable, probe_path=missing) as one:
        with pytest.raises(EngineError) as caught:
            one.ask("facts", seconds=10)
        assert "no-probe" in str(caught.value)
