"""One paper account at a real practice venue, for orders by hand; its ledger is the witness."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson
from django.utils import timezone

from apps.billing.services import plan_set
from apps.core import ratelimit
from apps.core.domain.people import Actor
from apps.markets import mirror
from apps.markets.services import instruments_refresh
from apps.trading import tasks, tasks_orders
from apps.trading.domain.groups import GroupKind, GroupRole
from apps.trading.domain.orders import OrderIntent
from apps.trading.domain.triggers import Quote
from apps.trading.models import Fill, Order, OrderGroup
from apps.trading.services import order_groups, order_place, order_run, order_terms
from apps.venues.adapters._capabilities import STOPS
from apps.venues.domain.ports import OrderKind, Side, TimeInForce
from apps.venues.registry import capabilities_of
from apps.venues.services import clients_forget, practice_connection_open
from tests.factories.accounts import person
from tests.factories.trading import aligned
from tests.fakes.practice import PracticeVenue, practice_thread

D = Decimal
MONEY = {"USDT": D(50_000), "BTC": D(5)}
PAIR = "BTC/USDT"


@dataclass
class Till:
    venue: PracticeVenue
    actor: Actor
    link: Any

    def book(self, bid: str, ask: str, size: str = "50") -> None:
        """Set the venue's book, and the mirror as the engine would write it."""
        self.venue.set_book_now("alpha", PAIR, bids=[(bid, size)], asks=[(ask, size)])
        self.mirror(bid, ask)

    def mirror(self, bid: str, ask: str, state: str = "ok") -> None:
        face = {
            "venue": self.link.venue, "label": "Practice Alpha", "simulated": True,
            "state": state, "reason": "", "age_ms": 20, "at": 0,
            "bids": [[bid, "50"]], "asks": [[ask, "50"]],
        }  # fmt: skip
        fields = {
            PAIR: orjson.dumps({"symbol": PAIR, "venues": [face]}),
            mirror.META: orjson.dumps({"written_at": round(time.time() * 1000)}),
        }
        ratelimit.store().hset(mirror.BOOKS, mapping=fields)

    def intent(self, side: Side, quantity: str, **more: Any) -> OrderIntent:
        boring: dict[str, Any] = {
            "connection_id": self.link.pk,
            "symbol": PAIR,
            "base": "BTC",
            "quote": "USDT",
            "side": side,
            "quantity": D(quantity),
        }
        return OrderIntent(**(boring | more))

    def place(self, side: Side, quantity: str, **more: Any) -> Order:
        intent = self.intent(side, quantity, **more)
        order = order_place.order_place(actor=self.actor, intent=intent, now=timezone.now())
        order.refresh_from_db()
        return order

    def limit(self, side: Side, quantity: str, price: str, **more: Any) -> Order:
        return self.place(side, quantity, limit_price=D(price), **more)

    def market(self, side: Side, quantity: str, **more: Any) -> Order:
        return self.place(side, quantity, kind=OrderKind.MARKET, **more)

    def profit(self, price: str, quantity: str = "1", side: Side = Side.SELL) -> Any:
        return GroupRole.TAKE_PROFIT, self.intent(side, quantity, limit_price=D(price))

    def stop(self, price: str, quantity: str = "1", side: Side = Side.SELL, **more: Any) -> Any:
        wanted = {"kind": OrderKind.STOP, "trigger_price": D(price)} | more
        return GroupRole.STOP_LOSS, self.intent(side, quantity, **wanted)

    def group(self, kind: GroupKind, entry: OrderIntent | None, *exits: Any) -> OrderGroup:
        return order_groups.order_group_place(
            actor=self.actor, kind=kind, entry=entry, exits=exits, now=timezone.now()
        )

    def bracket(self, price: str, *exits: Any, quantity: str = "1") -> OrderGroup:
        entry = self.intent(Side.BUY, quantity, limit_price=D(price))
        return self.group(GroupKind.BRACKET, entry, *exits)

    def oco(self, *exits: Any) -> OrderGroup:
        return self.group(GroupKind.OCO, None, *exits)

    def trigger(self, order: Order, price: str) -> bool:
        """What the engine does when it sees the price."""
        now = timezone.now()
        return order_run.order_trigger(
            actor=Actor.platform(self.actor.workspace_id),
            order_id=order.pk,
            price=D(price),
            now=now,
        )

    def cancel(self, order: Order) -> Order:
        order_place.order_cancel(
            actor=self.actor, order_id=order.pk, reason="USER", now=timezone.now()
        )
        order.refresh_from_db()
        return order

    def falls_to(self, bid: str) -> None:
        """The venue trades down there; nobody of ours looks."""
        ask = str(D(bid) + D("0.1"))
        self.venue.set_book_now("alpha", PAIR, bids=[(bid, "50")], asks=[(ask, "50")])
        self.venue.trade_now("alpha", PAIR, bid)

    def sweep(self, rounds: int = 3) -> None:
        """The sweepers of later: everything is a minute older, validity stays."""
        for _ in range(rounds):
            for order in Order.objects.exclude(sent_at=None).filter(closed_at=None):
                Order.objects.filter(pk=order.pk).update(
                    sent_at=order.sent_at - timezone.timedelta(minutes=1)
                )
            Order.objects.exclude(cancel_requested_at=None).update(
                cancel_requested_at=timezone.now() - timezone.timedelta(minutes=1)
            )
            Order.objects.filter(status="PLANNED").update(
                placed_at=timezone.now() - timezone.timedelta(minutes=1)
            )
            tasks.order_sweep()
            tasks_orders.order_watch()

    def roles(self, group: OrderGroup) -> dict[str, Order]:
        """The newest order of each role."""
        return {order.group_role: order for order in group.orders.order_by("pk")}

    def ledger(self) -> Any:
        return self.venue.ledger_now("alpha", self.link.practice_account)

    def agree(self) -> None:
        """No lost, doubled or orphaned order, and every execution booked once."""
        ledger = self.ledger()
        ids = [order["client_order_id"] for order in ledger["orders"]]
        assert len(ids) == len(set(ids))
        assert set(ids) <= set(Order.objects.values_list("client_order_id", flat=True))
        theirs = {(str(t["trade_id"]), D(str(t["quantity"]))) for t in ledger["fills"]}
        assert set(Fill.objects.values_list("venue_trade_id", "quantity")) == theirs

    def sold(self) -> Decimal:
        rows = Fill.objects.filter(side="sell").values_list("quantity", flat=True)
        return sum(rows, D(0))


@contextmanager
def stops_not_held() -> Iterator[None]:
    """The venue as one that waits for no price: the engine does."""
    with patch.object(order_terms, "capabilities_of", lambda v: capabilities_of(v) - STOPS):
        yield


@contextmanager
def till_open(tmp_path: Path, settings: Any, name: str = "alice") -> Iterator[Till]:
    with practice_thread(tmp_path) as venue:
        settings.PRACTICE_URL, settings.PRACTICE_TOKEN = venue.url, venue.token
        clients_forget()
        actor, now = person(name).actor, timezone.now()
        plan_set(
            actor=Actor.platform(actor.workspace_id),
            workspace_id=actor.workspace_id,
            plan="power",
            now=now,
        )
        link = practice_connection_open(
            actor=actor, venue="practice.alpha", balances=MONEY, now=now
        )
        aligned(link)
        instruments_refresh(venue=link.venue, now=now)
        tasks.connection_refresh(workspace_id=actor.workspace_id, connection_id=link.pk)
        till = Till(venue, actor, link)
        till.book("99.9", "100")
        yield till
        clients_forget()


__all__ = ["D", "Quote", "Till", "TimeInForce", "stops_not_held", "till_open"]
