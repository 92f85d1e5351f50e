"""Ready clients, shared by the threads of a process.

A raw client is used by one thread at a time (ccxt's are not thread-safe): each call borrows one
from a small stack and puts it back. `deque.pop` and `append` are atomic, so the common case takes
no lock. What callers hold is `ViewClient` or `TradeClient`, which own nothing and may be kept for
one piece of work; every call passes the venue's circuit and rate limit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from apps.venues import circuit
from apps.venues.domain.errors import (
    ConnectionViewOnly,
    VenueOutcomeUnknown,
    VenueUnavailable,
)
from apps.venues.domain.ports import (
    Balance,
    BookLevels,
    Fees,
    InstrumentInfo,
    KeyRights,
    OrderReceipt,
    OrderTicket,
    VenueSpec,
    VenueTrade,
)

MOST = 8  # idle raw clients kept; one costs about 1 MB


class ClientPool:
    """Raw clients of one key, or of a venue's public side. Its repr shows no credential."""

    def __init__(self, adapter: type[Any], credentials: Mapping[str, str]) -> None:
        self.spec: VenueSpec = adapter.spec
        self._adapter, self._credentials = adapter, credentials
        self._free: deque[Any] = deque()
        self._closed = False

    def __repr__(self) -> str:
        return f"<ClientPool {self.spec.code}>"

    def warm(self) -> None:
        """Have a client with its markets loaded before the first order. Raises VenueUnavailable."""
        with circuit.guarded(self.spec), self._borrowed():
            pass

    def call(self, question: str, *args: Any, **named: Any) -> Any:
        with circuit.guarded(self.spec), self._borrowed() as client:
            return getattr(client, question)(*args, **named)

    def close(self) -> None:
        """Close what is idle now, and each borrowed client when it comes back."""
        self._closed = True
        self._credentials = {}
        while self._free:
            self._free.pop().close()

    @contextmanager
    def _borrowed(self) -> Iterator[Any]:
        try:
            client = self._free.pop()
        except IndexError:
            client = self._made()
        try:
            yield client
        finally:
            if self._closed or len(self._free) >= MOST:
                client.close()
            else:
                self._free.append(client)

    def _made(self) -> Any:
        """A new raw client, markets loaded. Whatever fails here, no order was sent."""
        if self._closed:
            raise VenueUnavailable(venue=self.spec.label)
        client = self._adapter(self._credentials)
        try:
            client.warm()
        except VenueOutcomeUnknown as e:
            client.close()
            raise VenueUnavailable(venue=self.spec.label) from e
        except Exception:
            client.close()
            raise
        return client


class PublicClient:
    """`MarketData` of one venue."""

    def __init__(self, pool: ClientPool) -> None:
        self._pool = pool
        self.spec = pool.spec

    def instruments(self) -> list[InstrumentInfo]:
        return self._ask("instruments")

    def book(self, symbol: str, *, depth: int = 50) -> BookLevels:
        return self._ask("book", symbol, depth=depth)

    def clock_skew(self) -> timedelta:
        return self._ask("clock_skew")

    def _ask(self, question: str, *args: Any, **named: Any) -> Any:
        return self._pool.call(question, *args, **named)


class ViewClient(PublicClient):
    """`TradingVenue` that cannot trade: its order commands refuse before anything is sent."""

    def rights(self) -> KeyRights:
        return self._ask("rights")

    def balances(self) -> list[Balance]:
        return self._ask("balances")

    def fees(self, symbols: Sequence[str]) -> list[Fees]:
        return self._ask("fees", symbols)

    def place_order(self, ticket: OrderTicket) -> OrderReceipt:
        raise ConnectionViewOnly

    def find_order(
        self, client_order_id: str, symbol: str, *, sent_for: timedelta
    ) -> OrderReceipt | None:
        return self._ask("find_order", client_order_id, symbol, sent_for=sent_for)

    def cancel_order(
        self, client_order_id: str, venue_order_id: str, symbol: str
    ) -> OrderReceipt | None:
        raise ConnectionViewOnly

    def open_orders(self, symbol: str | None = None) -> list[OrderReceipt]:
        return self._ask("open_orders", symbol)

    def my_trades(self, symbol: str, *, since: datetime) -> list[tuple[str, VenueTrade]]:
        return self._ask("my_trades", symbol, since=since)

    def close(self) -> None:
        """The pool owns the raw clients; nothing to do."""


class TradeClient(ViewClient):
    """`TradingVenue` with its commands."""

    def place_order(self, ticket: OrderTicket) -> OrderReceipt:
        return self._ask("place_order", ticket)

    def cancel_order(
        self, client_order_id: str, venue_order_id: str, symbol: str
    ) -> OrderReceipt | None:
        return self._ask("cancel_order", client_order_id, venue_order_id, symbol)
