"""Protective stops that wait at the exchange: the position is guarded while CRYONEL is down."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.utils import timezone

from apps.trading.domain.kill import KillCommand, KillOrigin, KillScope
from apps.trading.guard.dead_man import DeadMan
from apps.trading.guard.runs import run_carry_out
from apps.trading.models import CapitalReservation, Order
from apps.trading.selectors.positions_net import net_positions
from apps.trading.sending import client_of
from apps.trading.services import order_groups
from apps.trading.services.group_steps import NOT_KEPT
from apps.trading.services.kill import kill_claim, kill_request
from apps.venues.domain.errors import RefusalReason, VenueRejected
from apps.venues.domain.ports import TRIGGERED, Capability, Need, OrderKind, OrderReceipt, Side
from tests.integration.trading.tills import D, Till, till_open

GOT = D("0.9995")  # one coin, less the fee that came off it


@pytest.fixture
def till(transactional_db: None, tmp_path, settings) -> Iterator[Till]:
    with till_open(tmp_path, settings) as opened:
        opened.venue.trade_now("alpha", "BTC/USDT", "100")
        yield opened


def exits_out(till: Till) -> list[tuple[str, str]]:
    """(type, quantity) of the sales that stand at the venue, by its own ledger."""
    alive = {"NEW", "PARTIALLY_FILLED"}
    return [
        (order["type"], order["quantity"])
        for order in till.ledger()["orders"]
        if order["side"] == "SELL" and order["status"] in alive
    ]


def never_oversold(till: Till) -> None:
    """At the venue nothing more may be sold than was entered and is not sold yet."""
    bought = sum(D(str(t["quantity"])) for t in till.ledger()["fills"] if t["side"] == "BUY")
    assert till.sold() <= bought


def test_the_stop_rests_at_the_venue_and_the_profit_waits_in_the_engine(till):
    group = till.bracket("100", till.profit("110"), till.stop("95"))
    till.sweep(1)

    made = till.roles(group)
    stop, profit = made["STOP_LOSS"], made["TAKE_PROFIT"]
    assert (stop.status, stop.quantity, stop.emulated) == ("OPEN", GOT, False)
    assert (profit.status, profit.quantity) == ("ARMED", GOT)
    assert [kind for kind, _ in exits_out(till)] == ["STOP_LOSS"]
    assert not CapitalReservation.objects.filter(released_at=None, group=group).exists()


def test_the_venue_sells_while_nothing_of_ours_runs_and_the_books_agree_afterwards(till):
    group = till.bracket("100", till.profit("110"), till.stop("95"))

    till.falls_to("94")
    assert exits_out(till) == []  # it went off without us
    assert till.roles(group)["STOP_LOSS"].status == "OPEN"
    till.sweep()

    made = till.roles(group)
    group.refresh_from_db()
    assert (made["STOP_LOSS"].status, made["STOP_LOSS"].filled) == ("FILLED", GOT)
    assert (made["TAKE_PROFIT"].status, group.status) == ("CANCELLED", "DONE")
    assert till.sold() == GOT
    till.agree()


def test_a_reached_profit_takes_the_stop_back_first_and_sells_once(till):
    group = till.oco(till.profit("110"), till.stop("95"))
    till.book("110.5", "110.6")

    assert till.trigger(till.roles(group)["TAKE_PROFIT"], "110.5") is True
    till.sweep()

    group.refresh_from_db()
    sold = group.orders.get(group_role="TAKE_PROFIT", status="FILLED")
    assert sold.fills.get().price == D("110.5")
    assert {o.status for o in group.orders.filter(group_role="STOP_LOSS")} == {"CANCELLED"}
    assert (group.status, till.sold()) == ("DONE", D(1))
    assert not CapitalReservation.objects.filter(released_at=None).exists()
    till.agree()


def test_a_profit_that_finds_too_little_gives_the_rest_back_to_the_stop(till):
    group = till.oco(till.profit("110"), till.stop("95"))
    till.book("110", "110.2", size="0.3")

    till.trigger(till.roles(group)["TAKE_PROFIT"], "110")
    till.sweep()

    made = till.roles(group)
    assert till.sold() == D("0.3")
    assert (made["STOP_LOSS"].status, made["STOP_LOSS"].quantity) == ("OPEN", D("0.7"))
    assert (made["TAKE_PROFIT"].status, made["TAKE_PROFIT"].quantity) == ("ARMED", D("0.7"))
    assert [(kind, D(str(size))) for kind, size in exits_out(till)] == [("STOP_LOSS", D("0.7"))]
    till.agree()


def test_a_stop_that_goes_off_while_the_profit_is_reached_sells_once(till):
    group = till.oco(till.profit("110"), till.stop("95"))
    till.falls_to("94")  # sold there; we have not heard of it

    till.trigger(till.roles(group)["TAKE_PROFIT"], "110")
    till.sweep()

    group.refresh_from_db()
    assert (group.status, till.sold()) == ("DONE", D(1))
    till.agree()


def test_the_stop_grows_with_the_entry_and_never_stands_twice(till):
    till.book("99.9", "100", size="0.4")
    group = till.bracket("100", till.stop("95"))
    till.sweep(1)
    assert [(kind, D(str(size))) for kind, size in exits_out(till)] == [("STOP_LOSS", D("0.3998"))]

    till.book("99.9", "100", size="50")
    till.sweep()

    made, got = till.roles(group), D("0.99968")  # what rested paid the lower fee
    assert made["ENTRY"].status == "FILLED"
    assert [(kind, D(str(size))) for kind, size in exits_out(till)] == [("STOP_LOSS", got)]
    assert (made["STOP_LOSS"].status, made["STOP_LOSS"].quantity) == ("OPEN", got)
    never_oversold(till)
    till.agree()


def test_a_refusal_because_the_price_is_there_already_sends_the_exit_at_once(till):
    till.venue.trade_now("alpha", "BTC/USDT", "94")  # the last trade; the book is not there yet

    group = till.oco(till.profit("110"), till.stop("95"))
    till.sweep()

    group.refresh_from_db()
    first, second = group.orders.filter(group_role="STOP_LOSS").order_by("pk")
    assert (first.status, first.triggered_at is not None) == ("REJECTED", True)
    assert (second.status, second.max_slippage) == ("FILLED", first.max_slippage)
    assert (group.status, till.sold()) == ("DONE", D(1))
    till.agree()


def test_another_refusal_leaves_the_stop_with_the_engine_and_says_so(till, monkeypatch):
    client = type(client_of(till.link.pk, need=Need.TRADE))
    place = client.place_order

    def without_stops(self, ticket):
        if ticket.kind in TRIGGERED:
            raise VenueRejected(venue="Practice", reason=RefusalReason.INVALID_ORDER)
        return place(self, ticket)

    monkeypatch.setattr(client, "place_order", without_stops)

    group = till.oco(till.profit("110"), till.stop("95"))
    till.sweep()

    made = till.roles(group)
    stop = made["STOP_LOSS"]
    assert (stop.status, stop.emulated, stop.reason) == ("ARMED", True, NOT_KEPT)
    assert made["TAKE_PROFIT"].status == "OPEN"  # it may rest now: the stop does not
    till.book("94.9", "95")
    till.trigger(stop, "94.9")
    till.sweep()
    assert till.sold() == D(1)


def test_a_stop_cancelled_at_the_venue_by_somebody_waits_in_the_engine(till):
    group = till.bracket("100", till.stop("95"))
    resting = till.roles(group)["STOP_LOSS"]

    client_cancels(till, resting)
    till.sweep()

    stop = till.roles(group)["STOP_LOSS"]
    assert (stop.status, stop.emulated, stop.quantity) == ("ARMED", True, GOT)


def client_cancels(till: Till, order: Order) -> None:
    """On the exchange's own page."""
    client = client_of(order.connection_id, need=Need.TRADE)
    client.cancel_order(order.client_order_id, order.venue_order_id, order.symbol)


def test_a_trailing_stop_stays_in_the_engine_which_remembers_its_best_price(till):
    stop = till.stop("95", kind=OrderKind.TRAILING_STOP, trigger_price=None, trail=D("0.05"))

    made = till.roles(till.bracket("100", till.profit("110"), stop))

    assert (made["STOP_LOSS"].status, made["TAKE_PROFIT"].status) == ("ARMED", "OPEN")


def test_a_cancelled_group_takes_the_stop_off_the_venue(till):
    group = till.oco(till.profit("110"), till.stop("95"))

    order_groups.order_group_cancel(actor=till.actor, group_id=group.pk, now=timezone.now())
    till.sweep()

    group.refresh_from_db()
    assert (group.status, exits_out(till)) == ("CANCELLED", [])
    assert not CapitalReservation.objects.filter(released_at=None).exists()


@pytest.mark.parametrize("command", [KillCommand.CANCEL, KillCommand.FLATTEN])
def test_the_kill_switch_takes_the_stop_off_the_venue(till, command):
    group = till.bracket("100", till.profit("110"), till.stop("95"))
    assert len(exits_out(till)) == 1

    kill_carried_out(till, command)

    group.refresh_from_db()
    assert (group.status, exits_out(till)) == ("CANCELLED", [])
    assert {o.status for o in group.orders.exclude(group_role="ENTRY")} == {"CANCELLED"}
    left = sum(each.net for each in net_positions(till.actor.workspace_id))
    assert left == (GOT if command is KillCommand.CANCEL else 0)
    till.agree()


def kill_carried_out(till: Till, command: KillCommand) -> None:
    run = kill_request(
        actor=till.actor,
        scope=KillScope.WORKSPACE,
        command=command,
        origin=KillOrigin.UI,
        reason="enough",
        now=timezone.now(),
    )
    claimed = kill_claim(owner="guard", now=timezone.now(), run_id=run.pk)
    assert claimed is not None
    done = run_carry_out(claimed, threading.Event())
    assert done is not None
    assert done.status == "DONE"


class Switchable:
    """The real client of the practice venue, with a switch as venues have that take stops too."""

    def __init__(self, till: Till) -> None:
        self._client = client_of(till.link.pk, need=Need.TRADE)
        spec = self._client.spec
        able = spec.capabilities | {Capability.DEAD_MAN_SWITCH}
        self.spec = replace(spec, capabilities=able, dead_man_cancels_stops=True)
        self.armed: list[object] = []

    def open_orders(self, symbol: str | None = None) -> list[OrderReceipt]:
        return self._client.open_orders(symbol)

    def arm_dead_man(self, timeout: object) -> None:
        self.armed.append(timeout)


@pytest.mark.parametrize("status", ["ARMED", "PLANNED", "SUBMITTING", "OPEN"])
def test_no_dead_mans_switch_is_armed_where_such_a_stop_rests_or_goes(till, status):
    group = till.oco(till.profit("110"), till.stop("95"))
    till.limit(Side.BUY, "1", "90")  # an opening order, which alone would be covered
    Order.objects.filter(group=group, group_role="STOP_LOSS").update(status=status)
    asked = Switchable(till)

    DeadMan(lambda _number: asked).turn()  # type: ignore[arg-type, return-value]

    assert asked.armed == []


def test_the_switch_is_armed_over_the_same_opening_order_alone(till):
    till.limit(Side.BUY, "1", "90")
    asked = Switchable(till)

    DeadMan(lambda _number: asked).turn()  # type: ignore[arg-type, return-value]

    assert len(asked.armed) == 1
