"""The two kinds of trouble that are not a wheel's fault: the user's (``UsageError``) and the lab's (``EngineError``).

A wheel's fault is never an exception: it is an outcome, judged and written to the results.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class UsageError(Exception):
    """The command line, the settings or a named file cannot be used as given. Exit code 4."""


class EngineError(Exception):
    """The lab or one of its machines failed: an engine, an image, an index, the probe. Never a wheel's fault."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean 'x', 'y'?)"`` for the known words closest to ``word``, or an empty string."""
    close = get_close_matches(word, sorted(known), n=3, cutoff=0.5)
    if not close:
        return ""
    return f" (did you mean {', '.join(repr(name) for name in close)}?)"
