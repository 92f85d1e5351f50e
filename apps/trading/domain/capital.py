"""How a bot's capital is split: a bot buys with the quote and sells what it holds of the base.

The rule, as people are told it: the capital in equal parts on each of the bot's connections, in
the quote of its pairs; and on each of them as much again in the bases, in equal parts by pair, at
the price of the moment the bot is started. The amounts stand until it is stopped: what a trade
moves from one venue to another does not move them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import ROUND_DOWN, Decimal

from apps.core.domain.money import BOOKED
from apps.trading.domain.legs import assets_of
from apps.trading.domain.risk.facts import Claim


def quotes_of(symbols: Collection[str]) -> set[str]:
    return {assets_of(symbol)[1] for symbol in symbols}


def capital_split(
    capital: Decimal,
    *,
    connection_ids: Collection[int],
    symbols: Collection[str],
    prices: Mapping[str, Decimal],
) -> dict[Claim, Decimal]:
    """{(connection, asset): amount to set aside}. Symbols share one quote; prices by symbol."""
    (quote,) = quotes_of(symbols)
    part = capital / len(connection_ids)
    found: dict[Claim, Decimal] = {}
    for number in connection_ids:
        found[number, quote] = part.quantize(BOOKED, ROUND_DOWN)
        for symbol in symbols:
            each = part / len(symbols) / prices[symbol]
            found[number, assets_of(symbol)[0]] = each.quantize(BOOKED, ROUND_DOWN)
    return found
