"""The page for every reader, in a real browser: accessibility, colours, a phone, paper."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import NEEDED, Show
from page_runs import NEW
from playwright.sync_api import Browser

pytestmark = [pytest.mark.real, NEEDED]


def test_a_browser_that_is_too_old_says_so_and_has_the_summary(browser: Browser, page_files: Path) -> None:
    context = browser.new_context()
    context.add_init_script("delete window.DecompressionStream")
    shown = context.new_page()
    shown.goto((page_files / "rich.html").as_uri())
    shown.wait_for_selector("#loading:has-text('too old')")
    assert "3 promises broken" in shown.inner_text("#summary")
    context.close()


def test_without_a_program_there_is_the_summary_and_a_hint(browser: Browser, page_files: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    shown = context.new_page()
    shown.goto((page_files / "rich.html").as_uri())
    assert "3 promises broken" in shown.inner_text("#summary")
    assert shown.is_visible("noscript p")
    assert not shown.is_visible("#text")
    context.close()


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize(
    "state", ["", f"#cell=beta+1.0&on={NEW.id}", f"#pair=alpha-1.0,beta-1.0&on={NEW.id}", "#verdict=fail", "#text=zzz"]
)
def test_axe_finds_nothing(show: Show, colours: str, state: str) -> None:
    seen = show(state, color_scheme=colours)
    if "on=" in state:
        seen.page.wait_for_selector("#evidence[open]")
    for closed in seen.page.locator("details:not([open]) > summary").all():
        if closed.is_visible() and "on=" not in state and not closed.evaluate("one => one.closest('.axis')"):
            closed.click()
    found = Axe().run(seen.page)
    assert found.violations_count == 0, found.generate_report()


def test_axe_finds_nothing_in_an_open_filter(show: Show) -> None:
    seen = show()
    seen.page.click("details[data-axis=verdict] > summary")
    found = Axe().run(seen.page)
    assert found.violations_count == 0, found.generate_report()


def test_colours_follow_the_system_and_the_switch(show: Show) -> None:
    seen = show(color_scheme="light")

    def background() -> str:
        return seen.page.evaluate("getComputedStyle(document.body).backgroundColor")

    light = background()
    seen.page.emulate_media(color_scheme="dark")
    dark = background()
    seen.page.select_option("#theme", "light")
    assert background() == light != dark
    seen.page.reload()
    seen.page.wait_for_selector("html[data-ready]", state="attached")
    assert background() == light


@pytest.mark.parametrize("state", ["", f"#cell=beta+1.0&on={NEW.id}", f"#pair=alpha-1.0,beta-1.0&on={NEW.id}"])
def test_a_phone_never_scrolls_sideways(show: Show, state: str) -> None:
    seen = show(state, width=375, height=812, has_touch=True, is_mobile=True)
    if state:
        seen.page.wait_for_selector("#evidence[open]")
    else:
        seen.page.click("#filters > summary")
        seen.page.click("details[data-axis=distro] > summary")
        box = seen.page.locator("details[data-axis=distro] .panel").bounding_box()
        assert box is not None
        assert (box["x"] >= 0, box["x"] + box["width"] <= 375) == (True, True)
    widths = seen.page.evaluate(
        "[document.documentElement.scrollWidth, document.getElementById('evidence-body').scrollWidth]"
    )
    assert max(widths) <= 375


def test_paper_has_the_whole_matrix_in_words(show: Show) -> None:
    seen = show("#family=debian")
    count = "window.laidOut = document.querySelectorAll('#printed td.cell').length;"
    seen.page.evaluate(f"addEventListener('beforeprint', () => {{ {count} }})")
    paper = seen.page.pdf()
    assert paper.startswith(b"%PDF")
    assert seen.page.evaluate("window.laidOut") == 4 * 3 + 4 * 4
    assert seen.words("#printed") == [""]
    seen.page.emulate_media(media="print")
    seen.page.set_viewport_size({"width": 700, "height": 990})
    seen.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert set(seen.words("#printed td.word b")) >= {"loaded", "FAIL", "ERROR", "not run", "left out", "smoke-tested"}
    assert not seen.page.is_visible("#filters")
    assert seen.page.is_visible("#left-out ul")
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 700
