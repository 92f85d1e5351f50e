from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from apps.accounts.selectors import actor_of_token
from apps.accounts.services import sign_in_link_redeem
from apps.billing.selectors import plan_of
from apps.ops.demo import world

pytestmark = pytest.mark.django_db


def test_seeding_twice_makes_one_alice_and_two_ways_in(settings):
    settings.PRACTICE_URL = ""
    first, second = world.seed(), world.seed()

    assert first["said"] == "alice is new, 0 practice accounts"
    assert second["said"] == "alice is back, 0 practice accounts"
    assert first["login_path"] != second["login_path"]


def test_the_handed_out_ways_lead_to_alice_on_a_plan_with_room(settings):
    settings.PRACTICE_URL = ""
    ways = world.seed()
    token = ways["login_path"].strip("/").split("/")[-1]
    user = sign_in_link_redeem(token=token, now=timezone.now())
    _, actor = actor_of_token(token=ways["api_token"], now=timezone.now())

    assert user.email == "alice@demo.cryonel.example"
    assert actor.user_id == user.pk
    assert plan_of(actor.workspace_id).code == "power"


def test_start_balances_cover_exactly_the_traded_assets_it_knows():
    assert world.balances_for(["BTC/USDT", "ETH/BTC", "NEW/USDT"]) == {
        "USDT": Decimal(50000),
        "BTC": Decimal("0.8"),
        "ETH": Decimal(15),
    }


def test_the_bot_trades_what_every_venue_lists_and_the_balances_can_pay():
    usdt = ("BTC/USDT", "ETH/USDT", "NEW/USDT")
    listed = [(*usdt, "ETH/BTC"), (*reversed(usdt), "ETH/BTC", "SOL/USDT")]

    assert world.pairs_of(listed) == ["BTC/USDT", "ETH/USDT"]
