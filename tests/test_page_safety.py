"""What strangers put into the page stays text, and the policy lets nothing else happen, in a real browser."""

import re
from pathlib import Path

import pytest
from browser import NEEDED, Show, until, visit
from playwright.sync_api import Browser

pytestmark = [pytest.mark.real, NEEDED]


def test_hostile_text_stays_text_everywhere(show: Show) -> None:
    seen = show(name="hostile")
    scripts = seen.page.locator("script").count()
    seen.page.click("#matrix td.cell >> nth=0")
    shown = seen.page.inner_text("#evidence-body")
    assert "<img src=x onerror=window.hacked=1>" in shown
    seen.page.keyboard.press("Escape")
    for opened in seen.page.locator("details:not([open]) > summary").all():
        if opened.is_visible():
            opened.click()
    seen.page.click("#pairs-0 td.word >> nth=0")
    seen.page.wait_for_selector("#evidence[open]")
    titles = seen.page.evaluate("[...document.querySelectorAll('[title]')].map((one) => one.title).join()")
    texts = titles + seen.page.title() + seen.page.evaluate("document.body.innerText")
    assert "<script>window.hacked=1</script>" in texts
    assert not set("\u2028\u2029\u202e\u2066\x1b\x00\ue000") & set(texts)
    assert "49" not in re.sub(r"[0-9a-f]{8,}", "", shown)
    assert seen.page.evaluate("window.hacked") is None
    assert seen.page.locator("img, iframe, object, embed, svg, base, form").count() == 0
    assert seen.page.locator("script").count() == scripts


def test_hostile_text_in_the_address_stays_text(show: Show) -> None:
    seen = show("#text=<img src=x onerror=window.hacked=1>&wheel=<script>window.hacked=1</script>&cell=<b>&on=<b>")
    assert seen.page.evaluate("window.hacked") is None
    assert "<img src=x onerror=window.hacked=1>" in seen.page.inner_text("#chosen")


def test_the_policy_is_in_force(browser: Browser, page_files: Path) -> None:
    seen = visit(browser, page_files / "rich.html")
    failures = []
    seen.page.on("requestfailed", lambda request: failures.append((request.url, request.failure)))
    seen.page.evaluate(
        """() => {
          const image = document.createElement("img");
          image.src = "http://127.0.0.1:9/x.png";
          document.body.append(image);
          document.body.setAttribute("style", "color: red");
          fetch("http://127.0.0.1:9/").catch(() => {});
        }"""
    )
    thrown = seen.page.evaluate(
        "() => { try { document.body.innerHTML = '<b>x</b>'; } catch (error) { return error.name; } }"
    )
    until(seen.page, "(window.refused ?? []).length >= 4")
    assert thrown == "TypeError"
    assert {"img-src", "connect-src", "style-src-attr", "require-trusted-types-for"} <= set(seen.refused())
    assert failures == [("http://127.0.0.1:9/x.png", "csp")]
    seen.page.context.close()


def test_the_page_needs_no_request_on_a_server_either(browser: Browser, page_files: Path) -> None:
    context = browser.new_context()
    asked = []

    def answer(route, request) -> None:  # type: ignore[no-untyped-def]  # playwright's own records
        asked.append(request.url)
        route.fulfill(body=(page_files / "rich.html").read_text(), content_type="text/html")

    context.route("**", answer)
    shown = context.new_page()
    shown.goto("https://reports.test/run/")
    shown.wait_for_selector("html[data-ready]", state="attached")
    assert shown.locator("#matrix td.cell").count() == 20
    assert asked == ["https://reports.test/run/"]
    context.close()
