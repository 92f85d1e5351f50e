"""A venue is asked about one connection. No transaction is open; what fails is named, not guessed.

Every question that fails is kept with its code: nothing is concluded from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

import structlog

from apps.core.domain.errors import CryonelError
from apps.trading.domain.findings import OurOrder, Place, Questions, Theirs
from apps.venues.domain.ports import Balance, Capability, OrderReceipt, TradingVenue, VenueTrade

logger = structlog.get_logger(__name__)
MOST_SINGLE = 40  # orders asked about one by one in one comparison; the others in the next
Answer = TypeVar("Answer")


@dataclass(slots=True)
class Asked:
    """What came of all questions. failed: (question, error code); symbols: those answered."""

    theirs: Theirs
    balances: list[Balance] | None = None
    failed: list[tuple[str, str]] = field(default_factory=list)
    symbols: set[str] = field(default_factory=set)
    postponed: int = 0  # single orders that this comparison did not get to


def theirs_ask(client: TradingVenue, since: Mapping[str, datetime], asked_at: datetime) -> Asked:
    """Balances, open orders, and executions of each symbol since its cursor."""
    asked = Asked(Theirs(asked_at=asked_at, open_orders=None))
    can = client.spec.capabilities
    if Capability.BALANCES in can:
        asked.balances = _put(asked, "balances", client.balances)
    opened: list[OrderReceipt] | None = None
    if Capability.OPEN_ORDERS in can:
        opened = _put(asked, "open_orders", _open_orders(client, since))
    symbols = sorted(set(since) | {each.symbol for each in opened or ()})
    trades: list[tuple[str, str, VenueTrade]] = []
    for symbol in symbols if Capability.MY_TRADES in can else ():
        start = since.get(symbol, asked_at)
        rows = _put(asked, f"trades {symbol}", _trades_of(client, symbol, start))
        if rows is not None:
            asked.symbols.add(symbol)
            trades += [(symbol, venue_order_id, trade) for venue_order_id, trade in rows]
    asked.theirs = replace(
        asked.theirs,
        open_orders=None if opened is None else tuple(opened),
        trades=tuple(trades),
    )
    return asked


def _open_orders(client: TradingVenue, symbols: Iterable[str]) -> Callable[[], list[OrderReceipt]]:
    """In one question, where the venue answers one about all symbols."""
    if not client.spec.open_orders_by_symbol:
        return client.open_orders
    return lambda: [each for symbol in sorted(symbols) for each in client.open_orders(symbol)]


def _trades_of(
    client: TradingVenue, symbol: str, start: datetime
) -> Callable[[], list[tuple[str, VenueTrade]]]:
    return lambda: client.my_trades(symbol, since=start)


def singles_ask(
    client: TradingVenue, asked: Asked, wanted: Questions, orders: Mapping[int, OurOrder]
) -> None:
    """The single-order questions: nothing is called absent before one of these said so."""
    probes: dict[int, OrderReceipt | None] = dict(asked.theirs.probes)
    looked_up: dict[Place, OrderReceipt | None] = dict(asked.theirs.looked_up)
    left = MOST_SINGLE
    for order_id in wanted.probes:
        if left <= 0:
            break
        left -= 1
        order = orders[order_id]
        try:
            probes[order_id] = _probe(client, order, asked.theirs.asked_at)
        except CryonelError as e:
            _failed(asked, f"order {order.client_order_id}", e)
    for symbol, venue_order_id in wanted.look_ups:
        if left <= 0:
            break
        left -= 1
        try:
            found = client.order_by_venue_id(venue_order_id, symbol)
            looked_up[symbol, venue_order_id] = found
        except CryonelError as e:
            _failed(asked, f"order {venue_order_id}", e)
    done = len(probes) + len(looked_up) + sum(1 for what, _ in asked.failed if what[:5] == "order")
    asked.postponed = max(0, len(wanted.probes) + len(wanted.look_ups) - done)
    asked.theirs = replace(asked.theirs, probes=probes, looked_up=looked_up)


def _probe(client: TradingVenue, order: OurOrder, asked_at: datetime) -> OrderReceipt | None:
    """By our id; where that finds nothing of an order it had acknowledged, by its own id too."""
    waited = asked_at - (order.sent_at or asked_at)
    found = client.find_order(order.client_order_id, order.symbol, sent_for=waited)
    if found is None and order.venue_order_id:
        found = client.order_by_venue_id(order.venue_order_id, order.symbol)
    return found


def _put(asked: Asked, what: str, question: Callable[[], Answer]) -> Answer | None:
    try:
        return question()
    except CryonelError as e:
        _failed(asked, what, e)
        return None


def _failed(asked: Asked, what: str, problem: CryonelError) -> None:
    logger.info("reconcile.question_failed", question=what, code=problem.code)
    asked.failed.append((what, problem.code))
