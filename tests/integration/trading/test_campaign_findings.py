"""What the fault campaign found once must not come back. Each test names what went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.trading import tasks_orders
from apps.trading.models import Fill, Order
from apps.trading.services import order_groups, order_slices
from apps.trading.services.reconcile import connection_reconcile
from apps.venues.domain.ports import OrderKind, Side
from tests.integration.trading.tills import D, Till, till_open


@pytest.fixture
def till(transactional_db: None, tmp_path, settings) -> Iterator[Till]:
    with till_open(tmp_path, settings) as opened:
        yield opened


def test_slices_that_have_not_begun_can_be_asked_about_and_cancelled(till):
    """Every look at the group failed until its first slice was placed, the cancel as well."""
    intent = till.intent(Side.BUY, "1", kind=OrderKind.MARKET, reference_price=D(100))
    group = order_slices.order_slices_place(
        actor=till.actor, intent=intent, count=3, interval=timedelta(seconds=5), now=timezone.now()
    )

    tasks_orders.order_group_advance(workspace_id=till.actor.workspace_id, group_id=group.pk)
    over = order_groups.order_group_cancel(actor=till.actor, group_id=group.pk, now=timezone.now())

    assert (over.status, over.reason) == ("CANCELLED", "CANCELLED")


@pytest.mark.parametrize("compared", [False, True])
def test_two_own_orders_that_met_each_other_are_both_booked(till, compared):
    """One trade, one id at the venue, two fills: the second was taken for the first told again,
    its order never ended and its group and capital waited for it."""
    sale = till.limit(Side.SELL, "1", "99.95")
    purchase = till.limit(Side.BUY, "1", "99.95")
    if compared:
        connection_reconcile(
            workspace_id=till.actor.workspace_id, connection_id=till.link.pk, now=timezone.now()
        )
    else:
        till.sweep()

    fills = list(Fill.objects.order_by("order").values_list("order", "venue_trade_id", "price"))
    (trade,) = {number for _, number, _ in fills}
    assert fills == [(sale.pk, trade, D("99.95")), (purchase.pk, trade, D("99.95"))]
    assert set(Order.objects.values_list("status", "filled")) == {("FILLED", D(1))}
    ledger = till.ledger()["fills"]
    assert Counter(str(fill["trade_id"]) for fill in ledger) == {trade: 2}
