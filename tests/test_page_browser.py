"""The page in a real browser: what a reader sees, opens, copies, and reaches by keyboard or by an address."""

import re

import pytest
from browser import NEEDED, WORDS, Show, choose, focused, heads, until
from page_runs import NEW
from playwright.sync_api import Page

pytestmark = [pytest.mark.real, NEEDED]


def test_every_state_has_a_word_and_a_look_of_its_own(show: Show) -> None:
    seen = show()
    table = seen.page.locator("#matrix tbody tr")
    lines = [[text.strip() for text in row.locator("td").all_inner_texts()] for row in table.all()]
    rows = dict(zip(seen.words("#matrix tbody th"), lines, strict=True))
    assert heads(seen) == [
        "debian-11 cp39",
        "debian-12 cp311",
        "debian-12 cp311 emulated",
        "alpine-3.22 cp312",
        "fedora-43 cp314 predicted",
    ]
    assert rows["alpha 1.0"] == ["loaded", "imported", "smoke-tested\nemulated", "refused", "resolved\npredicted"]
    assert rows["beta 1.0"] == ["not run", "FAIL\nimport", "ERROR\nimport, emulated", "refused", "FAIL\npredicted"]
    assert rows["gamma 1.0"] == ["left out", "warn\ninstalled", "skipped\nimport, emulated", "refused", "-"]
    assert rows["delta 1.0"] == ["-", "unknown\nimport", "-", "refused", "-"]
    looks = seen.page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("#matrix td.cell")].map((cell) => {
          const {backgroundColor, backgroundImage, outlineStyle, borderBottomStyle} = getComputedStyle(cell);
          return [cell.innerText, [backgroundColor, backgroundImage, outlineStyle, borderBottomStyle].join()];
        }))"""
    )
    assert len(set(looks.values())) == len(looks)
    assert seen.words("#matrix tr.group th") == ["debian", "alpine", "fedora", "x86_64", "aarch64", "x86_64", "x86_64"]


def test_the_summary_says_what_was_run_what_broke_and_what_was_not_run(show: Show) -> None:
    seen = show()
    assert seen.words("#summary h2") == [
        "3 promises broken: alpha-1.0, then beta-1.0; alpha-1.0, then beta-1.0, then gamma-1.0; beta 1.0"
    ]
    assert seen.words(".part.fail .where")[-1] == "fedora-43:x86_64:cp314"
    assert "'beta' needs 'libx.so.1'." in " ".join(seen.words(".part.fail li"))
    assert any("no registry answers" in line for line in seen.words(".part.left-out li"))


def test_the_summary_is_copied_as_text(show: Show) -> None:
    seen = show(permissions=["clipboard-read", "clipboard-write"])
    seen.page.click("#copy-summary")
    until(seen.page, "document.getElementById('copy-summary').textContent === 'Copied'")
    text = seen.page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("3 promises broken: ")
    assert "\nPromised and broken\n- " in text


def test_pairs_are_a_map_with_the_strongest_evidence(show: Show) -> None:
    seen = show()
    cell = seen.page.locator("#pairs-0 td[title^='alpha-1.0, then beta-1.0']")
    assert cell.inner_text().split("\n") == ["FAIL", "captured library"]
    assert seen.words("#pairs-0 td.left-out") == ["left out", "left out"]
    cell.click()
    body = seen.page.inner_text("#evidence-body")
    assert "3 of 3 fresh processes" in body
    for asked, name in (("asks", "/s/beta/b.so"), ("meant", "/s/beta/libx.so"), ("gets", "/s/alpha/libx.so")):
        assert re.search(rf"{asked}\s+{name}", body)


def test_more_than_two_wheels_are_listed_and_open(show: Show) -> None:
    seen = show()
    seen.page.click("#crowds button")
    assert seen.page.inner_text("#evidence-title") == "alpha-1.0, then beta-1.0, then gamma-1.0"
    assert "three are too many" in seen.page.inner_text("#evidence-body")


# --- evidence ---


def test_a_cell_opens_its_evidence(show: Show) -> None:
    seen = show(permissions=["clipboard-read", "clipboard-write"])
    seen.page.click("#matrix td[title^='beta 1.0 on debian-12:x86_64']")
    body = seen.page.inner_text("#evidence-body")
    for words in (
        "'beta' needs 'libx.so.1'.",
        "libx.so.1 is missing",
        "ImportError",
        "that it works here",
        "sha256:1111",
    ):
        assert words in body, words
    headings = [" ".join(text.split()) for text in seen.words("#evidence details.check > summary h3")]
    assert headings == ["FAIL import", "installed install", "The bench"]
    seen.page.click("#evidence-body .copy >> nth=0")
    seen.page.wait_for_selector("#evidence-body .copy:has-text('Copied')")
    assert seen.page.evaluate("navigator.clipboard.readText()") == "manylinux-lab run dist/numpy.whl"


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("beta 1.0 on debian-11", "the run ended before"),
        ("gamma 1.0 on debian-11", "it needs a newer Python"),
        ("delta 1.0 on debian-11", "was not asked for"),
        ("alpha 1.0 on fedora-43", "nothing was run"),
        ("alpha 1.0 on debian-12:aarch64", "under emulation"),
    ],
)
def test_a_cell_says_why_it_was_not_observed(show: Show, place: str, words: str) -> None:
    seen = show()
    seen.page.click(f"#matrix td[title^='{place}']")
    assert words in seen.page.inner_text("#evidence-body")


# --- keyboard ---


def test_everything_can_be_done_by_keyboard(show: Show) -> None:
    seen = show()
    keys = seen.page.keyboard
    keys.press("Tab")
    assert seen.page.evaluate("document.activeElement.textContent") == "To the matrix"
    keys.press("Enter")
    for _ in range(20):
        keys.press("Tab")
        if seen.page.evaluate("document.activeElement.tagName") == "TD":
            break
    assert focused(seen.page).startswith("alpha 1.0 on debian-11")
    steps = {
        "ArrowRight": "alpha 1.0 on debian-12:x86_64",
        "ArrowDown": "beta 1.0 on debian-12:x86_64",
        "End": "beta 1.0 on fedora-43",
        "Home": "beta 1.0 on debian-11",
        "Control+End": "gamma 1.0 on fedora-43",
        "Control+Home": "alpha 1.0 on debian-11",
        "ArrowLeft": "alpha 1.0 on debian-11",
        "PageDown": "gamma 1.0 on debian-11",
        "ArrowUp": "delta 1.0 on debian-11",
    }
    for key, label in steps.items():
        keys.press(key)
        assert focused(seen.page).startswith(label), key
    assert seen.page.locator("#matrix td[tabindex='0']").count() == 1
    keys.press("Enter")
    assert seen.page.evaluate("document.getElementById('evidence').contains(document.activeElement)")
    keys.press("Escape")
    seen.page.wait_for_selector("#evidence", state="hidden")
    assert focused(seen.page).startswith("delta 1.0 on debian-11")


@pytest.mark.parametrize("close", ["Escape", "[data-close]", "back"])
@pytest.mark.parametrize("is_reloaded", [False, True])
@pytest.mark.parametrize(
    ("selector", "label"),
    [
        ("#matrix td[title^='beta 1.0 on debian-12:x86_64']", "beta 1.0 on debian-12:x86_64"),
        ("#pairs-0 td[title^='beta-1.0, then gamma-1.0']", "beta-1.0, then gamma-1.0"),
        ("#crowds button", "alpha-1.0, then beta-1.0, then gamma-1.0"),
    ],
    ids=["cell", "pair", "order"],
)
def test_the_focus_comes_back_to_what_was_open(
    show: Show, selector: str, label: str, close: str, *, is_reloaded: bool
) -> None:
    seen = show()
    seen.page.click(selector)
    if is_reloaded:
        seen.page.reload()
    seen.page.wait_for_selector("#evidence[open]")
    if close == "back":
        seen.page.go_back()
    elif close == "Escape":
        seen.page.keyboard.press(close)
    else:
        seen.page.click(close)
    seen.page.wait_for_selector("#evidence", state="hidden")
    until(seen.page, "document.activeElement.closest('main td, main button')")  # not what was focused in the dialog
    assert seen.page.evaluate("document.activeElement.title || document.activeElement.textContent").startswith(label)
    assert is_seen(seen.page)


def test_the_focus_comes_to_what_is_left_where_the_filters_hide_what_was_open(show: Show) -> None:
    seen = show(f"#text=alpha&cell=beta+1.0&on={NEW.id}")
    seen.page.wait_for_selector("#evidence[open]")
    seen.page.keyboard.press("Escape")
    until(seen.page, "document.activeElement.tagName === 'TD'")
    assert focused(seen.page).startswith("alpha 1.0 on ")


def is_seen(page: Page) -> bool:
    """Tell whether the middle of the cell that has the focus is in view, under nothing."""
    return page.evaluate(
        """() => {
          const cell = document.activeElement, box = cell.getBoundingClientRect();
          const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
          return cell === top || cell.contains(top);
        }"""
    )


def test_a_large_matrix_holds_what_is_in_view_and_keys_reach_everything(show: Show) -> None:
    seen = show(name="large")
    assert seen.words("#shown") == ["12,000 cells of 12,000, 300 wheels, 40 benches"]
    assert seen.page.locator("#matrix").get_attribute("aria-rowcount") == "303"
    seen.page.locator("#matrix td.cell").first.focus()
    places = {
        "Control+End": "wheel-299 1.0 on distro-40:",
        "ArrowUp": "wheel-298 1.0 on distro-40:",
        "Home": "wheel-298 1.0 on distro-1:",
        "Control+Home": "wheel-000 1.0 on distro-1:",
        "PageDown": "wheel-0",
        "End": "wheel-0",
        "ArrowLeft": "wheel-0",
    }
    for key, label in places.items():
        seen.page.keyboard.press(key)
        assert focused(seen.page).startswith(label), key
        assert is_seen(seen.page), key
        assert seen.page.locator("#matrix td.cell").count() < 1500
    for _ in range(30):
        seen.page.keyboard.press("ArrowDown")
    assert is_seen(seen.page)
    assert focused(seen.page).split(" on ")[1].startswith("distro-39:")


def test_scrolling_a_large_matrix_draws_what_comes_into_view(show: Show) -> None:
    seen = show(name="large")
    seen.page.evaluate("document.getElementById('matrix').parentElement.scrollTo(2000, 6000)")
    until(seen.page, "document.querySelector('#matrix tbody th').innerText > 'wheel-100'")
    cell = seen.page.evaluate(
        """() => {
          const view = document.getElementById("matrix").parentElement;
          view.scrollIntoView();
          const box = view.getBoundingClientRect();
          const cell = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2).closest("td.cell");
          const bench = [...document.querySelectorAll("#matrix tr.head th")].find((head) => {
            const place = head.getBoundingClientRect(), own = cell.getBoundingClientRect();
            return Math.abs(place.x - own.x) < 1;
          });
          return [cell.title, cell.parentElement.querySelector("th").innerText, bench.title];
        }"""
    )
    assert cell[0].startswith(f"{cell[1]} on {cell[2].partition(';')[0]}: ")
    seen.page.fill("#text", "wheel-123")
    assert seen.words("#matrix tbody th") == ["wheel-123 1.0"]


def test_a_filter_is_chosen_by_keyboard(show: Show) -> None:
    seen = show()
    seen.page.focus("details[data-axis=verdict] > summary")
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_selector("details[data-axis=verdict] .panel input >> nth=2")
    for key in ("Tab", "Tab", "Tab", "Space"):
        seen.page.keyboard.press(key)
    until(seen.page, "location.hash.includes('verdict')")
    assert set(seen.words(WORDS)) == {"FAIL"}
    seen.page.keyboard.press("Escape")
    assert seen.page.evaluate("document.activeElement.closest('details').dataset.axis") == "verdict"
    assert not seen.page.is_visible("details[data-axis=verdict] .panel")


# --- the address ---


def test_the_address_keeps_what_is_shown(show: Show) -> None:
    seen = show()
    choose(seen.page, "arch", "aarch64")
    seen.page.fill("#text", "emulated")
    seen.page.click("#matrix td.cell >> nth=0")
    address = seen.page.url
    seen.page.reload()
    seen.page.wait_for_selector("#evidence[open]")
    assert seen.page.url == address
    assert seen.page.inner_text("#evidence-title") == "alpha 1.0"
    assert heads(seen) == ["debian-12 cp311 emulated"]
    assert seen.page.input_value("#text") == "emulated"
    seen.page.go_back()
    seen.page.wait_for_selector("#evidence", state="hidden")
    assert seen.page.input_value("#text") == "emulated"
    seen.page.go_back()
    until(seen.page, "location.hash.length < 2")
    assert len(heads(seen)) == 5
    seen.page.go_forward()
    until(seen.page, "location.hash.includes('aarch64')")
    assert heads(seen) == ["debian-12 cp311 emulated"]


def test_the_bench_of_the_pairs_and_an_open_pair_are_in_the_address(show: Show) -> None:
    seen = show(f"#bench={NEW.id}&pair=alpha-1.0,beta-1.0&on={NEW.id}")
    seen.page.wait_for_selector("#evidence[open]")
    assert "captured library" in seen.page.inner_text("#evidence-body")


@pytest.mark.parametrize(
    "state", ["#verdict=nonsense", "#cell=nothing&on=nowhere", "#%E0%A4%A", "#pair=a,b&on=c", "#matrix-title"]
)
def test_an_address_that_means_nothing_does_no_harm(show: Show, state: str) -> None:
    seen = show(state)
    assert seen.page.is_visible("#matrix") or seen.page.is_visible("#none")


def test_a_run_of_pairs_only_says_so_instead_of_blaming_the_filters(show: Show) -> None:
    seen = show(name="pairs")
    assert seen.page.inner_text("#empty") == "In this run no wheel was asked for alone."
    assert not seen.page.is_visible("#none")
    assert seen.page.locator("#pairs-0 td.ok").count() == 2
    whole = show("#text=nothing-has-this-name")
    assert whole.page.is_visible("#none")
    assert not whole.page.is_visible("#empty")
