"""What changed from one run to another, as text for a terminal, as a Markdown page and as JSON. Pure."""

import textwrap
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jinja2
import msgspec
from tabulate import tabulate

from ..history.causes import Cause, CauseKind
from ..history.changes import Change, Changed, Comparison
from ..judge import Verdict
from ..printable import logged
from ..results import Result
from . import escape
from .templates import Safe, environment, fill

SCHEMA = 1
HEADERS = ("change", "bench", "check", "wheel", "was -> is", "because of")
EXPLAINED = (Change.REGRESSED, Change.FLAKY, Change.UNCLEAR)
ROWS = 60  # on a terminal, of each change; the document has all
PAGE = 65_536  # characters of a page: what the body of an issue on GitHub may have
NARROW = 44  # characters of a column that may hold a long name


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A comparison as JSON shows it: ``old`` and ``new`` are the names of the runs."""

    schema: int = SCHEMA
    old: str
    new: str
    unchanged: int
    changes: tuple[Changed, ...]


def as_json(old: str, new: str, content: Comparison) -> str:
    """Return the comparison as one JSON document; results in it have the fields of docs/results.md."""
    document = Document(old=old, new=new, unchanged=content.unchanged, changes=content.changes)
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


def as_text(old: str, new: str, content: Comparison, width: int) -> str:
    """Return the comparison for a terminal: a table, what got worse with its repeat commands, and counts."""
    shown, more = _first(content.changes)
    table = [[escape.plain(word) for word in row(changed)] for changed in shown]
    parts = [f"{escape.plain(new)} compared with {escape.plain(old)}", ""]
    if table:
        widths = [None, None, None, NARROW, None, NARROW]
        text = tabulate(table, headers=HEADERS, tablefmt="simple", disable_numparse=True, maxcolwidths=widths)
        kept = {id(changed) for changed in shown}
        details = [changed for changed in explained(content) if id(changed) in kept]
        parts += [text, *more, *(line for changed in details for line in _detail(changed, width)), ""]
    return logged("\n".join([*parts, counts_words(content), ""]))


def _first(changes: Sequence[Changed]) -> tuple[Sequence[Changed], Sequence[str]]:
    """Return the changes that a terminal has room for, and how many of each kind there are besides."""
    shown: list[Changed] = []
    counts: Counter[Change] = Counter()
    for changed in changes:
        counts[changed.change] += 1
        if counts[changed.change] <= ROWS:
            shown.append(changed)
    more = {change: number - ROWS for change, number in counts.items() if number > ROWS}
    return shown, [f"and {number} more {change.value}; --json has all" for change, number in more.items()]


def as_markdown(old: str, new: str, content: Comparison, templates: str = "") -> str:
    """Return the comparison as a Markdown page, from the template in ``reports/``; everything it shows is escaped.

    One that an issue could not hold has only its first changes, whole, and says how many are left out.

    Args:
        templates: a folder with the user's templates, which come before ours of the same name.
    """
    made = environment(templates, escape.markdown)
    made.filters["code"] = lambda text: Safe(escape.code(str(text)))
    whole = _page(made, old, new, content, len(content.changes))
    if len(whole) <= PAGE:
        return whole
    sizes = range(1, len(content.changes))
    shown = bisect_right(sizes, PAGE, key=lambda number: len(_page(made, old, new, content, number)))
    return _page(made, old, new, content, shown)


def _page(made: jinja2.Environment, old: str, new: str, content: Comparison, shown: int) -> str:
    """Return the page with the first ``shown`` changes; the counts are of all."""
    kept, left = replace(content, changes=content.changes[:shown]), len(content.changes) - shown
    cut = f"; {left} changes have no room here and are left out: '--json' has all" if left else ""
    body = [[escape.markdown(word) for word in row(changed)] for changed in kept.changes]
    table = tabulate(body, headers=HEADERS, tablefmt="github", disable_numparse=True)
    values: dict[str, Any] = {
        "old": old,
        "new": new,
        "table": Safe(table) if body else "",
        "details": [(changed, because(changed)) for changed in explained(kept)],
        "counts": f"{counts_words(content)}{cut}",
    }
    return fill(made, "comparison.md.j2", values)


def row(changed: Changed) -> tuple[str, ...]:
    """Return the cells of a change's row, under ``HEADERS``."""
    result = changed.new or changed.old
    bench, check = (result.bench, result.check) if result else ("", "")
    was_is = f"{_word(changed.old)} -> {_word(changed.new)}"
    return changed.change.value, bench, check, _wheel(changed), was_is, because(changed)


def _wheel(changed: Changed) -> str:
    """Return ``numpy 2.1.3 -> 2.2.0``; wheels in one process are named as their cell names them."""
    names = [_title(result) for result in (changed.old, changed.new) if result is not None]
    if len(set(names)) == 1:
        return names[0]
    old, new = changed.old, changed.new
    if old is not None and new is not None and old.version and new.version:
        return f"{new.project} {old.version} -> {new.version}"
    return " -> ".join(names)


def _title(result: Result) -> str:
    return f"{result.project} {result.version}" if result.version else result.subject


def _word(result: Result | None) -> str:
    if result is None:
        return "-"
    word = result.verdict.value.upper() if result.verdict in {Verdict.FAIL, Verdict.ERROR} else result.verdict.value
    return f"{word} (predicted)" if result.how.value == "predicted" else word


def because(changed: Changed) -> str:
    """Return what differs, and what repeating the cell showed."""
    words = [
        cause.words if cause.kind is CauseKind.NOTHING or None in (changed.old, changed.new) else _named(cause)
        for cause in changed.causes
    ]
    if changed.rate is not None:
        words.append(f"asked again, {changed.rate.deviations} of {changed.rate.times} times it was not so")
    elif changed.unrepeated:
        words.append(f"not asked again: {changed.unrepeated}")
    return "; ".join(words)


def _named(cause: Cause) -> str:
    return f"{cause.kind.value}: {cause.words}"


def explained(content: Comparison) -> Sequence[Changed]:
    """Return the changes whose reason is told: those that are not for the better."""
    return [changed for changed in content.changes if changed.change in EXPLAINED and changed.new is not None]


def _detail(changed: Changed, width: int) -> Iterator[str]:
    if changed.new is None:
        return
    yield ""
    yield escape.plain(f"{changed.change.value.upper()}  {changed.cell}")
    reason = changed.new.reason or "; ".join(changed.new.side_effects)
    for title, words in (("", reason), ("because of ", because(changed)), ("repeat: ", changed.new.repeat)):
        if words:
            yield textwrap.fill(
                escape.plain(f"{title}{words}"),
                width,
                initial_indent="  ",
                subsequent_indent="    ",
                break_on_hyphens=False,
                break_long_words=False,
            )


def counts_words(content: Comparison) -> str:
    """Return how often each change occurs: ``1 regressed, 2 fixed; 9997 unchanged``."""
    counts = content.counts()
    said = ", ".join(f"{counts[change]} {change.value}" for change in Change if counts.get(change))
    return f"{said}; {content.unchanged} unchanged" if said else f"{content.unchanged} unchanged"
