"""A real practice venue on a free port of this machine, for tests of everything that trades.

    async with practice_server(tmp_path) as venue:
        keys = await venue.open_account("alpha", {"USDT": "10000"})
        await venue.set_book("alpha", "BTC/USDT", bids=[("100", "1")], asks=[("101", "1")])

It runs in a thread with an event loop of its own, so synchronous clients work as well:
`with practice_thread(tmp_path) as venue: venue.open_account_now(...)`. By default three manual
instances (alpha, beta, gamma) whose books stand still until a test sets them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import urllib.request
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.practice.config import PracticeConfig, config_parse
from apps.practice.server import Running, venue_running

TOKEN = "test-control-token"
SYMBOLS = ("BTC/USDT", "ETH/USDT", "ETH/BTC", "SOL/USDT")
Level = tuple[str, str]


@dataclass(frozen=True, slots=True)
class OpenedAccount:
    account_id: int
    key: str
    secret: str


@dataclass(frozen=True, slots=True)
class PracticeVenue:
    """A running venue; `url` is what CRYONEL_PRACTICE_URL would hold."""

    url: str
    token: str
    running: Running

    def control(self, method: str, path: str, body: object = None) -> Any:
        """One control request, answered JSON; raises urllib's HTTPError. Blocks the caller."""
        request = urllib.request.Request(  # noqa: S310 - our own http address
            f"{self.url}/control/{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return json.load(answer)

    def open_account_now(
        self, instance: str, balances: Mapping[str, str], **more: object
    ) -> OpenedAccount:
        """`more`: label, ref, permissions={"trade": ..}, maker_fee, taker_fee."""
        made = self.control("POST", f"{instance}/accounts", {"balances": dict(balances), **more})
        return OpenedAccount(**made)

    def set_book_now(
        self, instance: str, symbol: str, *, bids: Iterable[Level], asks: Iterable[Level]
    ) -> None:
        """Exactly these outside levels, and no others, stand in the book from now on."""
        body = {"symbol": symbol, "bids": list(bids), "asks": list(asks)}
        self.control("POST", f"{instance}/book", body)

    def trade_now(
        self, instance: str, symbol: str, price: str, *, quantity: str = "0.01", side: str = "BUY"
    ) -> None:
        """A trade of the outside: the last price, which stops listen to."""
        body = {"symbol": symbol, "price": price, "quantity": quantity, "side": side}
        self.control("POST", f"{instance}/trade", body)

    def add_fault_now(self, instance: str, kind: str, **more: object) -> Any:
        return self.control("POST", f"{instance}/faults", {"kind": kind, **more})

    def clear_faults_now(self, instance: str) -> None:
        self.control("DELETE", f"{instance}/faults")

    def ledger_now(self, instance: str, account_id: int) -> Any:
        return self.control("GET", f"{instance}/accounts/{account_id}/ledger")

    async def open_account(
        self, instance: str, balances: Mapping[str, str], **more: object
    ) -> OpenedAccount:
        return await asyncio.to_thread(self.open_account_now, instance, balances, **more)

    async def set_book(
        self, instance: str, symbol: str, *, bids: Iterable[Level], asks: Iterable[Level]
    ) -> None:
        await asyncio.to_thread(self.set_book_now, instance, symbol, bids=bids, asks=asks)

    async def add_fault(self, instance: str, kind: str, **more: object) -> Any:
        return await asyncio.to_thread(self.add_fault_now, instance, kind, **more)

    async def clear_faults(self, instance: str) -> None:
        await asyncio.to_thread(self.clear_faults_now, instance)

    async def ledger(self, instance: str, account_id: int) -> Any:
        return await asyncio.to_thread(self.ledger_now, instance, account_id)

    def ccxt_urls(self, instance: str) -> dict[str, Any]:
        """What to lay over `urls["api"]` of ccxt's binance class to trade here."""
        root = f"{self.url}/{instance}"
        stream = root.replace("http://", "ws://", 1)
        return {
            "public": f"{root}/api/v3",
            "private": f"{root}/api/v3",
            "sapi": f"{root}/sapi/v1",
            "ws": {
                "spot": f"{stream}/ws",
                "ws-api": {"spot": f"{stream}/ws-api/v3"},
            },
        }


def manual_config(
    codes: Sequence[str] = ("alpha", "beta", "gamma"),
    symbols: Sequence[str] = SYMBOLS,
    **more: object,
) -> PracticeConfig:
    """Instances whose books only the test moves. Fees: maker 2 bps, taker 5 bps."""
    return config_parse(
        {
            "instances": [
                {
                    "code": code,
                    "label": f"Practice {code.title()}",
                    "source": {"kind": "manual"},
                    "maker_fee": "0.0002",
                    "taker_fee": "0.0005",
                    "symbols": list(symbols),
                    **more,
                }
                for code in codes
            ]
        }
    )


@contextmanager
def practice_thread(
    tmp_path: Path, instances: PracticeConfig | None = None
) -> Iterator[PracticeVenue]:
    """A venue in a thread of its own, for synchronous tests."""
    config = instances or manual_config()
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    found: list[Running | BaseException] = []

    async def work() -> None:
        try:
            async with venue_running(config, "127.0.0.1", 0, tmp_path / "practice", TOKEN) as made:
                found.append(made)
                ready.set()
                await stop.wait()
        except BaseException as broken:
            found.append(broken)
            raise
        finally:
            ready.set()

    def run() -> None:
        with contextlib.suppress(Exception):
            loop.run_until_complete(work())
        loop.close()

    thread = threading.Thread(target=run, name="practice", daemon=True)
    thread.start()
    ready.wait(30)
    if isinstance(found[0], BaseException):
        raise found[0]
    try:
        yield PracticeVenue(found[0].url, TOKEN, found[0])
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


@asynccontextmanager
async def practice_server(
    tmp_path: Path, instances: PracticeConfig | None = None
) -> AsyncIterator[PracticeVenue]:
    """The same for asynchronous tests; the venue's loop is not the test's."""
    held = practice_thread(tmp_path, instances)
    venue = await asyncio.to_thread(held.__enter__)
    try:
        yield venue
    finally:
        await asyncio.to_thread(held.__exit__, None, None, None)
