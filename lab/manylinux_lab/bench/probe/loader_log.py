"""The dynamic loader's own log of a process: which file was given symbols of which other, and whom it ran last."""

import os
import re
from typing import Any, Dict, List, Tuple

from .work import fresh_path

WORDS = "bindings,files"  # what LD_DEBUG is told; musl has no such log
MOST = 64 << 20  # bytes that are read for one order
CROSSINGS = 300  # pairs of files kept of the bindings
SYMBOLS = 12  # symbols kept of each pair
NAME = 200  # characters kept of a symbol

Counted = Dict[Tuple[bytes, bytes], List[Any]]  # (from, to): how many symbols, and the first names


class LoaderLog:
    """One file, which the loader appends to; ours is open before any code of a wheel could put another in its place."""

    def __init__(self) -> None:
        """Choose the name, which the loader completes by the process id."""
        self.start = fresh_path("loader")
        self.path = ""
        self.descriptor = -1
        self.is_begun = False  # some of what was written since the last time is read
        self.place = 0  # bytes that are read
        self.counted = {}  # type: Counted
        self.last_library = ""

    def open(self, pid: int) -> None:
        """Open the file of a process that was started a moment ago."""
        self.path = "%s.%d" % (self.start, pid)
        self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)

    def read(self, sites: "list[str]") -> None:
        """Take what was written since the last time, as far as it is whole lines; the process may go on writing."""
        self.unlink()
        self.is_begun = True
        pieces = []
        place = self.place
        while place < MOST:
            pieces.append(os.pread(self.descriptor, 1 << 20, place))
            place += len(pieces[-1])
            if not pieces[-1]:
                break
        log = b"".join(pieces)
        log = log[: log.rfind(b"\n") + 1]
        self.place += len(log)
        count(log, sites, self.counted)
        self.last_library = last_library(log) or self.last_library

    def take(self, sites: "list[str]") -> "tuple[list[list[Any]], str]":
        """Return bindings and last library since the last time, and empty the log: nobody writes to it now.

        The process has had the file open for long, so its name could go at the first look.
        """
        self.read(sites)
        os.ftruncate(self.descriptor, 0)
        taken = told(self.counted, sites), self.last_library
        self.is_begun, self.place, self.counted, self.last_library = False, 0, {}, ""
        return taken

    def close(self) -> None:
        """Forget the file."""
        self.unlink()
        os.close(self.descriptor)

    def unlink(self) -> None:
        """Delete the name of the file, or whatever a wheel has put there."""
        path, self.path = self.path, ""
        try:
            if path:
                os.unlink(path)
        except OSError:
            return


def count(log: bytes, sites: "list[str]", counted: "Counted") -> None:
    """Count the symbols that a file of a site gave to another file."""
    places = b"|".join(re.escape(os.fsencode(site.rstrip("/") + "/")) for site in sites)
    pattern = rb"binding file (\S+) \[\d+\] to (?!\1 )((?:%s)\S+) \[\d+\]: \w+ symbol `([^'\n]+)'" % places
    for source, target, symbol in re.findall(pattern, log):
        entry = counted.setdefault((source, target), [0, []])
        entry[0] += 1
        if entry[0] <= 4 * SYMBOLS and len(entry[1]) < SYMBOLS and symbol not in entry[1]:
            entry[1].append(symbol)


def told(counted: "Counted", sites: "list[str]") -> "list[list[Any]]":
    """Return [from, to, count, symbols] for each pair of files, the most telling first."""
    crossings = [
        [
            os.fsdecode(source),
            os.fsdecode(target),
            number,
            [name.decode("utf-8", "replace")[:NAME] for name in names],
        ]
        for (source, target), (number, names) in counted.items()
    ]
    return most_telling(crossings, sites)


def most_telling(crossings: "list[list[Any]]", sites: "list[str]") -> "list[list[Any]]":
    """Return the bindings that are kept: those within one wheel are many and say the least.

    Those from one top folder to another come first, then the most frequent.
    """
    ordered = sorted(crossings, key=lambda one: (is_at_home(one[0], one[1], sites), -one[2], one[0], one[1]))
    return ordered[:CROSSINGS]


def is_at_home(source: str, target: str, sites: "list[str]") -> bool:
    """Tell whether two files lie below one top folder of a site; ``x`` and ``x.libs`` count as one."""
    for site in sites:
        start = site.rstrip("/") + "/"
        if source.startswith(start) and target.startswith(start):
            tops = [os.path.normpath(path)[len(start) :].split("/")[0].split(".")[0] for path in (source, target)]
            return tops[0] == tops[1]
    return False


def last_library(log: bytes) -> str:
    """Return the file whose initialiser or finaliser the loader called last, empty where it called none."""
    places = [log.rfind(b"calling %s: " % word) for word in (b"init", b"fini")]
    found = re.match(rb"calling \w+: (\S+)", log[max(places) : max(places) + 5000]) if max(places) >= 0 else None
    return found.group(1).decode("utf-8", "replace") if found else ""
