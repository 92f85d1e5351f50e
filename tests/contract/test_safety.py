"""Cards about exposure: orders that wait, cancelling everything, and orders nobody here made."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from apps.trading.sending import SEND_WITHIN
from apps.venues.adapters._bulk import CancelsBy
from apps.venues.adapters._orders import OrderCommands
from apps.venues.domain.errors import (
    CapabilityMissing,
    OrderContradictory,
    TimeoutUnusable,
    VenueOutcomeUnknown,
)
from apps.venues.domain.ports import (
    UNPRICED,
    Capability,
    OrderKind,
    OrderTicket,
    ReceiptStatus,
    Side,
    TimeInForce,
)
from apps.venues.registry import adapter_types
from tests.contract.conftest import OURS
from tests.contract.test_venues import NOON, UNCLEAR
from tests.fakes.wire import Wire

WAITING = {
    OrderKind.STOP: Capability.STOP,
    OrderKind.STOP_LIMIT: Capability.STOP_LIMIT,
    OrderKind.TAKE_PROFIT: Capability.TAKE_PROFIT,
    OrderKind.TAKE_PROFIT_LIMIT: Capability.TAKE_PROFIT_LIMIT,
    OrderKind.TRAILING_STOP: Capability.TRAILING_STOP,
}
VISIBLE = timedelta(seconds=1)  # from taking an order to showing it
LONG = timedelta(seconds=120)  # where nothing bounds how late an order is taken
HALF_MINUTE = timedelta(seconds=30)
AT_ONE = datetime.fromtimestamp(NOON + 3600, UTC)


def heard(wire: Wire, route: str) -> bool:
    method, *needles = route.split(" ")
    return any(h.method == method and all(n in h.said for n in needles) for h in wire.heard)


def play(wire: Wire, *scenes: str) -> None:
    """Scenes over one another, the first one on top; those a payload lacks are left out."""
    told = [wire.payload["scenes"].get(scene, {}).get("routes", {}) for scene in scenes]
    wire.routes = {}
    for routes in told:
        wire.routes |= {k: v for k, v in routes.items() if k not in wire.routes}


@pytest.mark.parametrize("adapter", adapter_types().values(), ids=lambda a: a.spec.code)
class TestSafety:
    @pytest.fixture
    def ticket(self, wire: Wire) -> OrderTicket:
        told = wire.payload["ticket"]
        return OrderTicket(
            client_order_id=OURS,
            symbol=told["symbol"],
            side=Side.BUY,
            kind=OrderKind.LIMIT,
            quantity=Decimal(told["quantity"]),
            limit_price=Decimal(told["price"]),
        )

    def needs(self, venue: OrderCommands, capability: Capability) -> None:
        if capability not in venue.spec.capabilities:
            pytest.skip(f"{venue.spec.label} does not offer {capability}")

    @pytest.mark.parametrize("kind", WAITING)
    def test_vt_31_an_order_that_waits_travels_as_documented_or_is_refused(
        self, venue, wire, ticket, kind
    ):
        wire.tell("accepted")
        trails = kind is OrderKind.TRAILING_STOP
        order = replace(
            ticket,
            kind=kind,
            limit_price=None if kind in UNPRICED else ticket.limit_price,
            trigger_price=None if trails else ticket.limit_price - 1000,
            trail=Decimal("0.02") if trails else None,
        )
        if WAITING[kind] not in venue.spec.capabilities:
            with pytest.raises(CapabilityMissing):
                venue.place_order(order)
            assert wire.places() == 0
            return

        for side in Side:
            venue.place_order(replace(order, side=side))

            said = wire.heard[-1].said
            needles = wire.payload["waiting"][kind.value][side.value]
            assert [needle for needle in needles if needle not in said] == []
            assert wire.client_id in said

    def test_vt_32_a_ticket_that_contradicts_itself_is_refused_before_sending(
        self, venue, wire, ticket
    ):
        wire.tell("accepted")
        for wrong in (
            {"trigger_price": Decimal(1)},
            {"trail": Decimal("0.1")},
            {"limit_price": None},
            {"expires_at": AT_ONE},
            {"kind": OrderKind.MARKET},
            {"kind": OrderKind.STOP_LIMIT},
            {"time_in_force": TimeInForce.GTD},
        ):
            with pytest.raises(OrderContradictory):
                venue.place_order(replace(ticket, **wrong))

        assert wire.places() == 0

    def test_vt_33_all_orders_of_a_symbol_are_cancelled(self, venue, wire, ticket):
        play(wire, "cancel_all", "open_orders")
        wire.routes |= wire.payload["cancel_of_ended"]

        venue.cancel_all(ticket.symbol)

        alone = Capability.CANCEL_ALL not in venue.spec.capabilities
        if alone or venue.cancels_by is CancelsBy.ACCOUNT:
            (route,) = wire.payload["cancel_of_ended"]
            assert wire.payload["venue_order_id"] in wire.heard[-1].said
        else:
            route = wire.payload["cancel_all_symbol"]
        assert heard(wire, route)

    def test_vt_34_all_orders_of_an_account_are_cancelled(self, venue, wire, ticket):
        play(wire, "cancel_all", "open_orders")
        wire.routes |= wire.payload["cancel_of_ended"]

        by_symbol = venue.cancels_by is CancelsBy.SYMBOL and venue.spec.open_orders_by_symbol
        if by_symbol:
            with pytest.raises(CapabilityMissing):
                venue.cancel_all(None)
            return
        venue.cancel_all(None)

        if Capability.CANCEL_ALL not in venue.spec.capabilities:
            (route,) = wire.payload["cancel_of_ended"]
        elif venue.cancels_by is CancelsBy.SYMBOL:
            route = wire.payload["cancel_all_symbol"]
        else:
            route = wire.payload["cancel_all_account"]
        assert heard(wire, route)

    @pytest.mark.parametrize("answer", ["timeout", "502", "html"])
    def test_vt_35_cancelling_all_without_an_answer_is_unknown(self, venue, wire, ticket, answer):
        play(wire, "cancel_all", "open_orders")
        commands = [*wire.payload["scenes"].get("cancel_all", {}).get("routes", {})]
        commands += wire.payload["cancel_of_ended"]
        wire.routes |= dict.fromkeys(commands, UNCLEAR[answer])

        with pytest.raises(VenueOutcomeUnknown):
            venue.cancel_all(ticket.symbol)

    def test_vt_36_the_dead_mans_switch_is_armed_and_disarmed(self, venue, wire):
        self.needs(venue, Capability.DEAD_MAN_SWITCH)
        told = wire.payload["dead_man"]
        wire.tell("dead_man")

        venue.arm_dead_man(HALF_MINUTE)
        assert [n for n in told["armed"] if n not in wire.heard[-1].said] == []
        venue.arm_dead_man(None)
        assert [n for n in told["disarmed"] if n not in wire.heard[-1].said] == []

        with pytest.raises(TimeoutUnusable):
            venue.arm_dead_man(timedelta(seconds=1))
        wire.routes = dict.fromkeys(wire.routes, UNCLEAR["502"])
        with pytest.raises(VenueOutcomeUnknown):
            venue.arm_dead_man(HALF_MINUTE)

    def test_vt_37_an_order_is_found_by_the_venues_own_id(self, venue, wire, ticket):
        play(wire, "by_venue_id", "filled")

        receipt = venue.order_by_venue_id(wire.payload["venue_order_id"], ticket.symbol)

        assert receipt.venue_order_id == wire.payload["venue_order_id"]
        assert receipt.client_order_id == venue.client_ids.ours(wire.client_id)
        assert (receipt.status, receipt.filled) == (ReceiptStatus.FILLED, ticket.quantity)
        assert sum(trade.quantity for trade in receipt.trades) == ticket.quantity

    def test_vt_38_an_order_made_elsewhere_is_shown_and_cancelled(self, venue, wire, ticket):
        digits = wire.client_id.isdigit()
        for foreign in ("98765", "null") if digits else ("by-hand-7", ""):
            wire.client_id = foreign
            play(wire, "open_orders")
            (shown,) = venue.open_orders(ticket.symbol)
            assert shown.venue_order_id == wire.payload["venue_order_id"]
            assert shown.client_order_id in (foreign, "")

            play(wire, "by_venue_id", "filled")
            wire.routes = wire.payload["cancel_of_ended"] | wire.routes
            ended = venue.cancel_order(shown.client_order_id, shown.venue_order_id, ticket.symbol)

            assert (ended.status, ended.filled) == (ReceiptStatus.FILLED, ticket.quantity)

    def test_vt_39_past_orders_come_with_what_they_were(self, venue, wire, ticket, monkeypatch):
        self.needs(venue, Capability.ORDER_HISTORY)
        monkeypatch.setattr(time, "time", lambda: NOON + 60.0)
        play(wire, "orders_since", "filled")

        (receipt,) = venue.orders_since(ticket.symbol, since=datetime.fromtimestamp(NOON - 60, UTC))

        assert receipt.venue_order_id == wire.payload["venue_order_id"]
        assert receipt.client_order_id == venue.client_ids.ours(wire.client_id)
        assert (receipt.status, receipt.filled) == (ReceiptStatus.FILLED, ticket.quantity)
        assert (receipt.kind, receipt.limit_price) == (OrderKind.LIMIT, ticket.limit_price)
        assert abs(receipt.created_at - datetime.fromtimestamp(NOON, UTC)) < timedelta(seconds=5)
        assert receipt.trades == ()

    def test_vt_40_absence_is_believed_only_when_no_late_order_can_come(
        self, venue, wire, ticket, monkeypatch
    ):
        monkeypatch.setattr(time, "time", lambda: float(NOON))
        spec = venue.spec
        wire.tell("accepted")

        venue.place_order(ticket)

        said = f"{wire.heard[-1].said} {dict(wire.heard[-1].headers)}"
        assert [needle for needle in wire.payload["late"] if needle not in said] == []
        assert spec.lateness
        if spec.taken_for is not None:
            assert spec.visible_after >= SEND_WITHIN + spec.taken_for + VISIBLE
        else:
            assert spec.ordered_nonces or spec.visible_after >= LONG

    def test_vt_41_an_end_travels_or_is_refused(self, venue, wire, ticket):
        wire.tell("accepted")
        order = replace(ticket, time_in_force=TimeInForce.GTD, expires_at=AT_ONE)
        if Capability.GTD not in venue.spec.capabilities:
            with pytest.raises(CapabilityMissing):
                venue.place_order(order)
            assert wire.places() == 0
            return

        venue.place_order(order)

        assert [n for n in wire.payload["gtd"] if n not in wire.placed().said] == []
