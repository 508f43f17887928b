"""Predictions of all releases of a distro, in one line."""

from dataclasses import replace

import pytest
from image_records import release

from manylinux_lab.catalogue.distro import Dataset, Release
from manylinux_lab.judge import Outcome, OutcomeKind, Promise, Verdict
from manylinux_lab.predicting.forecast import Forecast
from manylinux_lab.predicting.spans import spans

VERDICTS = {"+": Verdict.PASS, "!": Verdict.WARN, "-": Verdict.FAIL, "?": Verdict.UNKNOWN, ".": Verdict.PASS}


def line(count: int, name: str = "Demo") -> list[Release]:
    """Return releases 1, 2, ... of a distro, each with a newer glibc."""
    return [
        replace(
            release(),
            id=f"{name.lower()}-{number}",
            name=name,
            version=str(number),
            libc_version=(2, 20 + number),
            dataset=Dataset.HISTORIC,
        )
        for number in range(1, count + 1)
    ]


def forecasts(releases: list[Release], letters: str, arch: str = "x86_64") -> list[Forecast]:
    """Return a forecast for each release: ``+`` holds, ``-`` fails, ``?`` is unknown, ``.`` is refused as it should."""
    return [
        Forecast(
            distro=one.id,
            arch=arch,
            interpreter="",
            promise=Promise.UNSUPPORTED if letter == "." else Promise.SUPPORTED,
            outcome=Outcome(kind=OutcomeKind.BROKEN, reason=f"It fails on {one.version}." if letter == "-" else ""),
            verdict=VERDICTS[letter],
            notes=(),
        )
        for one, letter in zip(releases, letters, strict=True)
    ]


@pytest.mark.parametrize(
    ("letters", "words", "reasons"),
    [
        ("++--", "true until 2; false from 3 on", ("It fails on 3.",)),
        ("--+!", "true from 3 on; false until 2", ("It fails on 2.",)),
        ("-++-", "true on 2 to 3; false on 1, 4", ("It fails on 1.", "It fails on 4.")),
        ("+--+", "true on 1, 4; false on 2 to 3", ("It fails on 2.", "It fails on 3.")),
        ("+?-?", "true until 1; false from 3 on; unknown on 2, 4", ("It fails on 3.",)),
        ("..+-", "true until 3; false from 4 on", ("It fails on 4.",)),
    ],
)
def test_a_change_is_told(letters: str, words: str, reasons: tuple[str, ...]) -> None:
    releases = line(4)
    (span,) = spans(forecasts(releases, letters), releases)

    assert (span.distro, span.arch, span.words, span.reasons) == ("Demo", "x86_64", words, reasons)
    assert (len(span.holds), len(span.fails)) == (letters.count("+") + letters.count("!"), letters.count("-"))


@pytest.mark.parametrize("letters", ["++++", "----", "????", "+?+?", "...+"])
def test_without_a_change_there_is_nothing_to_tell(letters: str) -> None:
    releases = line(4)

    assert spans(forecasts(releases, letters), releases) == ()


def test_releases_follow_their_c_library_and_distros_stay_apart() -> None:
    older, newer = line(2), line(2, "Another")
    leap = [replace(older[1], version="15"), replace(older[0], version="42")]
    found = [*forecasts(leap, "-+"), *forecasts(newer, "+-"), *forecasts(newer, "++", "s390x")]

    assert [(span.distro, span.arch, span.words) for span in spans(found, [*leap, *newer])] == [
        ("Another", "x86_64", "true until 1; false from 2 on"),
        ("Demo", "x86_64", "true until 42; false from 15 on"),
    ]


def test_build_images_are_no_history() -> None:
    releases = [replace(one, dataset=Dataset.BUILD) for one in line(2)]

    assert spans(forecasts(releases, "+-"), releases) == ()
