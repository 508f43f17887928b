"""What was predicted against what was seen, and why they differ."""

from pathlib import Path
from typing import Any

import pytest
from agreement import main as table
from records import result, run, subject

from manylinux_lab.judge import How, OutcomeKind, Verdict
from manylinux_lab.report import markdown
from manylinux_lab.report.agreement import Cause, Difference, Line, differences, lines
from manylinux_lab.results import Result, ResultsWriter


def seen(
    outcome: OutcomeKind,
    told: str = "ok",
    name: str = "owl",
    deviations: tuple[dict[str, str], ...] = (),
    **fields: Any,
) -> Result:
    """Return an import that was seen, with what was predicted of it."""
    kinds = {OutcomeKind.OK: "ok", OutcomeKind.BROKEN: "broken"}
    agrees = kinds[outcome] == told if outcome in kinds and told in kinds.values() else None
    predicted = {"outcome": told, "reason": "" if told == "ok" else "It was foretold.", "agrees": agrees}
    facts = {"predicted": predicted, "deviations": list(deviations)} if told else {}
    verdict = Verdict.PASS if outcome is OutcomeKind.OK else Verdict.FAIL
    return result(outcome=outcome, verdict=verdict, facts=facts, subject=subject(name).id, **fields)


def event(message: str = "", kind: str = "import", **fields: str) -> dict[str, str]:
    """Return a deviation."""
    return {"kind": kind, "message": message, "status": "exception", **fields}


def test_cells_are_counted_by_check_and_bench() -> None:
    results = [
        seen(OutcomeKind.OK),
        seen(OutcomeKind.OK, "broken", "elm"),
        seen(OutcomeKind.BROKEN, "broken", "fir"),
        seen(OutcomeKind.OK, "unknown", "oak"),
        seen(OutcomeKind.OK, "", "ash"),
        seen(OutcomeKind.OK, name="far", how=How.PREDICTED),
        seen(OutcomeKind.TROUBLE, name="ill"),
        result(check="refuse", outcome=OutcomeKind.REFUSED),
        result(check="install", outcome=OutcomeKind.OK),
    ]
    bench = "debian-12:x86_64:cp311"

    assert lines(results) == (
        Line(check="import", bench=bench, seen="works", predicted=_counts(resolves=1, FAIL=1, unknown=1)),
        Line(check="import", bench=bench, seen="broken", predicted=_counts(FAIL=1)),
        Line(check="refuse", bench=bench, seen="refused", predicted=_counts(refused=1)),
    )


def _counts(**counts: int) -> dict[str, int]:
    return {"resolves": 0, "FAIL": 0, "refused": 0, "unknown": 0, **counts}


@pytest.mark.parametrize(
    ("deviations", "cause"),
    [
        ((event("libowl.so.1: cannot open shared object file: No such file or directory"),), Cause.MODEL),
        ((event("/x/_owl.so: undefined symbol: hoot"),), Cause.SYMBOL),
        ((event("No module named 'numpy'", exception="ModuleNotFoundError"),), Cause.REQUIREMENT),
        ((event(status="signal"),), Cause.CRASH),
        ((event("no hooting at day", exception="ValueError"),), Cause.CODE),
        ((), Cause.CODE),
        (
            (
                event("No module named 'numpy'", exception="ModuleNotFoundError"),
                event("libowl.so.1: cannot open shared object file: No such file or directory", kind="object"),
                event("not tried", kind="extension", status="not-tried"),
            ),
            Cause.REQUIREMENT,
        ),
        ((event("libowl.so.1: cannot open shared object file: No such file", kind="object"),), Cause.MODEL),
    ],
)
def test_a_difference_has_a_cause(deviations: tuple[dict[str, str], ...], cause: Cause) -> None:
    (difference,) = differences(
        [seen(OutcomeKind.BROKEN, deviations=deviations, reason="It broke."), seen(OutcomeKind.OK)]
    )

    assert (difference.cause, difference.seen, difference.told) == (cause, "It broke.", "")


@pytest.mark.parametrize(("effects", "cause"), [(("'x.so' cannot be loaded.",), Cause.NOT_LOADED), ((), Cause.MODEL)])
def test_what_works_in_spite_of_a_prediction_has_a_cause(effects: tuple[str, ...], cause: Cause) -> None:
    one = seen(OutcomeKind.OK, "broken", side_effects=effects)

    assert differences([one]) == (
        Difference(cell=one.cell, told="It was foretold.", seen="; ".join(effects), cause=cause),
    )


def test_a_wheel_that_was_not_refused_is_a_difference() -> None:
    one = result(check="refuse", outcome=OutcomeKind.ACCEPTED, verdict=Verdict.FAIL, reason="pip took it.")
    (difference,) = differences([one, result(check="refuse", outcome=OutcomeKind.REFUSED)])

    assert (difference.cause, difference.told) == (Cause.MODEL, "refused, as its tags say")


def test_a_report_shows_the_table_and_every_difference() -> None:
    broken = event("No module named 'numpy'", exception="ModuleNotFoundError")
    results = [seen(OutcomeKind.OK), seen(OutcomeKind.BROKEN, name="elm", deviations=(broken,), reason="It <broke>.")]
    page = markdown.render(run(), results)

    assert "| import | `debian-12:x86_64:cp311` | works | 1 | 0 | 0 | 0 |\n" in page
    assert "| import | `debian-12:x86_64:cp311` | broken | 1 | 0 | 0 | 0 |\n" in page
    assert f"- `{results[1].cell}`: it imports a project that it does not require. Seen: It &lt;broke&gt;.\n" in page
    assert "Predictions against" not in markdown.render(run(), [result(check="refuse", outcome=OutcomeKind.REFUSED)])


def test_the_table_of_the_docs_counts_the_wheels_that_were_refused_too(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    refused = result(check="refuse", outcome=OutcomeKind.REFUSED, subject=subject("fir").id)
    with ResultsWriter(tmp_path / "results.jsonl") as writer:
        for one in (seen(OutcomeKind.OK), refused, result(check="install", outcome=OutcomeKind.OK)):
            writer.write(one)

    assert table([str(tmp_path)]) == 0
    words = capsys.readouterr().out
    assert words.startswith("2 cells of 2 wheels, 0 of them differ.")
    assert "| refuse  | debian-12:x86_64:cp311 | refused |" in words
