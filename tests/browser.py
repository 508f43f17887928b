"""A headless Chromium for tests: pages from files, with what they asked for and what was refused to them."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WORDS = "#matrix td.word b"
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NEEDED = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium; './run-tests' installs it")
LISTEN = """
addEventListener("securitypolicyviolation", (event) => { (window.refused ??= []).push(event.violatedDirective); });
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser with a profile of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        yield browser
        browser.close()


@dataclass(slots=True)
class Visit:
    """A page that is shown; ``requests`` are addresses beside its own, ``troubles`` what it said in the console."""

    page: Page
    address: str
    requests: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def refused(self) -> list[str]:
        """Return what the content security policy refused."""
        return self.page.evaluate("window.refused ?? []")

    def words(self, selector: str) -> list[str]:
        """Return the texts of all that a selector finds."""
        return [text.strip() for text in self.page.locator(selector).all_inner_texts()]


def visit(
    browser: Browser, file: Path, state: str = "", *, width: int = 1280, height: int = 900, **wishes: object
) -> Visit:
    """Show a file, and return when its program has run; ``state`` is the part of the address from ``#`` on."""
    viewport = {"width": width, "height": height}
    context = browser.new_context(viewport=viewport, reduced_motion="reduce", **wishes)
    context.set_default_timeout(60_000)
    context.add_init_script(LISTEN)
    page = context.new_page()
    made = Visit(page=page, address=file.as_uri())
    page.on("request", lambda request: _note(made, request.url))
    page.on("console", lambda message: made.troubles.append(message.text))
    page.on("pageerror", lambda error: made.troubles.append(str(error)))
    page.goto(f"{made.address}{state}")
    page.wait_for_selector("html[data-ready]", state="attached")
    return made


def _note(made: Visit, address: str) -> None:
    if address.partition("#")[0] != made.address:
        made.requests.append(address)


Show = Callable[..., Visit]  # state, name of the page, and wishes for the window


def until(page: Page, expression: str) -> None:
    """Wait for an expression to be true. Asked from outside: the page's policy refuses what Playwright would poll with.

    Raises:
        TimeoutError: it was not within a minute.
    """
    end = time.monotonic() + 60
    while not page.evaluate(expression):
        if time.monotonic() > end:
            raise TimeoutError(f"This did not become true: {expression}")
        time.sleep(0.05)


def choose(page: Page, axis: str, *values: str) -> None:
    """Open an axis and choose values."""
    page.click(f"details[data-axis={axis}] > summary")
    for value in values:
        page.locator(f"details[data-axis={axis}] label", has_text=value).first.click()
    page.keyboard.press("Escape")


def heads(seen: Visit) -> list[str]:
    """Return the benches that are shown, as their heads name them."""
    return [" ".join(text.split()) for text in seen.words("#matrix tr.head th")]


def focused(page: Page) -> str:
    """Return the label of the cell that has the focus."""
    return page.evaluate("document.activeElement.title")
