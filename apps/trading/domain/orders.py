"""The life of an order, as data. The table rules what we command; facts answer to nobody."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from apps.trading.domain.errors import OrderTransitionInvalid
from apps.venues.domain.ports import OrderKind, Side, TimeInForce


class OrderStatus(StrEnum):
    HELD = "HELD"  # a bracket's exit, waiting for its entry to fill
    ARMED = "ARMED"  # the engine waits for its trigger; the venue knows nothing of it
    PLANNED = "PLANNED"  # stored and allowed, nothing sent
    SUBMITTING = "SUBMITTING"  # claimed by a worker; the venue may or may not have it
    OPEN = "OPEN"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"  # by the venue, on proof
    DENIED = "DENIED"  # by our own gate; never sent


class OrderOrigin(StrEnum):
    BOT = "BOT"
    MANUAL = "MANUAL"  # a person's ticket or a program's POST
    KILL = "KILL"  # FLATTEN closes a position
    EXTERNAL = "EXTERNAL"  # placed outside; found at the venue, shown and never fought


S = OrderStatus
ALLOWED: dict[OrderStatus, frozenset[OrderStatus]] = {
    S.HELD: frozenset({S.ARMED, S.PLANNED, S.CANCELLED, S.EXPIRED}),
    S.ARMED: frozenset({S.PLANNED, S.CANCELLED, S.EXPIRED}),
    S.PLANNED: frozenset({S.SUBMITTING, S.CANCELLED, S.EXPIRED}),
    S.SUBMITTING: frozenset(set(S) - {S.HELD, S.ARMED, S.PLANNED, S.SUBMITTING, S.DENIED}),
    S.OPEN: frozenset({S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.EXPIRED, S.REJECTED}),
    S.PARTIALLY_FILLED: frozenset({S.FILLED, S.CANCELLED, S.EXPIRED}),
    **dict.fromkeys((S.FILLED, S.CANCELLED, S.EXPIRED, S.REJECTED, S.DENIED), frozenset()),
}
LIVE = frozenset(status for status, next_ones in ALLOWED.items() if next_ones)
SENT = LIVE - {S.HELD, S.ARMED, S.PLANNED}  # where a fill surprises nobody
_ID_LETTERS = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIntent:
    """A single order that somebody wants. Quantity in base, limit in quote per base."""

    connection_id: int
    symbol: str
    side: Side
    quantity: Decimal
    limit_price: Decimal
    kind: OrderKind = OrderKind.LIMIT
    time_in_force: TimeInForce = TimeInForce.IOC
    valid_for: timedelta = timedelta(seconds=30)

    @property
    def notional(self) -> Decimal:
        return self.quantity * self.limit_price


def client_order_id_new() -> str:
    """Our id, made before anything is sent: 24 of [a-z0-9], which every venue takes."""
    return "c" + "".join(secrets.choice(_ID_LETTERS) for _ in range(23))


def require_transition(current: OrderStatus, target: OrderStatus) -> None:
    if target not in ALLOWED[current]:
        raise OrderTransitionInvalid(current=current.value, target=target.value)


def settle(
    current: OrderStatus,
    reported: OrderStatus,
    *,
    new_fills: bool,
    booked: Decimal,
    counted: Decimal | None,
    quantity: Decimal,
) -> OrderStatus:
    """Where an order stands after its fills were booked, whatever we believed before.

    counted is the venue's own total. Until every trade in it is booked, the order is not
    over: it stays live, keeps counting as exposure, and reconciliation asks again.
    """
    if booked >= quantity:
        return OrderStatus.FILLED
    if current not in LIVE and not new_fills:
        return current  # a stale report cannot wake a finished order; only a fill can
    over = reported not in LIVE | {OrderStatus.FILLED}
    if over and counted is not None and booked >= counted:
        return reported
    return OrderStatus.PARTIALLY_FILLED if booked else OrderStatus.OPEN
