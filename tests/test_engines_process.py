"""Tests of a process over a wire: deadlines, limits and ends, on a wire of given events."""

from collections import deque
from collections.abc import Sequence

import pytest

from manylinux_lab.engines.process import ERRORS, OUTPUT, Piece, WiredProcess
from manylinux_lab.errors import EngineError

Event = tuple[int, Sequence[Piece]] | OSError


class GivenWire:
    """Gives the events that a test names, one for each exchange, and nothing after."""

    def __init__(self, *events: Event, code: int | None = 0) -> None:
        self.events = deque(events)
        self.code = code
        self.killed = 0

    def exchange(self, data: bytes | memoryview, seconds: float) -> tuple[int, Sequence[Piece]]:
        event: Event = self.events.popleft() if self.events else (0, ())
        if isinstance(event, OSError):
            raise event
        return event

    def exit_code(self, seconds: float) -> int | None:
        return self.code

    def kill(self) -> None:
        self.killed += 1


END = (0, [(OUTPUT, b""), (ERRORS, b"")])


def test_receive_gives_pieces_and_then_the_end() -> None:
    process = WiredProcess(GivenWire((0, [(OUTPUT, b"one"), (OUTPUT, b"two")]), END), "it", 100)
    assert [process.receive(1), process.receive(1), process.receive(1), process.receive(1)] == [
        b"one",
        b"two",
        b"",
        b"",
    ]


def test_receive_waits_past_standard_error() -> None:
    process = WiredProcess(GivenWire((0, [(ERRORS, b"noise")]), (0, [(OUTPUT, b"answer")])), "it", 100)
    assert process.receive(1) == b"answer"
    assert process.errors() == "noise"


def test_silence_is_trouble_with_the_last_words() -> None:
    wire = GivenWire((0, [(ERRORS, b"first\nlast \xff words\n")]))
    with pytest.raises(EngineError, match=r"^it did not answer within 2 seconds\. Its last words: 'last . words'\.$"):
        WiredProcess(wire, "it", 100).receive(2)
    assert wire.killed == 0


def test_a_deadline_that_has_passed_asks_nobody() -> None:
    with pytest.raises(EngineError, match="did not answer within 0 seconds"):
        WiredProcess(GivenWire(OSError("not reached")), "it", 100).receive(0)


@pytest.mark.parametrize(("stream", "name"), [(OUTPUT, "standard output"), (ERRORS, "standard error")])
def test_too_much_output_ends_the_process(stream: int, name: str) -> None:
    wire = GivenWire((0, [(stream, b"x" * 60)]), (0, [(stream, b"x" * 60)]))
    process = WiredProcess(wire, "it", 100)
    with pytest.raises(EngineError, match=f"it wrote more than .* MiB to its {name} and was ended"):
        process.finish(1)
    assert wire.killed
    assert process.is_closed


def test_send_goes_on_until_all_is_sent() -> None:
    wire = GivenWire((2, ()), (0, [(OUTPUT, b"echo")]), (3, ()))
    process = WiredProcess(wire, "it", 100)
    process.send(b"12345")
    assert not wire.events
    assert process.receive(1) == b"echo"


def test_a_lost_stream_is_trouble() -> None:
    with pytest.raises(EngineError, match="it lost its streams: gone"):
        WiredProcess(GivenWire(BrokenPipeError("gone")), "it", 100).send(b"x")


def test_finish_returns_both_streams_and_the_code() -> None:
    wire = GivenWire((0, [(OUTPUT, b"a"), (ERRORS, b"b")]), (0, [(OUTPUT, b"c")]), END, code=-11)
    done = WiredProcess(wire, "it", 100).finish(1)
    assert (done.exit_code, done.stdout, done.stderr) == (-11, b"ac", b"b")
    assert wire.killed == 1


def test_a_program_that_closes_its_streams_and_stays_is_late() -> None:
    wire = GivenWire(END, code=None)
    with pytest.raises(EngineError, match="did not answer within 1 seconds"):
        WiredProcess(wire, "it", 100).finish(1)
    assert wire.killed == 1


def test_a_closed_process_is_not_used_again() -> None:
    process = WiredProcess(GivenWire(), "it", 100)
    process.close()
    process.close()
    with pytest.raises(EngineError, match="it was used after it had been closed"):
        process.send(b"x")
    assert process.errors() == ""


def test_errors_forgives_a_stream_that_is_gone_and_keeps_the_tail() -> None:
    wire = GivenWire((0, [(ERRORS, b"x" * 70000 + b"tail")]), OSError("gone"))
    process = WiredProcess(wire, "it", 100000)
    assert process.errors().endswith("tail")
    assert len(process.errors()) == 65536
