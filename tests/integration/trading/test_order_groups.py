"""Brackets, OCOs, replaced orders and slices, on a real practice venue that holds no stops."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.core.domain.people import Actor
from apps.trading import crash_points, tasks_orders
from apps.trading.domain.triggers import Quote
from apps.trading.models import CapitalReservation, Order, OrderGroup
from apps.trading.services import order_groups, order_run, order_slices
from apps.venues.domain.ports import OrderKind, Side
from tests.integration.trading.tills import D, Till, stops_not_held, till_open


@pytest.fixture
def till(transactional_db: None, tmp_path, settings) -> Iterator[Till]:
    with till_open(tmp_path, settings) as opened, stops_not_held():
        yield opened


def test_a_filled_entry_rests_its_profit_and_arms_its_stop_for_what_it_brought(till):
    group = till.bracket("100", till.profit("110"), till.stop("95"))

    made = till.roles(group)
    got = D("0.9995")  # the fee came off the coins
    assert (made["ENTRY"].status, made["ENTRY"].filled) == ("FILLED", D(1))
    assert (made["TAKE_PROFIT"].status, made["TAKE_PROFIT"].quantity) == ("OPEN", got)
    assert (made["STOP_LOSS"].status, made["STOP_LOSS"].quantity) == ("ARMED", got)


def test_a_partly_filled_entry_that_is_cancelled_leaves_what_filled_protected(till):
    till.book("99.9", "100", size="0.4")
    group = till.bracket("100", till.profit("110"), till.stop("95"))

    till.cancel(till.roles(group)["ENTRY"])

    made = till.roles(group)
    assert (made["ENTRY"].status, made["ENTRY"].filled) == ("CANCELLED", D("0.4"))
    assert (made["TAKE_PROFIT"].status, made["STOP_LOSS"].status) == ("OPEN", "ARMED")
    assert made["STOP_LOSS"].quantity == D("0.3998")
    group.refresh_from_db()
    assert group.status == "ACTIVE"


def test_a_reached_profit_takes_the_stop_away(till):
    group = till.oco(till.profit("110"), till.stop("95"))
    till.book("110.5", "110.6")

    till.sweep()

    made = till.roles(group)
    group.refresh_from_db()
    assert (made["TAKE_PROFIT"].status, made["STOP_LOSS"].status) == ("FILLED", "CANCELLED")
    assert (group.status, till.sold()) == ("DONE", D(1))
    assert not CapitalReservation.objects.filter(released_at=None).exists()


def test_a_partly_filled_profit_makes_the_stop_smaller(till):
    group = till.oco(till.profit("110"), till.stop("95"))
    till.book("110", "110.2", size="0.3")
    till.sweep()

    made = till.roles(group)

    assert made["TAKE_PROFIT"].status == "PARTIALLY_FILLED"
    assert made["STOP_LOSS"].quantity == D("0.7")


def test_a_triggered_stop_cancels_the_profit_first_and_sells_the_rest_once(till):
    group = till.oco(till.profit("110"), till.stop("95"))
    till.book("94.9", "95")

    assert till.trigger(till.roles(group)["STOP_LOSS"], "94.9") is True

    made = till.roles(group)
    group.refresh_from_db()
    assert (made["TAKE_PROFIT"].status, made["STOP_LOSS"].status) == ("CANCELLED", "FILLED")
    assert (group.status, till.sold()) == ("DONE", D(1))
    till.agree()


def test_a_profit_that_fills_while_the_stop_is_triggered_is_not_sold_again(till):
    group = till.oco(till.profit("110"), till.stop("95"))
    till.book("110.5", "110.6")  # filled at the venue; we have not heard of it

    till.trigger(till.roles(group)["STOP_LOSS"], "94.9")
    till.sweep()

    group.refresh_from_db()
    assert (group.status, till.sold()) == ("DONE", D(1))
    till.agree()


def test_only_the_first_of_two_engines_sets_a_stop_off(till):
    group = till.oco(till.profit("110"), till.stop("95"))
    stop = till.roles(group)["STOP_LOSS"]
    till.book("94.9", "95")

    assert [till.trigger(stop, "94.9"), till.trigger(stop, "94.9")] == [True, False]
    assert till.sold() == D(1)


def test_a_stop_that_finds_nobody_tries_again_wider(till):
    group = till.bracket("100", till.stop("95"))
    till.mirror("94.9", "95")  # what was seen; the venue is elsewhere by now
    till.venue.set_book_now("alpha", "BTC/USDT", bids=[("94", "5")], asks=[("95", "5")])

    till.trigger(till.roles(group)["STOP_LOSS"], "94.9")
    till.sweep()

    group.refresh_from_db()
    assert group.status == "DONE"
    stops = group.orders.filter(group_role="STOP_LOSS").order_by("pk")
    assert [order.status for order in stops] == ["CANCELLED", "FILLED"]
    assert stops[1].max_slippage > stops[0].max_slippage


def test_an_exit_that_finds_nobody_within_its_widest_bound_calls_for_help(till):
    group = till.bracket("100", till.stop("95"))
    till.mirror("94.9", "95")
    till.venue.set_book_now("alpha", "BTC/USDT", bids=[("50", "5")], asks=[("95", "5")])

    till.trigger(till.roles(group)["STOP_LOSS"], "94.9")
    till.sweep()

    group.refresh_from_db()
    assert (group.status, group.reason) == ("NEEDS_ATTENTION", "EXIT_FAILED")


@pytest.mark.parametrize(
    "point", [crash_points.BEFORE_CLAIM, crash_points.AFTER_CLAIM, crash_points.AFTER_SEND]
)
def test_a_worker_that_dies_between_trigger_and_record_leaves_one_exit(till, monkeypatch, point):
    """The restart that leaves a position without its stop: it does not happen here."""
    group = till.bracket("100", till.stop("95"))
    till.book("94.9", "95")

    def die(at: str) -> None:
        if at == point:
            raise SystemExit

    monkeypatch.setattr(crash_points, "hook", die)
    with contextlib.suppress(SystemExit):
        till.trigger(till.roles(group)["STOP_LOSS"], "94.9")
        tasks_orders.order_group_advance(workspace_id=group.workspace_id, group_id=group.pk)
    monkeypatch.setattr(crash_points, "hook", None)

    till.sweep(4)

    group.refresh_from_db()
    assert (group.status, till.sold()) == ("DONE", D("0.9995"))
    till.agree()


def test_a_cancelled_group_ends_both_halves_and_gives_the_capital_back(till):
    group = till.oco(till.profit("110"), till.stop("95"))

    order_groups.order_group_cancel(actor=till.actor, group_id=group.pk, now=timezone.now())

    group.refresh_from_db()
    assert group.status == "CANCELLED"
    assert {order.status for order in group.orders.all()} == {"CANCELLED"}
    assert not CapitalReservation.objects.filter(released_at=None).exists()


def test_a_refused_group_is_stored_whole_and_nothing_is_sent(till):
    group = till.oco(till.profit("110", "9"), till.stop("95", "9"))

    assert group.status == "DENIED"
    assert {order.status for order in group.orders.all()} == {"DENIED"}
    assert group.orders.first().decision.code == "CAPITAL_TAKEN"
    assert till.ledger()["orders"] == []


def test_one_holding_is_reserved_once_for_both_halves(till):
    till.oco(till.profit("110", "4"), till.stop("95", "4"))

    second = till.oco(till.profit("111", "4"), till.stop("94", "4"))

    assert second.status == "DENIED"


def test_an_amended_order_keeps_what_it_filled_and_places_only_the_rest(till):
    till.book("99.9", "100", size="0.4")
    old = till.limit(Side.BUY, "1", "100")
    assert old.filled == D("0.4")
    till.book("99.9", "100.5")

    group = order_groups.order_amend(
        actor=till.actor,
        order=old,
        intent=till.intent(Side.BUY, "1", limit_price=D("99.5")),
        now=timezone.now(),
    )

    made = till.roles(group)
    group.refresh_from_db()
    assert (made["OLD"].status, made["NEW"].quantity, made["NEW"].status) == (
        "CANCELLED",
        D("0.6"),
        "OPEN",
    )


def test_slices_come_one_by_one_and_never_in_a_burst(till):
    actor = Actor.platform(till.actor.workspace_id)
    began = timezone.now()
    intent = till.intent(Side.BUY, "1", kind=OrderKind.MARKET, reference_price=D(100))
    group = order_slices.order_slices_place(
        actor=till.actor, intent=intent, count=4, interval=timedelta(seconds=10), now=began
    )

    def due(seconds: int) -> int:
        quote, at = Quote(D("99.9"), D(100)), began + timedelta(seconds=seconds)
        for _ in range(3):
            order_slices.order_slice_place(actor=actor, group_id=group.pk, quote=quote, now=at)
        return group.orders.count()

    assert [due(0), due(5), due(35), due(36), due(45), due(55), due(65)] == [1, 1, 2, 2, 3, 4, 4]
    group.refresh_from_db()
    assert (group.status, sum(order.filled for order in group.orders.all())) == ("DONE", D(1))


def test_a_trailing_stops_best_price_never_moves_back(till):
    order = till.place(Side.SELL, "1", kind=OrderKind.STOP, trigger_price=D(95))
    Order.objects.filter(pk=order.pk).update(
        status="ARMED", kind="trailing_stop", trail=D("0.05"), emulated=True
    )

    for best in ("101", "105", "103"):
        order_run.trails_store(best={order.pk: D(best)})

    order.refresh_from_db()
    assert order.trail_best == D(105)


def test_mallory_cannot_cancel_alices_group(till, mallory):
    group = till.oco(till.profit("110"), till.stop("95"))

    with pytest.raises(Exception, match="no such group"):
        order_groups.order_group_cancel(actor=mallory.actor, group_id=group.pk, now=timezone.now())

    assert OrderGroup.objects.get().status == "ACTIVE"
