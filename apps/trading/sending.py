"""Orders leave here: both legs at the same moment, no transaction open, every outcome named."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from apps.core.domain.errors import CryonelError, VenueFailed
from apps.venues.domain.errors import ClockSkewed, VenueOutcomeUnknown
from apps.venues.domain.ports import (
    TRIGGERED,
    UNPRICED,
    Need,
    OrderKind,
    OrderReceipt,
    OrderTicket,
    Side,
    TimeInForce,
    TradingVenue,
)

logger = structlog.get_logger(__name__)
# From the claim to the wire. With the venue's own window for late requests it must stay below
# `visible_after` of its spec: only then is an order that the venue does not show proven absent.
SEND_WITHIN = timedelta(seconds=2)
_senders = ThreadPoolExecutor(max_workers=32, thread_name_prefix="send")


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one order: a receipt, a proven refusal, or neither (unknown).

    Times are time.monotonic_ns() just before the order left and when its answer was here.
    """

    order_id: int
    connection_id: int
    receipt: OrderReceipt | None
    refusal: CryonelError | None
    sent_ns: int
    answered_ns: int


def client_of(connection_id: int, *, need: Need) -> TradingVenue:
    """The connection's client. Imported at first use: who only enqueues pays for no venue."""
    from apps.venues.services import client_for

    return client_for(connection_id, need=need)


def clients_of(connection_ids: Collection[int], *, need: Need) -> Mapping[int, TradingVenue]:
    """The clients of several connections by connection, or the error of one of them."""
    from apps.venues.services import clients_for

    return clients_for(connection_ids, need=need)


def is_up(client: TradingVenue) -> bool:
    """Whether this process believes that the client's venue takes calls now; asks nobody."""
    from apps.venues import circuit

    return circuit.is_closed(client.spec.code)


def measured(problem: CryonelError, connection_id: int) -> CryonelError:
    """A clock that is off, with by how much where the venue tells its time; else as it was."""
    if not isinstance(problem, ClockSkewed):
        return problem
    try:
        client = client_of(connection_id, need=Need.VIEW)
        seconds = round(client.clock_skew().total_seconds(), 1)
    except CryonelError:
        return problem
    return ClockSkewed(venue=client.spec.label, seconds=seconds)


def send_all(
    orders: Sequence[Any], clients: Mapping[int, TradingVenue] | None = None
) -> list[Sent]:
    """Send claimed orders in parallel. Where one has no client, none goes: nothing was sent."""
    try:
        if clients is None:
            clients = clients_of({o.connection_id for o in orders}, need=Need.TRADE)
        ready = [(clients[o.connection_id], o) for o in orders]
    except CryonelError as problem:
        return [Sent(o.pk, o.connection_id, None, problem, 0, 0) for o in orders]
    others = [_senders.submit(_send, client, order) for client, order in ready[1:]]
    return [_send(*ready[0]), *(other.result() for other in others)]


def ticket_of(order: Any) -> OrderTicket:
    """An order as it leaves. One that goes at once without a limit leaves as an IOC limit at its
    stored bound, so that no market can be worse than that; natively only where it has no bound.
    What the engine waited for, or ends by itself (GTD), the venue is not told."""
    kind, limit = OrderKind(order.kind), order.limit_price
    time_in_force = TimeInForce(order.time_in_force)
    waits = kind in TRIGGERED and not order.emulated and order.triggered_at is None
    if waits and kind in UNPRICED:
        time_in_force = TimeInForce.GTC  # a market order once the venue sets it off
    if not waits:
        bounded = limit is not None and (kind not in UNPRICED or time_in_force is TimeInForce.IOC)
        kind, limit = (OrderKind.LIMIT, limit) if bounded else (OrderKind.MARKET, None)
    return OrderTicket(
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=Side(order.side),
        kind=kind,
        quantity=order.quantity,
        limit_price=limit,
        time_in_force=TimeInForce.GTC if time_in_force is TimeInForce.GTD else time_in_force,
        send_before=order.sent_at and order.sent_at + SEND_WITHIN,
        trigger_price=order.trigger_price if waits else None,
        trail=order.trail if waits else None,
        reduce_only=order.reduce_only,
    )


def _send(client: TradingVenue, order: Any) -> Sent:
    """One order. Whatever is not a proven refusal is unknown: only a probe decides."""
    ticket = ticket_of(order)
    receipt: OrderReceipt | None = None
    refusal: CryonelError | None = None
    started = time.monotonic_ns()
    try:
        receipt = client.place_order(ticket)
    except VenueOutcomeUnknown as e:
        logger.warning("order.outcome_unknown", order_id=order.pk, code=e.code)
    except CryonelError as e:
        if not isinstance(e, VenueFailed) or e.outcome_known:
            refusal = e
    except Exception:
        logger.exception("order.send_failed", order_id=order.pk)
    return Sent(order.pk, order.connection_id, receipt, refusal, started, time.monotonic_ns())
