"""What people and the engine do about single orders in a run, through the product's services."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_DOWN, Decimal
from functools import partial
from typing import Any, TypeVar

import orjson
from django.utils import timezone

from apps.core import ratelimit
from apps.core.domain.errors import CryonelError
from apps.core.domain.people import Actor
from apps.markets import mirror
from apps.trading.campaign.children import Note
from apps.trading.campaign.desk import Desk
from apps.trading.campaign.persons import BRACKET, SINGLE, SLICES, TICK, Ticket
from apps.trading.campaign.venue import Book
from apps.trading.domain import kill
from apps.trading.domain.groups import GroupKind, GroupRole
from apps.trading.domain.orders import LIVE, OrderIntent, OrderStatus
from apps.trading.domain.tickets import CAPABILITY_OF, Wish
from apps.trading.engine.emulator import Emulator
from apps.trading.guard.runs import owner_name, run_carry_out
from apps.trading.models import KillRun, Order, OrderGroup
from apps.trading.services import order_groups, order_place, order_slices, order_terms
from apps.trading.services.kill import kill_claim, kill_request
from apps.trading.services.reconcile import connection_reconcile
from apps.venues.adapters import practice
from apps.venues.adapters.binance import Binance
from apps.venues.adapters.practice import Practice
from apps.venues.domain.ports import OrderKind, Side

Answer = TypeVar("Answer")
Shelf = Mapping[tuple[str, str], Book]  # by (instance, symbol)
PATIENCE = 20  # pauses that a guard of a run makes before it leaves the rest to the next


def venues_lose_triggers() -> None:
    """In this process the venues know no order that waits for a price: the engine watches."""
    Binance.spec = Practice.spec = replace(
        Binance.spec, capabilities=Binance.spec.capabilities - set(CAPABILITY_OF.values())
    )
    practice._adapter.cache_clear()


def mirror_write(shelf: Shelf) -> None:
    """The books as an engine that follows them tells everybody, told just now."""
    symbols = {symbol for _, symbol in shelf}
    books = {
        symbol: orjson.dumps(
            {
                "symbol": symbol,
                "venues": [_face(book) for book in shelf.values() if book.symbol == symbol],
            }
        )
        for symbol in symbols
    }
    books[mirror.META] = orjson.dumps({"written_at": round(timezone.now().timestamp() * 1000)})
    ratelimit.store().hset(mirror.BOOKS, mapping=books)  # type: ignore[arg-type]


def _face(book: Book) -> dict[str, Any]:
    return {
        "venue": f"practice.{book.instance}",
        "label": book.instance.title(),
        "state": "ok",
        "reason": "",
        "age_ms": 50,
        "bids": [list(level) for level in book.bids],
        "asks": [list(level) for level in book.asks],
    }


def tickets(note: Note, desk: Desk, wanted: Sequence[Ticket], shelf: Shelf) -> None:
    """Place each order as the ticket page would; what the gate or the form refuses is told."""
    mirror_write(shelf)
    links = list(desk.links.items())
    for each in wanted:
        connection_id, venue = links[each.place % len(links)]
        middle = _middle(shelf[venue.partition(".")[2], each.symbol])
        if middle is None:
            continue
        try:
            note(
                "placed",
                _placed(
                    desk, each, each.wish(connection_id, middle, timezone.now()), venue, middle
                ),
            )
        except CryonelError as problem:
            note("not placed", [problem.code, each.kind, each.side])


def _middle(book: Book) -> Decimal | None:
    """Between the best prices; None where a side is empty."""
    if not book.bids or not book.asks:
        return None
    return (Decimal(book.bids[0][0]) + Decimal(book.asks[0][0])) / 2


def _placed(desk: Desk, each: Ticket, wish: Wish, venue: str, middle: Decimal) -> list[Any]:
    terms = order_terms.terms_of(connection_id=wish.connection_id, venue=venue, symbol=each.symbol)
    intent = order_terms.intent_of(wish, terms)
    actor = Actor.platform(desk.workspace_id)
    if each.shape != SINGLE and each.kind in (OrderKind.LIMIT, OrderKind.MARKET):
        group = _group(actor, each, intent, middle)
        return [group.kind, group.pk, group.status]
    order = order_place.order_place(actor=actor, intent=intent, now=timezone.now())
    why = order.decision.code if order.status == OrderStatus.DENIED else ""
    return [order.pk, order.status, order.kind, order.time_in_force, order.side, why]


def _group(actor: Actor, each: Ticket, intent: OrderIntent, middle: Decimal) -> OrderGroup:
    if each.shape == SLICES:
        return order_slices.order_slices_place(
            actor=actor, intent=intent, count=3, interval=timedelta(seconds=5), now=timezone.now()
        )
    bracket = each.shape == BRACKET
    return order_groups.order_group_place(
        actor=actor,
        kind=GroupKind.BRACKET if bracket else GroupKind.OCO,
        entry=intent if bracket else None,
        exits=_exits(intent, middle, each.trigger),
        now=timezone.now(),
    )


def _exits(
    entry: OrderIntent, middle: Decimal, away: Decimal
) -> list[tuple[GroupRole, OrderIntent]]:
    """A profit and a stop, `away` from the middle on either side."""
    way = 1 if entry.side is Side.BUY else -1
    words: dict[str, Any] = {
        "connection_id": entry.connection_id,
        "symbol": entry.symbol,
        "base": entry.base,
        "quote": entry.quote,
        "side": Side.SELL if entry.side is Side.BUY else Side.BUY,
        "quantity": entry.quantity,
    }
    profit = (middle * (1 + way * away)).quantize(TICK, rounding=ROUND_DOWN)
    stop = (middle * (1 - way * away)).quantize(TICK, rounding=ROUND_DOWN)
    return [
        (GroupRole.TAKE_PROFIT, OrderIntent(**words, limit_price=profit)),
        (GroupRole.STOP_LOSS, OrderIntent(**words, kind=OrderKind.STOP, trigger_price=stop)),
    ]


def cancels(note: Note, desk: Desk, count: int, throw: random.Random) -> None:
    """Ask for the end of some live orders, whatever their state."""
    rows = Order.objects.filter(workspace_id=desk.workspace_id, status__in=LIVE, plan=None)
    living = list(rows.order_by("pk"))
    for order in throw.sample(living, min(count, len(living))):
        _end(note, order)


def amends(note: Note, desk: Desk, throw: random.Random) -> None:
    """Replace a working limit order by one at another price."""
    rows = Order.objects.filter(
        workspace_id=desk.workspace_id, status__in=LIVE, plan=None, group=None, kind="limit"
    )
    for order in list(rows.order_by("pk"))[:1]:
        terms = order_terms.terms_of(
            connection_id=order.connection_id, venue=order.venue, symbol=order.symbol
        )
        price = order.limit_price * Decimal(throw.choice((990, 998, 1002, 1010))) / 1000
        wish = Wish(
            connection_id=order.connection_id,
            side=Side(order.side),
            kind=OrderKind.LIMIT,
            quantity=order.quantity,
            limit_price=price.quantize(TICK, rounding=ROUND_DOWN),
        )
        change = partial(
            order_groups.order_amend, actor=Actor.platform(desk.workspace_id), order=order
        )
        intent = order_terms.intent_of(wish, terms)
        _tried(note, partial(change, intent=intent, now=timezone.now()))
        note("amended", order.pk)


def all_end(note: Note, desks: Iterable[Desk]) -> None:
    """The end of the day: every group and single order that still works is cancelled."""
    for desk in desks:
        actor = Actor.platform(desk.workspace_id)
        groups = OrderGroup.objects.filter(workspace_id=desk.workspace_id)
        for number in groups.filter(closed_at=None).values_list("pk", flat=True):
            end = partial(order_groups.order_group_cancel, actor=actor, group_id=number)
            _tried(note, partial(end, now=timezone.now()))
        rows = Order.objects.filter(workspace_id=desk.workspace_id, status__in=LIVE, plan=None)
        for order in rows.filter(cancel_requested_at=None).order_by("pk"):
            _end(note, order)


def _end(note: Note, order: Order) -> None:
    _tried(
        note,
        lambda: order_place.order_cancel(
            actor=Actor.platform(order.workspace_id),
            order_id=order.pk,
            reason="USER",
            now=timezone.now(),
        ),
    )


def _tried(note: Note, work: Callable[[], object]) -> None:
    try:
        work()
    except CryonelError as problem:
        note("refused", [problem.code, type(problem).__name__])


class _Shelf:
    """The hub as the emulator sees it: the tops of books that stand still."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def watch(self, venue: str, symbol: str) -> None:
        """Every book stands there already."""

    def levels(self, venue: str, symbol: str, depth: int) -> Any:
        book = self._shelf[venue.partition(".")[2], symbol]
        return tuple(
            tuple((Decimal(price), Decimal(size)) for price, size in side[:depth])
            for side in (book.bids, book.asks)
        )


class _Here:
    """The emulator's database thread, without a thread."""

    async def run(self, work: Callable[[], Answer]) -> Answer:
        from asgiref.sync import sync_to_async

        return await sync_to_async(work, thread_sensitive=True)()


def emulator(note: Note, shelf: Shelf) -> None:
    """One look of the engine's emulator at everything that waits for a price."""
    mirror_write(shelf)

    async def look() -> None:
        watcher = Emulator(_Shelf(shelf), _Here())  # type: ignore[arg-type]
        await watcher.refresh()
        await watcher.ended()
        await watcher.time_out()
        await watcher.slices()

    asyncio.run(look())


def reconciler(note: Note, desks: Iterable[Desk]) -> None:
    """Compare every connection with its venue, as the regular task does."""
    for desk in desks:
        for number in desk.links:
            report = connection_reconcile(
                workspace_id=desk.workspace_id, connection_id=number, now=timezone.now()
            )
            if report.findings or report.failed:
                note("compared", [number, report.status, [f.code for f in report.findings]])


def killed(note: Note, desk: Desk, command: str, whole: bool) -> None:
    """Somebody presses the kill switch, of the bot or of everything."""
    run = kill_request(
        actor=Actor.platform(desk.workspace_id),
        scope=kill.KillScope.WORKSPACE if whole else kill.KillScope.BOT,
        command=kill.KillCommand(command),
        bot_id=None if whole else desk.bot_id,
        origin=kill.KillOrigin.UI,
        reason="campaign",
        now=timezone.now(),
    )
    note("kill", [run.pk, run.command, run.scope])


class _Hurried(threading.Event):
    """A guard's stop: its pauses are short, and after some of them the guard has to go."""

    def __init__(self) -> None:
        super().__init__()
        self._left = PATIENCE

    def wait(self, timeout: float | None = None) -> bool:
        self._left -= 1
        if self._left <= 0:
            self.set()
        return super().wait(min(timeout or 0.0, 0.02))


def guard(note: Note, shelf: Shelf) -> bool:
    """Carry out the kill commands that wait; True when none is left."""
    mirror_write(shelf)
    owner = owner_name()
    while (run := kill_claim(owner=owner, now=timezone.now())) is not None:
        ended = run_carry_out(run, _Hurried())
        note("guard", [run.pk, ended.status if ended else "left"])
        if ended is None:
            return False
    return not KillRun.objects.filter(status__in=kill.ACTIVE).exists()
