"""Orders to their end: cancelled here at once, at the venue by asking until it says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from apps.core.domain.errors import CryonelError
from apps.core.domain.money import plain
from apps.core.domain.people import Actor
from apps.trading.domain.orders import SENT, OrderOrigin, OrderStatus
from apps.trading.guard.desk import ask_all
from apps.trading.guard.work import Work
from apps.trading.models import BotVenue, Order
from apps.trading.services import order_record
from apps.trading.services.kill_orders import cancel_ask, orders_in_scope, unsent_cancel
from apps.venues.domain.errors import CapabilityMissing, RefusalReason, VenueRejected
from apps.venues.domain.ports import (
    TRIGGERED,
    Need,
    OrderKind,
    OrderReceipt,
    ReceiptStatus,
    TimeInForce,
    TradingVenue,
)
from apps.venues.selectors import connection_list

HANDS_OFF = timedelta(seconds=1)  # whoever claimed an order is about to send and record it
ENDS_ITSELF = (TimeInForce.IOC, TimeInForce.FOK)
NEVER_ARRIVED = "NEVER_ARRIVED"


@dataclass(slots=True)
class Seen:
    """What the venues list as open. `unseen`: connections that did not answer, with the code."""

    ours: int = 0
    external: list[dict[str, str]] = field(default_factory=list)
    unseen: dict[int, str] = field(default_factory=dict)
    unlisted: list[int] = field(default_factory=list)  # venues that cannot list open orders


def orders_end(work: Work) -> list[Order]:
    """One round: cancel what is here, ask for what is there. Returns what is still live."""
    for number in unsent_cancel(actor=work.actor, bot_id=work.bot_id, now=work.now):
        work.say("ORDER_CANCELLED_HERE", order=number)
    live = _sent(work)
    cancel_ask(
        workspace_id=work.workspace_id,
        order_ids=[each.pk for each in live if not _ends_itself(each)],
        now=work.now,
    )
    due = [each for each in live if work.now - (each.sent_at or each.placed_at) >= HANDS_OFF]
    for order, answer in _asked(work, due):
        _book(work, order, answer)
    return _sent(work)


def orders_seen(work: Work) -> Seen:
    """Ask every connection of the scope what it has open; end those of ours that we had lost."""
    seen = Seen()
    questions: dict[tuple[int, str], Callable[[], Any]] = {}
    for number in connections_in_scope(work):
        client = work.desk.client(number)
        if client is None:
            seen.unseen[number] = work.desk.problems[number]
        elif client.spec.open_orders_by_symbol:
            seen.unlisted.append(number)  # orders of a pair that we never traded stay unseen
            for symbol in _symbols(work, number):
                questions[number, symbol] = partial(client.open_orders, symbol)
        else:
            questions[number, ""] = client.open_orders
    for (number, _symbol), answer in ask_all(questions).items():
        if isinstance(answer, CapabilityMissing):
            seen.unlisted.append(number)
        elif isinstance(answer, CryonelError):
            seen.unseen[number] = answer.code
        else:
            _compare(work, number, answer, seen)
    return seen


def connections_in_scope(work: Work) -> list[int]:
    """Where the scope may have orders: a bot's connections and where it ever ordered, or all."""
    mine = connection_list(reader=work.actor)
    trading = {each.pk for each in mine if each.need == Need.TRADE}
    if work.bot_id is None:
        return sorted(trading)
    its = set(BotVenue.objects.filter(bot_id=work.bot_id).values_list("connection_id", flat=True))
    rows = orders_in_scope(work.workspace_id, work.bot_id)
    return sorted(trading & (its | set(rows.values_list("connection_id", flat=True).distinct())))


def _symbols(work: Work, connection_id: int) -> list[str]:
    rows = orders_in_scope(work.workspace_id, work.bot_id).filter(connection_id=connection_id)
    return sorted(rows.values_list("symbol", flat=True).distinct())


def _sent(work: Work) -> list[Order]:
    rows = orders_in_scope(work.workspace_id, work.bot_id).filter(status__in=sorted(SENT))
    return list(rows.order_by("pk"))


def _ends_itself(order: Order) -> bool:
    """At once or not at all. A stop that waits at the venue says IOC of what it becomes there."""
    waits = OrderKind(order.kind) in TRIGGERED and not order.emulated
    return order.time_in_force in ENDS_ITSELF and not waits


def _asked(work: Work, orders: list[Order]) -> list[tuple[Order, Any]]:
    questions: dict[int, Callable[[], Any]] = {}
    for order in orders:
        client = work.desk.client(order.connection_id)
        if client is None:
            work.say("CONNECTION_CLOSED_TO_US", connection=order.connection_id,
                     problem=work.desk.problems[order.connection_id])  # fmt: skip
            continue
        sent_for = work.now - (order.sent_at or order.placed_at)
        questions[order.pk] = partial(_ended, client, order, sent_for)
    answers = ask_all(questions)
    return [(order, answers[order.pk]) for order in orders if order.pk in answers]


def _ended(client: TradingVenue, order: Order, sent_for: timedelta) -> OrderReceipt | None:
    """Cancel, then hear how it stands. None: it never arrived, said only when that is certain."""
    if not _ends_itself(order):
        try:
            told = client.cancel_order(order.client_order_id, order.venue_order_id, order.symbol)
        except VenueRejected as e:
            if e.reason is not RefusalReason.ORDER_MISSING:
                raise
        else:
            if told is not None and told.status is not ReceiptStatus.OPEN:
                return told
    return client.find_order(order.client_order_id, order.symbol, sent_for=sent_for)


def _book(work: Work, order: Order, answer: Any) -> None:
    if isinstance(answer, CryonelError):
        work.say("ORDER_NOT_ANSWERED", order=order.pk, venue=order.venue, problem=answer.code)
        return
    actor: Actor = work.actor
    if answer is None:
        order_record.order_reject(
            actor=actor, order_id=order.pk, reason=NEVER_ARRIVED, now=work.now
        )
        work.say("ORDER_NEVER_ARRIVED", order=order.pk, venue=order.venue)
        return
    booked = order_record.order_record_receipt(
        actor=actor, order_id=order.pk, receipt=answer, now=work.now
    )
    work.say(
        f"ORDER_{booked.status}", order=order.pk, venue=order.venue, filled=plain(booked.filled)
    )


def _compare(work: Work, connection_id: int, listed: list[OrderReceipt], seen: Seen) -> None:
    told = {each.client_order_id: each for each in listed if each.client_order_id}
    known = {
        order.client_order_id: order
        for order in Order.objects.filter(
            workspace_id=work.workspace_id,
            connection_id=connection_id,
            client_order_id__in=list(told),
        ).exclude(origin=OrderOrigin.EXTERNAL)
    }
    for receipt in listed:
        order = known.get(receipt.client_order_id)
        if order is None:
            seen.external.append(_external(connection_id, receipt))
        elif work.bot_id is None or order.bot_id == work.bot_id:
            seen.ours += 1
            if OrderStatus(order.status) not in SENT:
                _found_again(work, order)


def _found_again(work: Work, order: Order) -> None:
    """We believed it over, the venue has it open: facts win, and it is ended there."""
    work.say("ORDER_FOUND_AGAIN", order=order.pk, venue=order.venue)
    for each, answer in _asked(work, [order]):
        if isinstance(answer, OrderReceipt):
            order_record.order_record_receipt(
                actor=work.actor, order_id=each.pk, receipt=answer, now=work.now
            )


def _external(connection_id: int, receipt: OrderReceipt) -> dict[str, str]:
    return {
        "connection": str(connection_id),
        "venue_order_id": receipt.venue_order_id,
        "symbol": receipt.symbol,
        "side": receipt.side.value if receipt.side else "",
        "quantity": "" if receipt.quantity is None else f"{receipt.quantity:f}",
        "limit_price": "" if receipt.limit_price is None else f"{receipt.limit_price:f}",
    }
