"""Expected beside realized, and paper beside real money, from plans that were stored."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import Membership
from apps.trading.domain.errors import BotMissing
from apps.trading.models import Bot, Order, Plan
from apps.trading.selectors.drift import ENOUGH, bot_drift, drift_pairs
from apps.trading.services.bot_copy import bot_copy
from tests.factories.live import live_desk
from tests.factories.trading import D
from tests.factories.venues import connection
from tests.fakes.program import Program

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(db):
    return live_desk()


@pytest.fixture
def paper(desk):
    """A copy on paper of the desk's bot."""
    held = [connection(desk.actor, f"practice.{name}").pk for name in ("alpha", "beta")]
    return bot_copy(
        actor=desk.actor, bot_id=desk.bot.pk, name="Paper", mode="PAPER",
        connection_ids=held, now=timezone.now(),
    )  # fmt: skip


def closed(bot, *, status="DONE", captured="1", fees="0.2", slippage="0.3", **more):
    """A plan of 0.5 at 100: worth 50, expected to earn 0.8 % or 0.4."""
    now = timezone.now()
    boring = {
        "workspace_id": bot.workspace_id,
        "bot": bot,
        "kind": "PARALLEL",
        "status": status,
        "symbol": "BTC/USDT",
        "base": "BTC",
        "quote": "USDT",
        "quantity": D("0.5"),
        "legs": [{"leg_no": 1, "reference_price": "100"}],
        "expected_net": D("0.008"),
        "expected_profit": D("0.4"),
        "max_unwind_loss": D("0.01"),
        "opened_at": now,
        "valid_until": now + timedelta(seconds=5),
        "closed_at": now,
        "spread_captured": D(captured),
        "fees": D(fees),
        "slippage": D(slippage),
        "pnl": D(captured) - D(fees) - D(slippage),
    }
    return Plan.objects.create(**(boring | more))


def drift(desk, bot):
    return bot_drift(reader=desk.actor, bot_id=bot.pk)


def test_figures_are_means_over_trades_of_what_each_was_worth(desk):
    closed(desk.bot)  # earns 0.5 of 50: 1 %
    closed(desk.bot, captured="0.5", fees="0.2", slippage="0.3")  # earns nothing

    found = drift(desk, desk.bot)

    assert (found.plans, found.done, found.trades, found.fill_rate) == (2, 2, 2, 1)
    assert (found.expected_net, found.realized_net) == (D("0.008"), D("0.005"))
    assert (found.shortfall, found.slippage, found.fees) == (D("0.003"), D("0.006"), D("0.004"))
    assert (found.quote, found.expected_sum, found.realized_sum) == ("USDT", D("0.8"), D("0.5"))


def test_what_filled_nothing_lowers_the_fill_rate_alone(desk):
    closed(desk.bot)
    closed(desk.bot, status="FAILED", captured="0", fees="0", slippage="0")
    closed(desk.bot, status="DENIED", captured="0", fees="0", slippage="0")

    found = drift(desk, desk.bot)

    assert (found.plans, found.trades, found.fill_rate) == (2, 1, D("0.5"))
    assert found.realized_net == D("0.01")


def test_before_the_first_trade_nothing_is_claimed(desk):
    found = drift(desk, desk.bot)

    assert (found.trades, found.expected_net, found.realized_net, found.fill_rate) == (
        0,
        None,
        None,
        None,
    )
    assert not found.enough


def test_sums_are_of_the_asset_traded_most(desk):
    closed(desk.bot, quote="EUR", symbol="BTC/EUR", captured="9")
    closed(desk.bot)
    closed(desk.bot)

    found = drift(desk, desk.bot)

    assert (found.quote, found.realized_sum) == ("USDT", D(1))


def test_latencies_are_medians(desk):
    for number, (tick, trip) in enumerate([(100, 5000), (300, 7000), (900, 90000)]):
        Order.objects.create(
            workspace_id=desk.actor.workspace_id, bot=desk.bot, connection=desk.cheap,
            venue="binance", symbol="BTC/USDT", client_order_id=f"o{number}", side="buy",
            kind="limit", time_in_force="IOC", quantity=D(1), limit_price=D(100), leg_no=1,
            status="FILLED", placed_at=timezone.now(), valid_until=timezone.now(),
            tick_to_order_us=tick, round_trip_us=trip,
        )  # fmt: skip

    found = drift(desk, desk.bot)

    assert (found.tick_to_order_us, found.round_trip_us) == (300, 7000)


def test_paper_and_live_are_compared_over_the_same_time(desk, paper):
    closed(desk.bot, opened_at=paper.created_at - timedelta(hours=1))  # before the copy
    closed(desk.bot, captured="0.5")
    closed(paper)

    for bot in (desk.bot, paper):
        (pair,) = drift_pairs(reader=desk.actor, bot_id=bot.pk)
        assert (pair.live.bot_id, pair.paper.bot_id) == (desk.bot.pk, paper.pk)
        assert (pair.live.trades, pair.paper.trades) == (1, 1)
        assert pair.change("realized_net") == D("-0.01")
        assert not pair.enough


def test_enough_is_said_from_the_stated_number_on(desk, paper):
    for bot in (desk.bot, paper):
        for _each in range(ENOUGH):
            closed(bot)

    (pair,) = drift_pairs(reader=desk.actor, bot_id=paper.pk)
    assert pair.enough

    Plan.objects.filter(bot=paper).order_by("pk").first().delete()
    (pair,) = drift_pairs(reader=desk.actor, bot_id=paper.pk)
    assert not pair.enough


def test_two_paper_bots_are_no_comparison(desk, paper):
    held = [each.connection_id for each in paper.venues.all()]
    again = bot_copy(
        actor=desk.actor, bot_id=paper.pk, name="Again", mode="PAPER",
        connection_ids=held, now=timezone.now(),
    )  # fmt: skip

    assert drift_pairs(reader=desk.actor, bot_id=again.pk) == []


def test_both_bots_show_the_table(client, desk, paper):
    client.force_login(Membership.objects.get(workspace_id=desk.actor.workspace_id).user)
    closed(paper)

    for bot in (desk.bot, paper):
        page = client.get(f"/bots/{bot.pk}/").content.decode()
        assert "Paper against real money" in page
        assert "Not enough trades yet: 1 on paper, 0 with real money." in page


def test_programs_read_it_with_exact_figures(desk, paper):
    closed(desk.bot)

    told = Program(desk.actor).get(f"bots/{desk.bot.pk}/drift").json()

    assert (told["own"]["realized_net"], told["own"]["trades"]) == ("0.01", 1)
    assert told["pairs"][0]["paper"]["realized_net"] is None


def test_mallory_reads_nothing(desk, mallory):
    for read in (bot_drift, drift_pairs):
        with pytest.raises(BotMissing):
            read(reader=mallory.actor, bot_id=desk.bot.pk)
    assert Bot.objects.count() == 1
