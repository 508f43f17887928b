"""Results files: appended, flushed, torn, from the future."""

import resource
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from records import result

from manylinux_lab.errors import UsageError
from manylinux_lab.judge import How, Verdict
from manylinux_lab.report import agreement
from manylinux_lab.results import LINE, Lines, Result, ResultsWriter, exit_code, in_short, read_results, worst


def write(path: Path, *results: Result) -> None:
    with ResultsWriter(path) as writer:
        for one in results:
            writer.write(one)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file grow beyond a size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    first, second = result(reason="é\n\u202e"), result(check="smoke", facts={"a": [1, None]}, side_effects=("x",))
    write(path, first, second)
    assert read_results(path) == (first, second)


@pytest.mark.parametrize("verdict", Verdict)
def test_a_kept_promise_needs_neither_facts_nor_a_repeat_command_in_memory(verdict: Verdict) -> None:
    whole = result(verdict=verdict, facts={"evidence": ["x"] * 100})
    short = in_short(whole)
    if verdict in {Verdict.PASS, Verdict.SKIP}:
        assert short == replace(whole, facts={}, repeat="")
        assert in_short(result(verdict=verdict)).cell is short.cell
    else:
        assert short is whole


def test_reports_at_the_end_of_a_run_count_the_same_predictions_as_later_ones() -> None:
    foreseen = result(facts={"predicted": {"outcome": "ok", "agrees": True, "reason": "x"}, "evidence": ["x"] * 100})
    missed = result(facts={"predicted": {"outcome": "broken", "agrees": False, "reason": "x"}, "evidence": ["x"]})
    found = [foreseen, missed]

    assert agreement.lines([in_short(one) for one in found]) == agreement.lines(found) != ()
    assert agreement.differences([in_short(one) for one in found]) == agreement.differences(found) != ()
    assert in_short(foreseen).facts == {"predicted": {"outcome": "ok"}}


def test_each_line_is_in_the_file_before_write_returns(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with ResultsWriter(path) as writer:
        writer.write(result())
        assert read_results(path) == (result(),)


def test_a_torn_last_line_is_passed_over_and_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    write(path, result(), result(check="smoke"))
    content = path.read_bytes()
    path.write_bytes(content[:-40])
    assert read_results(path) == (result(),)
    write(path, result(check="smoke"))
    assert read_results(path) == (result(), result(check="smoke"))


@pytest.mark.parametrize("part", [b'0,"seconds":1.5}', b'"a":1}', b'{"schema":2,"cell":7,"be', b'{"schema":"\xff"}'])
def test_a_line_is_torn_also_where_its_rest_begins_like_another_value(tmp_path: Path, part: bytes) -> None:
    path = tmp_path / "results.jsonl"
    write(path, result())
    path.write_bytes(part + b"\n" + path.read_bytes())
    assert read_results(path) == (result(),)


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (b"", ""),
        (b"\n \r\n", ""),  # empty lines hold nothing that could be lost
        (b"{\n", "1 line of 'results.jsonl' could not be read; a cell that has no other line has no result"),
        (b"{\n\n[]\n{", "3 lines of 'results.jsonl' could not be read; a cell that has no other line has no result"),
        (b"x" * (LINE + 10) + b"\n", "1 line of 'results.jsonl' could not be read"),
    ],
    ids=["none", "empty", "one", "three", "long"],
)
def test_lines_that_could_not_be_read_are_counted(tmp_path: Path, content: bytes, note: str) -> None:
    path = tmp_path / "results.jsonl"
    write(path, result())
    path.write_bytes(path.read_bytes() + content)
    lines = Lines(path)
    assert [*lines] == [result()]
    assert lines.note == note or (note and lines.note.startswith(note))
    assert [*lines] == [result()]
    assert lines.unread == 0 if not note else str(lines.unread) == note[0]


def test_what_a_full_disk_cut_off_is_written_again_on_a_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with ResultsWriter(path) as writer:
        writer.write(result())
        with room_for(path.stat().st_size + 40), pytest.raises(OSError, match="File too large"):
            writer.write(result(check="smoke"))
        assert path.read_bytes().rpartition(b"\n")[2]
        writer.write(result(check="smoke"))
    assert read_results(path) == (result(), result(check="smoke"))


def test_the_last_line_of_a_cell_wins(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    write(path, result(verdict=Verdict.ERROR), result())
    assert read_results(path) == (result(),)


def test_a_newer_schema_is_said(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text('{"schema": 99, "cell": "x"}\n')
    with pytest.raises(UsageError, match="has schema 99"):
        read_results(path)


def test_a_newer_schema_is_said_also_where_its_lines_hold_all_that_is_known_here(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    write(path, result(schema=99))
    with pytest.raises(UsageError, match="has schema 99"):
        read_results(path)


def test_a_line_of_schema_1_is_read_and_says_nothing_of_its_conditions(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    line = msgspec.to_builtins(result(schema=1))
    for name in ("run", "at", "conditions", "cached"):
        del line[name]
    path.write_bytes(msgspec.json.encode(line) + b"\n")
    assert read_results(path) == (result(schema=1, conditions=None),)


@pytest.mark.parametrize("content", [b"PK\x03\x04\x00\n\xff\n", b"[]\n[]\n", b'"a"\n7\n'])
def test_something_else_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "results.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="not a results file"):
        read_results(path)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no results file"):
        read_results(tmp_path / "results.jsonl")


def test_a_closed_writer_refuses(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not open"):
        ResultsWriter(tmp_path / "results.jsonl").write(result())


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([], 5),
        ([Verdict.PASS, Verdict.WARN, Verdict.UNKNOWN, Verdict.SKIP], 0),
        ([Verdict.PASS, Verdict.ERROR], 3),
        ([Verdict.ERROR, Verdict.FAIL], 1),
    ],
)
def test_exit_codes(verdicts: list[Verdict], code: int) -> None:
    assert exit_code(result(verdict=verdict) for verdict in verdicts) == code


@pytest.mark.parametrize(
    ("seen_on", "verdict", "code"),
    [
        (None, Verdict.PASS, 5),
        ("", Verdict.PASS, 5),  # the wheel's file could be read
        ("", Verdict.FAIL, 1),
        ("debian-12", Verdict.PASS, 0),
        ("debian-12", Verdict.ERROR, 3),
    ],
)
def test_predictions_alone_keep_no_promise(seen_on: str | None, verdict: Verdict, code: int) -> None:
    foretold = replace(result(), how=How.PREDICTED)
    seen = [] if seen_on is None else [replace(result(verdict=verdict), how=How.OBSERVED, distro=seen_on)]

    assert exit_code([foretold, *seen]) == code
    assert exit_code([replace(foretold, verdict=Verdict.FAIL), *seen]) == 1


def test_worst() -> None:
    assert worst([]) is None
    assert worst([Verdict.PASS, Verdict.SKIP]) is Verdict.PASS
    assert worst([Verdict.ERROR, Verdict.FAIL, Verdict.PASS]) is Verdict.FAIL


def test_a_huge_file_without_lines_takes_little_memory_and_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with path.open("wb") as stream:
        stream.truncate(256 << 20)  # sparse: it takes no room on the disk

    tracemalloc.start()
    with pytest.raises(UsageError, match="is not a results file that this lab reads"):
        read_results(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 128 << 20


def test_a_line_nested_without_end_is_torn(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    whole = msgspec.json.encode(result())
    other = whole.replace(b'"schema":2', b'"schema":"two"').replace(b'"facts":{}', b'"facts":' + b"[" * 1_000_000)
    nested = whole.replace(b'"facts":{}', b'"facts":{"deep":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}", 1)
    assert nested != whole
    path.write_bytes(nested + b"\n" + other + b"\n" + whole + b"\n")

    assert read_results(path) == (result(),)
