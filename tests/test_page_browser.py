"""The page in a real browser: what a reader sees, filters, opens, copies, shares and prints."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import NEEDED, Visit, chromium, visit
from page_runs import NEW, hostile, large, rich, rich_changes
from playwright.sync_api import Browser, Page

from manylinux_lab.report import page

pytestmark = [pytest.mark.real, NEEDED]
WORDS = "#matrix td.word b"
Open = Callable[..., Visit]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start one browser for all tests; each has a profile of its own."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the pages."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "rich.html").write_text(page.render(*rich()))
    (folder / "compared.html").write_text(page.render(*rich(), changes=rich_changes()))
    (folder / "large.html").write_text(page.render(*large()))
    (folder / "hostile.html").write_text(page.render(*hostile()))
    return folder


@pytest.fixture
def show(browser: Browser, files: Path) -> Iterator[Open]:
    """Return what shows a page; nothing may be fetched, refused or said in the console."""
    visits = []

    def shown(state: str = "", name: str = "rich", **wishes: object) -> Visit:
        visits.append(visit(browser, files / f"{name}.html", state, **wishes))
        return visits[-1]

    yield shown
    for one in visits:
        assert (one.requests, one.troubles, one.refused()) == ([], [], [])
        one.page.context.close()


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


# --- what is shown ---


def test_every_state_has_a_word_and_a_look_of_its_own(show: Open) -> None:
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


def test_the_summary_says_what_was_run_what_broke_and_what_was_not_run(show: Open) -> None:
    seen = show()
    assert seen.words("#summary h2") == [
        "3 promises broken: alpha-1.0, then beta-1.0; alpha-1.0, then beta-1.0, then gamma-1.0; beta 1.0"
    ]
    assert seen.words(".part.fail .where")[-1] == "fedora-43:x86_64:cp314"
    assert "'beta' needs 'libx.so.1'." in " ".join(seen.words(".part.fail li"))
    assert any("no registry answers" in line for line in seen.words(".part.left-out li"))


def test_the_summary_is_copied_as_text(show: Open) -> None:
    seen = show(permissions=["clipboard-read", "clipboard-write"])
    seen.page.click("#copy-summary")
    seen.page.wait_for_function("document.getElementById('copy-summary').textContent === 'Copied'")
    text = seen.page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("3 promises broken: ")
    assert "\nPromised and broken\n- " in text


def test_pairs_are_a_map_with_the_strongest_evidence(show: Open) -> None:
    seen = show()
    cell = seen.page.locator("#pairs-0 td[title^='alpha-1.0, then beta-1.0']")
    assert cell.inner_text().split("\n") == ["FAIL", "captured library"]
    assert seen.words("#pairs-0 td.left-out") == ["left out", "left out"]
    cell.click()
    body = seen.page.inner_text("#evidence-body")
    assert "3 of 3 fresh processes" in body
    for asked, name in (("asks", "/s/beta/b.so"), ("meant", "/s/beta/libx.so"), ("gets", "/s/alpha/libx.so")):
        assert re.search(rf"{asked}\s+{name}", body)


def test_more_than_two_wheels_are_listed_and_open(show: Open) -> None:
    seen = show()
    seen.page.click("#crowds button")
    assert seen.page.inner_text("#evidence-title") == "alpha-1.0, then beta-1.0, then gamma-1.0"
    assert "three are too many" in seen.page.inner_text("#evidence-body")


# --- filters ---


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
def test_each_axis_filters(show: Open, axis: str, value: str, rows: int, columns: int, words: set[str]) -> None:
    seen = show()
    choose(seen.page, axis, value)
    assert (len(seen.words("#matrix tbody th")), len(heads(seen))) == (rows, columns)
    assert set(seen.words(WORDS)) == words
    assert f"{axis}={value.replace(' ', '+')}" in seen.page.url


def test_axes_narrow_each_other_and_are_taken_back(show: Open) -> None:
    seen = show()
    choose(seen.page, "family", "debian")
    choose(seen.page, "verdict", "fail", "error")
    assert set(seen.words(WORDS)) == {"FAIL", "ERROR"}
    assert seen.words("#shown") == ["2 cells of 18, 1 wheel, 2 benches"]
    seen.page.click("#chosen button:has-text('Verdict: error')")
    assert set(seen.words(WORDS)) == {"FAIL"}
    seen.page.click("#chosen button:has-text('Clear all')")
    assert len(seen.words("#matrix tbody th")) == 4


def test_text_is_searched_in_names_benches_and_reasons(show: Open) -> None:
    seen = show()
    seen.page.fill("#text", "libx.so.1 needs")
    assert set(seen.words(WORDS)) == {"FAIL"}
    seen.page.fill("#text", "gamma ARM nothing")
    assert seen.page.is_visible("#none")
    seen.page.click("#clear")
    assert len(seen.words("#matrix tbody th")) == 4


def test_only_failures_and_only_changes(show: Open) -> None:
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


def test_a_tile_shows_its_cells(show: Open) -> None:
    seen = show()
    seen.page.click(".tile.unknown a")
    assert seen.words(WORDS) == ["unknown"]
    seen.page.click(".tile.left-out a")
    assert seen.page.is_visible("#left-out ul")
    assert seen.words(WORDS) == ["unknown"]


# --- evidence ---


def test_a_cell_opens_its_evidence(show: Open) -> None:
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
def test_a_cell_says_why_it_was_not_observed(show: Open, place: str, words: str) -> None:
    seen = show()
    seen.page.click(f"#matrix td[title^='{place}']")
    assert words in seen.page.inner_text("#evidence-body")


# --- keyboard ---


def test_everything_can_be_done_by_keyboard(show: Open) -> None:
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


def is_seen(page: Page) -> bool:
    """Tell whether the middle of the cell that has the focus is in view, under nothing."""
    return page.evaluate(
        """() => {
          const cell = document.activeElement, box = cell.getBoundingClientRect();
          const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
          return cell === top || cell.contains(top);
        }"""
    )


def test_a_large_matrix_holds_what_is_in_view_and_keys_reach_everything(show: Open) -> None:
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


def test_scrolling_a_large_matrix_draws_what_comes_into_view(show: Open) -> None:
    seen = show(name="large")
    seen.page.evaluate("document.getElementById('matrix').parentElement.scrollTo(2000, 6000)")
    seen.page.wait_for_function("document.querySelector('#matrix tbody th').innerText > 'wheel-100'")
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


def test_a_filter_is_chosen_by_keyboard(show: Open) -> None:
    seen = show()
    seen.page.focus("details[data-axis=verdict] > summary")
    for key in ("Enter", "Tab", "Tab", "Tab", "Space"):
        seen.page.keyboard.press(key)
    assert set(seen.words(WORDS)) == {"FAIL"}
    seen.page.keyboard.press("Escape")
    assert seen.page.evaluate("document.activeElement.closest('details').dataset.axis") == "verdict"
    assert not seen.page.is_visible("details[data-axis=verdict] .panel")


# --- the address ---


def test_the_address_keeps_what_is_shown(show: Open) -> None:
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
    seen.page.wait_for_function("location.hash.length < 2")
    assert len(heads(seen)) == 5
    seen.page.go_forward()
    seen.page.wait_for_function("location.hash.includes('aarch64')")
    assert heads(seen) == ["debian-12 cp311 emulated"]


def test_the_bench_of_the_pairs_and_an_open_pair_are_in_the_address(show: Open) -> None:
    seen = show(f"#bench={NEW.id}&pair=alpha-1.0,beta-1.0&on={NEW.id}")
    seen.page.wait_for_selector("#evidence[open]")
    assert "captured library" in seen.page.inner_text("#evidence-body")


@pytest.mark.parametrize(
    "state", ["#verdict=nonsense", "#cell=nothing&on=nowhere", "#%E0%A4%A", "#pair=a,b&on=c", "#matrix-title"]
)
def test_an_address_that_means_nothing_does_no_harm(show: Open, state: str) -> None:
    seen = show(state)
    assert seen.page.is_visible("#matrix") or seen.page.is_visible("#none")


# --- strangers' text ---


def test_hostile_text_stays_text_everywhere(show: Open) -> None:
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


def test_hostile_text_in_the_address_stays_text(show: Open) -> None:
    seen = show("#text=<img src=x onerror=window.hacked=1>&wheel=<script>window.hacked=1</script>&cell=<b>&on=<b>")
    assert seen.page.evaluate("window.hacked") is None
    assert "<img src=x onerror=window.hacked=1>" in seen.page.inner_text("#chosen")


def test_the_policy_is_in_force(browser: Browser, files: Path) -> None:
    seen = visit(browser, files / "rich.html")
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
    seen.page.wait_for_function("(window.refused ?? []).length >= 4")
    assert thrown == "TypeError"
    assert {"img-src", "connect-src", "style-src-attr", "require-trusted-types-for"} <= set(seen.refused())
    assert failures == [("http://127.0.0.1:9/x.png", "csp")]
    seen.page.context.close()


def test_the_page_needs_no_request_on_a_server_either(browser: Browser, files: Path) -> None:
    context = browser.new_context()
    asked = []

    def answer(route, request) -> None:  # type: ignore[no-untyped-def]  # playwright's own records
        asked.append(request.url)
        route.fulfill(body=(files / "rich.html").read_text(), content_type="text/html")

    context.route("**", answer)
    shown = context.new_page()
    shown.goto("https://reports.test/run/")
    shown.wait_for_selector("html[data-ready]", state="attached")
    assert shown.locator("#matrix td.cell").count() == 20
    assert asked == ["https://reports.test/run/"]
    context.close()


# --- accessibility, phone, paper ---


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize(
    "state", ["", f"#cell=beta+1.0&on={NEW.id}", f"#pair=alpha-1.0,beta-1.0&on={NEW.id}", "#verdict=fail", "#text=zzz"]
)
def test_axe_finds_nothing(show: Open, colours: str, state: str) -> None:
    seen = show(state, color_scheme=colours)
    if "on=" in state:
        seen.page.wait_for_selector("#evidence[open]")
    for closed in seen.page.locator("details:not([open]) > summary").all():
        if closed.is_visible() and "on=" not in state and not closed.evaluate("one => one.closest('.axis')"):
            closed.click()
    found = Axe().run(seen.page)
    assert found.violations_count == 0, found.generate_report()


def test_axe_finds_nothing_in_an_open_filter(show: Open) -> None:
    seen = show()
    seen.page.click("details[data-axis=verdict] > summary")
    found = Axe().run(seen.page)
    assert found.violations_count == 0, found.generate_report()


def test_colours_follow_the_system_and_the_switch(show: Open) -> None:
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
def test_a_phone_never_scrolls_sideways(show: Open, state: str) -> None:
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


def test_paper_has_the_whole_matrix_in_words(show: Open) -> None:
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
