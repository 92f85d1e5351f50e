"""Orders that wait for a price in the engine: watched against live books, set off exactly once.

Every engine watches every armed order, so that no stop waits for a lease to end when an engine
dies; the conditional UPDATE of `order_trigger` lets exactly one of them set it off. A book that
must not be believed sets off nothing: its orders carry a warning until it is back.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from dataclasses import replace
from decimal import Decimal

import structlog
from django.utils import timezone

from apps.core.domain.errors import CryonelError
from apps.core.domain.people import Actor
from apps.markets.hub import BookTouched, MarketHub
from apps.trading.domain import triggers
from apps.trading.domain.triggers import Quote
from apps.trading.engine.database import Database
from apps.trading.selectors import working
from apps.trading.selectors.working import Armed
from apps.trading.services import order_groups, order_run, order_slices
from apps.venues.domain.ports import OrderKind

logger = structlog.get_logger(__name__)
BOOK_STALE = "BOOK_STALE"
Place = tuple[str, str]  # (venue, symbol)


class Emulator:
    """Belongs to the engine's loop; `database` is a thread of its own, so that firing never waits
    for a chore's query."""

    def __init__(self, hub: MarketHub, database: Database) -> None:
        self.hub, self.database = hub, database
        self.armed: dict[int, Armed] = {}
        self._by_place: dict[Place, list[int]] = {}
        self._dirty: set[Place] = set()
        self._touched = asyncio.Event()
        self._unsaved: dict[int, Decimal] = {}  # best prices of trailing stops
        self._firing: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    # --- prices

    def on_touch(self, event: BookTouched) -> None:
        place = (event.venue, event.symbol)
        if place in self._by_place:
            self._dirty.add(place)
            self._touched.set()

    async def watch_forever(self) -> None:
        while True:
            await self._touched.wait()
            self._touched.clear()
            dirty, self._dirty = self._dirty, set()
            for place in dirty:
                self.look(place)
            await asyncio.sleep(0)

    def look(self, place: Place) -> None:
        """Hold every order of a book against its top."""
        quote = self.quote(place)
        if quote is None:
            return
        for order_id in self._by_place.get(place, ()):
            self._hold_against(self.armed[order_id], quote)

    def quote(self, place: Place) -> Quote | None:
        """The top of a book that may be traded on; None: it is stale, broken or unknown."""
        try:
            bids, asks = self.hub.levels(*place, 1)
        except CryonelError:
            return None
        return Quote(bids[0][0], asks[0][0]) if bids and asks else None

    def _hold_against(self, order: Armed, quote: Quote) -> None:
        price = quote.against(order.waits.side)
        best = triggers.best_seen(order.waits, price)
        if best is not None and best != order.waits.trail_best:
            order = replace(order, waits=replace(order.waits, trail_best=best))
            self.armed[order.order_id] = order
            self._unsaved[order.order_id] = best
        if order.order_id not in self._firing and triggers.is_reached(order.waits, price):
            self._firing.add(order.order_id)
            self._begin(self._fire(order, price, quote))

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fire(self, order: Armed, price: Decimal, quote: Quote) -> None:
        actor = Actor.platform(order.workspace_id)

        def work() -> None:
            now = timezone.now()
            order_run.order_trigger(actor=actor, order_id=order.order_id, price=price, now=now)
            if order.group_id is not None:
                order_groups.order_group_advance(
                    actor=actor, group_id=order.group_id, quote=quote, now=now
                )

        try:
            await self.database.run(work)
        except Exception:
            logger.exception("emulator.fire_failed", order_id=order.order_id)
            self._firing.discard(order.order_id)  # still armed: the next look tries again

    async def ended(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- chores

    async def refresh(self) -> None:
        """Save what trailing stops saw, read again what is armed, follow its books."""
        unsaved, self._unsaved = self._unsaved, {}
        try:
            if unsaved:
                await self.database.run(lambda: order_run.trails_store(best=unsaved))
        except Exception:
            self._unsaved = unsaved | self._unsaved
            raise
        rows = await self.database.run(working.orders_armed)
        self._adopt(rows)
        await self._warn()
        for place in list(self._by_place):
            self.look(place)

    def _adopt(self, rows: list[Armed]) -> None:
        """What is armed now. A best price that is not saved yet is kept."""
        armed, by_place = {}, defaultdict(list)
        for row in rows:
            best = self._unsaved.get(row.order_id)
            if best is not None and row.waits.kind is OrderKind.TRAILING_STOP:
                row = replace(
                    row, waits=replace(row.waits, trail_best=triggers.best_seen(row.waits, best))
                )
            armed[row.order_id] = row
            by_place[row.venue, row.symbol].append(row.order_id)
            self.hub.watch(row.venue, row.symbol)
        self.armed, self._by_place = armed, dict(by_place)
        self._firing &= set(armed)

    async def _warn(self) -> None:
        """An armed order whose book is not believable says so, and takes it back."""
        for order in list(self.armed.values()):
            code = BOOK_STALE if self.quote((order.venue, order.symbol)) is None else ""
            if code != order.warning:
                await self.database.run(lambda o=order, c=code: _warn(o, c))  # type: ignore[misc]

    async def time_out(self) -> None:
        """Good-till-date orders whose date has come."""
        now = timezone.now()
        for workspace_id, order_id in await self.database.run(
            lambda: working.keys_timed_out(now=now)
        ):
            actor = Actor.platform(workspace_id)
            await self.database.run(
                lambda a=actor, o=order_id: order_run.order_time_out(  # type: ignore[misc]
                    actor=a, order_id=o, now=now
                )
            )

    async def slices(self) -> None:
        """Slices that are due now, one of each group."""
        due = await self.database.run(lambda: working.groups_due(now=timezone.now()))
        for workspace_id, group_id, venue, symbol in due:
            self.hub.watch(venue, symbol)
            quote = self.quote((venue, symbol))
            actor = Actor.platform(workspace_id)
            await self.database.run(
                lambda a=actor, g=group_id, q=quote: order_slices.order_slice_place(  # type: ignore[misc]
                    actor=a, group_id=g, quote=q, now=timezone.now()
                )
            )


def _warn(order: Armed, code: str) -> None:
    order_run.order_warn(
        actor=Actor.platform(order.workspace_id),
        order_id=order.order_id,
        code=code,
        now=timezone.now(),
    )
