"""What live.js does with pushed fragments, in a real browser; the socket is cut at its wire."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.journey.browser import chromium

pytestmark = pytest.mark.browser
SCRIPT = Path("static/js/live.js")
ADDRESS = "http://cryonel.test/page"
PAGE = """<!doctype html><body data-live="/ws/live/">
<span data-live-state></span>
<form method="post" action="/sign-out/">
<input type="hidden" name="csrfmiddlewaretoken" value="T0K"></form>
<table><tbody id="rows" data-live-channel="trades:1" data-live-prepend="trade-" data-live-max="2">
<tr id="trade-1"><td>old</td></tr></tbody></table>
<ul id="latest" data-live-channel="trades:1" data-live-prepend="latest-trade-" data-live-max="8">
<li data-blank>none</li></ul>
<ul data-live-channel="bots:1"><li id="bot-7"><form method="post" action="/bots/7/stop/">
<input type="hidden" name="csrfmiddlewaretoken" value="T0K">
<button id="stop">Stop</button></form></li></ul>
<script src="/live.js"></script></body>"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture
def live(browser):
    """(page, push): the page is subscribed, push(channel, html) sends a frame."""
    page, sockets = browser.new_page(), []

    page.route("**/page", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    page.route("**/live.js", lambda route: route.fulfill(path=SCRIPT))
    page.route_web_socket("**/ws/live/", lambda socket: sockets.append(socket))
    page.goto(ADDRESS)
    page.evaluate("document.addEventListener('live', () => (window.told = (window.told || 0) + 1))")

    def push(channel, html):
        before = page.evaluate("window.told || 0")
        sockets[0].send(json.dumps({"channel": channel, "data": {"html": html}}))
        page.wait_for_function("before => (window.told || 0) > before", arg=before)

    page.wait_for_selector("[data-state=live]", state="attached")
    yield page, push
    page.close()


def texts(page, selector):
    return page.locator(selector).all_inner_texts()


def test_a_known_row_is_replaced_in_place(live):
    page, push = live
    push("trades:1", '<tr id="trade-1"><td>new</td></tr>')

    assert texts(page, "#rows tr") == ["new"]


def test_new_rows_go_on_top_of_their_own_list_only(live):
    page, push = live
    push("trades:1", '<tr id="trade-2"><td>two</td></tr><tr id="trade-3"><td>three</td></tr>')
    push("trades:1", '<li id="latest-trade-3">brief</li>')

    assert texts(page, "#rows tr") == ["three", "two"]
    assert texts(page, "#latest li") == ["brief"]


def test_a_channel_reaches_no_list_of_another(live):
    page, push = live
    push("spreads:all", '<li id="latest-trade-9">x</li>')

    assert texts(page, "#latest li") == ["none"]


def test_a_pushed_form_gets_the_pages_token_once(live):
    page, push = live
    form = '<form method="post" action="/bots/7/start/"><button>Start</button></form>'
    push("bots:1", f'<li id="bot-7">{form}</li>')

    tokens = "form => [...new FormData(form).entries()].flat().join()"
    assert page.locator("#bot-7 form").evaluate(tokens) == "csrfmiddlewaretoken,T0K"


def test_a_keyboard_user_stays_on_the_row_that_was_replaced(live):
    page, push = live
    page.focus("#stop")
    push("bots:1", '<li id="bot-7"><form method="post"><button>Start</button></form></li>')

    assert page.evaluate("document.activeElement.textContent") == "Start"
