"""A raw client of our own, for an exchange that ccxt does not know.

It stands where a ccxt client stands: same session, same exact numbers, same error classes, and the
unified dictionaries that `_parsing.py` reads. A venue's file adds its addresses, its signature and
how it names things.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

import requests

from apps.venues.adapters._bulk import BulkCommands
from apps.venues.adapters._loader import ccxt_errors
from apps.venues.adapters._parsing import TICK_SIZE
from apps.venues.adapters._wire import TIMEOUT_MS, shared_session

LONGEST_PAUSE = 3600.0  # seconds that a Retry-After is obeyed
_paused: dict[tuple[str, str], float] = {}  # {(address, key): when it may be asked again}


class NativeClient:
    """One REST API over `requests`. Not thread-safe.

    `wrote` says whether a request that can change something has left since it was reset. Errors
    are ccxt's classes, so that the one translation table decides about both kinds of client.
    """

    api: ClassVar[str]  # https://host/prefix
    has: ClassVar[Mapping[str, Any]] = {}
    precisionMode: ClassVar[int] = TICK_SIZE

    def __init__(self) -> None:
        self.session = shared_session()
        self.urls: dict[str, Any] = {"api": self.api}
        self.options: dict[str, Any] = {}
        self.markets: dict[str, Any] = {}
        self.timeout = TIMEOUT_MS
        self.apiKey = self.secret = ""
        self.wrote = False

    @property
    def symbols(self) -> list[str]:
        return sorted(self.markets)

    def load_markets(self) -> None:
        self.markets = {market["symbol"]: market for market in self.fetch_markets()}

    def set_markets_from_exchange(self, other: NativeClient) -> None:
        self.markets = other.markets

    def fetch_markets(self) -> list[dict[str, Any]]:
        """The tradable pairs in ccxt's unified form."""
        raise NotImplementedError

    def price_to_precision(self, symbol: str, price: str) -> str:
        """The price on the market's grid, towards zero."""
        step = Decimal(self.markets[symbol]["precision"]["price"])
        return f"{Decimal(price) // step * step:f}"

    def sign(self, method: str, path: str, body: str) -> Mapping[str, str]:
        """Headers of a signed request. `path` is all of the address after the host."""
        raise NotImplementedError

    def problem(self, status: int, told: Any) -> Exception:
        """What an answer of this status means, as one of ccxt's errors."""
        raise NotImplementedError

    def ask(self, path: str, *, signed: bool = False, **question: Any) -> Any:
        """GET. A question of nested filters carries them as JSON text."""
        asked = f"?{urlencode(question)}" if question else ""
        return self._sent("GET", path + asked, "", signed)

    def command(self, method: str, path: str, said: Mapping[str, Any]) -> Any:
        self.wrote = True
        return self._sent(method, path, exact_json(said), True)

    def _sent(self, method: str, path: str, body: str, signed: bool) -> Any:
        errors = ccxt_errors()
        key = self.apiKey if signed else ""
        address = self.urls["api"] + path
        place = (self.urls["api"], key)
        if _paused.get(place, 0.0) > time.monotonic():
            self.wrote = False  # nothing leaves
            raise errors.RateLimitExceeded("asked to wait")
        headers = {"Content-Type": "application/json"} if body else {}
        if signed:
            parts = urlsplit(address)
            whole = parts.path + (f"?{parts.query}" if parts.query else "")
            headers |= self.sign(method, whole, body)
        answer = self.session.request(
            method,
            address,
            data=body or None,
            headers=headers,
            timeout=self.timeout / 1000,
            allow_redirects=False,
        )
        _obey(place, answer)
        told = _read(answer)
        if answer.status_code >= 300:
            raise self.problem(answer.status_code, told)
        if not isinstance(told, dict | list) or told == {}:
            raise errors.BadResponse("an answer without content")
        return told


class NativeVenue(BulkCommands):
    """`TradingVenue` over a client of our own."""

    client_class: ClassVar[type[NativeClient]]

    def _made(self, keys: Mapping[str, str]) -> Any:
        client = self.client_class()
        settings: dict[str, Any] = {**self._options, **keys}
        for name, value in settings.items():
            known = getattr(client, name, None)
            setattr(client, name, {**known, **value} if isinstance(known, dict) else value)
        return client


def exact_json(said: Mapping[str, Any]) -> str:
    """JSON in which a Decimal is a number with all of its digits."""
    told = {k: f"{v:f}" if isinstance(v, Decimal) else json.dumps(v) for k, v in said.items()}
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in told.items()) + "}"


def _read(answer: requests.Response) -> Any:
    """The answer's JSON, decimals as text; None for a page of HTML."""
    try:
        return json.loads(answer.content, parse_float=str)
    except ValueError:
        return None


def _obey(place: tuple[str, str], answer: requests.Response) -> None:
    """Keep silent for as long as a 429 asks."""
    if answer.status_code != 429:
        return
    told = answer.headers.get("Retry-After", "")
    seconds = min(float(told), LONGEST_PAUSE) if told.isdigit() else 1.0
    _paused[place] = time.monotonic() + seconds
