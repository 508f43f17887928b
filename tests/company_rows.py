"""What must be said of small wheels that share a process, as rows, and the comparison of a run with such rows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from line import Ended

from manylinux_lab.coload.evidence import Kind

Group = Callable[[Path], dict[str, Path]]
SMOKE = {
    "checks": "import checks; checks.check()",
    "unforkable": "import unforkable; unforkable.check()",
    "counts": "import counts; counts.check()",
    "plain-two": "import plain_two; assert plain_two.answer() == 2, plain_two.answer()",
    "takes": "import takes; assert takes.answer() == 2, takes.answer()",
    "own-two": "import own_two; assert own_two.answer() == 2",
    "hides": "import hides; assert hides.answer() == 2",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """Wheels in an order, and what must be said of them: a verdict, a kind of evidence, and words of it."""

    order: str
    verdict: str = "pass"
    kind: Kind | None = None
    words: str = ""


def fails(order: str, words: str, kind: Kind = Kind.OUTCOME) -> Row:
    return Row(order=order, verdict="fail", kind=kind, words=words)


def warns(order: str, words: str, kind: Kind = Kind.PROCESS_STATE) -> Row:
    return Row(order=order, verdict="warn", kind=kind, words=words)


def notes(order: str, words: str, kind: Kind) -> Row:
    return Row(order=order, kind=kind, words=words)


def clean(order: str) -> Row:
    return Row(order=order)


def written(folder: Path, *groups: Group) -> dict[str, Path]:
    """Write groups of wheels; return them by name."""
    return {name: path for group in groups for name, path in group(folder).items()}


def member(name: str) -> str:
    """Return a wheel's name in a cell's id."""
    return name if name == "stdlib" else f"{name.replace('_', '-')}-1.0"


def company(order: str) -> str:
    """Return the pattern of a company's cell."""
    return f"*/coload/{','.join(map(member, order.split(',')))}"


def effects(name: str) -> str:
    """Return the pattern of a wheel's own cell."""
    return f"*/effects/{name}-1.0-*.whl"


def smokes(names: Iterable[str]) -> list[str]:
    """Return the options with the smoke code of wheels, by name."""
    projects = {name.replace("_", "-") for name in names}
    return [word for name, code in SMOKE.items() if name in projects for word in ("--smoke", f"{name}={code}")]


def trouble(row: Row, result: Mapping[str, Any]) -> str:
    """Return what a result says other than it must, or nothing."""
    evidence = result["facts"].get("evidence", ())
    told = [one for one in evidence if row.kind in (None, Kind(one["kind"]))]
    said = [result["reason"], *result["side_effects"], *(one["words"] for one in told)]
    is_silent = row.verdict != "pass" or row.kind is not None or not result["side_effects"]
    is_told = any(row.words in one for one in said) and (row.kind is None or told)
    if result["verdict"] == row.verdict and is_told and is_silent:
        return ""
    kinds = [one["kind"] for one in evidence]
    return f"{row}\n    {result['verdict']}: {result['reason']} {result['side_effects']} {kinds}"


def compared(ended: Ended, companies: Iterable[Row], alone: Iterable[Row] = ()) -> str:
    """Return what a run says other than it must, one paragraph for each row, or nothing."""
    wrong = [trouble(row, ended.one(company(row.order))) for row in companies]
    wrong += [trouble(row, ended.one(effects(row.order))) for row in alone]
    return "\n".join(filter(None, wrong))
