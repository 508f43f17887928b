"""What was seen of one order: the process's own reports, bounded, and what the kernel said of its end."""

import json
import os
import re
from typing import Any, Iterator

from .seen import Seen
from .status import crash_trace, end_of

REPORT = 4 << 20  # bytes of one report line
REPORTS = 8 << 20  # bytes of all of them
NOISE = 2000  # characters kept of what a member printed
TEXT = 4000  # characters kept of any text that is reported
REFUSED = 50  # hidden names kept that were asked for
ENTRIES = 20000  # entries kept of any list
CHANGES = 256 << 10  # characters that the changes of a load may take; a snapshot tells of less
DEPTH = 5  # lists within lists
WORDS = ("status", "exception", "message", "missing", "trace")
MARK = 64  # bytes, more than a mark has


class Account:
    """Grows while the process reports; ``words`` then tells it as the event does.

    Code of a wheel can find the pipe and write reports, so they are taken as claims of unknown shape. They count for
    the order whose secret they bear and for no other.
    """

    def __init__(self, secret: str) -> None:
        """Begin with nothing seen."""
        self.secret = secret.encode("ascii")
        self.seen = Seen()
        self.stage = ("load", 0, "")
        self.members = {}  # type: dict[int, tuple[list[Any], dict[str, Any]]]
        self.refused = None  # type: list[str] | None
        self.noise = {}  # type: dict[int, str]
        self.smokes = {}  # type: dict[int, dict[str, str]]
        self.forked = {}  # type: dict[int, dict[str, str]]
        self.fork = None  # type: int | None
        self.forking = 0  # the member whose smoke code the fork runs, -1 when it has done all
        self.mapped = []  # type: list[str]
        self.details = None  # type: Any
        self.bindings = []  # type: list[list[Any]]
        self.last_library = ""
        self.is_done = False
        self.has_waited = False
        self.is_late = False
        self.reported = 0
        self.printed = b""  # since the last mark, bounded
        self.held = b""  # may be the beginning of a mark

    # --- output ---

    def take_output(self, data: bytes) -> None:
        """Keep what was printed, and apart from it what each member printed: its mark in the output ends it."""
        *parts, rest = re.split(rb"\x00%s (\d{1,9})\x00" % self.secret, self.held + data)
        for text, number in zip(parts[::2], parts[1::2]):
            self.keep(text)
            self.noise.setdefault(int(number), self.printed.decode("utf-8", "replace")[:NOISE])
            self.printed = b""
        place = rest.rfind(b"\0", max(0, len(rest) - MARK))
        place = len(rest) if place < 0 else place
        self.held = rest[place:]
        self.keep(rest[:place])

    def keep(self, text: bytes) -> None:
        """Keep a piece of output."""
        self.seen.take_output(text)
        self.printed += text[: 4 * NOISE - len(self.printed)]

    # --- reports ---

    def take(self, line: bytes) -> bool:
        """Take one report line and tell whether it is one; what is malformed or of another order counts for nothing."""
        self.reported += len(line)
        secret, _, rest = line.partition(b" ")
        if secret != self.secret or len(line) > REPORT or self.reported > REPORTS:
            return False
        kind, _, text = rest.partition(b" ")
        try:
            value = json.loads(text.decode("ascii"), parse_int=small, parse_float=refused, parse_constant=refused)
            TAKERS[kind.decode("ascii")](self, bounded(value))
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError):
            return False
        return True

    def take_stage(self, value: "Any") -> None:
        """Note what the process is about to do."""
        stage, number, item = value
        self.stage = (str(stage), int(number), str(item))

    def take_member(self, value: "Any") -> None:
        """Note what became of a member's items, and what its load changed."""
        number, items, changes = value
        rows = [[str(word) for word in row] for row in items]
        if any(len(row) != 6 for row in rows):
            raise ValueError("an item has six words")
        if len(json.dumps(changes)) > CHANGES:
            raise ValueError("no load changes so much")
        pairs = {key: [before, after] for key, (before, after) in changes.items()}
        self.members.setdefault(int(number), (rows, pairs))

    def take_refused(self, value: "Any") -> None:
        """Note which hidden names were asked for while the first member was loaded."""
        self.refused = [str(name) for name in value][:REFUSED]

    def take_mapped(self, value: "Any") -> None:
        """Note the files that are mapped."""
        self.mapped = [str(path) for path in value]

    def take_smoke(self, value: "Any") -> None:
        """Note what became of a member's smoke code."""
        self.smokes[int(value[0])] = texts(value[1])

    def take_forked(self, value: "Any") -> None:
        """Note what became of a member's smoke code in the fork."""
        self.forked[int(value[0])] = texts(value[1])

    def take_forking(self, value: "Any") -> None:
        """Note whose smoke code the fork is about to run, or that it has done all."""
        self.forking = int(value)

    def take_fork(self, value: "Any") -> None:
        """Note how the fork ended: its wait status, or -1 at the deadline."""
        self.fork = -1 if value == -1 else int(value) & 0xFFFF

    def take_details(self, value: "Any") -> None:
        """Note the C-level state."""
        handlers = {key: str(path) for key, path in value["handlers"].items()}
        environ = {key: [old and str(old), new and str(new)] for key, (old, new) in value["environ"].items()}
        self.details = {"handlers": handlers, "environ": environ}

    def take_end(self, _: "Any") -> None:
        """Note that everything was done."""
        self.is_done = True

    def take_wait(self, value: "Any") -> None:
        """Note how the child ended; one that was killed at the deadline has no end of its own."""
        self.has_waited = True
        if not self.is_late:
            self.seen.wait = int(value) & 0xFFFF

    # --- words ---

    @property
    def has_crashed(self) -> bool:
        """Whether a signal ended the process, before or after it had done everything."""
        return self.seen.wait is not None and os.WIFSIGNALED(self.seen.wait)

    def words(self, order: "list[dict[str, Any]]") -> "dict[str, Any]":
        """Return the fields of the event."""
        stage, number, item = self.stage
        member = order[number]["id"] if stage in ("load", "smoke") and 0 <= number < len(order) else ""
        ended = dict(end_of(self.seen.wait, "", cut_short=True), stage=stage, member=member, item=item)
        if self.is_done:
            ended = {"status": "ok", "stage": "", "member": "", "item": ""}
        return dict(
            ended,
            exit=end_of(self.seen.wait, "exit-") if self.is_done else {"status": "not-tried"},
            trace=crash_trace(self.seen.output()) if self.has_crashed else "",
            last_library=self.last_library if self.has_crashed else "",
            members=list(self.member_words(order)),
            fork=self.fork_words(order),
            refused=self.refused or [],
            mapped=self.mapped,
            bindings=self.bindings,
            details=self.details,
            seconds=self.seen.seconds,
        )

    def member_words(self, order: "list[dict[str, Any]]") -> "Iterator[dict[str, Any]]":
        """Yield what is told of each member."""
        for number, member in enumerate(order):
            items = [[name, "not-tried", "", "", "", ""] for _, name in member["items"]]  # type: list[Any]
            items, changes = self.members.get(number, (items, {}))
            smoke, noise = self.smokes.get(number), self.noise.get(number, "")
            yield {"id": member["id"], "items": items, "smoke": smoke, "noise": noise, "changes": changes}

    def fork_words(self, order: "list[dict[str, Any]]") -> "dict[str, Any]":
        """Return what is told of the fork that uses all members."""
        if self.fork is None:
            return {"status": "not-tried"}
        if self.fork or self.forking != -1:
            ended = end_of(None if self.fork < 0 else self.fork, "", cut_short=True)
            return dict(ended, member=order[self.forking]["id"] if 0 <= self.forking < len(order) else "")
        for number, words in sorted(self.forked.items()):
            if words["status"] != "ok" and 0 <= number < len(order):
                return dict(words, member=order[number]["id"])
        return {"status": "ok"}


TAKERS = {
    "stage": Account.take_stage,
    "member": Account.take_member,
    "refused": Account.take_refused,
    "mapped": Account.take_mapped,
    "smoke": Account.take_smoke,
    "forked": Account.take_forked,
    "forking": Account.take_forking,
    "fork": Account.take_fork,
    "details": Account.take_details,
    "end": Account.take_end,
    "wait": Account.take_wait,
}


def small(digits: str) -> int:
    """Return a number of a report; one with thousands of digits would take long to read."""
    return int(digits[:18])


def refused(words: str) -> "Any":
    """Refuse other numbers: no process tells any, and infinity would be no JSON when it is told to the host."""
    raise ValueError("%.20s is no number that a process tells" % words)


def bounded(value: "Any", depth: int = DEPTH) -> "Any":
    """Return a value of a report with short texts and lists, and no deeper than any that the process has to tell."""
    if isinstance(value, str):
        return value[:TEXT].encode("utf-8", "replace").decode("utf-8")  # no half of a surrogate pair
    if isinstance(value, (list, dict)) and not depth:
        raise ValueError("lists within lists within lists")
    if isinstance(value, list):
        return [bounded(one, depth - 1) for one in value[:ENTRIES]]
    if isinstance(value, dict):
        return {bounded(key): bounded(one, depth - 1) for key, one in list(value.items())[:ENTRIES]}
    return value


def texts(value: "dict[str, Any]") -> "dict[str, str]":
    """Return the words on a piece of smoke code: ``status``, and what an exception says."""
    words = {key: str(value[key]) for key in WORDS if key in value}
    if words["status"] not in ("ok", "exception"):
        raise ValueError("no such status")
    return words
