"""``report.sarif``: what needs attention in SARIF 2.1.0, for code scanning.

A rule is a check, or a kind of evidence of wheels that share a process. Trouble of the lab is no result: it is a
notification of the tool, since it says nothing about a wheel.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from ..coload.evidence import Kind, Weight
from ..judge import Verdict
from ..results import Result
from ..runs import Run
from .escape import plain
from .matrix import COMPANY
from .model import Report, ReportCell, report_of

VERSION = "2.1.0"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# GitHub takes 25,000 results and shows 5,000, the worst first.
MOST = 5000
LEVELS = {Verdict.FAIL: "error", Verdict.WARN: "warning", Verdict.UNKNOWN: "note"}
LEVEL_ORDER = (*LEVELS.values(), "none")
QUESTIONS = {
    "read": "The file is a wheel",
    "resolve": "An installer finds a release for the bench",
    "install": "The wheel installs where its tag reaches",
    "refuse": "The wheel is refused where its tag does not reach",
    "import": "The wheel imports and loads where its tag reaches",
    "smoke": "The smoke code runs",
    "effects": "Loading the wheel changes nothing that others depend on",
    COMPANY: "Wheels work together as each does alone",
}


def render(run: Run, results: Sequence[Result]) -> str:
    """Return the log. Same results, same text."""
    return msgspec.json.format(msgspec.json.encode(log_of(report_of(run, results))), indent=1).decode() + "\n"


def log_of(report: Report) -> dict[str, Any]:
    """Return the log as SARIF has it, with one run."""
    needy = [cell for cell in report.cells if cell.verdict in LEVELS]
    needy.sort(key=lambda cell: (LEVEL_ORDER.index(_level(cell)), cell.is_predicted))
    rules = sorted({_rule(cell) for cell in needy})
    positions = {rule: position for position, rule in enumerate(rules)}
    return {
        "$schema": SCHEMA,
        "version": VERSION,
        "runs": [
            {
                "tool": {"driver": _driver(report, rules)},
                "automationDetails": {"id": f"manylinux-lab/{plain(report.run)}"},
                "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": _notes(report, needy)}],
                "results": [_result(cell, positions) for cell in needy[:MOST]],
            }
        ],
    }


def _driver(report: Report, rules: Sequence[str]) -> dict[str, Any]:
    return {
        "name": "manylinux-lab",
        "semanticVersion": plain(report.lab),
        "rules": [{"id": rule, "shortDescription": {"text": _question(rule)}} for rule in rules],
    }


def _rule(cell: ReportCell) -> str:
    """Return the check, and of wheels together the kind of the first evidence that weighs as much as the verdict."""
    weight = Weight.FAIL if cell.verdict is Verdict.FAIL else Weight.WARN
    kinds = [one.kind for one in cell.evidence if one.weight == weight.value]
    return f"{plain(cell.check)}/{_slug(kinds[0])}" if kinds else plain(cell.check)


def _slug(kind: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", kind.lower()).strip("-")


def _question(rule: str) -> str:
    check, _, slug = rule.partition("/")
    kind = next((kind.value for kind in Kind if _slug(kind.value) == slug), slug)
    return f"{QUESTIONS.get(check, check)}{f': {kind}' if kind else ''}"


def _result(cell: ReportCell, positions: Mapping[str, int]) -> dict[str, Any]:
    rule = _rule(cell)
    return {
        "ruleId": rule,
        "ruleIndex": positions[rule],
        "level": _level(cell),
        "message": {"text": _message(cell)},
        "locations": [_location(cell)],
        "partialFingerprints": {"manylinuxLabCell/v1": fingerprint(cell), "primaryLocationLineHash": fingerprint(cell)},
        "properties": {"word": cell.word, "how": cell.how.value if cell.how else "", "repeat": plain(cell.repeat)},
    }


def _level(cell: ReportCell) -> str:
    if cell.is_predicted and cell.verdict is Verdict.FAIL:
        return "warning"
    return LEVELS[cell.verdict] if cell.verdict else "none"


def _message(cell: ReportCell) -> str:
    """Return what happened, where, and what to do, as plain text: SARIF reads brackets as links."""
    how = "Predicted: " if cell.is_predicted else ""
    reason = plain(cell.reason) or cell.word
    words = " ".join([f"{how}{reason}", *map(plain, cell.advice), f"({plain(cell.cell)})"])
    return re.sub(r"([\\\[\]])", r"\\\1", words)


def _location(cell: ReportCell) -> dict[str, Any]:
    """Return the wheel as the file, and the cell as the place in it; a repository rarely has either."""
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(plain(cell.subject)) or "wheel"},
            "region": {"startLine": 1},
        },
        "logicalLocations": [{"fullyQualifiedName": plain(cell.cell), "kind": "object"}],
    }


def fingerprint(cell: ReportCell) -> str:
    """Return what stays the same from one night to the next, whatever the version of the wheel: rule, wheel, bench."""
    members = [name.rpartition("-")[0] or name for name in cell.subject.split(",")] if cell.check == COMPANY else []
    words = "\n".join([_rule(cell), ",".join(members) or cell.project or cell.subject, cell.bench])
    return hashlib.sha256(words.encode(errors="replace")).hexdigest()


def _notes(report: Report, needy: Sequence[ReportCell]) -> list[dict[str, Any]]:
    said = [f"{plain(cell.reason)} ({plain(cell.cell)})" for cell in report.cells if cell.verdict is Verdict.ERROR]
    said += [f"{report.counts.not_run} cells did not run."] if report.counts.not_run else []
    said += [f"{len(needy) - MOST} further results are in the other reports."] if len(needy) > MOST else []
    told = [("note", plain(note)) for note in report.notes] + [("error", words) for words in said]
    return [{"level": level, "message": {"text": words}} for level, words in told[:MOST]]
