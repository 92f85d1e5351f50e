"""Bugs on purpose: a campaign that finds nothing must have been able to find something.

Each is what a careless change would do between us and a venue, in every process of a run. The
self-test asserts that the verdicts of such runs are not clean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from apps.trading.domain.orders import client_order_id_new
from apps.venues.clients import TradeClient, ViewClient
from apps.venues.domain.errors import RefusalReason, VenueOutcomeUnknown, VenueRejected
from apps.venues.domain.ports import OrderReceipt, OrderTicket


def forget_a_fill() -> None:
    """The last of an order's executions is never seen, and no comparison makes up for it."""

    def spoil(receipt: OrderReceipt) -> OrderReceipt:
        if not receipt.trades:
            return receipt
        kept = receipt.trades[:-1]
        filled = sum((trade.quantity for trade in kept), Decimal(0))
        return replace(receipt, trades=kept, filled=filled)

    _spoil_receipts(spoil)
    _compare_nothing()


def round_fees() -> None:
    """Fees lose their last digits."""

    def spoil(receipt: OrderReceipt) -> OrderReceipt:
        return replace(
            receipt,
            trades=tuple(
                replace(trade, fee=None if trade.fee is None else round(trade.fee, 3))
                for trade in receipt.trades
            ),
        )

    _spoil_receipts(spoil)


def send_again() -> None:
    """What was not answered is sent a second time under a new id, as a hasty retry would."""

    def retry(ticket: OrderTicket, place: Callable[[OrderTicket], OrderReceipt], _: Any) -> Any:
        return place(replace(ticket, client_order_id=client_order_id_new()))

    _spoil_silence(retry)


def believe_silence() -> None:
    """What was not answered is called refused, and no comparison makes up for it."""

    def give_up(ticket: OrderTicket, _: Any, client: TradeClient) -> Any:
        raise VenueRejected(venue=client.spec.label, reason=RefusalReason.INVALID_ORDER)

    _spoil_silence(give_up)
    _compare_nothing()


def _compare_nothing() -> None:
    """Executions and past orders are not listed: what a comparison would find stays unfound."""
    ViewClient.my_trades = lambda self, symbol, *, since: []  # type: ignore[method-assign]
    ViewClient.orders_since = lambda self, symbol, *, since: []  # type: ignore[method-assign]


def _spoil_receipts(spoil: Callable[[OrderReceipt], OrderReceipt]) -> None:
    place, find = TradeClient.place_order, ViewClient.find_order

    def placed(self: TradeClient, ticket: OrderTicket) -> OrderReceipt:
        return spoil(place(self, ticket))

    def found(self: ViewClient, *asked: Any, **more: Any) -> OrderReceipt | None:
        receipt = find(self, *asked, **more)
        return None if receipt is None else spoil(receipt)

    TradeClient.place_order = placed  # type: ignore[method-assign]
    ViewClient.find_order = found  # type: ignore[method-assign]


def _spoil_silence(instead: Callable[..., Any]) -> None:
    place = TradeClient.place_order

    def placed(self: TradeClient, ticket: OrderTicket) -> Any:
        try:
            return place(self, ticket)
        except VenueOutcomeUnknown:
            return instead(ticket, lambda other: place(self, other), self)

    TradeClient.place_order = placed  # type: ignore[method-assign]


SABOTAGES: tuple[Callable[[], None], ...] = (
    forget_a_fill,
    send_again,
    round_fees,
    believe_silence,
)


def sabotage_of(seed: int) -> Callable[[], None]:
    """The bug of a spoiled run: they take turns."""
    return SABOTAGES[seed % len(SABOTAGES)]
