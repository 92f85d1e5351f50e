"""The ticket on a phone and by keyboard: filled in, checked, placed once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from apps.accounts.models import Membership
from apps.trading.models import Order
from apps.venues.domain.ports import Side
from tests.integration.trading.tills import Till, till_open
from tests.journey.browser import chromium

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def till(transactional_db: None, tmp_path, settings) -> Iterator[Till]:
    with till_open(tmp_path, settings) as opened:
        yield opened


@pytest.fixture
def phone(till: Till, live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's own loop runs here
    owner = Membership.objects.get(workspace_id=till.actor.workspace_id).user
    client = Client()
    client.force_login(owner)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    with chromium() as browser:
        context = browser.new_context(viewport=PHONE)
        context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
        )
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{live_server.url}/trade/")
        yield page


def test_an_order_with_exits_is_filled_in_checked_and_placed_once(phone, till):
    till.mirror("99.9", "100")
    phone.select_option("#id_kind", "limit")
    phone.fill("#id_size", "1")
    phone.fill("#id_limit_price", "100")
    phone.fill("#id_profit_price", "110")
    phone.fill("#id_stop_trigger", "95")
    phone.keyboard.press("Enter")
    phone.get_by_role("heading", name="Check your order").wait_for()
    assert phone.locator("#check .mode").inner_text().strip() == "PAPER"

    till.mirror("99.9", "100")
    phone.get_by_role("button", name="Buy now").dblclick()
    phone.wait_for_url("**/orders/*/")

    roles = dict(Order.objects.values_list("group_role", "status"))
    assert roles == {"ENTRY": "FILLED", "TAKE_PROFIT": "ARMED", "STOP_LOSS": "OPEN"}
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_type_decides_which_fields_are_shown(phone):
    shown = {}
    for kind in ("market", "limit", "trailing_stop", "twap"):
        phone.select_option("#id_kind", kind)
        names = ("limit_price", "trail", "slices", "profit_price")
        shown[kind] = [name for name in names if phone.locator(f"#id_{name}").is_visible()]

    assert shown == {
        "market": ["profit_price"],
        "limit": ["limit_price", "profit_price"],
        "trailing_stop": ["trail"],
        "twap": ["limit_price", "slices"],
    }


def test_cancel_all_asks_first(phone, till, live_server):
    order = till.limit(Side.BUY, "1", "90")
    phone.goto(f"{live_server.url}/orders/")

    phone.get_by_role("button", name="Cancel all").first.click()
    dialog = phone.locator("#cancel-all")
    dialog.locator("input[name=confirm]").fill("cancel")
    dialog.get_by_role("button", name="Cancel all").click()
    phone.get_by_text("No open orders").wait_for()

    order.refresh_from_db()
    assert order.status == "CANCELLED"
