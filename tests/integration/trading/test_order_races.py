"""Single orders and groups with real threads on real PostgreSQL: one of many wins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import timezone

from apps.core.domain.people import Actor
from apps.trading import tasks_orders
from apps.trading.models import Order
from apps.trading.services import order_run
from apps.venues.domain.ports import Side
from tests.integration.trading.test_races import together
from tests.integration.trading.tills import D, Till, stops_not_held, till_open


@pytest.fixture
def till(transactional_db: None, tmp_path, settings) -> Iterator[Till]:
    with till_open(tmp_path, settings) as opened:
        yield opened


def test_of_many_deliveries_at_once_one_claims(till, monkeypatch):
    monkeypatch.setattr(tasks_orders.order_submit, "delay", lambda **ids: None)
    order = till.limit(Side.BUY, "1", "90")
    actor = Actor.platform(order.workspace_id)

    claims = together(
        lambda _: order_run.order_claim(actor=actor, order_id=order.pk, now=timezone.now())
    )

    assert sum(claim is not None for claim in claims) == 1


def test_of_many_engines_at_once_one_sets_a_stop_off(till):
    with stops_not_held():
        group = till.oco(till.profit("110"), till.stop("95"))
    stop = till.roles(group)["STOP_LOSS"]
    till.book("94.9", "95")

    fired = together(lambda _: till.trigger(stop, "94.9"))
    till.sweep()

    group.refresh_from_db()
    assert (sum(fired), group.status, till.sold()) == (1, "DONE", D(1))
    till.agree()


def test_of_many_engines_at_once_one_takes_the_profit_that_a_resting_stop_holds_back(till):
    group = till.oco(till.profit("110"), till.stop("95"))
    profit = till.roles(group)["TAKE_PROFIT"]
    till.book("110.5", "110.6")

    fired = together(lambda _: till.trigger(profit, "110.5"))
    till.sweep()

    group.refresh_from_db()
    assert (sum(fired), group.status, till.sold()) == (1, "DONE", D(1))
    till.agree()


def test_a_cancel_and_a_fill_at_once_end_in_what_the_venue_says(till):
    order = till.limit(Side.BUY, "1", "99.5")

    def work(number: int) -> object:
        if number:
            return till.cancel(order)
        return till.book("99.3", "99.4")

    together(work, times=2)
    till.sweep()

    order.refresh_from_db()
    assert order.status in {"FILLED", "CANCELLED"}
    assert order.filled == (D(1) if order.status == "FILLED" else D(0))
    till.agree()


def test_many_sales_at_once_never_sell_more_than_there_is(till):
    statuses = together(lambda _: till.limit(Side.SELL, "2", "120").status)

    assert sorted(statuses) == ["DENIED"] * 4 + ["OPEN"] * 2


def test_many_closes_at_once_close_once(till):
    till.market(Side.BUY, "1")

    together(lambda _: till.market(Side.SELL, "1", reduce_only=True))

    assert till.sold() == D("0.9995")
    assert Order.objects.filter(side="sell", status="FILLED").count() == 1
