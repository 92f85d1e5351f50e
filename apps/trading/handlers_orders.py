"""Single orders and groups go on where an event left them. A handler starts work, never does it."""

from __future__ import annotations

from apps.core.outbox import subscribe
from apps.trading.domain.events import (
    OrderCancelled,
    OrderCancelRequested,
    OrderDenied,
    OrderExpired,
    OrderGroupClosed,
    OrderGroupMoved,
    OrderGroupPlaced,
    OrderPlaced,
    OrderRefused,
    OrderSubmitted,
    OrderTriggered,
    OrderUpdated,
    OrderWarned,
)
from apps.trading.handlers_live import page_touch
from apps.trading.selectors import working


@subscribe(OrderPlaced, OrderTriggered)
def order_send(*, workspace_id: int, order_id: int, **_facts: object) -> None:
    """Sent if it is PLANNED; one that waits, or was sent already, is left alone."""
    if working.is_unsent(workspace_id=workspace_id, order_id=order_id):
        from apps.trading.tasks_orders import order_submit

        order_submit.delay(workspace_id=workspace_id, order_id=order_id)


@subscribe(OrderCancelRequested)
def order_cancel_ask(*, workspace_id: int, order_id: int, **_facts: object) -> None:
    from apps.trading.tasks_orders import order_cancel_send

    order_cancel_send.delay(workspace_id=workspace_id, order_id=order_id)


@subscribe(OrderUpdated, OrderRefused, OrderExpired, OrderCancelled, OrderTriggered)
def group_drive(*, workspace_id: int, order_id: int, **_facts: object) -> None:
    """What an order tells may change what its group needs."""
    group_id = working.group_of(workspace_id=workspace_id, order_id=order_id)
    if group_id is not None:
        from apps.trading.tasks_orders import order_group_advance

        order_group_advance.delay(workspace_id=workspace_id, group_id=group_id)


@subscribe(OrderUpdated)
def balances_ask(*, workspace_id: int, order_id: int, fills: int, **_facts: object) -> None:
    """What a single order traded is free, or gone, once the venue's balances were read again."""
    connection_id = working.single_connection(workspace_id=workspace_id, order_id=order_id)
    if connection_id is not None:
        from apps.trading.tasks import connection_refresh

        connection_refresh.delay(workspace_id=workspace_id, connection_id=connection_id)


@subscribe(
    OrderPlaced,
    OrderDenied,
    OrderSubmitted,
    OrderUpdated,
    OrderRefused,
    OrderExpired,
    OrderCancelled,
    OrderCancelRequested,
    OrderTriggered,
    OrderWarned,
)
def order_show(*, workspace_id: int, order_id: int, **_facts: object) -> None:
    if working.single_connection(workspace_id=workspace_id, order_id=order_id) is not None:
        page_touch(workspace_id, f"single:{order_id}")


@subscribe(OrderGroupPlaced, OrderGroupMoved, OrderGroupClosed)
def group_show(*, workspace_id: int, group_id: int, **_facts: object) -> None:
    """Its orders changed without an event of their own: sizes, states, reasons."""
    for order_id in working.orders_of_group(workspace_id=workspace_id, group_id=group_id):
        page_touch(workspace_id, f"single:{order_id}")
