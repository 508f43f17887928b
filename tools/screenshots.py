"""Photograph the page of a run for README and docs: ``python tools/screenshots.py RUN_FOLDER docs/images``.

What is on the pictures is the run's own; a headless Chromium shows it as a desktop and as a phone, light and dark. Look
at the pictures before you commit them.
"""

import argparse
import base64
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from manylinux_lab.report import render
from manylinux_lab.runs import RunFolder

QUALITY = 88
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A picture: its file, the size of the window in CSS pixels, the part of the page at its top, what it opens."""

    file: str
    width: int
    height: int
    colours: str
    part: str = ""
    opens: str = ""


PICTURES = (
    Picture(file="page-desktop-light.webp", width=1180, height=900, colours="light", part="#matrix-title"),
    Picture(file="page-desktop-dark.webp", width=1180, height=820, colours="dark", opens="pair"),
    Picture(file="page-phone-light.webp", width=375, height=760, colours="light", part="#matrix-title"),
    Picture(file="page-phone-dark.webp", width=375, height=760, colours="dark", opens="cell"),
)
FAILING = {"pair": "#pairs-0 td.fail", "cell": "#matrix td.warn, #matrix td.fail"}


def photograph(browser: Browser, page_file: Path, picture: Picture, folder: Path) -> None:
    """Take one picture."""
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme=picture.colours,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(page_file.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached")
    if picture.opens:
        failing = page.locator(FAILING[picture.opens])
        if not failing.count():
            context.close()
            print(f"{picture.file} is not made: in this run there is nothing to open.", file=sys.stderr)
            return
        failing.last.click()
        page.wait_for_selector("#evidence[open]")
        page.mouse.move(0, 0)
    elif picture.part:
        page.locator(picture.part).evaluate("one => scrollTo(0, one.getBoundingClientRect().top - 14)")
    (folder / picture.file).write_bytes(webp(page))
    context.close()


def webp(page: Page) -> bytes:
    """Return what the window shows as WebP, which takes a third of what PNG does."""
    session = page.context.new_cdp_session(page)
    shot = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    return base64.b64decode(shot["data"])


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="a run's folder")
    parser.add_argument("output", type=Path, help="where the pictures go")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="the browser (default: chromium)")
    arguments = parser.parse_args()
    if not arguments.chromium:
        sys.exit("There is no Chromium; name one with --chromium.")
    folder = RunFolder(path=arguments.run)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        page_file = Path(scratch) / "report.html"
        page_file.write_text(render("html", folder.read(), folder.results()), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=arguments.chromium, args=SWITCHES)
        for picture in PICTURES:
            photograph(browser, page_file, picture, arguments.output)
        browser.close()


if __name__ == "__main__":
    main()
