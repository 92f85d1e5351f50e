"""On a phone: HALT, CANCEL and FLATTEN are two touches away, and the page follows the work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Membership
from apps.trading.guard.runs import run_carry_out
from apps.trading.models import Bot, KillRun, TradingAccount
from apps.trading.services.kill import kill_claim
from tests.integration.trading.test_engine import Floor, floor  # noqa: F401 a fixture
from tests.integration.trading.test_kill import ALPHA, held, order_of, quiet  # noqa: F401
from tests.journey.browser import chromium

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}
# A dialog grows as it opens: it has its size once that has ended.
SETTLED = """async (dialog) => {
  await Promise.all(dialog.getAnimations({ subtree: true }).map((each) => each.finished));
}"""


@pytest.fixture
def phone(floor: Floor, live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:  # noqa: F811
    """The dashboard of the floor's owner on a phone."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's own loop runs here
    owner = Membership.objects.get(workspace_id=floor.actor.workspace_id).user
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
        page.goto(f"{live_server.url}/bots/{floor.bot.pk}/")
        yield page


def guarded() -> None:
    """What the guard does with whatever was asked for, in a thread of its own."""

    def work() -> None:
        try:
            run = kill_claim(owner="test", now=timezone.now())
            if run is not None:
                run_carry_out(run, threading.Event())
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)


@pytest.mark.parametrize("command", ["HALT", "CANCEL", "FLATTEN"])
def test_two_touches_stop_the_workspace_and_the_page_tells_when_it_is_done(phone, floor, command):  # noqa: F811
    floor.books(alpha=("99", "100"), beta=("99", "100"))
    if command == "FLATTEN":
        order_of(floor, ALPHA, "buy", "0.5", "100")

    phone.get_by_role("button", name="STOP", exact=True).click()
    phone.get_by_role("button", name=command, exact=True).locator("visible=true").click()
    phone.wait_for_url("**/stop/*/")
    assert TradingAccount.objects.get(workspace_id=floor.actor.workspace_id).halted

    guarded()
    phone.locator("#stop-run [data-status=DONE]").first.wait_for()
    assert KillRun.objects.get().command == command
    if command == "FLATTEN":
        assert held(floor, ALPHA, "BTC") == 5
        assert phone.locator("#stop-run").get_by_text("SHA-256").count() == 1


def test_two_touches_stop_one_bot(phone, floor):  # noqa: F811
    phone.get_by_role("button", name="Emergency stop").click()
    phone.locator("#bot-stop-dialog").get_by_role("button", name="HALT", exact=True).click()
    phone.wait_for_url("**/stop/*/")

    assert Bot.objects.get().trading_state == "HALTED"
    assert not TradingAccount.objects.get(workspace_id=floor.actor.workspace_id).halted


def test_every_choice_is_within_reach_of_a_thumb_and_nothing_runs_over_the_edge(phone):
    phone.get_by_role("button", name="STOP", exact=True).click()
    phone.locator("#stop-dialog").evaluate(SETTLED)

    for command in ("HALT", "CANCEL", "FLATTEN"):
        box = phone.locator("#stop-dialog").get_by_role("button", name=command).bounding_box()
        assert box["height"] >= 44
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
