"""A stranger with too much money, who makes the practice venues' prices differ.

The demo's market offers a few trades a minute. A mover bids at one venue more than the others ask,
again and again, so that an arbitrage bot always has something to do. It is an ordinary account
with ordinary signed orders: nothing about it is known to the bot or to the venue.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import random
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import ROUND_DOWN, Decimal
from typing import Any
from urllib.parse import urlencode

INSTANCES = ("alpha", "beta", "gamma")
SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT", "LINK/USDT", "LTC/USDT")
MONEY = {"USDT": "1000000000"}
ABOVE = Decimal("1.002")  # of the dearest ask elsewhere
OFFERED = Decimal(600)  # USDT that stand at that price
PAUSE = 0.4  # seconds between two bids


class Mover:
    """`site` is a `crashing.Site`: its control address opens the mover's accounts."""

    def __init__(self, site: Any, seed: int) -> None:
        self._url: str = site.runtime()["practice_url"]
        self._dice = random.Random(seed)  # noqa: S311 repeatable on purpose
        self._over = threading.Event()
        self._keys = {
            code: site.control("POST", f"{code}/accounts", {"balances": MONEY, "label": "mover"})
            for code in INSTANCES
        }
        self._rules = {code: self._rules_of(code) for code in INSTANCES}
        self.bids = 0

    def run(self) -> None:
        while not self._over.wait(PAUSE):
            with contextlib.suppress(OSError, ValueError):
                self.bid(self._dice.choice(INSTANCES), self._dice.choice(SYMBOLS))

    def stop(self) -> None:
        self._over.set()

    def bid(self, instance: str, symbol: str) -> None:
        """Stand at `instance` with more than any other venue asks, until the next bid there."""
        wire = symbol.replace("/", "")
        with contextlib.suppress(OSError):
            self._signed("DELETE", instance, "openOrders", symbol=wire)
        tick, step = self._rules[instance][wire]
        asks = [self._best_ask(code, wire) for code in INSTANCES if code != instance]
        price = (max(asks) * ABOVE).quantize(tick, rounding=ROUND_DOWN)
        book = self._public(instance, "depth", symbol=wire, limit="500")
        taken = sum((Decimal(q) for p, q in book["asks"] if Decimal(p) <= price), Decimal(0))
        quantity = (taken + OFFERED / price).quantize(step, rounding=ROUND_DOWN)
        self._signed(
            "POST", instance, "order", symbol=wire, side="BUY", type="LIMIT",
            timeInForce="GTC", quantity=str(quantity), price=str(price),
        )  # fmt: skip
        self.bids += 1

    def _rules_of(self, instance: str) -> dict[str, tuple[Decimal, Decimal]]:
        """{wire symbol: (price step, quantity step)}."""
        found = {}
        for each in self._public(instance, "exchangeInfo")["symbols"]:
            filters = {row["filterType"]: row for row in each["filters"]}
            found[each["symbol"]] = (
                Decimal(filters["PRICE_FILTER"]["tickSize"]).normalize(),
                Decimal(filters["LOT_SIZE"]["stepSize"]).normalize(),
            )
        return found

    def _best_ask(self, instance: str, wire: str) -> Decimal:
        return Decimal(self._public(instance, "ticker/bookTicker", symbol=wire)["askPrice"])

    def _public(self, instance: str, path: str, **words: str) -> Any:
        return self._ask("GET", f"{self._url}/{instance}/api/v3/{path}?{urlencode(words)}", {})

    def _signed(self, method: str, instance: str, path: str, **words: str) -> Any:
        account = self._keys[instance]
        text = urlencode({**words, "timestamp": str(int(time.time() * 1000))})
        seal = hmac.new(account["secret"].encode(), text.encode(), hashlib.sha256).hexdigest()
        url = f"{self._url}/{instance}/api/v3/{path}?{text}&signature={seal}"
        return self._ask(method, url, {"X-MBX-APIKEY": account["key"]})

    def _ask(self, method: str, url: str, headers: dict[str, str]) -> Any:
        request = urllib.request.Request(url, method=method, headers=headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return json.load(answer)


@contextmanager
def moving(site: Any, seed: int) -> Iterator[Mover]:
    """A mover at work in a thread of its own."""
    mover = Mover(site, seed)
    thread = threading.Thread(target=mover.run, name="mover", daemon=True)
    thread.start()
    try:
        yield mover
    finally:
        mover.stop()
        thread.join(15)
