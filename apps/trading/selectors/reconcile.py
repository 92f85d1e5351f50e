"""What we know of one connection, read in a fixed number of queries for a comparison."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Q

from apps.trading.domain.balance_moves import Flow
from apps.trading.domain.findings import KnownFill, OurOrder, Ours, Theirs
from apps.trading.domain.orders import SENT, OrderOrigin, OrderStatus
from apps.trading.models import Bot, Fill, Order
from apps.venues.domain.ports import Side, TimeInForce
from apps.venues.registry import adapter_for

COLUMNS = (
    "pk", "client_order_id", "venue_order_id", "symbol", "side", "status", "origin", "quantity",
    "filled", "counted", "sent_at", "closed_at", "time_in_force", "plan_id", "cancel_requested_at",
)  # fmt: skip
RESTING = {TimeInForce.GTC, TimeInForce.POST_ONLY, TimeInForce.GTD}
ACTIVE_WITHIN = timedelta(hours=1)  # an order this young may still be executed late


def ours_of(*, connection_id: int, venue: str, theirs: Theirs) -> Ours:
    """Our live orders, and those that the venue's answer may speak of; with the known fills."""
    names = {each.client_order_id for each in theirs.open_orders or () if each.client_order_id}
    told = [each for each in theirs.looked_up.values() if each is not None]
    names |= {each.client_order_id for each in told if each.client_order_id}
    places = {each.venue_order_id for each in theirs.open_orders or ()}
    places |= {venue_order_id for _, venue_order_id, _ in theirs.trades}
    spoken_of = Q(venue_order_id__in=sorted(places - {""})) | Q(client_order_id__in=sorted(names))
    rows = Order.objects.filter(connection_id=connection_id)
    found = rows.filter(Q(status__in=sorted(SENT)) | spoken_of | Q(pk__in=list(theirs.probes)))
    orders = [_ours(row, venue) for row in found.values_list(*COLUMNS)]
    own = {order.client_order_id for order in orders}
    numbers = {trade.venue_trade_id for _, _, trade in theirs.trades}
    numbers |= {t.venue_trade_id for r in theirs.probes.values() if r is not None for t in r.trades}
    numbers |= {trade.venue_trade_id for each in told for trade in each.trades}
    return Ours(
        orders=tuple(orders),
        fills=_fills(connection_id, numbers),
        elsewhere=_elsewhere(connection_id, venue, names - own),
    )


def _ours(row: tuple[Any, ...], venue: str) -> OurOrder:
    it = dict(zip(COLUMNS, row, strict=True))
    stays = it["plan_id"] is None and it["time_in_force"] in RESTING
    external = it["origin"] == OrderOrigin.EXTERNAL
    return OurOrder(
        order_id=it["pk"],
        client_order_id=it["client_order_id"],
        wire_id="" if external else wire_id(venue, it["client_order_id"]),
        venue_order_id=it["venue_order_id"],
        symbol=it["symbol"],
        side=Side(it["side"]),
        status=OrderStatus(it["status"]),
        origin=it["origin"],
        quantity=it["quantity"],
        filled=it["filled"],
        counted=it["counted"],
        sent_at=it["sent_at"],
        closed_at=it["closed_at"],
        stays=stays and it["cancel_requested_at"] is None,
    )


def wire_id(venue: str, client_order_id: str) -> str:
    """Our id as the venue lists it, where it cannot be told back from what it lists."""
    ids = adapter_for(venue).client_ids
    try:
        return str(ids.ours(ids.wire(client_order_id)))
    except ValueError:
        return ""


def _fills(
    connection_id: int, numbers: Collection[str]
) -> Mapping[tuple[str, str, Side], KnownFill]:
    if not numbers:
        return {}
    rows = Fill.objects.filter(connection_id=connection_id, venue_trade_id__in=sorted(numbers))
    return {
        (symbol, number, Side(side)): KnownFill(order_id, quantity, price, bool(placed))
        for symbol, number, side, order_id, quantity, price, placed in rows.values_list(
            "symbol",
            "venue_trade_id",
            "side",
            "order_id",
            "quantity",
            "price",
            "order__venue_order_id",
        )
    }


def _elsewhere(connection_id: int, venue: str, names: Collection[str]) -> frozenset[str]:
    """Of these ids, those whose order another connection placed at the same venue."""
    if not names:
        return frozenset()
    rows = Order.objects.filter(venue=venue, client_order_id__in=sorted(names))
    rows = rows.exclude(connection_id=connection_id)
    return frozenset(rows.values_list("client_order_id", flat=True))


def symbols_active(*, connection_id: int, now: datetime) -> set[str]:
    """Where executions may come in: orders that are live or ended lately."""
    rows = Order.objects.filter(connection_id=connection_id)
    lately = Q(placed_at__gte=now - ACTIVE_WITHIN) | Q(closed_at__gte=now - ACTIVE_WITHIN)
    found = rows.filter(Q(status__in=sorted(SENT)) | lately)
    return set(found.order_by().values_list("symbol", flat=True).distinct())


def symbols_of_bots(*, connection_id: int) -> set[str]:
    rows = Bot.objects.filter(venues__connection_id=connection_id, deleted_at=None)
    return {
        str(pair) for params in rows.values_list("params", flat=True)
        for pair in params.get("pairs", ())
    }  # fmt: skip


FLOWS = """
SELECT symbol, side, sum(quantity),
       CASE WHEN bool_or(price IS NULL) THEN NULL ELSE sum(quantity * price) END,
       fee_asset, CASE WHEN bool_or(fee IS NULL) THEN NULL ELSE sum(fee) END
FROM trading_fill
WHERE connection_id = %s AND traded_at > %s AND traded_at <= %s
GROUP BY symbol, side, fee_asset
"""
# What a reservation still may need: less what the fills of its plan or order already paid.
NEEDED = """
SELECT r.asset, sum(greatest(r.amount - coalesce(paid.amount, 0), 0))
FROM trading_capitalreservation AS r
LEFT JOIN LATERAL (
    SELECT sum(CASE WHEN f.side = 'buy' THEN f.quantity * f.price
                 + CASE WHEN f.fee_asset = r.asset THEN coalesce(f.fee, 0) ELSE 0 END
               ELSE f.quantity END) AS amount
    FROM trading_fill AS f JOIN trading_order AS o ON o.id = f.order_id
    WHERE f.connection_id = r.connection_id AND (o.plan_id = r.plan_id OR o.id = r.order_id)
      AND split_part(f.symbol, '/', CASE WHEN f.side = 'buy' THEN 2 ELSE 1 END) = r.asset
) AS paid ON true
WHERE r.connection_id = %s AND r.released_at IS NULL
GROUP BY r.asset
"""


def flows_between(*, connection_id: int, after: datetime, until: datetime) -> list[Flow]:
    with connection.cursor() as cursor:
        cursor.execute(FLOWS, [connection_id, after, until])
        return [Flow(*row) for row in cursor.fetchall()]


def traded_after(*, connection_id: int, at: datetime) -> bool:
    return bool(Fill.objects.filter(connection_id=connection_id, traded_at__gt=at).exists())


def needed_capital(*, connection_id: int) -> dict[str, Decimal]:
    """{asset: what reserved orders may still take}."""
    with connection.cursor() as cursor:
        cursor.execute(NEEDED, [connection_id])
        return dict(cursor.fetchall())
