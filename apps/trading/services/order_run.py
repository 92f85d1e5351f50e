"""A single order on its way: claimed for sending, set off by its price, ended by its time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection, transaction

from apps.core import audit, outbox
from apps.core.domain.people import Actor
from apps.markets.selectors import instrument_get
from apps.trading import locks
from apps.trading.domain import triggers
from apps.trading.domain.bots import BotStatus
from apps.trading.domain.events import OrderSubmitted, OrderTriggered, OrderWarned
from apps.trading.domain.orders import OrderOrigin, OrderStatus
from apps.trading.domain.plans import Role, SizeRules
from apps.trading.domain.states import TradingState, strictest
from apps.trading.models import Order, TradingAccount
from apps.trading.selectors import exposure
from apps.trading.selectors.engine import rules_of
from apps.trading.selectors.live import live_state, target_of
from apps.trading.services.order_place import cancel_ask
from apps.trading.services.order_terms import bound_of
from apps.venues.domain.connections import Mode
from apps.venues.domain.ports import UNPRICED, OrderKind, Side

SEND_VALID_FOR = timedelta(seconds=30)  # from the trigger to the wire


@transaction.atomic
def order_claim(*, actor: Actor, order_id: int, now: datetime) -> Order | None:
    """PLANNED to SUBMITTING, for one caller only. None: it is not to be sent, or not by you.

    Checked again under the account's lock: the states, its validity, its bot's fencing token and
    that nobody asked for its end. What closes a position goes out under a halt too.
    """
    account = locks.trading_account(actor.workspace_id)
    rows = Order.objects.filter(workspace_id=actor.workspace_id, pk=order_id, plan=None)
    order: Order | None = rows.select_related("bot", "connection").first()
    if order is None or order.status != OrderStatus.PLANNED or not _may_leave(order, account):
        return None
    claimed = rows.filter(
        status=OrderStatus.PLANNED, valid_until__gt=now, cancel_requested_at=None
    ).update(status=OrderStatus.SUBMITTING, sent_at=now)
    if not claimed:
        return None
    order.status, order.sent_at = OrderStatus.SUBMITTING, now
    event = OrderSubmitted(workspace_id=order.workspace_id, order_id=order.pk)
    audit.record(event, actor=actor, at=now, client_order_id=order.client_order_id)
    outbox.publish(event)
    return order


def _may_leave(order: Order, account: TradingAccount) -> bool:
    if is_closing(order):
        return True
    if order.connection.mode == Mode.LIVE and not order.reduce_only and _locked(order):
        return False
    states = [exposure.platform_state(), TradingState(account.state)]
    bot = order.bot
    if bot is not None:
        states.append(TradingState(bot.trading_state))
        running = bot.status == BotStatus.RUNNING and bot.deleted_at is None
        if not running or bot.fencing_token != order.fencing_token:
            return False
    state = strictest(states)
    return state is TradingState.ACTIVE or (state is TradingState.REDUCING and order.reduce_only)


def _locked(order: Order) -> bool:
    """Real money was locked again since the gate let this order wait for its moment."""
    named = {"bot_id": order.bot_id} if order.bot_id else {"connection_id": order.connection_id}
    asked = {"bot_id": None, "connection_id": None} | named
    target = target_of(reader=Actor.platform(order.workspace_id), **asked)
    return not live_state(target, order.workspace_id).unlocked


def is_closing(order: Order) -> bool:
    """What takes a position away or guards one: a halt must not leave it without its stop."""
    if order.origin == OrderOrigin.KILL or order.role != Role.OPEN:
        return True
    if order.group_role in {"TAKE_PROFIT", "STOP_LOSS"}:
        return True
    return order.side == Side.SELL and OrderKind(order.kind) in triggers.STOPS


@transaction.atomic
def order_trigger(*, actor: Actor, order_id: int, price: Decimal, now: datetime) -> bool:
    """The engine saw the price that an armed order waits for. True for exactly one caller.

    Alone, the order is PLANNED at once. In a group it stays ARMED and is marked: its twin must be
    out of the venue before it may sell; the group's machine releases it.
    """
    rows = Order.objects.filter(
        workspace_id=actor.workspace_id,
        pk=order_id,
        status=OrderStatus.ARMED,
        triggered_at=None,
        cancel_requested_at=None,
    )
    order: Order | None = rows.first()
    if order is None:
        return False
    changed: dict[str, object] = {"triggered_at": now, "warning": ""}
    if order.group_id is None:
        changed |= released(order, price, order.max_slippage, now)
    if not rows.update(**changed):
        return False
    event = OrderTriggered(workspace_id=order.workspace_id, order_id=order.pk, price=f"{price:f}")
    audit.record(event, actor=actor, at=now)
    outbox.publish(event)
    return True


def released(
    order: Order, price: Decimal, slippage: Decimal | None, now: datetime
) -> dict[str, object]:
    """The columns of an order that may be sent from now on; without a limit, with its bound."""
    changed: dict[str, object] = {
        "status": OrderStatus.PLANNED,
        "placed_at": now,
        "valid_until": now + SEND_VALID_FOR,
    }
    if OrderKind(order.kind) in UNPRICED:
        changed["limit_price"] = bound_of(
            Side(order.side), price, slippage or Decimal(0), _rules(order)
        )
    return changed


def _rules(order: Order) -> SizeRules:
    return rules_of(instrument_get(venue=order.venue, symbol=order.symbol))


BEST = """
UPDATE trading_order SET trail_best = CASE
    WHEN trail_best IS NULL THEN %(best)s
    WHEN side = 'sell' THEN GREATEST(trail_best, %(best)s)
    ELSE LEAST(trail_best, %(best)s) END
WHERE id = %(order)s AND status = 'ARMED' AND kind = 'trailing_stop'
"""


@transaction.atomic
def trails_store(*, best: Mapping[int, Decimal]) -> None:
    """The best prices that trailing stops have seen; a late writer never moves one back."""
    with connection.cursor() as cursor:
        for order_id, price in sorted(best.items()):
            cursor.execute(BEST, {"order": order_id, "best": price})


@transaction.atomic
def order_warn(*, actor: Actor, order_id: int, code: str, now: datetime) -> None:
    """An armed order cannot be watched (no believable book), or can be again (code "")."""
    changed = (
        Order.objects.filter(workspace_id=actor.workspace_id, pk=order_id, status=OrderStatus.ARMED)
        .exclude(warning=code)
        .update(warning=code)
    )
    if changed:
        event = OrderWarned(workspace_id=actor.workspace_id, order_id=order_id, code=code)
        audit.record(event, actor=actor, at=now)
        outbox.publish(event)


@transaction.atomic
def order_time_out(*, actor: Actor, order_id: int, now: datetime) -> bool:
    """Past its own end (GTD): cancelled, at the venue too. False: not due, or over already."""
    order = locks.order(actor.workspace_id, order_id)
    due = order.expires_at is not None and order.expires_at <= now
    if not due or order.closed_at is not None or order.cancel_requested_at is not None:
        return False
    cancel_ask(order, actor=actor, reason="TIME_OVER", now=now)
    return True
