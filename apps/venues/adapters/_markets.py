"""What every exchange shares below its account: the raw client, its markets, public questions.

A raw client speaks in ccxt's unified dictionaries, whether ccxt made it or `_native.py`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

from apps.venues.adapters import _parsing as parsing
from apps.venues.adapters import _translation as translation
from apps.venues.adapters._translation import asking
from apps.venues.domain.errors import CapabilityMissing, RefusalReason, VenueUnavailable
from apps.venues.domain.ports import BookLevels, Capability, InstrumentInfo, VenueSpec

MARKETS_KEPT = 300.0  # seconds that clients of one venue share a list of markets
_markets: dict[str, tuple[float, Any]] = {}  # {venue and address: (read at, a keyless client)}
_guard = threading.Lock()


class MarketQuestions:
    """`MarketData` over one raw client. Not thread-safe: one thread at a time."""

    spec: ClassVar[VenueSpec]
    config: ClassVar[Mapping[str, Any]] = {}  # laid over the ccxt class's own description
    credential_names: ClassVar[Mapping[str, str]] = {
        "key": "apiKey",
        "secret": "secret",
        "passphrase": "password",
    }

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        spec = cls.__dict__.get("spec")
        file = cls.__module__.rpartition(".")[2]
        if spec is not None and spec.code.partition(".")[0] != file:
            raise TypeError(f"{spec.code} must live in {spec.code}.py, not in {file}.py")

    def __init__(
        self, credentials: Mapping[str, str], options: Mapping[str, Any] | None = None
    ) -> None:
        """No network here. `options` are laid over ccxt's configuration (urls, timeout...)."""
        self._options = dict(options or {})
        self._keyed = bool(credentials)
        self._client = self._made(
            {self.credential_names[name]: value for name, value in credentials.items()}
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.spec.code}>"

    def warm(self) -> None:
        """Have the markets. Idempotent; raises VenueUnavailable and its like."""
        if not self._client.markets:
            self._client.set_markets_from_exchange(self._market_source(MARKETS_KEPT))

    def share_markets(self, other: MarketQuestions) -> None:
        """Take over what another client of the same venue has loaded."""
        if other._client.markets:
            self._client.set_markets_from_exchange(other._client)

    def close(self) -> None:
        self._client.session.close()

    # --- public questions

    def instruments(self) -> list[InstrumentInfo]:
        source = self._market_source(60.0)
        self._client.set_markets_from_exchange(source)
        return [self.info(market) for market in source.markets.values() if self.is_offered(market)]

    def info(self, market: Mapping[str, Any]) -> InstrumentInfo:
        return parsing.instrument(market, self._client.precisionMode)

    def is_offered(self, market: Mapping[str, Any]) -> bool:
        """Whether a market is one that this adapter trades."""
        return bool(market.get("spot"))

    def book(self, symbol: str, *, depth: int = 50) -> BookLevels:
        self._market(symbol)
        with asking(self.spec.label, symbol):
            raw = self._client.fetch_order_book(symbol, self.book_limit(depth))
            return parsing.book(symbol, raw, depth)

    def book_limit(self, depth: int) -> int | None:
        """The nearest number of levels that the venue takes."""
        return depth

    def clock_skew(self) -> timedelta:
        """Ours minus theirs, at the middle of the call; by the Date header to half a second."""
        with asking(self.spec.label):
            before = time.time()
            theirs = self._venue_time()
            ours = (before + time.time()) / 2
        return timedelta(seconds=ours - theirs)

    def _venue_time(self) -> float:
        if self._client.has.get("fetchTime") is True:
            return float(self._client.fetch_time()) / 1000
        self._client.fetch_order_book(next(iter(self._client.symbols)))
        date = self._client.last_response_headers["Date"]
        return parsedate_to_datetime(date).timestamp() + 0.5

    # --- what every question needs

    def _require(self, capability: Capability) -> None:
        if capability not in self.spec.capabilities:
            raise CapabilityMissing(venue=self.spec.label, need=capability.value)

    def _market(self, symbol: str) -> Mapping[str, Any]:
        self.warm()
        market: Mapping[str, Any] | None = self._client.markets.get(symbol)
        if market is None or not self.is_offered(market):
            raise translation.rejected(
                self.spec.label, RefusalReason.SYMBOL_UNKNOWN, asset="", symbol=symbol
            )
        return market

    # --- the client underneath

    def _made(self, keys: Mapping[str, str]) -> Any:
        """A raw client with these keys and our options; no network."""
        raise NotImplementedError

    def load(self, source: Any) -> None:
        """Read the markets of a keyless client."""
        source.load_markets()

    def _market_source(self, young: float) -> Any:
        """A keyless client that read the markets less than `young` seconds ago."""
        place = f"{self.spec.code} {self._client.urls.get('api')}"
        with _guard:
            read_at, source = _markets.get(place, (0.0, None))
        if source is not None and time.monotonic() - read_at < young:
            return source
        source = self._made({})
        with asking(self.spec.label):
            self.load(source)
            for name in source.options.get("marketHelperProps", ()):
                source.options.setdefault(name, None)  # ccxt copies them without looking
            if not source.markets:
                raise VenueUnavailable(venue=self.spec.label)
        with _guard:
            _markets[place] = (time.monotonic(), source)
        return source


def markets_forget() -> None:
    """Read every venue's markets anew at the next question."""
    with _guard:
        _markets.clear()
