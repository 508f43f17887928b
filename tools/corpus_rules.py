"""From what a corpus says of a case to what the lab must say, by general words; and the comparison of both. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from corpus_cases import HEALTHY, Question

from manylinux_lab.coload.evidence import Kind

Result = Mapping[str, Any]


class Rating(Enum):
    """How the lab did at one expectation."""

    FOUND = "found"
    MISSED = "MISSED"
    FALSE_ALARM = "FALSE ALARM"
    NOT_ASKED = "not asked"
    TROUBLE = "TROUBLE"


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What some cell must say: a ``verdict`` and, where they are not empty, a kind of evidence and one of the words.

    The verdict ``note`` is evidence beside any verdict but a failure, ``clean`` is nothing to object to, ``refused`` is
    a refusal where the tag does not reach, and ``not asked`` is what the command line cannot show, with the reason in
    ``words``. ``subject`` is a project, or projects in the order of loading.
    """

    verdict: str
    check: str = ""
    kinds: tuple[Kind, ...] = ()
    words: tuple[str, ...] = ()
    subject: str = ""

    def __str__(self) -> str:
        """Return what stands in the table."""
        what = self.kinds[0].value if self.kinds else self.check
        return " ".join(filter(None, (self.verdict, what, f"({self.subject})" if self.subject else "")))


@dataclass(frozen=True, kw_only=True, slots=True)
class Rated:
    """An expectation, what the lab said, and how it did."""

    expected: str
    said: str
    rating: Rating


STATE, CLEAN = (Kind.PROCESS_STATE, Kind.NOISE), Expected(verdict="clean")
CHANGED = (
    r"\b(handler|environ\w*|locale|path|flags|filters?|method|umask|limit|hook|stdout|stderr)\b"
    r".*(chang|replac|set|gone|print)|\bprints\b"
)
FAILED = (
    r"\w(Error|Exception)\b|\bcannot\b|not found|[Ss]egmentation|[Aa]bort|SIG[A-Z]+|[Ii]llegal|undefined|\bhangs?\b"
    r"|deadlock|crash|mismatch|\bfails?\b|invalid pointer"
)
# What a text means, by its words; the first that fits counts.
RULES: Sequence[tuple[str, Expected]] = (
    (r"-cpu\b|\bqemu", Expected(verdict="not asked", words=("the command line chooses no model of a processor",))),
    (r"^musl\b", Expected(verdict="not asked", words=("musl is asked on a distro that has it",))),
    (r"\bby hand|\bforced\b", Expected(verdict="not asked", words=("files loaded by force are facts, not verdicts",))),
    (r"pip\b.*(refuses|not a supported wheel)", Expected(verdict="refused")),
    (r"rwxp?\b", Expected(verdict="warn", check="effects", kinds=STATE, words=("executable",))),
    (r"before False, after True", Expected(verdict="fail", check="effects", kinds=(Kind.FLOATING_POINT,))),
    (r"False, after False|False/False", CLEAN),
    (r"static TLS", Expected(verdict="fail", words=("static TLS",))),
    (r"\bRECORD\b", Expected(verdict="warn", check="effects", kinds=(Kind.RECORD,))),
    (r"install order|uninstall|overwrit|hash changes", Expected(verdict="fail", check="coload", kinds=(Kind.OVERLAP,))),
    (r"cross-bindings|\bunique\b", Expected(verdict="note", check="coload", kinds=(Kind.UNIQUE, Kind.BINDINGS))),
    (r"threads? .*start|started? .*threads?", Expected(verdict="note", check="effects", kinds=(Kind.THREADS,))),
    (CHANGED, Expected(verdict="warn", check="effects", kinds=STATE)),
    (r"child\b.*(hang|status [^0]|killed|abort|signal|timeout)", Expected(verdict="warn or fail")),
    (FAILED, Expected(verdict="fail")),
    (r"\bok\b|\bfine\b|\bruns\b|\bworks\b|status 0|unchanged", CLEAN),
)
SONAME = re.compile(r"\blib[\w.+-]+\.so(?:\.[0-9]+)*")
NAMED = re.compile(r"\bSIG[A-Z]+\d?\b|\b[A-Z]+_[A-Z_]+\b")
CONTROL = re.compile(r"\b(control|negatives?|benign|healthy)\b", re.I)
VERSION = re.compile(r"^\d+(\.\w+)+$")


def expectations(question: Question) -> tuple[Expected, ...]:
    """Return what the lab must say to a question; the file's own ``expect`` comes before its text."""
    own = question.case.expect.get(question.distro)
    if own is not None:
        return tuple(_own(entry) for entry in own)
    if CONTROL.search(question.case.phenomenon) and not _is_note(question):
        return (CLEAN,)
    if any(f"with {project} {version}: ok" in question.text for project, version in question.pins):
        return (CLEAN,)
    found = tuple(_read(clause, question) for clause in _clauses(question))
    bad = tuple(expected for expected in found if expected != CLEAN)
    return bad or (CLEAN,)


def _clauses(question: Question) -> Iterator[str]:
    """Yield the parts of a text; where Requires-Python is ignored, nothing is refused, and all is as if forced."""
    text = re.sub(r"\(with [^)]*\)", "", question.text)
    for clause in filter(None, map(str.strip, text.split(";"))):
        if not question.ignores_python:
            yield clause
        elif not re.search(r"\bpip\b.*refuses", clause):
            yield re.sub(r"^forced\b", "", clause).strip()


def _is_note(question: Question) -> bool:
    return any(re.search(pattern, question.text) for pattern, told in RULES if told.verdict == "note")


def _own(entry: Mapping[str, str]) -> Expected:
    words = (entry["words"],) if entry.get("words") else ()
    return Expected(
        verdict=entry["verdict"], check=entry.get("check", ""), subject=entry.get("subject", ""), words=words
    )


def _read(clause: str, question: Question) -> Expected:
    """Return what a clause of a text means; ``highspy,ortools: ImportError ...`` is about that order."""
    subject, said = _split(clause, question)
    for pattern, told in RULES:
        if re.search(pattern, said):
            expected = replace(told, subject=subject)
            return _with_names(expected, said, question) if not told.words else expected
    return Expected(verdict="not asked", words=(f"no rule reads '{clause}'",))


def _with_names(expected: Expected, said: str, question: Question) -> Expected:
    """Add the libraries, signals or variables that a text names: an explanation that is true has one of them."""
    if expected.verdict == "fail":
        named = SONAME.findall(f"{said} {question.case.phenomenon}")
    else:
        named = NAMED.findall(said) if expected.verdict == "warn" else []
    return replace(expected, words=tuple(dict.fromkeys(named)))


def _split(clause: str, question: Question) -> tuple[str, str]:
    who, colon, said = clause.partition(":")
    names = [name.strip().lower().replace("_", "-") for name in who.split(",")]
    if colon and set(names) <= set(question.projects):
        return ",".join(names), said
    if colon and VERSION.match(who.strip()):
        return "", said
    last = names[-1].rpartition(" ")[2]
    if colon and last in question.projects:
        return last, said
    return "", clause


def rate(question: Question, results: Sequence[Result]) -> tuple[Rated, ...]:
    """Compare the results of a run with what the corpus expects."""
    trouble = [result for result in results if result["verdict"] == "error"]
    if trouble or not results:
        said = _said(trouble[0]) if trouble else "nothing was run"
        return (Rated(expected=question.text, said=said, rating=Rating.TROUBLE),)
    expected = expectations(question)
    rated = [_rate(one, results) for one in expected if one.verdict != "clean"]
    rated += _alarms(question, expected, results)
    return tuple(rated or [Rated(expected="clean", said="clean", rating=Rating.FOUND)])


def _rate(expected: Expected, results: Iterable[Result]) -> Rated:
    if expected.verdict == "not asked":
        return Rated(expected="-", said=expected.words[0], rating=Rating.NOT_ASKED)
    for result in results:
        if _is_about(result, expected.subject) and _shows(result, expected):
            return Rated(expected=str(expected), said=_said(result), rating=Rating.FOUND)
    near = [one for one in results if one["verdict"] in ("fail", "warn") and _is_about(one, expected.subject)]
    said = _said(near[0]) if near else "nothing"
    return Rated(expected=str(expected), said=said, rating=Rating.MISSED)


def _shows(result: Result, expected: Expected) -> bool:
    if expected.check and result["check"] != expected.check:
        return False
    if expected.verdict == "refused":
        return bool(result["verdict"] == "pass" and result["check"] == "refuse")
    if expected.verdict == "note":
        is_said = result["verdict"] in ("pass", "warn")
    else:
        is_said = result["verdict"] in expected.verdict.split(" or ")
    kinds = {evidence["kind"] for evidence in result["facts"].get("evidence", ())}
    is_kind = not expected.kinds or any(kind.value in kinds for kind in expected.kinds)
    told = f"{result['reason']} {result['side_effects']} {result['facts']}"
    return is_said and is_kind and (not expected.words or any(word in told for word in expected.words))


def _is_about(result: Result, subject: str) -> bool:
    if "," in subject:
        return bool(result["check"] == "coload" and result["project"] == subject)
    return not subject or subject in str(result["project"]).split(",")


def _alarms(question: Question, expected: Sequence[Expected], results: Iterable[Result]) -> Iterator[Rated]:
    """Yield what was said against wheels that the corpus has nothing against."""
    bad = [one for one in expected if "fail" in one.verdict]
    is_healthy = question.case.phenomenon == HEALTHY
    is_control = expected == (CLEAN,) or CONTROL.search(question.case.phenomenon) is not None
    for result in results:
        covered = any(_is_covered(result, one) for one in bad)
        is_loud = result["verdict"] == "fail" and not covered
        if is_control:
            is_loud |= result["verdict"] == "warn" and (is_healthy or result["check"] == "coload")
            is_loud |= is_healthy and result["verdict"] in ("unknown", "skip")
        if is_loud:
            yield Rated(expected="clean", said=_said(result), rating=Rating.FALSE_ALARM)


def _is_covered(result: Result, expected: Expected) -> bool:
    """Tell whether a failure belongs to one that is expected: the same wheels, or more of them in one process."""
    if expected.kinds and result["check"] != expected.check:
        return bool(result["check"] == "coload")
    wanted = set(expected.subject.split(",")) - {""}
    return wanted <= set(str(result["project"]).split(","))


def _said(result: Result) -> str:
    words = result["reason"] or "; ".join(result["side_effects"])
    if not words and result["facts"].get("evidence"):
        words = result["facts"]["evidence"][0]["words"]
    return f"{result['verdict']} {result['check']} {result['project']}: {words}"
