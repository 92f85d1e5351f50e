"""Orders as pages and programs show them: where one waits, what happened to it, its group."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from apps.core.domain.people import Reader
from apps.trading.domain.errors import OrderGroupMissing
from apps.trading.domain.orders import LIVE, OrderIntent, OrderStatus
from apps.trading.models import Order, OrderGroup
from apps.venues.domain.ports import OrderKind, Side, TimeInForce
from apps.venues.registry import venue_label

SINGLE = Q(plan=None)


def group_rows(*, reader: Reader) -> QuerySet[OrderGroup]:
    rows = OrderGroup.objects.within(reader.workspace_id)
    found: QuerySet[OrderGroup] = rows.prefetch_related("orders")
    return found


def group_get(*, reader: Reader, group_id: int) -> OrderGroup:
    """Raises OrderGroupMissing, for someone else's too."""
    rows = OrderGroup.objects.within(reader.workspace_id).filter(pk=group_id)
    found: OrderGroup | None = rows.prefetch_related("orders__decision").first()
    if found is None:
        raise OrderGroupMissing
    return found


def intent_again(
    order: Order, *, quantity: Decimal | None = None, limit_price: Decimal | None = None
) -> OrderIntent:
    """What the order wanted, with other terms."""
    base, _, quote = order.symbol.partition("/")
    return OrderIntent(
        connection_id=order.connection_id,
        symbol=order.symbol,
        base=base,
        quote=quote,
        side=Side(order.side),
        quantity=quantity or order.quantity,
        limit_price=limit_price or order.limit_price,
        trigger_price=order.trigger_price,
        trail=order.trail,
        kind=OrderKind(order.kind),
        time_in_force=TimeInForce(order.time_in_force),
        expires_at=order.expires_at,
        reduce_only=order.reduce_only,
    )


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order as a table shows it. place: where it waits (VENUE, ENGINE, "" not at all)."""

    order: Order
    venue_label: str
    base: str
    quote: str
    place: str
    can_cancel: bool
    live: bool
    attention: bool
    code: str = ""  # of the refusal
    params: Any = None

    @property
    def pk(self) -> int:
        return self.order.pk

    @property
    def left(self) -> Decimal:
        left: Decimal = self.order.quantity - self.order.filled
        return left


def order_row(order: Order) -> OrderRow:
    base, _, quote = order.symbol.partition("/")
    status = OrderStatus(order.status)
    live = status in LIVE
    decision = getattr(order, "decision", None)
    group = order.group
    return OrderRow(
        order=order,
        venue_label=venue_label(order.venue),
        base=base,
        quote=quote,
        place=_place(order, status),
        can_cancel=live and order.cancel_requested_at is None and order.origin != "EXTERNAL",
        live=live,
        attention=bool(order.warning) or (group is not None and group.status == "NEEDS_ATTENTION"),
        code="" if decision is None else decision.code,
        params={} if decision is None else decision.params,
    )


def _place(order: Order, status: OrderStatus) -> str:
    if status in {OrderStatus.HELD, OrderStatus.ARMED, OrderStatus.PLANNED}:
        return "ENGINE"
    return "VENUE" if status in LIVE else ""


def orders_open(*, reader: Reader, most: int = 200) -> list[OrderRow]:
    """What may still trade and belongs to no bot's trade of several legs, newest first."""
    rows = Order.objects.within(reader.workspace_id).filter(SINGLE, status__in=sorted(LIVE))
    found = rows.select_related("group", "decision", "bot").order_by("-pk")[:most]
    return [order_row(order) for order in found]


def orders_past(
    *, reader: Reader, status: str = "", symbol: str = "", origin: str = "", venue: str = ""
) -> QuerySet[Order]:
    """Orders that are over, newest first; rows for a paginator, then `order_row` each."""
    wanted = {"status": status, "symbol": symbol, "origin": origin, "venue": venue}
    rows = Order.objects.within(reader.workspace_id).exclude(status__in=sorted(LIVE))
    rows = rows.filter(SINGLE, **{name: value for name, value in wanted.items() if value})
    found: QuerySet[Order] = rows.select_related("group", "decision", "bot").order_by("-pk")
    return found


def orders_named(*, reader: Reader, order_ids: set[int]) -> list[OrderRow]:
    rows = Order.objects.within(reader.workspace_id).filter(SINGLE, pk__in=order_ids)
    found = rows.select_related("group", "decision", "bot").order_by("pk")
    return [order_row(order) for order in found]


def groups_open(*, reader: Reader) -> list[OrderGroup]:
    """Groups that are under way or call for help."""
    rows = OrderGroup.objects.within(reader.workspace_id).filter(
        status__in=["ACTIVE", "CANCELLING", "NEEDS_ATTENTION"]
    )
    return list(rows.prefetch_related("orders").order_by("-pk")[:100])


@dataclass(frozen=True, slots=True)
class Moment:
    """A line of an order's story. code names the sentence, figures fill it."""

    at: datetime
    code: str
    tone: str = ""
    figures: Any = None


def order_story(order: Order) -> list[Moment]:
    """What happened to it, oldest first: decided, triggered, sent, filled, contradicted, over."""
    found = [Moment(order.placed_at, "PLACED")]
    decision = getattr(order, "decision", None)
    if decision is not None:
        tone = "loss" if decision.rule else "gain"
        code = "REFUSED" if decision.rule else "ALLOWED"
        found.append(Moment(decision.at, code, tone, decision))
    marks = (
        (order.triggered_at, "TRIGGERED", ""),
        (order.sent_at, "SENT", ""),
        (order.cancel_requested_at, "CANCEL_ASKED", "caution"),
    )
    found += [Moment(at, code, tone) for at, code, tone in marks if at is not None]
    found += [Moment(f.traded_at, "FILL", "gain", f) for f in order.fills.all()]
    found += [Moment(a.seen_at, "ANOMALY", "loss", a) for a in order.anomalies.all()]
    if order.closed_at is not None:
        found.append(Moment(order.closed_at, "OVER"))
    return sorted(found, key=lambda moment: moment.at)
