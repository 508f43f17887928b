"""Comparing two runs: which cells changed, in what way, and what each change is put down to."""

from dataclasses import replace
from typing import Any

import pytest
from records import result

from manylinux_lab.history.causes import CauseKind, causes
from manylinux_lab.history.changes import Change, Rate, changes, decided
from manylinux_lab.judge import How, OutcomeKind, Verdict
from manylinux_lab.results import Conditions, Result

WHEEL = "numpy-2.1.3-cp311-cp311-manylinux_2_17_x86_64.whl"
NEWER = "numpy-2.2.0-cp311-cp311-manylinux_2_17_x86_64.whl"
SAME = Conditions(
    wheels={WHEEL: "0" * 64}, python="3.11.2", installer="pip 23.0.1", probe="aaaa", options={"timeout": "120"}
)


def one(verdict: Verdict = Verdict.PASS, conditions: Conditions | None = SAME, **fields: Any) -> Result:
    return result(verdict=verdict, conditions=conditions, **fields)


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (Verdict.PASS, Verdict.FAIL, Change.REGRESSED),
        (Verdict.PASS, Verdict.WARN, Change.REGRESSED),
        (Verdict.WARN, Verdict.FAIL, Change.REGRESSED),
        (Verdict.FAIL, Verdict.PASS, Change.FIXED),
        (Verdict.WARN, Verdict.PASS, Change.FIXED),
        (Verdict.PASS, Verdict.ERROR, Change.UNCLEAR),
        (Verdict.FAIL, Verdict.SKIP, Change.UNCLEAR),
        (Verdict.UNKNOWN, Verdict.FAIL, Change.UNCLEAR),
        *((verdict, verdict, None) for verdict in Verdict),
    ],
)
def test_what_became_of_a_cell(old: Verdict, new: Verdict, change: Change | None) -> None:
    compared = changes([one(old)], [one(new)])
    assert [changed.change for changed in compared.changes] == ([change] if change else [])
    assert compared.unchanged == (change is None)


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (How.PREDICTED, How.OBSERVED, Change.OBSERVED),
        (How.OBSERVED, How.PREDICTED, Change.PREDICTED),
        (How.PREDICTED, How.PREDICTED, Change.REGRESSED),
    ],
)
def test_a_prediction_that_is_seen_is_no_regression(old: How, new: How, change: Change) -> None:
    compared = changes([one(how=old)], [one(Verdict.FAIL, how=new)])
    assert [changed.change for changed in compared.changes] == [change]


def test_flaky_evidence_of_wheels_in_one_process_is_flaky() -> None:
    facts = {"evidence": [{"kind": "flaky", "weight": "warn", "words": "once in three"}]}
    calm = one(check="coload", subject="a-1,b-1", project="a,b")
    compared = changes([calm], [replace(calm, verdict=Verdict.WARN, facts=facts)])
    assert [changed.change for changed in compared.changes] == [Change.FLAKY]
    assert not compared.changes[0].is_unexplained


def test_an_upgraded_wheel_is_the_same_question() -> None:
    newer = one(Verdict.FAIL, replace(SAME, wheels={NEWER: "2" * 64}), subject=NEWER, version="2.2.0", sha256="2" * 64)
    (changed,) = changes([one()], [newer]).changes
    assert (changed.change, changed.cell) == (Change.REGRESSED, newer.cell)
    assert [(cause.kind, cause.words) for cause in changed.causes] == [(CauseKind.WHEEL, "numpy-2.1.3 -> numpy-2.2.0")]


def test_releases_that_stay_are_matched_before_those_that_moved() -> None:
    names = [f"numpy-{version}-cp311-cp311-manylinux_2_17_x86_64.whl" for version in ("1.26.4", "2.1.3", "2.2.0")]
    first, second, third = (one(subject=name) for name in names)
    assert changes([first, second], [first, replace(third, verdict=Verdict.FAIL)]).unchanged == 1
    apart = changes([first, second], [third])
    assert [changed.change for changed in apart.changes] == [Change.VANISHED, Change.VANISHED, Change.APPEARED]


def test_wheels_of_one_release_are_told_apart_by_their_tags() -> None:
    tags = ("cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux_2_28_x86_64")
    old = [one(subject=f"demo-1.0-{tag}.whl", project="demo") for tag in tags]
    new = [one(subject=f"demo-2.0-{tag}.whl", project="demo") for tag in tags]
    assert changes(old, new).unchanged == 2


def test_a_pair_whose_member_was_upgraded_is_the_same_pair() -> None:
    pair: dict[str, Any] = {"check": "coload", "project": "lxml,xmlsec", "version": "", "sha256": ""}
    wheels = {
        "lxml-5.4.0-cp311-cp311-linux_x86_64.whl": "1" * 64,
        "xmlsec-1.3.16-cp311-cp311-linux_x86_64.whl": "2" * 64,
    }
    newer = {
        "lxml-6.0.0-cp311-cp311-linux_x86_64.whl": "3" * 64,
        "xmlsec-1.3.16-cp311-cp311-linux_x86_64.whl": "2" * 64,
    }
    old = one(conditions=replace(SAME, wheels=wheels, site="x"), subject="lxml-5.4.0,xmlsec-1.3.16", **pair)
    new = one(Verdict.FAIL, replace(SAME, wheels=newer, site="y"), subject="lxml-6.0.0,xmlsec-1.3.16", **pair)
    (changed,) = changes([old], [new]).changes
    assert [cause.words for cause in changed.causes] == ["lxml-5.4.0 -> lxml-6.0.0"]


def test_another_interpreter_of_the_same_distro_is_the_same_question() -> None:
    new = one(Verdict.FAIL, replace(SAME, python="3.12.1"), bench="debian-12:x86_64:cp312", interpreter="cp312")
    (changed,) = changes([one()], [new]).changes
    assert [cause.kind for cause in changed.causes] == [CauseKind.INTERPRETER]


@pytest.mark.parametrize(
    ("fields", "conditions", "kind", "words"),
    [
        ({"sha256": "1" * 64}, {"wheels": {WHEEL: "1" * 64}}, CauseKind.WHEEL, f"{WHEEL} is another file: sha256 0"),
        ({"image": "sha256:" + "2" * 64}, {}, CauseKind.IMAGE, "digest 111111111111 -> 222222222222"),
        ({"variant": "desktop"}, {}, CauseKind.IMAGE, "variant minimal -> desktop"),
        ({}, {"python": "3.11.9"}, CauseKind.INTERPRETER, "cp311 3.11.2 -> 3.11.9"),
        ({}, {"installer": "pip 25.0"}, CauseKind.INSTALLER, "pip 23.0.1 -> pip 25.0"),
        ({"installer": "uv"}, {"installer": "uv 0.9"}, CauseKind.INSTALLER, "pip 23.0.1 -> uv 0.9"),
        ({"engine": "docker"}, {}, CauseKind.ENGINE, "bwrap -> docker"),
        ({"emulated": True}, {}, CauseKind.ENGINE, "native -> emulated"),
        ({}, {"limits": ("memory",)}, CauseKind.ENGINE, "limits in force: none -> memory"),
        ({"lab": "9.0"}, {}, CauseKind.LAB, "manylinux-lab 0.1.0 -> 9.0"),
        ({}, {"probe": "bbbb"}, CauseKind.LAB, "probe aaaa -> bbbb"),
        ({}, {"check": "cccc"}, CauseKind.LAB, "the file of the check 'import' changed"),
        ({}, {"options": {"timeout": "9"}}, CauseKind.OPTIONS, "timeout: 120 -> 9"),
        ({}, {"options": {"timeout": "120", "strict": "true"}}, CauseKind.OPTIONS, "strict: not given -> true"),
        ({}, {"beside": {"six-1.0-py3-none-any.whl": "5"}}, CauseKind.BESIDE, "six-1.0-py3-none-any.whl is new"),
        ({}, {"site": "other"}, CauseKind.BESIDE, "other wheels are installed in the same site folder"),
        ({}, {}, CauseKind.NOTHING, "nothing that is recorded changed"),
    ],
)
def test_each_cause_is_named(fields: dict[str, Any], conditions: dict[str, Any], kind: CauseKind, words: str) -> None:
    (cause,) = causes(one(), one(conditions=replace(SAME, **conditions), **fields))
    assert cause.kind is kind
    assert cause.words.startswith(words)


def test_what_an_older_lab_did_not_record_is_not_taken_to_be_the_same() -> None:
    (cause,) = causes(one(conditions=None), one())
    assert cause.kind is CauseKind.UNRECORDED
    kinds = [cause.kind for cause in causes(one(conditions=None), one(image="sha256:" + "3" * 64))]
    assert kinds == [CauseKind.IMAGE, CauseKind.UNRECORDED]


def test_the_choice_of_the_index_is_a_cause() -> None:
    old = one(check="resolve", facts={"chosen": ["a-1.whl"]})
    (cause,) = causes(old, replace(old, facts={"chosen": ["a-2.whl"]}))
    assert (cause.kind, cause.words) == (CauseKind.INDEX, "its choice: a-1.whl -> a-2.whl")
    failed = one(Verdict.FAIL, check="resolve", outcome=OutcomeKind.BROKEN)
    assert [cause.kind for cause in causes(old, failed)] == [CauseKind.INDEX]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"bench": "alpine-3:x86_64:cp311", "distro": "alpine-3"},
            "the other run has nothing on alpine-3:x86_64:cp311",
        ),
        ({"project": "lxml"}, "the other run has nothing of lxml"),
        ({"check": "smoke"}, "the other run has no check 'smoke'"),
    ],
)
def test_a_cell_without_counterpart_says_what_the_other_run_lacks(fields: dict[str, Any], words: str) -> None:
    compared = changes([one()], [one(), one(**{"subject": "x.whl", **fields})])
    assert [(changed.change, changed.causes[0].words) for changed in compared.changes] == [(Change.APPEARED, words)]


@pytest.mark.parametrize(
    ("verdicts", "change", "rate"),
    [
        ([Verdict.FAIL] * 5, Change.REGRESSED, Rate(deviations=0, times=5)),
        ([Verdict.FAIL, Verdict.PASS, Verdict.FAIL], Change.FLAKY, Rate(deviations=1, times=3)),
        ([Verdict.PASS] * 5, Change.FLAKY, Rate(deviations=5, times=5)),
        ([Verdict.ERROR, Verdict.FAIL], Change.REGRESSED, Rate(deviations=0, times=1)),
        ([Verdict.ERROR], Change.REGRESSED, None),
    ],
)
def test_only_repeating_tells_whether_an_unexplained_change_is_flaky(
    verdicts: list[Verdict], change: Change, rate: Rate | None
) -> None:
    (changed,) = changes([one()], [one(Verdict.FAIL)]).changes
    assert changed.is_unexplained
    told = decided(changed, verdicts)
    assert (told.change, told.rate) == (change, rate)
    assert bool(told.unrepeated) == (rate is None)


def test_changes_come_in_one_order_whatever_the_order_of_results() -> None:
    old = [one(), one(check="smoke"), one(check="install")]
    new = [one(Verdict.FAIL), one(check="smoke"), one(check="refuse")]
    assert changes(old, new) == changes(old[::-1], new[::-1])
    assert changes(old, new).counts() == {Change.REGRESSED: 1, Change.VANISHED: 1, Change.APPEARED: 1}
