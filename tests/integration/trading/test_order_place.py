"""Single orders by hand, on a real practice venue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.core.models import AuditEntry
from apps.trading import sending, tasks_orders
from apps.trading.models import CapitalReservation, Order, TradingAccount
from apps.trading.selectors import exposure
from apps.venues.domain.ports import OrderKind, Side, TimeInForce
from tests.integration.trading.tills import D, Till, till_open


@pytest.fixture
def till(transactional_db: None, tmp_path, settings) -> Iterator[Till]:
    with till_open(tmp_path, settings) as opened:
        yield opened


def test_a_limit_order_rests_and_is_booked_when_it_fills(till):
    order = till.limit(Side.BUY, "1", "99.5")
    assert (order.status, order.filled) == ("OPEN", D(0))

    till.book("99.3", "99.4")
    till.sweep()

    order.refresh_from_db()
    assert (order.status, order.filled) == ("FILLED", D(1))
    till.agree()


def test_a_market_order_leaves_as_a_limit_at_its_stored_bound(till):
    order = till.market(Side.BUY, "1")

    assert (order.status, order.kind, order.limit_price) == ("FILLED", "market", D("100.5"))
    sent = till.ledger()["orders"][0]
    assert (sent["type"], D(str(sent["price"]))) == ("LIMIT", D("100.5"))


def test_a_market_order_never_trades_beyond_its_bound(till):
    till.venue.set_book_now("alpha", "BTC/USDT", bids=[("99", "5")], asks=[("103", "5")])

    order = till.market(Side.BUY, "1")

    assert order.limit_price == D("100.5")
    assert (order.status, order.filled) == ("CANCELLED", D(0))


def test_without_a_price_a_market_order_is_refused_and_the_refusal_is_stored(till):
    till.mirror("99.9", "100", state="stale")

    order = till.market(Side.BUY, "1")

    assert (order.status, order.decision.code) == ("DENIED", "UNKNOWN_STATE")
    assert AuditEntry.objects.filter(action="trading.order.denied").count() == 1
    assert till.ledger()["orders"] == []


def test_what_rests_at_the_venue_is_not_reserved_twice(till):
    till.limit(Side.SELL, "2", "120")

    reserved = CapitalReservation.objects.get()
    assert reserved.released_at is not None
    free = exposure.free_capital(till.actor.workspace_id)
    assert free[till.link.pk, "BTC"] == D(3)


def test_a_cancel_ends_a_resting_order_at_the_venue(till):
    order = till.cancel(till.limit(Side.BUY, "1", "90"))

    assert (order.status, order.cancel_reason) == ("CANCELLED", "USER")
    assert till.ledger()["orders"][0]["status"] == "CANCELED"


def test_a_cancel_of_an_order_that_filled_meanwhile_books_the_fill(till):
    order = till.limit(Side.BUY, "1", "99.5")
    till.book("99.3", "99.4")

    order = till.cancel(order)

    assert (order.status, order.filled) == ("FILLED", D(1))
    till.agree()


def test_a_cancel_that_nobody_answers_is_asked_again_until_it_is_final(till):
    order = till.limit(Side.BUY, "1", "90")
    till.venue.add_fault_now("alpha", "http_5xx", endpoint="DELETE /api/v3/order", when="before")
    order = till.cancel(order)
    assert order.status == "OPEN"
    till.venue.clear_faults_now("alpha")

    till.sweep()

    order.refresh_from_db()
    assert order.status == "CANCELLED"


def test_accepted_and_then_silence_is_found_out_and_never_sent_again(till):
    """The outage after acceptance: the answer is lost, the order is not."""
    till.venue.add_fault_now("alpha", "accept_then_timeout", endpoint="POST /api/v3/order", count=1)
    order = till.limit(Side.BUY, "1", "100")
    assert order.status == "SUBMITTING"
    till.venue.clear_faults_now("alpha")

    till.sweep()

    order.refresh_from_db()
    assert (order.status, order.filled) == ("FILLED", D(1))
    till.agree()


def test_of_many_deliveries_one_sends(till):
    order = till.limit(Side.BUY, "1", "90")

    for _ in range(3):
        tasks_orders.order_submit(workspace_id=order.workspace_id, order_id=order.pk)

    assert len(till.ledger()["orders"]) == 1


def test_a_halt_stops_an_opening_order_and_lets_a_protective_stop_out(till, monkeypatch):
    monkeypatch.setattr(tasks_orders.order_submit, "delay", lambda **ids: None)
    opening = till.limit(Side.BUY, "1", "90")
    stop = till.place(
        Side.SELL, "1", kind=OrderKind.STOP_LIMIT, trigger_price=D(95), limit_price=D(94)
    )
    TradingAccount.objects.update(state="HALTED")

    for order in (opening, stop):
        tasks_orders.order_submit(workspace_id=order.workspace_id, order_id=order.pk)

    opening.refresh_from_db()
    stop.refresh_from_db()
    assert (opening.status, stop.status) == ("PLANNED", "OPEN")


def test_good_till_date_ends_at_its_date_at_the_venue_too(till):
    ends = timezone.now() + timedelta(hours=1)
    order = till.limit(Side.BUY, "1", "90", time_in_force=TimeInForce.GTD, expires_at=ends)
    assert order.status == "OPEN"
    Order.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    till.sweep(1)

    order.refresh_from_db()
    assert (order.status, order.cancel_reason) == ("CANCELLED", "TIME_OVER")


def test_a_redundant_close_does_not_open_the_other_way(till):
    till.market(Side.BUY, "1")

    first = till.market(Side.SELL, "1", reduce_only=True)
    second = till.market(Side.SELL, "1", reduce_only=True)

    assert (first.status, first.quantity) == ("FILLED", D("0.9995"))  # its fee came off the coins
    assert (second.status, second.decision.code) == ("DENIED", "NOTHING_TO_REDUCE")
    assert till.sold() == D("0.9995")


def test_a_close_is_capped_at_what_is_open(till):
    till.market(Side.BUY, "1")

    order = till.market(Side.SELL, "3", reduce_only=True)

    assert (order.quantity, order.status) == (D("0.9995"), "FILLED")


@pytest.mark.parametrize(
    ("time_in_force", "status"),
    [
        (TimeInForce.IOC, "CANCELLED"),
        (TimeInForce.FOK, "CANCELLED"),
        (TimeInForce.POST_ONLY, "OPEN"),
    ],
)
def test_the_venue_is_told_how_long_an_order_is_good(till, time_in_force, status):
    order = till.limit(Side.BUY, "1", "99", time_in_force=time_in_force)

    assert order.status == status


def test_post_only_that_would_take_is_refused_and_nothing_trades(till):
    order = till.limit(Side.BUY, "1", "100.2", time_in_force=TimeInForce.POST_ONLY)

    assert (order.status, order.filled) == ("REJECTED", D(0))


class Counting:
    """A client that notes what it is asked."""

    def __init__(self, client: object, asked: list[str]) -> None:
        self._client, self._asked = client, asked

    def __getattr__(self, name: str) -> object:
        self._asked.append(name)
        return getattr(self._client, name)


def test_many_resting_orders_are_followed_with_one_question(till, monkeypatch):
    for number in range(10):
        till.limit(Side.BUY, "0.1", str(99 + number / 100))
    asked: list[str] = []
    real = sending.client_of
    monkeypatch.setattr(
        sending, "client_of", lambda number, need: Counting(real(number, need=need), asked)
    )

    till.sweep(1)

    assert asked == ["open_orders"]
