"""The life of an order, as data. The table rules what we command; facts answer to nobody."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from apps.trading.domain.errors import OrderTransitionInvalid
from apps.trading.domain.plans import Role, SizeRules
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
    ADOPTED = "ADOPTED"  # ours by its id, but its row was lost: found at the venue, taken back


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
ONE = Decimal(1)
ANY_SIZE = SizeRules()
MAX_SLIPPAGE = Decimal("0.005")
UNPRICED_MARGIN = Decimal("0.02")  # reserved beyond the price seen, where no limit bounds a buy
_ID_LETTERS = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIntent:
    """A single order that somebody wants. Quantity in base, prices in quote per base.

    limit_price is None exactly for kinds without one; then reference_price (the top of book that
    the wish was formed on) says what it is worth. trail, fee_rate: fractions. reserves is False
    where another order already holds the capital (the other half of an OCO, an exit whose entry
    has not filled).
    """

    connection_id: int
    symbol: str
    base: str
    quote: str
    side: Side
    quantity: Decimal
    limit_price: Decimal | None = None
    reference_price: Decimal | None = None
    kind: OrderKind = OrderKind.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    trigger_price: Decimal | None = None
    trail: Decimal | None = None
    expires_at: datetime | None = None
    valid_for: timedelta = timedelta(seconds=30)  # to be sent
    reduce_only: bool = False
    origin: OrderOrigin = OrderOrigin.MANUAL
    role: Role = Role.OPEN
    leverage: Decimal = ONE
    liquidation_price: Decimal | None = None
    rules: SizeRules = ANY_SIZE
    fee_rate: Decimal | None = None  # the account's taker rate; None: not known
    book_age: float | None = None  # seconds, of the book that reference_price is from
    reserves: bool = True
    max_slippage: Decimal = MAX_SLIPPAGE  # how far from the book a kind without a limit may go

    @property
    def price(self) -> Decimal | None:
        """What its size is judged by; None: not known."""
        return self.limit_price or self.trigger_price or self.reference_price

    @property
    def worst_price(self) -> Decimal | None:
        """What a purchase may cost per unit at most; without a limit, more than the price seen."""
        if self.limit_price is not None:
            return self.limit_price
        seen = [p for p in (self.trigger_price, self.reference_price) if p is not None]
        return max(seen) * (1 + UNPRICED_MARGIN) if seen else None

    @property
    def notional(self) -> Decimal | None:
        """Quote value; None while no price is known."""
        return None if self.price is None else self.quantity * self.price

    @property
    def closing(self) -> bool:
        """The kill switch or a plan brings exposure down: passes every state and every cap."""
        return self.origin is OrderOrigin.KILL or self.role is not Role.OPEN


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
