"""The filters of the page in a real browser: each axis, text, failures, changes, and what takes them back."""

import pytest
from browser import NEEDED, WORDS, Show, choose, heads

pytestmark = [pytest.mark.real, NEEDED]


@pytest.mark.parametrize(
    ("axis", "value", "rows", "columns", "words"),
    [
        ("wheel", "alpha 1.0", 1, 5, {"loaded", "imported", "smoke-tested", "refused", "resolved"}),
        ("distro", "debian-11", 3, 1, {"loaded", "not run", "left out"}),
        ("family", "alpine", 4, 1, {"refused"}),
        ("arch", "aarch64", 3, 1, {"smoke-tested", "ERROR", "skipped"}),
        ("interpreter", "cp314", 2, 1, {"resolved", "FAIL"}),
        ("verdict", "fail", 1, 2, {"FAIL"}),
        ("verdict", "left out", 1, 1, {"left out"}),
        ("check", "install", 4, 1, {"installed"}),
        ("how", "predicted", 2, 1, {"resolved", "FAIL"}),
    ],
)
def test_each_axis_filters(show: Show, axis: str, value: str, rows: int, columns: int, words: set[str]) -> None:
    seen = show()
    choose(seen.page, axis, value)
    assert (len(seen.words("#matrix tbody th")), len(heads(seen))) == (rows, columns)
    assert set(seen.words(WORDS)) == words
    assert f"{axis}={value.replace(' ', '+')}" in seen.page.url


def test_axes_narrow_each_other_and_are_taken_back(show: Show) -> None:
    seen = show()
    choose(seen.page, "family", "debian")
    choose(seen.page, "verdict", "fail", "error")
    assert set(seen.words(WORDS)) == {"FAIL", "ERROR"}
    assert seen.words("#shown") == ["2 cells of 18, 1 wheel, 2 benches"]
    seen.page.click("#chosen button:has-text('Verdict: error')")
    assert set(seen.words(WORDS)) == {"FAIL"}
    seen.page.click("#chosen button:has-text('Clear all')")
    assert len(seen.words("#matrix tbody th")) == 4


def test_text_is_searched_in_names_benches_and_reasons(show: Show) -> None:
    seen = show()
    seen.page.fill("#text", "libx.so.1 needs")
    assert set(seen.words(WORDS)) == {"FAIL"}
    seen.page.fill("#text", "gamma ARM nothing")
    assert seen.page.is_visible("#none")
    seen.page.click("#clear")
    assert len(seen.words("#matrix tbody th")) == 4


def test_only_failures_and_only_changes(show: Show) -> None:
    plain = show()
    assert not plain.page.is_visible("#only-changes")
    plain.page.click("#only-failures")
    assert set(plain.words(WORDS)) == {"FAIL"}
    assert {word for word in plain.words("#pairs-0 td b") if len(word) > 1} == {"FAIL"}
    plain.page.click("#only-failures")
    assert len(plain.words("#matrix tbody th")) == 4
    compared = show(name="compared")
    compared.page.click("#only-changes")
    assert compared.words("#matrix td.word") == ["FAIL\nregressed, import"]
    assert compared.words("#pairs-0 td.word") == ["FAIL\nregressed"]
    compared.page.click("#matrix td.word")
    assert "pass before, fail now (the wheel changed)" in compared.page.inner_text("#evidence-body")


def test_a_tile_shows_its_cells(show: Show) -> None:
    seen = show()
    boxes = [tile.bounding_box() for tile in seen.page.locator(".tile").all()]
    assert [box is not None and box["x"] > 0 for box in boxes] == [True] * 9
    seen.page.click(".tile.unknown a")
    assert seen.words(WORDS) == ["unknown"]
    seen.page.click(".tile.left-out a")
    assert seen.page.is_visible("#left-out ul")
    assert seen.words(WORDS) == ["unknown"]
