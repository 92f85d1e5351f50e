"""What a group's exits keep out of other hands: waiting with the group, sent with the order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from apps.core.domain.money import ZERO, booked
from apps.trading.domain import groups
from apps.trading.domain.groups import GroupFacts, GroupStatus
from apps.trading.models import CapitalReservation, Order, OrderGroup
from apps.venues.domain.ports import Side

BUYING_BACK = Decimal("1.02")  # quote held per quote of a purchase that is to close


def hold(group: OrderGroup, orders: Sequence[Order], facts: GroupFacts, now: datetime) -> None:
    """Keep what the waiting exits will need out of other hands; what rests, the venue locks."""
    rows = CapitalReservation.objects.filter(group=group, released_at=None)
    wanted, asset = ZERO, ""
    if GroupStatus(group.status) not in groups.OVER and group.kind in {"OCO", "BRACKET"}:
        wanted, asset = _claim(orders, facts)
    current = rows.first()
    if current is None and wanted > 0:
        CapitalReservation.objects.create(
            workspace_id=group.workspace_id,
            group=group,
            connection_id=group.connection_id,
            asset=asset,
            amount=wanted,
            at=now,
        )
    elif current is not None and wanted <= 0:
        rows.update(released_at=now)
    elif current is not None and current.amount != wanted:
        rows.update(amount=wanted)


def _claim(orders: Sequence[Order], facts: GroupFacts) -> tuple[Decimal, str]:
    exits = [o for o in orders if o.group_role in groups.EXITS]
    base, _, quote_asset = exits[0].symbol.partition("/")
    waiting = max(facts.left - facts.out, ZERO)
    if exits[0].side == Side.SELL:
        return booked(waiting), base
    worst = max((o.trigger_price or o.limit_price or ZERO for o in exits), default=ZERO)
    return booked(waiting * worst * BUYING_BACK), quote_asset


def reserve(order: Order, now: datetime) -> None:
    base, _, quote_asset = order.symbol.partition("/")
    selling = order.side == Side.SELL
    price = order.limit_price or order.trigger_price or ZERO
    amount = order.quantity if selling else order.quantity * price * BUYING_BACK
    if booked(amount) <= 0:
        return
    CapitalReservation.objects.create(
        workspace_id=order.workspace_id,
        bot_id=order.bot_id,
        order=order,
        connection_id=order.connection_id,
        asset=base if selling else quote_asset,
        amount=booked(amount),
        at=now,
    )
