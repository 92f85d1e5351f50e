"""What people do by hand in a run: tickets, brackets, cancels, kill switches. Pure choices here.

A ticket is drawn relative to the market, so that some fill at once, some rest and some wait for a
price that later books may reach.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from apps.trading.domain.orders import OrderOrigin
from apps.trading.domain.tickets import Wish
from apps.venues.domain.ports import OrderKind, Side, TimeInForce

TICK = Decimal("0.01")
KINDS = (
    OrderKind.LIMIT, OrderKind.LIMIT, OrderKind.LIMIT, OrderKind.MARKET, OrderKind.STOP,
    OrderKind.STOP_LIMIT, OrderKind.TAKE_PROFIT, OrderKind.TRAILING_STOP,
)  # fmt: skip
TIMES = (
    TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.POST_ONLY,
    TimeInForce.GTD,
)  # fmt: skip
SINGLE, BRACKET, OCO, SLICES = "SINGLE", "BRACKET", "OCO", "SLICES"
SHAPES = (SINGLE, SINGLE, BRACKET, OCO, SLICES)
LIMITED = (OrderKind.LIMIT, OrderKind.STOP_LIMIT)


@dataclass(frozen=True, slots=True)
class Ticket:
    """One order by hand, or several that belong together, at the person's `place`-th connection."""

    place: int
    symbol: str
    side: Side
    kind: OrderKind
    time_in_force: TimeInForce | None
    worth: int  # quote
    away: Decimal  # of the limit from the middle, as a fraction; positive crosses the book
    trigger: Decimal  # of the trigger from the middle, as a fraction
    shape: str  # SINGLE, BRACKET, OCO, SLICES; the last three where the kind allows
    lasts: int  # seconds, where it is good till a date

    def wish(self, connection_id: int, middle: Decimal, now: datetime) -> Wish:
        """As it is filled in, at this middle price."""
        dated = self.time_in_force is TimeInForce.GTD
        way = 1 if self.side is Side.BUY else -1
        limit = _price(middle * (1 + way * self.away)) if self.kind in LIMITED else None
        step = Decimal("0.0001")
        return Wish(
            connection_id=connection_id,
            side=self.side,
            kind=self.kind,
            quantity=(Decimal(self.worth) / middle).quantize(step, rounding=ROUND_DOWN),
            limit_price=limit,
            trigger_price=self._trigger(middle),
            trail=Decimal("0.01") if self.kind is OrderKind.TRAILING_STOP else None,
            time_in_force=self.time_in_force,
            expires_at=now + timedelta(seconds=self.lasts) if dated else None,
            origin=OrderOrigin.MANUAL,
        )

    def _trigger(self, middle: Decimal) -> Decimal | None:
        """A stop waits beyond the market in its own direction, a profit on the other side."""
        if self.kind in (OrderKind.STOP, OrderKind.STOP_LIMIT):
            way = 1 if self.side is Side.BUY else -1
        elif self.kind is OrderKind.TAKE_PROFIT:
            way = -1 if self.side is Side.BUY else 1
        else:
            return None
        return _price(middle * (1 + way * self.trigger))


def ticket(throw: random.Random, symbols: list[str]) -> Ticket:
    kind = throw.choice(KINDS)
    return Ticket(
        place=throw.randint(0, 2),
        symbol=throw.choice(symbols),
        side=throw.choice((Side.BUY, Side.SELL)),
        kind=kind,
        time_in_force=throw.choice(TIMES) if kind is OrderKind.LIMIT else None,
        worth=throw.choice((15, 60, 400, 2000)),
        away=Decimal(throw.choice((-60, -25, -4, 3, 15, 60))) / 1000,
        trigger=Decimal(throw.choice((2, 6, 15, 40))) / 1000,
        shape=throw.choice(SHAPES),
        lasts=throw.choice((3, 8, 20, 60)),
    )


def _price(price: Decimal) -> Decimal:
    return price.quantize(TICK, rounding=ROUND_DOWN)
