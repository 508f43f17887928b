"""Events of the probe become outcomes: the one place where a wheel is blamed. Pure; docs/verdicts.md has the rules."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ..judge import Grade, Outcome, OutcomeKind
from ..loader import explain
from ..printable import short, tail
from ..signals import signal_words
from ..wheels.wheel import Wheel
from .findings import TEST_FOLDERS, Finding, Setting, death_words, finding_of, left_behind
from .session import Event

REASON = 300  # characters of a reason
ITEMS = 40  # deviating items kept as facts

DEATHS = ("crash", "exit-crash", "hang", "exit-hang", "early-exit")
KINDS = ("import", "extension", "object", "executable")
REFUSALS = (
    r"is not a supported wheel on this platform",
    r"requires a different python",
    r"no matching distribution found",
    r"could not find a version that satisfies",
    r"has no wheels with a matching",
    r"is incompatible with the current (?:platform|python)",
    r"not compatible with the current",
)
# --- install and refuse ---


def install_outcome(events: Sequence[Event]) -> Outcome:
    """Return what an installation came to; a refusal's reason is the installer's own sentence."""
    event = _only(events, "installed")
    if event is None:
        return Outcome(kind=OutcomeKind.TROUBLE, reason="The probe did not report on the installation.")
    output = str(event.get("output") or "")
    facts = {"installer_words": tail(output), "exit_code": event.get("exit_code"), "seconds": event.get("seconds")}
    if event["status"] == "timeout":
        reason = f"The installer did not finish in {event.get('seconds', 0):.0f} seconds."
        return Outcome(kind=OutcomeKind.BROKEN, reason=reason, facts=facts)
    if event.get("exit_code") == 0:
        return Outcome(kind=OutcomeKind.OK, reason="", grade=Grade.INSTALLED, facts=facts)
    said = _installer_sentence(output)
    if re.search(r"no space left on device|disk quota exceeded", output, re.IGNORECASE):
        reason = f"The work space of the bench is full; the installer said: {said}"
        return Outcome(kind=OutcomeKind.TROUBLE, reason=short(reason), facts=facts)
    if any(re.search(pattern, said, re.IGNORECASE) for pattern in REFUSALS):
        return Outcome(kind=OutcomeKind.REFUSED, reason=short(said), facts=facts)
    if event.get("signal"):
        said = f"it {signal_words(event['signal'])}; {said}"
    return Outcome(kind=OutcomeKind.BROKEN, reason=short(f"The installation failed: {said}"), facts=facts)


def refusal_outcome(words: Sequence[Event], forced: Sequence[Event]) -> Outcome:
    """Return whether a wheel was refused where its tag does not reach.

    ``words`` are the events of the installation, ``forced`` those of unpacking and loading by force: facts only.
    """
    outcome = install_outcome(words)
    facts = {**outcome.facts, "forced": _forced_words(forced)}
    if outcome.kind is OutcomeKind.OK:
        reason = "The installer accepted the wheel although its tag does not reach this bench."
        return Outcome(kind=OutcomeKind.ACCEPTED, reason=reason, grade=Grade.INSTALLED, facts=facts)
    return Outcome(kind=outcome.kind, reason=outcome.reason, facts=facts)


def _installer_sentence(output: str) -> str:
    """Return the line that says why: a refusal first, then the last error, then the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for pattern in REFUSALS:
        for line in lines:
            if re.search(pattern, line, re.IGNORECASE):
                return re.sub(r"^(?:ERROR|error):\s*", "", line)
    errors = [line for line in lines if re.match(r"(?:ERROR|error|Exception|\w+Error)\b", line)]
    errors = [line for line in errors if not re.fullmatch(r"ERROR: Exception:", line)]  # pip's head of a traceback
    return re.sub(r"^(?:ERROR|error):\s*", "", (errors or lines or ["no word"])[-1])


def _forced_words(events: Sequence[Event]) -> Mapping[str, Any]:
    """Return what the loader made of files that were unpacked by force."""
    unpacked = _only(events, "unpacked")
    if unpacked and unpacked.get("error"):
        return {"unpacked": short(unpacked["error"])}
    items = [event for event in events if event["event"] in KINDS]
    said = [short(event["message"]) for event in items if event["status"] == "exception" and event.get("message")]
    said += [f"'{event['name']}' {death_words(event)}" for event in items if event["status"] in DEATHS]
    return {"statuses": _counts(items), "words": list(dict.fromkeys(said))[:10]}


# --- import ---


def import_outcome(
    events: Sequence[Event],
    wheel: Wheel,
    *,
    soname_packages: Mapping[str, str],
    variant: str,
    emulated: str,
    python: tuple[int, int] | None = None,
    markers: Mapping[str, str],
) -> Outcome:
    """Return whether everything in a wheel imports and loads.

    ``variant`` is the image's (``minimal``, ``desktop``), ``emulated`` the arch under emulation or nothing, ``python``
    the interpreter's version where it is known, ``markers`` the bench's environment for markers (PEP 508).
    """
    items = [event for event in events if event["event"] in KINDS]
    tried = [event for event in items if event["status"] not in ("skipped", "absent")]
    if not tried:
        reason = "The wheel has nothing that this interpreter could import or load."
        return Outcome(kind=OutcomeKind.NOT_APPLIED, reason=reason, facts=_facts(items, []))
    names = [event for event in tried if event["event"] in ("import", "extension")]
    setting = Setting(
        wheel=wheel,
        soname_packages=soname_packages,
        variant=variant,
        emulated=emulated,
        python=python,
        markers=markers,
        works=bool(names)
        and all(
            event["status"] == "ok" or event["name"] in TEST_FOLDERS for event in names if event["event"] == "import"
        ),
        imported=frozenset(event["name"] for event in names if event["status"] == "ok"),
    )
    findings = [finding_of(event, setting) for event in items if event["status"] != "ok"]
    findings += [finding for event in items for finding in left_behind(event)]
    return _weigh(findings, items, Grade.IMPORTED if names else Grade.LOADED)


def _weigh(findings: Sequence[Finding], items: Sequence[Event], grade: Grade) -> Outcome:
    """Return the outcome of all findings: the worst kind wins, and the first of that kind gives the reason."""
    facts = _facts(items, findings)
    for kind in (OutcomeKind.TROUBLE, OutcomeKind.BROKEN, OutcomeKind.UNKNOWN):
        worst = [finding for finding in findings if finding.kind is kind]
        if worst:
            more = f" (and {len(worst) - 1} more)" if len(worst) > 1 else ""
            reason = short(worst[0].reason, REASON - len(more)) + more
            return Outcome(kind=kind, reason=reason, facts=facts)
    effects = tuple(dict.fromkeys(short(finding.reason) for finding in findings if finding.kind is OutcomeKind.OK))
    return Outcome(kind=OutcomeKind.OK, reason="", grade=grade, facts=facts, side_effects=effects)


# --- smoke ---


def smoke_outcome(events: Sequence[Event], *, emulated: str = "") -> Outcome:
    """Return what the smoke code of a project came to."""
    event = _only(events, "smoke")
    if event is None:
        return Outcome(kind=OutcomeKind.TROUBLE, reason="The probe did not report on the smoke code.")
    facts = {"status": event["status"], "output": tail(event.get("output")), "trace": tail(event.get("trace"))}
    if event["status"] == "ok":
        return Outcome(kind=OutcomeKind.OK, reason="", grade=Grade.SMOKE_TESTED, facts=facts)
    if event["status"] == "exception":
        explanation = explain(f"{event.get('message', '')}\n{event.get('trace', '')}", {})
        said = explanation.what if explanation else f"{event.get('exception')}: {event.get('message', '')}"
        return Outcome(kind=OutcomeKind.BROKEN, reason=short(f"The smoke code failed: {said}"), facts=facts)
    reason = f"The smoke code {death_words(event)}."
    if emulated:
        reason = f"{reason[:-1]} under emulation of {emulated}; a native run must confirm it."
    return Outcome(kind=OutcomeKind.UNKNOWN if emulated else OutcomeKind.BROKEN, reason=short(reason), facts=facts)


# --- facts ---


def _only(events: Sequence[Event], kind: str) -> Event | None:
    found = [event for event in events if event["event"] == kind]
    return found[0] if len(found) == 1 else None


def _counts(items: Sequence[Event]) -> dict[str, dict[str, int]]:
    counted: dict[str, Counter[str]] = {}
    for event in items:
        counted.setdefault(event["event"], Counter())[event["status"]] += 1
    return {kind: dict(sorted(statuses.items())) for kind, statuses in sorted(counted.items())}


def _facts(items: Sequence[Event], findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the bounded facts of an import check: counts, what deviated, what was noted and what can be done."""
    deviating = [event for event in items if event["status"] not in ("ok", "skipped")]
    keys = ("name", "status", "exception", "signal", "exit_code", "last_library", "warm", "repeated")
    kept = [
        {"kind": event["event"], **{key: event[key] for key in keys if event.get(key) not in (None, "")}}
        | {key: tail(event[key]) for key in ("message", "trace", "output") if event.get(key)}
        for event in deviating[:ITEMS]
    ]
    notes = [short(finding.reason) for finding in findings if finding.kind is None and finding.reason]
    advice = [finding.advice for finding in findings if finding.advice and finding.kind is not None]
    return {
        "statuses": _counts(items),
        "deviations": kept,
        "notes": list(dict.fromkeys(notes))[:ITEMS],
        "advice": list(dict.fromkeys(advice)),
    }
