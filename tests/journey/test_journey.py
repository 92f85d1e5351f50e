"""The paths a user would be angry to lose, walked in a real browser against a real demo.

One demo for all of them. Whatever a page complains about on its console, whatever its security
policy blocks and whatever it asks of another host fails the test that walked there.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from apps.ops.demo.ports import free_port
from tests.journey.browser import chromium
from tests.journey.demo_command import ROOT, ask, demo
from tests.journey.screenshots import PUBLIC, SIZES, pages, signed_in

pytestmark = pytest.mark.browser
AXE = ROOT / "node_modules/axe-core/axe.min.js"
ACCOUNT_MENU = ".top-end details.menu"  # in every language; More has one too
TRADE_WITHIN = 60_000  # milliseconds
SHIFT_FOR = 8_000
POLICY = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (e) =>
  window.refused.push(`${e.violatedDirective} ${e.blockedURI}`));
"""
SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


class Visit:
    """One person's browser window: pages, and what went wrong on any of them."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context, self.url = context, url.rstrip("/")
        self.wrong: list[str] = []
        context.add_init_script(POLICY)
        self.page = self.open_page()

    def open_page(self) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda e: self.wrong.append(f"script: {e}"))
        page.on("console", self._said)
        page.on("request", lambda r: self._asked(r.url))
        page.on("websocket", lambda s: self._asked(s.url))
        return page

    def go(self, path: str) -> Page:
        self.collect()
        self.page.goto(self.url + path)
        return self.page

    def collect(self) -> None:
        self.wrong += [f"policy: {each}" for each in self.page.evaluate("window.refused || []")]

    def _said(self, message: Any) -> None:
        expected = "the server responded with a status of 4"  # a refusal the test asked for
        if message.type == "error" and expected not in message.text:
            self.wrong.append(f"console: {message.text}")

    def _asked(self, url: str) -> None:
        if not re.match(r"(https?|wss?)://127\.0\.0\.1[:/]|data:|blob:|about:", url):
            self.wrong.append(f"request: {url}")


@pytest.fixture(scope="module")
def told() -> Iterator[dict[str, Any]]:
    folder = Path(tempfile.mkdtemp(prefix="cj-"))
    folder.chmod(0o711)  # PostgreSQL's own user passes through
    try:
        with demo(folder / "demo", "--port", str(free_port())) as line:
            yield line
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def door(chrome: Browser, told: dict[str, Any]) -> Any:
    """The one-time link, used once: what a signed-in browser remembers."""
    page = signed_in(chrome, told)
    state = page.context.storage_state()
    page.context.close()
    return state


def visiting(chrome: Browser, told: dict[str, Any], door: Any, **options: Any) -> Iterator[Visit]:
    size = {"width": 1440, "height": 900}
    context = chrome.new_context(**({"viewport": size, "storage_state": door} | options))
    visit = Visit(context, told["url"])
    yield visit
    visit.collect()
    context.close()
    assert visit.wrong == []


@pytest.fixture
def visit(chrome: Browser, told: dict[str, Any], door: Any) -> Iterator[Visit]:
    yield from visiting(chrome, told, door)


@pytest.fixture
def phone(chrome: Browser, told: dict[str, Any], door: Any) -> Iterator[Visit]:
    width, height = SIZES["390"]
    size = {"width": width, "height": height}
    yield from visiting(chrome, told, door, viewport=size, has_touch=True)


def live(page: Page) -> None:
    expect(page.locator("[data-live-state]")).to_have_attribute(
        "data-state", "live", timeout=20_000
    )


def bots_of(told: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(ask(told, "/api/v1/bots"))["items"]
    return found


def test_a_link_signs_in_once(told: dict[str, Any], chrome: Browser, door: Any) -> None:
    page = chrome.new_context().new_page()

    page.goto(told["login_url"])
    if page.get_by_role("button", name="Continue").count():
        page.get_by_role("button", name="Continue").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("This link does not work any more")
    page.context.close()


def test_spreads_move_without_a_reload_and_nothing_jumps(visit: Visit) -> None:
    visit.context.add_init_script(SHIFTS)
    page = visit.go("/arbitrage/")
    live(page)
    page.evaluate("window.sameDocument = true")
    page.get_by_role("button", name="Pair").click()
    page.get_by_label("Pair", exact=True).fill("USDT")
    before = page.locator("tbody [data-cell=net]").all_text_contents()

    page.wait_for_function(
        "old => [...document.querySelectorAll('tbody [data-cell=net]')]"
        ".filter((cell, n) => cell.textContent !== old[n]).length > 3",
        arg=before,
    )
    page.wait_for_selector("tbody [data-flash]", state="attached")
    page.evaluate("window.shifted = 0")  # typing into the filter moved rows: that may be
    page.wait_for_timeout(SHIFT_FOR)  # what is measured is that for so long nothing shifts

    shown = page.locator("tbody tr:visible [data-cell=pair]").all_text_contents()
    assert page.evaluate("window.sameDocument")
    assert len(shown) == len(set(shown)) >= 5  # the best route of each pair
    assert shown == sorted(shown)
    assert all(pair.endswith("/USDT") for pair in shown)
    assert page.evaluate("window.shifted") < 0.001
    page.get_by_label("All routes").check()
    assert page.locator("tbody tr:visible").count() > len(shown)


def test_the_books_of_a_pair_move(visit: Visit) -> None:
    page = visit.go("/arbitrage/BTC-USDT/")
    live(page)
    before = page.locator("table.book").first.inner_text()

    page.wait_for_function(
        "old => document.querySelector('table.book').innerText !== old", arg=before, timeout=20_000
    )


def test_a_bot_is_made_started_trades_and_stops(visit: Visit, told: dict[str, Any]) -> None:
    page = visit.go("/bots/")
    page.get_by_role("button", name="Stop Arbitrage").click()
    expect(page.get_by_role("button", name="Start Arbitrage")).to_be_visible()

    page.get_by_role("link", name="New bot").click()
    page.get_by_label("Name").fill("Journey")
    for pair in page.locator("input[name=pairs]").all():
        if pair.get_attribute("value", timeout=5_000).endswith("/USDT"):
            pair.check()
    page.get_by_label("Threshold").fill("0.01")
    page.get_by_label("Safety buffer").fill("0")
    expect(page.locator("#preview")).to_contain_text("Needed to trade")
    page.get_by_role("button", name="Create bot").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Journey")

    page.get_by_role("button", name="Start", exact=True).click()
    stop = page.get_by_role("button", name="Stop", exact=True)  # the bot's own, not STOP
    expect(stop).to_be_visible()
    bot = next(each for each in bots_of(told) if each["name"] == "Journey")
    visit.go("/trades/")
    live(page)
    fill = page.locator("tbody tr", has_text="Journey")
    expect(fill.first).to_be_visible(timeout=TRADE_WITHIN)  # pushed: nothing is reloaded

    visit.go(f"/bots/{bot['id']}/")
    stop.click()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()
    visit.go(f"/trades/?bot={bot['id']}")
    shown = page.locator("tbody tr").count()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(waiting.value.path()).read_text())))
    assert shown >= 1
    assert len(rows) >= shown
    assert {row["bot"] for row in rows} == {"Journey"}
    assert all(float(row["quantity"]) > 0 and float(row["price"]) > 0 for row in rows)


def test_halt_stops_everything_until_the_word_is_typed_again(visit: Visit) -> None:
    page = visit.go("/trades/")
    page.get_by_role("button", name="STOP", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="HALT", exact=True).click()  # two touches, no word

    expect(page.get_by_role("alert").first).to_contain_text("Trading is halted.")
    expect(page).to_have_url(re.compile(r"/stop/\d+/$"))
    page.get_by_role("button", name="Resume trading").click()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Resume trading").click()
    page.keyboard.type("RESUME")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Trading is halted.")).to_have_count(0)


def test_a_key_that_is_none_is_refused_with_a_code(visit: Visit) -> None:
    page = visit.go("/connections/add")
    page.get_by_role("link", name="Kraken").click()
    expect(page.get_by_role("heading", name="How to create such a key")).to_be_visible()
    page.get_by_role("button", name="Test and connect").click()
    expect(page.locator(".field-error").first).to_be_visible()

    answer = page.evaluate(
        """async () => {
          const token = document.querySelector('input[name=csrfmiddlewaretoken]').value;
          const body = { venue: "practice.alpha", label: "No key", need: "TRADE",
            credentials: { key: "made-up", secret: "made-up" } };
          const answer = await fetch("/api/v1/keys", { method: "POST", body: JSON.stringify(body),
            headers: { "Content-Type": "application/json", "X-CSRFToken": token } });
          return [answer.status, (await answer.json()).error.code];
        }"""
    )

    assert answer[0] == 422
    assert answer[1].startswith(("VEN-01", "VAL-01"))
    visit.go("/connections/")
    expect(page.get_by_text("No key")).to_have_count(0)


def test_the_language_changes_and_comes_back(visit: Visit) -> None:
    page = visit.go("/trades/")
    for code, heading in (("de", None), ("en", "Trades")):
        page.locator(ACCOUNT_MENU).locator("summary").click()
        page.locator("#menu-language").select_option(code)
        page.locator("form:has(#menu-language) button").click()
        expect(page.locator("html")).to_have_attribute("lang", code)
        if heading:
            expect(page.get_by_role("heading", level=1)).to_have_text(heading)


def test_an_account_menu_is_left_by_escape(visit: Visit) -> None:
    page = visit.go("/dashboard/")
    menu = page.locator(ACCOUNT_MENU)
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_every_page_fits_a_phone(phone: Visit, told: dict[str, Any]) -> None:
    wide = {}
    for name, path in {**PUBLIC, **pages(told)}.items():
        page = phone.go(path)
        if (width := page.evaluate("document.documentElement.scrollWidth")) > 390:
            wide[name] = width
    assert wide == {}


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_page_is_usable_by_everybody(visit: Visit, told: dict[str, Any], theme: str) -> None:
    if not AXE.exists():
        if os.environ.get("CI"):
            pytest.fail("CI must install axe-core: npm install")
        pytest.skip("needs axe-core: run `npm install`")
    visit.context.add_init_script(f"localStorage.setItem('cryonel-theme', '{theme}')")
    found = {}
    for name, path in {**PUBLIC, **pages(told)}.items():
        page = visit.go(path)
        page.evaluate(AXE.read_text())
        serious = page.evaluate(
            """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
              .filter((each) => ["serious", "critical"].includes(each.impact))
              .map((each) => [each.id, each.nodes[0].html.slice(0, 160)])"""
        )
        if serious:
            found[name] = serious
    assert found == {}
