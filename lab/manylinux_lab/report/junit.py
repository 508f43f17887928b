"""``junit.xml``: one case for each cell, for what reads JUnit reports. Its class is the check, its name the id."""

from collections import Counter
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from ..judge import Verdict
from ..results import Result
from ..runs import Run
from .escape import plain

ELEMENTS = {
    Verdict.FAIL: "failure",
    Verdict.ERROR: "error",
    Verdict.UNKNOWN: "skipped",
    Verdict.SKIP: "skipped",
}
WORDS = ("promise", "outcome", "verdict", "grade")


def render(run: Run, results: Sequence[Result]) -> str:
    """Return the document. Same results, same text."""
    return "\n".join(_lines(run, results)) + "\n"


def _lines(run: Run, results: Sequence[Result]) -> Iterator[str]:
    count = Counter(ELEMENTS.get(result.verdict) for result in results)
    seconds = sum(result.seconds for result in results)
    numbers = f'tests="{len(results)}" failures="{count["failure"]}" errors="{count["error"]}"'
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield "<testsuites>"
    yield f'<testsuite name={_value(run.id)} {numbers} skipped="{count["skipped"]}" time="{seconds:.3f}">'
    for result in results:
        yield from _case(result)
    yield "</testsuite>"
    yield "</testsuites>"


def _case(result: Result) -> Iterator[str]:
    yield f'<testcase classname={_value(result.check)} name={_value(result.cell)} time="{result.seconds:.3f}">'
    words = (f'<property name="{name}" value={_value(getattr(result, name).value)}/>' for name in WORDS)
    yield f"<properties>{''.join(words)}</properties>"
    element = ELEMENTS.get(result.verdict)
    if element == "skipped":
        yield f"<skipped message={_value(result.reason)}/>"
    elif element:
        text = escape(plain(f"repeat: {result.repeat}"))
        yield f"<{element} message={_value(result.reason)}>{text}</{element}>"
    yield "</testcase>"


def _value(text: str) -> str:
    return quoteattr(plain(text))
