"""``results.jsonl``: one line for each cell, appended as it happens, and the only input of every report."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Self

import msgspec

from .errors import UsageError
from .judge import Grade, How, OutcomeKind, Promise, Verdict

SCHEMA = 2
REASON_LENGTH = 600
LINE = 32 << 20  # bytes of the longest line that can be a result: facts are bounded far below
TOO_LONG = b"..."
NOTHING: Mapping[str, Any] = {}
TEXTS = (
    "cell", "bench", "check", "subject", "project", "version", "sha256", "distro", "arch", "interpreter",
    "installer", "variant", "engine", "image", "reason", "lab",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Conditions:
    """Under what a cell was asked, beside what its other fields say: with these two, a change has a cause.

    ``wheels`` are the cell's own (for wheels in one process: the members), ``beside`` those that they require, by file
    name to sha256. ``site`` is a digest of all wheels in the cell's site folders. ``python`` and ``installer`` have
    their exact versions, ``probe`` and ``check`` are hashes of source (``check`` of a user's own), ``options`` are
    those that bear on the cell, and ``limits`` the names of the limits that were in force.
    """

    wheels: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)
    site: str = ""
    python: str = ""
    installer: str = ""
    probe: str = ""
    check: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Cached:
    """The run in which a result was seen that another run took over, and when (UTC)."""

    run: str
    at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What is known of one cell; docs/results.md describes every field. ``seconds`` is wall time on the bench.

    What schema 2 added has defaults, which stand for lines of schema 1.
    """

    schema: int = SCHEMA
    cell: str
    bench: str
    check: str
    subject: str
    project: str
    version: str
    sha256: str
    distro: str
    arch: str
    interpreter: str
    installer: str
    variant: str
    engine: str
    image: str
    emulated: bool
    promise: Promise
    outcome: OutcomeKind
    verdict: Verdict
    how: How
    grade: Grade
    reason: str
    side_effects: tuple[str, ...]
    facts: Mapping[str, Any]
    seconds: float
    repeat: str
    lab: str
    run: str = ""
    at: str = ""
    conditions: Conditions | None = None
    cached: Cached | None = None


def now() -> str:
    """Return this moment as results write it: UTC, to the second."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def in_short(result: Result) -> Result:
    """Return a result as reports need it: of a kept promise that was foreseen, what was seen stays in the file.

    A run may have many thousand of them; their words are shared, with each other and with the plan.
    """
    if result.verdict not in {Verdict.PASS, Verdict.SKIP}:
        return result
    texts: dict[str, Any] = {name: sys.intern(getattr(result, name)) for name in TEXTS}
    return replace(result, **texts, facts=_facts_in_short(result.facts), repeat="", conditions=None)


def _facts_in_short(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what reports hold against predictions: all where one was wrong, else only what was predicted."""
    predicted = facts.get("predicted")
    if not isinstance(predicted, Mapping):
        return NOTHING
    return facts if predicted.get("agrees") is False else {"predicted": {"outcome": predicted.get("outcome", "")}}


class ResultsWriter:
    """Appends results and hands each to the operating system before it returns, so that a killed lab loses none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._is_torn = False

    def __enter__(self) -> Self:
        self._file = self._path.open("ab", buffering=0)
        if self._path.stat().st_size and not _ends_with_newline(self._path):
            self._file.write(b"\n")  # a torn last line of a killed run stays alone on its line
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def write(self, result: Result) -> None:
        """Append one result.

        Raises:
            OSError: the line could not be written whole, as on a full disk; it can be tried again.
        """
        if self._file is None:
            raise ValueError("The results file is not open.")
        line = msgspec.json.encode(result) + b"\n"
        if self._is_torn:  # what an earlier attempt left stays alone on its line
            line = b"\n" + line
        while line:
            line = line[self._file.write(line) :]
            self._is_torn = bool(line)


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-1, 2)
        return stream.read(1) == b"\n"


def read_results(path: Path) -> tuple[Result, ...]:
    """Return the results of a file; the last line of a cell wins, and a torn line is passed over.

    Raises:
        UsageError: there is no such file, a newer lab wrote it, or it is not a results file at all.
    """
    return latest(Lines(path))


def latest(lines: Iterable[Result]) -> tuple[Result, ...]:
    """Return one result for each cell: the last."""
    return tuple({result.cell: result for result in lines}.values())


class Lines:
    """The results of a file as they were written, a cell's earlier ones too; what cannot be read is passed over.

    ``unread`` is how many lines that were, of those that have been iterated over; ``note`` says it.

    Raises:
        UsageError: while iterating, as for ``read_results``.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.unread = 0

    def __iter__(self) -> Iterator[Result]:
        """Yield the results."""
        if not self._path.is_file():
            raise UsageError(f"There is no results file at '{self._path}'; name the folder of a run.")
        decoder = msgspec.json.Decoder(Result)
        self.unread = number = 0
        line = b""
        with self._path.open("rb") as stream:
            for line in _whole_lines(stream):
                number += 1
                result = _parse(decoder, line, self._path)
                if result is None:
                    self.unread += 1
                else:
                    yield result
        if self.unread == number and (number > 1 or line is TOO_LONG):  # a short one alone is a torn first result
            raise UsageError(
                f"The file '{self._path}' is not a results file that this lab reads (schema 1 to {SCHEMA})."
            )

    @property
    def note(self) -> str:
        """A sentence about the lines that could not be read; empty where there are none."""
        if not self.unread:
            return ""
        lines = "1 line" if self.unread == 1 else f"{self.unread} lines"
        return f"{lines} of '{self._path.name}' could not be read; a cell that has no other line has no result"


def _whole_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines that are not empty, and ``TOO_LONG`` for one that is no result for that reason alone."""
    is_rest = False
    while line := stream.readline(LINE):
        is_whole = line.endswith(b"\n") or len(line) < LINE
        if not is_rest and line.strip():
            yield line if is_whole else TOO_LONG
        is_rest = not is_whole


def _parse(decoder: msgspec.json.Decoder[Result], line: bytes, path: Path) -> Result | None:
    schema: int | None = None
    try:
        result = decoder.decode(line)
        schema = result.schema
    except msgspec.ValidationError:
        result, schema = None, _schema(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if schema is not None and schema > SCHEMA:
        raise UsageError(
            f"The results file '{path}' has schema {schema}; this lab reads up to {SCHEMA}. Use a newer lab."
        )
    return result


def _schema(line: bytes) -> int | None:
    try:
        document = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # a wrong type may stand before the tear
        return None
    schema = document.get("schema") if isinstance(document, dict) else None
    return schema if isinstance(schema, int) else None


def worst(verdicts: Iterable[Verdict]) -> Verdict | None:
    """Return the verdict that needs attention most, or None without any."""
    present = set(verdicts)
    return next((verdict for verdict in BY_URGENCY if verdict in present), None)


BY_URGENCY = (Verdict.FAIL, Verdict.ERROR, Verdict.UNKNOWN, Verdict.WARN, Verdict.PASS, Verdict.SKIP)


class ExitCode:
    """What the process says at its end: whose fault it was."""

    KEPT = 0
    WHEEL_FAILED = 1
    INTERRUPTED = 2
    LAB_FAILED = 3
    USAGE = 4
    NOTHING_TO_RUN = 5


def exit_code(results: Iterable[Result]) -> int:
    """Return the exit code for results: a failed wheel outranks trouble of the lab.

    Predictions alone keep no promise: a gate must not open because no image could be had.
    """
    known = tuple(results)
    verdicts = {result.verdict for result in known}
    if not verdicts:
        return ExitCode.NOTHING_TO_RUN
    if Verdict.FAIL in verdicts:
        return ExitCode.WHEEL_FAILED
    if Verdict.ERROR in verdicts:
        return ExitCode.LAB_FAILED
    is_foretold = any(result.how is How.PREDICTED for result in known)
    is_seen = any(result.how is How.OBSERVED and result.distro for result in known)
    return ExitCode.NOTHING_TO_RUN if is_foretold and not is_seen else ExitCode.KEPT
