"""Rows of the spread board: what pages, programs and sockets are told of one venue pair.

Amounts and fractions are strings with fixed decimals ("0.001500" is 0.15 %), so that a row is the
same on the wire, in Redis and in HTML. A figure that is not known is None and `reason` says why;
it is never zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from apps.core.domain.errors import gettext_noop
from apps.markets.domain.scanned import Figures, ScannedPair

# What one row spends on the buying venue, in units of the quote. Other quotes: DEFAULT_NOTIONAL.
NOTIONALS: Mapping[str, Decimal] = {
    "BTC": Decimal("0.01"),
    "ETH": Decimal("0.3"),
    "JPY": Decimal(150_000),
    "TRY": Decimal(40_000),
}
DEFAULT_NOTIONAL = Decimal(1000)

STATES = {  # BookUnusable.reason -> state of the row
    "stale": "stale",
    "gap": "gapped",
    "checksum": "gapped",
    "crossed": "gapped",
    "awaited": "missing",
    "one-sided": "thin",
}
REASONS = {
    "stale": gettext_noop("{venue} has sent nothing for a while"),
    "gap": gettext_noop("updates of {venue} are missing"),
    "checksum": gettext_noop("the book of {venue} fails its checksum"),
    "crossed": gettext_noop("the book of {venue} is crossed"),
    "awaited": gettext_noop("{venue} has not sent its book yet"),
    "one-sided": gettext_noop("one side of {venue}'s book is empty"),
}
SHALLOW = gettext_noop("the books hold less than the board's notional")
FEE_UNKNOWN = gettext_noop("the taker fee is not known")


@dataclass(frozen=True, slots=True)
class VenueFace:
    """How a venue is shown."""

    code: str
    label: str
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadRow:
    """One ordered venue pair of a symbol. at: when the older of its books came, UTC ms."""

    key: str
    symbol: str
    buy_venue: str
    sell_venue: str
    buy_label: str
    sell_label: str
    gross: str | None
    fees: str | None
    slippage: str | None
    net: str | None
    quantity: str | None  # base
    notional: str | None  # quote really walked on the buying venue
    age_ms: int | None
    at: int | None
    state: str  # ok, stale, gapped, thin, missing
    reason: str
    simulated: bool

    @property
    def net_fraction(self) -> Decimal | None:
        return None if self.net is None else Decimal(self.net)

    @property
    def quote(self) -> str:
        return quote_of(self.symbol)

    @property
    def facts(self) -> tuple[object, ...]:
        """What makes a row worth sending again; its age alone does not."""
        return (self.gross, self.fees, self.slippage, self.net, self.quantity, self.state,
                self.reason, self.notional)  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SpreadRow:
        return cls(**{name: data[name] for name in cls.__dataclass_fields__})

    def frozen_since(self, *, reason: str, older_ms: int) -> SpreadRow:
        """The row as it must be shown when nobody has refreshed it for `older_ms`."""
        return replace(
            self,
            state="missing" if self.gross is None else "stale",
            reason=reason,
            age_ms=None if self.age_ms is None else self.age_ms + older_ms,
        )


def notional_for(symbol: str) -> Decimal:
    """Quote units that the board walks the books of this symbol for."""
    return NOTIONALS.get(quote_of(symbol), DEFAULT_NOTIONAL)


def quote_of(symbol: str) -> str:
    """USDT of BTC/USDT, USDC of BTC/USDC:USDC."""
    return symbol.partition("/")[2].partition(":")[0]


def dashed(symbol: str) -> str:
    """The symbol as addresses carry it: BTC-USDT."""
    return symbol.replace("/", "-")


def undashed(text: str) -> str:
    """BTC-USDT -> BTC/USDT; only the last dash parts base and quote."""
    base, _, quote = text.upper().rpartition("-")
    return f"{base}/{quote}"


def row(
    pair: ScannedPair, *, buy: VenueFace, sell: VenueFace, received_at: float, now: float
) -> SpreadRow:
    """`received_at`: UTC seconds of the older of the two books, -inf when one never came."""
    known = math.isfinite(received_at)
    state, reason = _condition(pair, buy, sell)
    figures = pair.figures if pair.figures is not None else None
    return SpreadRow(
        key=f"{pair.symbol}|{pair.buy_venue}|{pair.sell_venue}",
        symbol=pair.symbol,
        buy_venue=pair.buy_venue,
        sell_venue=pair.sell_venue,
        buy_label=buy.label,
        sell_label=sell.label,
        gross=_fraction(figures.gross) if figures else None,
        fees=_fraction(figures.fees) if figures else None,
        slippage=_fraction(figures.slippage) if figures else None,
        net=_fraction(figures.net) if figures else None,
        quantity=f"{figures.quantity:.8f}" if figures else None,
        notional=f"{figures.buy_quote:.2f}" if figures else None,
        age_ms=max(0, round((now - received_at) * 1000)) if known else None,
        at=round(received_at * 1000) if known else None,
        state=state,
        reason=reason,
        simulated=buy.simulated or sell.simulated,
    )


def _condition(pair: ScannedPair, buy: VenueFace, sell: VenueFace) -> tuple[str, str]:
    if pair.unavailable is not None:
        code, _, word = pair.unavailable.partition(": ")
        label = buy.label if code == buy.code else sell.label
        return STATES.get(word, "missing"), REASONS.get(word, pair.unavailable).format(venue=label)
    figures: Figures | None = pair.figures
    if figures is None or math.isnan(figures.net):
        return "missing", FEE_UNKNOWN
    return ("ok", "") if figures.complete else ("thin", SHALLOW)


def _fraction(value: float) -> str | None:
    if math.isnan(value):
        return None
    text = f"{value:.6f}"
    return "0.000000" if text == "-0.000000" else text


def amount(value: float) -> str:
    """A book's float as the plain decimal text that it was read from."""
    text = repr(value)
    if "e" in text:
        text = format(Decimal(text), "f")
    return text.removesuffix(".0")
