"""Orders that wait, cancelling all and looking back: our own adapter at the real practice venue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.venues.adapters.practice import adapter_of
from apps.venues.domain.errors import PriceOffStep, RefusalReason, TrailUnusable, VenueRejected
from apps.venues.domain.ports import OrderKind, OrderTicket, ReceiptStatus, Side
from tests.fakes.practice import OpenedAccount, PracticeVenue

SYMBOL = "BTC/USDT"
STOP = OrderTicket(
    client_order_id="stop1",
    symbol=SYMBOL,
    side=Side.SELL,
    kind=OrderKind.STOP,
    quantity=Decimal("0.5"),
    limit_price=None,
    trigger_price=Decimal(95),
)


@pytest.fixture
def account(practice: PracticeVenue) -> OpenedAccount:
    practice.trade_now("alpha", SYMBOL, "100")
    return practice.open_account_now("alpha", {"USDT": "1000", "BTC": "2"})


@pytest.fixture
def venue(practice: PracticeVenue, account: OpenedAccount) -> Iterator[Any]:
    made = adapter_of("practice.alpha")({"key": account.key, "secret": account.secret})
    yield made
    made.close()


def the(venue: Any, client_order_id: str) -> Any:
    return venue.find_order(client_order_id, SYMBOL, sent_for=timedelta(hours=1))


def test_a_stop_waits_and_then_sells(venue: Any, practice: PracticeVenue) -> None:
    placed = venue.place_order(STOP)

    (shown,) = venue.open_orders()
    assert (placed.status, shown.kind, shown.trigger_price, shown.client_order_id) == (
        ReceiptStatus.OPEN,
        OrderKind.STOP,
        Decimal(95),
        "stop1",
    )
    practice.trade_now("alpha", SYMBOL, "95")
    done = the(venue, "stop1")
    assert (done.status, done.filled) == (ReceiptStatus.FILLED, Decimal("0.5"))
    assert [trade.price for trade in done.trades] == [Decimal(100)]
    assert venue.order_by_venue_id(placed.venue_order_id, SYMBOL) == done


@pytest.mark.parametrize(
    ("kind", "side", "trigger", "limit"),
    [
        (OrderKind.STOP_LIMIT, Side.SELL, 95, 94),
        (OrderKind.TAKE_PROFIT, Side.SELL, 105, None),
        (OrderKind.TAKE_PROFIT_LIMIT, Side.SELL, 105, 104),
        (OrderKind.STOP, Side.BUY, 105, None),
        (OrderKind.TAKE_PROFIT_LIMIT, Side.BUY, 95, 96),
    ],
)
def test_each_kind_comes_back_as_it_was_sent(
    venue: Any, kind: OrderKind, side: Side, trigger: int, limit: int | None
) -> None:
    price = None if limit is None else Decimal(limit)
    order = replace(STOP, kind=kind, side=side, trigger_price=Decimal(trigger), limit_price=price)

    venue.place_order(order)

    (shown,) = venue.open_orders(SYMBOL)
    assert (shown.kind, shown.side, shown.trigger_price) == (kind, side, Decimal(trigger))
    assert (shown.quantity, shown.filled) == (Decimal("0.5"), Decimal(0))


def test_a_trailing_stop_follows_the_price_and_sells_when_it_turns(
    venue: Any, practice: PracticeVenue
) -> None:
    trail = replace(STOP, kind=OrderKind.TRAILING_STOP, trigger_price=None, trail=Decimal("0.025"))
    venue.place_order(trail)
    assert [order.kind for order in venue.open_orders()] == [OrderKind.TRAILING_STOP]

    practice.trade_now("alpha", SYMBOL, "120")
    practice.trade_now("alpha", SYMBOL, "117.01")
    assert the(venue, "stop1").status is ReceiptStatus.OPEN
    practice.trade_now("alpha", SYMBOL, "117")

    assert the(venue, "stop1").status is ReceiptStatus.FILLED


@pytest.mark.parametrize("trail", ["0.00005", "0.0009", "0.21"])
def test_a_distance_that_the_venue_does_not_take_is_refused_before_sending(
    venue: Any, trail: str
) -> None:
    wrong = replace(STOP, kind=OrderKind.TRAILING_STOP, trigger_price=None, trail=Decimal(trail))

    with pytest.raises(TrailUnusable):
        venue.place_order(wrong)


def test_a_stop_that_is_met_already_is_a_refusal(venue: Any) -> None:
    with pytest.raises(VenueRejected) as refused:
        venue.place_order(replace(STOP, trigger_price=Decimal(100)))

    assert refused.value.reason is RefusalReason.TRIGGERS_NOW
    assert venue.open_orders() == []


def test_a_trigger_off_the_grid_is_refused_before_sending(venue: Any) -> None:
    with pytest.raises(PriceOffStep):
        venue.place_order(replace(STOP, trigger_price=Decimal("95.0001")))


def test_everything_is_cancelled_whoever_made_it(venue: Any, practice: PracticeVenue) -> None:
    venue.place_order(STOP)
    by_hand = venue._client.create_order("ETH/USDT", "limit", "buy", "1", "10")
    assert len(venue.open_orders()) == 2

    venue.cancel_all(None)

    assert venue.open_orders() == []
    venue.cancel_all(SYMBOL)  # nothing left is no problem
    gone = venue.order_by_venue_id(by_hand["id"], "ETH/USDT")
    assert (gone.status, gone.kind) == (ReceiptStatus.CANCELLED, OrderKind.LIMIT)


def test_an_order_made_by_hand_is_cancelled_by_the_venues_id(venue: Any) -> None:
    by_hand = {"newClientOrderId": "By.Hand-1"}
    venue.warm()
    venue._client.create_order(SYMBOL, "limit", "buy", "1", "90", by_hand)
    (shown,) = venue.open_orders(SYMBOL)
    assert shown.client_order_id == "By.Hand-1"

    ended = venue.cancel_order(shown.client_order_id, shown.venue_order_id, SYMBOL)

    assert (ended.status, ended.filled) == (ReceiptStatus.CANCELLED, Decimal(0))
    assert venue.order_by_venue_id("123456", SYMBOL) is None


def test_past_orders_are_told_since_an_instant(venue: Any, practice: PracticeVenue) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    venue.place_order(STOP)
    venue.cancel_all(SYMBOL)
    venue.place_order(replace(STOP, client_order_id="stop2"))
    practice.trade_now("alpha", SYMBOL, "95")

    found = venue.orders_since(SYMBOL, since=before)

    assert [(row.client_order_id, row.status) for row in found] == [
        ("stop1", ReceiptStatus.CANCELLED),
        ("stop2", ReceiptStatus.FILLED),
    ]
    assert all(before <= row.created_at <= datetime.now(UTC) for row in found)
    assert venue.orders_since(SYMBOL, since=datetime.now(UTC) + timedelta(seconds=5)) == []
