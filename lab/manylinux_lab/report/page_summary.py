"""The summary of a run, made to be pasted: what was run, what is promised and broken, what was not run. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..cells import LeftOut
from ..judge import How, Verdict
from ..results import Result
from ..runs import Run
from .escape import plain
from .matrix import COMPANY, counts, counts_sentence, foreseen_benches, has_place, row_title
from .predicted import observed, predictions

NAMED = 6  # places that are named, the others are counted
LINES = 12  # lines of a section in the summary
REASON = 180  # characters of a reason in the summary
ENOUGH = 300  # lines of the list of what was left out


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One thing to say of ``who``, and the places it holds for, which may be all benches of the run."""

    who: str
    words: str
    places: tuple[str, ...] = ()
    is_everywhere: bool = False

    @property
    def where(self) -> str:
        """The first places by name, and how many more there are; or that it holds for all benches."""
        return f"all {len(self.places)} benches" if self.is_everywhere else named(self.places)

    @property
    def text(self) -> str:
        """The line as plain text."""
        return ": ".join(filter(None, (self.who, self.words))) + (f" [{self.where}]" if self.places else "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A heading, its lines, and how many more there would be; ``tone`` is a word for the style sheet."""

    title: str
    tone: str
    lines: tuple[Line, ...]
    more: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """A number with its label. ``state`` is the address that shows these cells, ``target`` a part of the page.

    Both may be empty.
    """

    number: int
    label: str
    tone: str
    state: str = ""
    target: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What a release manager would tell others."""

    headline: str
    tiles: tuple[Tile, ...]
    sections: tuple[Section, ...]

    @property
    def text(self) -> str:
        """The summary as plain text, for an issue or a message."""
        return "\n".join(self._text())

    def _text(self) -> Iterator[str]:
        yield self.headline
        for section in self.sections:
            yield from ("", section.title)
            yield from (f"- {line.text}" for line in section.lines)
            if section.more:
                yield f"- and {section.more} more"


def summary_of(run: Run, results: Sequence[Result]) -> Summary:
    """Return the summary of a run; sections without a line are left away."""
    sections = (
        Section(title="What was run", tone="what", lines=tuple(_what(run, results))),
        _section("Promised and broken", "fail", _grouped(run, results, Verdict.FAIL)),
        _section("Predicted to break", "fail", _foretold(results)),
        _section("The lab failed", "error", _grouped(run, results, Verdict.ERROR)),
        _section("Could not be found out", "unknown", _grouped(run, results, Verdict.UNKNOWN)),
        _section("Works, but others may suffer", "warn", _grouped(run, results, Verdict.WARN)),
        _section("What was not run, and why", "left-out", (*_unfinished(run, results), *left_out(run))),
    )
    return Summary(
        headline=_headline(run, results),
        tiles=tuple(_tiles(run, results)),
        sections=tuple(section for section in sections if section.lines),
    )


def _section(title: str, tone: str, lines: Sequence[Line]) -> Section:
    return Section(title=title, tone=tone, lines=tuple(lines[:LINES]), more=max(0, len(lines) - LINES))


def _headline(run: Run, results: Sequence[Result]) -> str:
    broken = {who_of(result) for result in observed(results) if result.verdict is Verdict.FAIL}
    if broken:
        return f"{_number(len(broken), 'promise')} broken: {named(sorted(broken), '; ')}"
    foretold = {who_of(result) for result in results if result.verdict is Verdict.FAIL}
    also = f"; predicted to break: {named(sorted(foretold), '; ')}" if foretold else ""
    return f"{_unbroken(run, results)}{also}"


def _unbroken(run: Run, results: Sequence[Result]) -> str:
    """Return the headline of a run in which no promise was seen broken, if any was looked at."""
    number = counts(observed(results))
    if not number:
        return "Nothing was run"
    if number[Verdict.ERROR] == sum(number.values()):
        return f"Nothing is known: the lab failed in {_number(number[Verdict.ERROR], 'cell')}"
    if number[Verdict.ERROR]:
        return f"No promise was seen broken; the lab failed in {_number(number[Verdict.ERROR], 'cell')}"
    if number[Verdict.UNKNOWN] or _missing(run, results):
        return "No promise was seen broken; not every cell is known"
    return (
        "Every promise that was looked at is kept" if number[Verdict.PASS] + number[Verdict.WARN] else "Nothing was run"
    )


def _what(run: Run, results: Sequence[Result]) -> Iterator[Line]:
    yield Line(who="", words=counts_sentence(run, results))
    wheels = sorted({row_title(result) for result in results if has_place(result)})
    if wheels:
        yield Line(who=_number(len(wheels), "release"), words=named(wheels))
    if run.plan.benches:
        benches = [bench.id for bench in run.plan.benches]
        yield Line(who=_number(len(benches), "bench", "benches"), words=f"{named(benches)}, on {plain(run.engine)}")
    foreseen = [bench.id for bench in foreseen_benches(run, results)]
    if foreseen:
        yield Line(who=f"predicted for {_number(len(foreseen), 'bench', 'benches')}", words=named(foreseen))
    for boundary in run.boundaries:
        if not boundary.in_force:
            yield Line(who=f"the limit '{plain(boundary.name)}' is not in force", words=plain(boundary.detail))


def _grouped(run: Run, results: Sequence[Result], verdict: Verdict) -> tuple[Line, ...]:
    """Return the observed results of a verdict: a line for each wheel, or for all of which the same is said."""
    found: dict[str, list[Result]] = {}
    for result in observed(results):
        if result.verdict is verdict:
            found.setdefault(who_of(result), []).append(result)
    groups: dict[str, list[str]] = {}
    for who, seen in found.items():
        groups.setdefault(_reason(seen), []).append(who)
    return tuple(
        _line(run, named(names, "; "), words, [one.bench for who in names for one in found[who]])
        for words, names in groups.items()
    )


def _line(run: Run, who: str, words: str, benches: Sequence[str]) -> Line:
    places = tuple(dict.fromkeys(plain(bench) for bench in benches))
    every = {plain(bench.id) for bench in run.plan.benches}
    return Line(who=who, words=words, places=places, is_everywhere=len(places) > 1 and set(places) == every)


def _reason(found: Sequence[Result]) -> str:
    """Return the first reason; a reader of the summary learns the others from the matrix."""
    words = plain(found[0].reason or "; ".join(found[0].side_effects))
    return words if len(words) <= REASON else f"{words[: REASON - 4].rstrip()} ..."


def who_of(result: Result) -> str:
    """Return whom a result is about: a release, or wheels in the order in which they were loaded."""
    return plain(", then ".join(result.subject.split(",")) if result.check == COMPANY else row_title(result))


def _foretold(results: Sequence[Result]) -> tuple[Line, ...]:
    rows = {result.subject: row_title(result) for result in results if result.how is How.PREDICTED}
    return tuple(
        Line(who=plain(rows[one.subject]), words=plain(one.reason), places=tuple(map(plain, one.benches)))
        for one in predictions(results)
        if one.verdict is Verdict.FAIL
    )


def _unfinished(run: Run, results: Sequence[Result]) -> Iterator[Line]:
    missing = _missing(run, results)
    if missing:
        yield Line(who=_number(missing, "cell"), words="planned, and the run ended before")


def _missing(run: Run, results: Sequence[Result]) -> int:
    finished = {result.cell for result in results}
    return sum(cell.id not in finished for cell in run.plan.cells)


def left_out(run: Run) -> tuple[Line, ...]:
    """Return what the plan left out, one line for each reason."""
    groups: dict[str, list[str]] = {}
    for entry in run.plan.left_out:
        place = plain(" ".join(filter(None, (entry.bench, entry.subject))))
        groups.setdefault(_shared_reason(entry), []).append(place)
    return tuple(Line(who="", words=words, places=tuple(places)) for words, places in groups.items())[:ENOUGH]


def _shared_reason(entry: LeftOut) -> str:
    """Return the reason without the name of the place, which is told beside it, so that places can share it."""
    distro, _, arch = entry.bench.partition(":")
    return plain(entry.reason).replace(f"no image of {distro} for {arch}: ", "no image: ")


def _tiles(run: Run, results: Sequence[Result]) -> Iterator[Tile]:
    number = counts(observed(results))
    missing, foretold = _missing(run, results), len(results) - len(observed(results))
    yield Tile(number=number[Verdict.FAIL], label="failed", tone="fail", state="verdict=fail&how=observed")
    yield Tile(number=number[Verdict.PASS], label="kept", tone="pass", state="verdict=pass&how=observed")
    yield Tile(number=number[Verdict.WARN], label="warned", tone="warn", state="verdict=warn&how=observed")
    yield Tile(number=number[Verdict.UNKNOWN], label="unknown", tone="unknown", state="verdict=unknown&how=observed")
    yield Tile(number=number[Verdict.ERROR], label="lab errors", tone="error", state="verdict=error&how=observed")
    yield Tile(number=number[Verdict.SKIP], label="skipped", tone="skip", state="verdict=skip&how=observed")
    yield Tile(number=foretold, label="predicted", tone="predicted", state="how=predicted")
    if missing:
        yield Tile(number=missing, label="not run", tone="not-run", state="verdict=not+run")
    yield Tile(number=len(run.plan.left_out), label="left out", tone="left-out", target="left-out")


def named(names: Sequence[str], mark: str = ", ") -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return mark.join(plain(name) for name in names[:NAMED]) + more


def _number(number: int, word: str, words: str = "") -> str:
    return f"{number} {word if number == 1 else words or f'{word}s'}"
