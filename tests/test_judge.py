"""The judging table, whole."""

import pytest

from manylinux_lab.judge import Outcome, OutcomeKind, Promise, Verdict, judge

CASES = [
    (Promise.SUPPORTED, OutcomeKind.OK, Verdict.PASS),
    (Promise.SUPPORTED, OutcomeKind.ACCEPTED, Verdict.PASS),
    (Promise.SUPPORTED, OutcomeKind.BROKEN, Verdict.FAIL),
    (Promise.SUPPORTED, OutcomeKind.REFUSED, Verdict.FAIL),
    (Promise.SUPPORTED, OutcomeKind.UNKNOWN, Verdict.UNKNOWN),
    (Promise.SUPPORTED, OutcomeKind.TROUBLE, Verdict.ERROR),
    (Promise.SUPPORTED, OutcomeKind.NOT_APPLIED, Verdict.SKIP),
    (Promise.UNSUPPORTED, OutcomeKind.REFUSED, Verdict.PASS),
    (Promise.UNSUPPORTED, OutcomeKind.ACCEPTED, Verdict.FAIL),
    (Promise.UNSUPPORTED, OutcomeKind.OK, Verdict.FAIL),
    (Promise.UNSUPPORTED, OutcomeKind.BROKEN, Verdict.UNKNOWN),
    (Promise.UNSUPPORTED, OutcomeKind.UNKNOWN, Verdict.UNKNOWN),
    (Promise.UNSUPPORTED, OutcomeKind.TROUBLE, Verdict.ERROR),
    (Promise.UNSUPPORTED, OutcomeKind.NOT_APPLIED, Verdict.SKIP),
]


@pytest.mark.parametrize(("promise", "kind", "verdict"), CASES)
def test_every_row(promise: Promise, kind: OutcomeKind, verdict: Verdict) -> None:
    assert judge(promise, Outcome(kind=kind, reason="")) is verdict


def test_the_cases_above_are_all_there_are() -> None:
    assert {(promise, kind) for promise, kind, _ in CASES} == {(one, two) for one in Promise for two in OutcomeKind}


@pytest.mark.parametrize(
    ("kind", "strict", "verdict"),
    [
        (OutcomeKind.OK, False, Verdict.WARN),
        (OutcomeKind.OK, True, Verdict.FAIL),
        (OutcomeKind.BROKEN, False, Verdict.FAIL),
        (OutcomeKind.TROUBLE, True, Verdict.ERROR),
    ],
)
def test_side_effects_change_only_a_pass(kind: OutcomeKind, strict: bool, verdict: Verdict) -> None:
    outcome = Outcome(kind=kind, reason="", side_effects=("an object cannot be loaded",))
    assert judge(Promise.SUPPORTED, outcome, strict=strict) is verdict
