"""What an order on a symbol must satisfy: the venue's filters, and prices and sizes as integers.

Books count in ticks (price steps) and lots (size steps), so matching is exact integer work;
amounts of money appear only where a fill is booked.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from apps.practice.domain.refusals import filter_failed

CENT8 = Decimal("1e-8")  # the venue books every asset at eight decimals, as Binance does


class RulesImpossible(ValueError):
    """A symbol's rules contradict each other; the configuration must be corrected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolRules:
    """Filters of one symbol. Prices in quote units, quantities in base units."""

    symbol: str
    tick: Decimal
    step: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    market_max_quantity: Decimal
    max_price: Decimal
    min_notional: Decimal
    max_notional: Decimal = Decimal(9_000_000)
    percent_up: Decimal = Decimal(5)
    percent_down: Decimal = Decimal("0.2")
    max_orders: int = 200
    max_algo_orders: int = 25  # that wait for a price
    trailing_delta: tuple[int, int] = (10, 2000)  # BIPS, the least and the most

    def __post_init__(self) -> None:
        if self.symbol.count("/") != 1:
            raise RulesImpossible(f"symbol {self.symbol!r} is not of the form BASE/QUOTE")
        if min(self.tick, self.step, self.min_quantity, self.min_notional) <= 0:
            raise RulesImpossible(f"{self.symbol}: tick, step and minima must be positive")
        if (self.tick * self.step) % CENT8:
            raise RulesImpossible(
                f"{self.symbol}: tick {self.tick} x step {self.step} is finer than eight decimals"
            )
        if self.min_quantity % self.step:
            raise RulesImpossible(f"{self.symbol}: min_quantity is no multiple of step")

    @property
    def id(self) -> str:
        """The symbol as the dialect writes it: BTCUSDT."""
        return self.symbol.replace("/", "")

    @property
    def base(self) -> str:
        return self.symbol.split("/")[0]

    @property
    def quote(self) -> str:
        return self.symbol.split("/")[1]

    @property
    def unit(self) -> Decimal:
        """Quote amount of one lot at a price of one tick."""
        return self.tick * self.step

    def price(self, ticks: int) -> Decimal:
        return ticks * self.tick

    def quantity(self, lots: int) -> Decimal:
        return lots * self.step

    def ticks(self, price: Decimal) -> int:
        """Price in ticks; a price off the grid or outside the range fails PRICE_FILTER."""
        if not self.tick <= price <= self.max_price or price % self.tick:
            raise filter_failed("PRICE_FILTER")
        return int(price / self.tick)

    def lots(self, quantity: Decimal, *, market: bool = False) -> int:
        """Quantity in lots; LOT_SIZE always applies, MARKET_LOT_SIZE to market orders as well."""
        if not self.min_quantity <= quantity <= self.max_quantity or quantity % self.step:
            raise filter_failed("LOT_SIZE")
        if market and quantity > self.market_max_quantity:
            raise filter_failed("MARKET_LOT_SIZE")
        return int(quantity / self.step)

    def require_notional(self, notional: Decimal) -> None:
        if not self.min_notional <= notional <= self.max_notional:
            raise filter_failed("NOTIONAL")

    def require_near(self, price: Decimal, reference: Decimal | None) -> None:
        """Refuse a price far from the last one; a book without any price cannot judge."""
        if reference is None:
            return
        if not self.percent_down * reference <= price <= self.percent_up * reference:
            raise filter_failed("PERCENT_PRICE_BY_SIDE")
