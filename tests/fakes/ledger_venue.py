"""A venue with a ledger of its own, in memory, for tests of what trading does around a venue.

It fills IOC orders from a set book, remembers them by client order id and can fail in the ways
that matter: refuse, be silent after accepting, be silent without accepting, not be reached.
Tests against the real practice venue stand beside these; this one makes single faults cheap.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from apps.venues.domain.errors import VenueOutcomeUnknown, VenueRejected, VenueUnavailable
from apps.venues.domain.ports import (
    Balance,
    Fees,
    OrderReceipt,
    OrderTicket,
    ReceiptStatus,
    Side,
    VenueTrade,
)

_numbers = itertools.count(1)
VISIBLE_AFTER = timedelta(seconds=2)


@dataclass
class LedgerVenue:
    """`offered` is what can be bought and sold at `price`; faults are used up one by one."""

    price: Decimal
    offered: Decimal = Decimal(1000)
    fee_rate: Decimal = Decimal("0.0005")
    faults: list[str] = field(default_factory=list)
    orders: dict[str, tuple[OrderTicket, OrderReceipt]] = field(default_factory=dict)
    heard: list[OrderTicket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def place_order(self, ticket: OrderTicket) -> OrderReceipt:
        with self._lock:
            fault = self.faults.pop(0) if self.faults else ""
            self.heard.append(ticket)
            if fault == "refuse":
                raise VenueRejected(venue="fake", reason="NOT_FILLABLE")
            if fault == "unreachable":
                raise VenueUnavailable(venue="fake")
            if fault == "lost":
                raise VenueOutcomeUnknown(venue="fake")
            if ticket.client_order_id in self.orders:
                raise AssertionError(f"{ticket.client_order_id} was sent twice")
            receipt = self._fill(ticket)
            self.orders[ticket.client_order_id] = (ticket, receipt)
            if fault == "silent":
                raise VenueOutcomeUnknown(venue="fake")
            return receipt

    def find_order(
        self, client_order_id: str, symbol: str, *, sent_for: timedelta
    ) -> OrderReceipt | None:
        if client_order_id in self.orders:
            return self.orders[client_order_id][1]
        if sent_for < VISIBLE_AFTER:
            raise VenueOutcomeUnknown(venue="fake")
        return None

    def balances(self) -> list[Balance]:
        return [Balance(asset="USDT", free=Decimal(1000), used=Decimal(0))]

    def fees(self, symbols: Sequence[str]) -> list[Fees]:
        return [Fees(symbol=s, maker=self.fee_rate, taker=self.fee_rate) for s in symbols]

    def base_position(self) -> Decimal:
        """Bought minus sold, by this venue's own books."""
        total = Decimal(0)
        for ticket, receipt in self.orders.values():
            sign = 1 if ticket.side is Side.BUY else -1
            total += sign * sum((trade.quantity for trade in receipt.trades), Decimal(0))
        return total

    def _fill(self, ticket: OrderTicket) -> OrderReceipt:
        assert ticket.limit_price is not None
        buying = ticket.side is Side.BUY
        meets = ticket.limit_price >= self.price if buying else ticket.limit_price <= self.price
        size = min(ticket.quantity, self.offered) if meets else Decimal(0)
        self.offered -= size
        number = next(_numbers)
        trades = ()
        if size:
            trades = (
                VenueTrade(
                    venue_trade_id=f"t{number}",
                    quantity=size,
                    price=self.price,
                    fee=size * self.price * self.fee_rate,
                    fee_asset="USDT",
                    is_maker=False,
                    traded_at=datetime.now(UTC),
                ),
            )
        status = ReceiptStatus.FILLED if size == ticket.quantity else ReceiptStatus.EXPIRED
        return OrderReceipt(
            venue_order_id=f"v{number}",
            status=status,
            filled=size,
            client_order_id=ticket.client_order_id,
            symbol=ticket.symbol,
            trades=trades,
        )
