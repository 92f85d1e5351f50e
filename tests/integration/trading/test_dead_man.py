"""The dead man's switch over the real Kraken adapter, whose wire is cut below its client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from requests.adapters import HTTPAdapter

from apps.trading.domain.orders import client_order_id_new
from apps.trading.guard.dead_man import DeadMan
from apps.trading.models import Order
from apps.venues.adapters.kraken import ADAPTER
from apps.venues.domain.errors import VenueUnavailable
from tests.contract.conftest import OURS, credentials_of
from tests.factories.accounts import Person
from tests.factories.trading import D
from tests.factories.venues import connection
from tests.fakes.wire import Wire, payload


class Kraken:
    """Kraken's own adapter; what it lists as open is told by the test."""

    def __init__(self, wire: Wire) -> None:
        self.wire, self.venue = wire, ADAPTER(credentials_of(ADAPTER))
        self.venue.warm()
        wire.heard.clear()
        wire.tell("dead_man")
        self.listed: list[Any] = []
        self.silent = False
        self.spec = self.venue.spec

    def open_orders(self, symbol: str | None = None) -> list[Any]:
        if self.silent:
            raise VenueUnavailable(venue="Kraken")
        return self.listed

    def arm_dead_man(self, timeout: Any) -> None:
        self.venue.arm_dead_man(timeout)

    @property
    def said(self) -> list[str]:
        """The timeouts that left for Kraken, in seconds."""
        return [part.split("timeout=")[1].split("&")[0].strip() for part in
                (each.said for each in self.wire.heard) if "timeout=" in part]  # fmt: skip


@pytest.fixture
def kraken(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kraken]:
    wire = Wire(payload("kraken"), ADAPTER.client_ids.wire(OURS))
    monkeypatch.setattr(HTTPAdapter, "send", lambda self, *a, **named: wire.send(self, *a, **named))
    made = Kraken(wire)
    yield made
    made.venue.close()


@pytest.fixture
def switch(kraken: Kraken) -> DeadMan:
    return DeadMan(lambda _number: kraken)  # type: ignore[arg-type, return-value]


def resting(alice: Person, **more: Any) -> Order:
    now = timezone.now()
    link = connection(alice.actor, "kraken") if "connection" not in more else more["connection"]
    boring = {
        "workspace_id": alice.actor.workspace_id,
        "connection": link,
        "venue": "kraken",
        "symbol": "BTC/USDT",
        "client_order_id": client_order_id_new(),
        "side": "buy",
        "kind": "limit",
        "quantity": D(1),
        "limit_price": D(100),
        "time_in_force": "GTC",
        "origin": "MANUAL",
        "status": "OPEN",
        "placed_at": now,
        "valid_until": now,
    }
    return Order.objects.create(**(boring | more))


def test_it_is_armed_while_an_opening_order_rests_and_disarmed_last(alice, kraken, switch):
    order = resting(alice)

    switch.turn()
    switch.turn()
    assert kraken.said == ["60", "60"]

    Order.objects.filter(pk=order.pk).update(status="FILLED")
    switch.turn()
    switch.turn()
    assert kraken.said == ["60", "60", "0"]
    assert switch.armed == set()


def test_nothing_is_armed_where_nothing_opens(alice, kraken, switch):
    resting(alice, reduce_only=True)
    resting(alice, time_in_force="IOC")
    resting(alice, origin="EXTERNAL")

    switch.turn()

    assert kraken.said == []


@pytest.mark.parametrize(
    "stop",
    [
        {"kind": "stop", "limit_price": None, "trigger_price": D(90), "side": "sell"},
        {"group_role": "STOP_LOSS"},
        {"reduce_only": True},
    ],
    ids=["stop", "bracket", "reducing"],
)
def test_it_is_never_armed_where_it_would_take_a_protective_stop(alice, kraken, switch, stop):
    assert kraken.spec.dead_man_cancels_stops
    opening = resting(alice)
    switch.turn()
    assert kraken.said == ["60"]

    resting(alice, connection=opening.connection, **stop)
    switch.turn()

    assert kraken.said == ["60", "0"]


def test_it_is_not_armed_over_orders_of_somebody_else(alice, kraken, switch):
    from apps.venues.domain.ports import OrderReceipt, ReceiptStatus

    resting(alice)
    kraken.listed = [
        OrderReceipt(venue_order_id="x", status=ReceiptStatus.OPEN, filled=D(0), symbol="BTC/USDT")
    ]

    switch.turn()

    assert kraken.said == []


def test_it_is_not_armed_while_the_venue_does_not_say_what_is_open(alice, kraken, switch):
    resting(alice)
    kraken.silent = True

    switch.turn()

    assert (kraken.said, switch.armed) == ([], set())


def test_an_orderly_end_switches_it_off(alice, kraken, switch):
    resting(alice)
    switch.turn()

    switch.let_go()

    assert kraken.said == ["60", "0"]
