"""The dead man's switch: a venue that has one cancels our opening orders when the guard is silent.

It is armed only where everything open on the account is an opening order of ours. A switch cancels
whatever stands there: where a protective stop rests, or an order of somebody else, it stays off
(a stop only counts where the venue's switch would take it). What was not answered is not known,
and then it is not armed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

import structlog

from apps.core.domain.errors import CryonelError
from apps.trading.domain.orders import OrderOrigin
from apps.trading.domain.plans import Role
from apps.trading.guard import desk
from apps.trading.models import Order
from apps.venues.domain.ports import TRIGGERED, Capability, OrderReceipt, TradingVenue

logger = structlog.get_logger(__name__)
TIMEOUT = timedelta(seconds=60)  # of the switch; every venue that has one takes it
EVERY = TIMEOUT / 4
AT_VENUE = ["OPEN", "PARTIALLY_FILLED", "SUBMITTING"]
RESTING = ["GTC", "PO", "GTD"]


class DeadMan:
    """Keeps the switches of this guard's connections. Not thread-safe: one chore calls it."""

    def __init__(self, client_of: Callable[[int], TradingVenue] | None = None) -> None:
        self._client_of = client_of or desk.client_of
        self.armed: set[int] = set()

    def turn(self) -> None:
        """Arm again what should be armed, disarm what should not any more. Every `EVERY`."""
        wanted = set(_working())
        for number in sorted(wanted):
            self._keep(number)
        for number in sorted(self.armed - wanted):
            self._disarm(number)

    def let_go(self) -> None:
        """The last thing of an orderly end: nothing is cancelled behind it."""
        for number in sorted(self.armed):
            self._disarm(number)

    def _keep(self, number: int) -> None:
        try:
            client = self._client_of(number)
            if Capability.DEAD_MAN_SWITCH not in client.spec.capabilities:
                return
            if _is_harmless(number, _open_orders(client, number), client):
                client.arm_dead_man(TIMEOUT)
                self.armed.add(number)
                return
        except CryonelError as e:
            logger.warning("guard.dead_man_not_armed", connection_id=number, code=e.code)
            return
        if number in self.armed:
            self._disarm(number)

    def _disarm(self, number: int) -> None:
        try:
            self._client_of(number).arm_dead_man(None)
        except CryonelError as e:
            logger.warning("guard.dead_man_not_disarmed", connection_id=number, code=e.code)
            return  # tried again next time
        self.armed.discard(number)


def _working() -> list[int]:
    """Connections with an order of ours at the venue that opens something and rests there."""
    rows = Order.objects.filter(
        status__in=AT_VENUE, time_in_force__in=RESTING, role=Role.OPEN, reduce_only=False
    )
    rows = rows.exclude(origin=OrderOrigin.EXTERNAL).exclude(kind__in=sorted(TRIGGERED))
    return list(rows.values_list("connection_id", flat=True).distinct())


def _open_orders(client: TradingVenue, number: int) -> list[OrderReceipt]:
    if not client.spec.open_orders_by_symbol:
        return client.open_orders()
    symbols = Order.objects.filter(connection_id=number, status__in=AT_VENUE)
    found: list[OrderReceipt] = []
    for symbol in symbols.values_list("symbol", flat=True).distinct():
        found += client.open_orders(symbol)
    return found


def _is_harmless(number: int, listed: Iterable[OrderReceipt], client: TradingVenue) -> bool:
    """Whether everything that the switch would cancel is ours and opens."""
    ours = {
        order.client_order_id: order
        for order in Order.objects.filter(connection_id=number, status__in=AT_VENUE)
        if order.origin != OrderOrigin.EXTERNAL
    }
    takes_stops = client.spec.dead_man_cancels_stops
    if takes_stops and (_stop_coming(number) or any(_protects(o) for o in ours.values())):
        return False
    for receipt in listed:
        order = ours.get(receipt.client_order_id)
        is_stop = receipt.kind in TRIGGERED if order is None else _protects(order)
        if is_stop and not takes_stops:
            continue
        if order is None or is_stop:
            return False
    return True


def _stop_coming(number: int) -> bool:
    """Whether a stop is on its way to the venue: it must not arrive under an armed switch."""
    rows = Order.objects.filter(connection_id=number, status__in=["ARMED", "PLANNED"])
    return rows.filter(kind__in=sorted(TRIGGERED), emulated=False).exists()


def _protects(order: Order) -> bool:
    return order.reduce_only or order.kind in TRIGGERED or order.group_role == "STOP_LOSS"
