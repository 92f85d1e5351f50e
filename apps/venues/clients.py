"""Ready clients, shared by the threads of a process.

A raw client is used by one thread at a time (ccxt's are not thread-safe): each call borrows one
from a small stack and puts it back. `deque.pop` and `append` are atomic, so the common case takes
no lock. What callers hold is `ViewClient` or `TradeClient`, which own nothing and may be kept for
one piece of work; every call passes the venue's circuit and rate limit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.utils import timezone

from apps.venues import circuit
from apps.venues.domain.errors import (
    ConnectionViewOnly,
    OrderTooLate,
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
    TradingVenue,
    VenueSpec,
    VenueTrade,
)

Answer = TypeVar("Answer")
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

    def warm(self, clients: int = 1) -> None:
        """Have so many clients with their markets loaded. Raises VenueUnavailable."""
        with circuit.guarded(self.spec), ExitStack() as borrowed:
            for _ in range(clients):
                borrowed.enter_context(self._borrowed())

    def ask(self, question: Callable[[TradingVenue], Answer]) -> Answer:
        """Put one question or command to a raw client of our own for that long."""
        with circuit.guarded(self.spec), self._borrowed() as client:
            return question(client)

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
        return self._pool.ask(lambda venue: venue.instruments())

    def book(self, symbol: str, *, depth: int = 50) -> BookLevels:
        return self._pool.ask(lambda venue: venue.book(symbol, depth=depth))

    def clock_skew(self) -> timedelta:
        return self._pool.ask(lambda venue: venue.clock_skew())


class ViewClient(PublicClient):
    """`TradingVenue` that cannot trade: its order commands refuse before anything is sent."""

    def rights(self) -> KeyRights:
        return self._pool.ask(lambda venue: venue.rights())

    def balances(self) -> list[Balance]:
        return self._pool.ask(lambda venue: venue.balances())

    def fees(self, symbols: Sequence[str]) -> list[Fees]:
        return self._pool.ask(lambda venue: venue.fees(symbols))

    def place_order(self, ticket: OrderTicket) -> OrderReceipt:
        raise ConnectionViewOnly

    def find_order(
        self, client_order_id: str, symbol: str, *, sent_for: timedelta
    ) -> OrderReceipt | None:
        return self._pool.ask(
            lambda venue: venue.find_order(client_order_id, symbol, sent_for=sent_for)
        )

    def cancel_order(
        self, client_order_id: str, venue_order_id: str, symbol: str
    ) -> OrderReceipt | None:
        raise ConnectionViewOnly

    def cancel_all(self, symbol: str | None) -> None:
        raise ConnectionViewOnly

    def arm_dead_man(self, timeout: timedelta | None) -> None:
        raise ConnectionViewOnly

    def order_by_venue_id(self, venue_order_id: str, symbol: str) -> OrderReceipt | None:
        return self._pool.ask(lambda venue: venue.order_by_venue_id(venue_order_id, symbol))

    def orders_since(self, symbol: str, *, since: datetime) -> list[OrderReceipt]:
        return self._pool.ask(lambda venue: venue.orders_since(symbol, since=since))

    def open_orders(self, symbol: str | None = None) -> list[OrderReceipt]:
        return self._pool.ask(lambda venue: venue.open_orders(symbol))

    def my_trades(self, symbol: str, *, since: datetime) -> list[tuple[str, VenueTrade]]:
        return self._pool.ask(lambda venue: venue.my_trades(symbol, since=since))

    def close(self) -> None:
        """The pool owns the raw clients; nothing to do."""


class TradeClient(ViewClient):
    """`TradingVenue` with its commands."""

    def place_order(self, ticket: OrderTicket) -> OrderReceipt:
        """Raises OrderTooLate instead of sending what took too long to get a client or a turn."""

        def place(venue: TradingVenue) -> OrderReceipt:
            if ticket.send_before is not None and timezone.now() > ticket.send_before:
                raise OrderTooLate(venue=self.spec.label)
            return venue.place_order(ticket)

        return self._pool.ask(place)

    def cancel_order(
        self, client_order_id: str, venue_order_id: str, symbol: str
    ) -> OrderReceipt | None:
        return self._pool.ask(
            lambda venue: venue.cancel_order(client_order_id, venue_order_id, symbol)
        )

    def cancel_all(self, symbol: str | None) -> None:
        self._pool.ask(lambda venue: venue.cancel_all(symbol))

    def arm_dead_man(self, timeout: timedelta | None) -> None:
        self._pool.ask(lambda venue: venue.arm_dead_man(timeout))
