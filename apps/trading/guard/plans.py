"""Plans to their end: the guard drives them on itself, for workers may be away or jammed.

Claims are the same conditional updates that workers use, so nothing is sent twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from apps.core.domain.money import plain
from apps.trading import execution, sending
from apps.trading.domain.orders import OrderStatus
from apps.trading.domain.plans import ALIVE
from apps.trading.guard.work import Work
from apps.trading.models import Order, Plan
from apps.trading.services import plan_run
from apps.venues.domain.ports import TradingVenue


def plans_drive(work: Work) -> list[int]:
    """One round; the numbers of the plans that are still alive."""
    for number in _alive(work):
        waiting = Order.objects.filter(plan_id=number, status=OrderStatus.PLANNED)
        clients = _clients(work, waiting.values_list("connection_id", flat=True).distinct())
        claimed: Sequence[Order] = []
        if clients:
            claimed = plan_run.plan_claim(actor=work.actor, plan_id=number, now=work.now)
        if claimed:
            execution.plan_execute(actor=work.actor, orders=claimed, clients=clients)
            for order in claimed:
                _say(work, order)
        else:
            execution.plan_advance(actor=work.actor, plan_id=number)
    return _alive(work)


def orders_send(work: Work, orders: Sequence[Order]) -> None:
    """Send claimed orders side by side and book every outcome. Unknown ones are probed later."""
    clients = _clients(work, {order.connection_id for order in orders})
    for sent in sending.send_all(orders, clients):
        execution.outcome_record(actor=work.actor, sent=sent, book_ns=None)
    for order in orders:
        _say(work, order)


def _clients(work: Work, numbers: Iterable[int]) -> Mapping[int, TradingVenue]:
    """A client for every connection, or none at all."""
    found = {number: work.desk.client(number) for number in numbers}
    ready = {number: client for number, client in found.items() if client is not None}
    return ready if len(ready) == len(found) else {}


def _say(work: Work, order: Order) -> None:
    order.refresh_from_db()
    work.say(
        "ORDER_SENT",
        order=order.pk,
        venue=order.venue,
        side=order.side,
        quantity=plain(order.quantity),
        symbol=order.symbol,
        status=order.status,
        filled=plain(order.filled),
    )


def _alive(work: Work) -> list[int]:
    rows = Plan.objects.filter(workspace_id=work.workspace_id, status__in=sorted(ALIVE))
    if work.bot_id is not None:
        rows = rows.filter(bot_id=work.bot_id)
    return list(rows.order_by("pk").values_list("pk", flat=True))
