"""Functions that a file may use without naming their library, as CPython has loaded it: ``reference/loaded.toml``."""

from dataclasses import dataclass
from functools import cache

import msgspec

from ..tables import reference


@dataclass(frozen=True, kw_only=True, slots=True)
class _Loaded:
    prefixes: tuple[str, ...]
    functions: frozenset[str]
    math: frozenset[str]


def is_loaded(symbol: str) -> bool:
    """Whether a process of CPython on glibc has the symbol from its start.

    Raises:
        UsageError: the file of this installation is damaged.
    """
    known = _loaded()
    is_math = symbol in known.math or (symbol[-1:] in ("f", "l") and symbol[:-1] in known.math)
    return is_math or symbol in known.functions or symbol.startswith(known.prefixes)


@cache
def _loaded() -> _Loaded:
    return reference("loaded.toml", lambda table: msgspec.convert(table, _Loaded))
