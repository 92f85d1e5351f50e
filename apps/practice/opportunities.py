"""Measures how often the simulated world offers cross-venue profit, without anybody trading in it.

    python -m apps.practice.opportunities [seconds] [net_bps] [notional]

An opportunity is an episode (ended by half a second without it) in which buying `notional` USDT on
one venue and selling it on another, both as taker and through the depth, nets `net_bps` after fees.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from apps.practice.config import config_parse
from apps.practice.demo import SEED, demo_config
from apps.practice.domain.matching import Book, Side
from apps.practice.domain.rules import SymbolRules
from apps.practice.domain.world import ASSETS, STEP
from apps.practice.sources.simulated import SimulatedSource
from apps.practice.tape import Candle

ENDED_AFTER = 5  # steps


@dataclass
class Books:
    """A market that only keeps its books."""

    rules: Mapping[str, SymbolRules]
    books: dict[str, Book] = field(default_factory=dict)

    def quote(
        self, symbol: str, bids: Mapping[int, int], asks: Mapping[int, int], *, full: bool = False
    ) -> None:
        self.books.setdefault(symbol, Book()).quote(bids, asks, full=full)

    def trade(self, symbol: str, side: Side, ticks: int, lots: int) -> None:
        self.books[symbol].take(side, ticks, lots)

    def absorb(self, symbol: str, candle: Candle) -> None:
        """A measure keeps no charts."""


def opportunities_measure(
    seconds: float, net_bps: float, notional: float, seed: int = SEED
) -> dict[str, float]:
    """Episodes a minute over all pairs, their median length in s, and their best net in bps."""
    config = config_parse(demo_config(seed))
    members = {item.code: list(item.rules) for item in config.instances}
    source = SimulatedSource(seed, members)
    markets = {item.code: Books(item.rules) for item in config.instances}
    fees = {item.code: float(item.taker_fee) for item in config.instances}
    standing: dict[tuple[str, str, str], list[float]] = {}
    ended: list[list[float]] = []
    for step in range(int(seconds / STEP)):
        source.advance(markets)
        for symbol in source.symbols:
            for buy in fees:
                for sell in fees:
                    net = _net(markets, symbol, buy, sell, fees, notional)
                    if net >= net_bps:
                        episode = standing.setdefault((symbol, buy, sell), [step, step, net])
                        episode[1:] = [step, max(net, episode[2])]
        over = [key for key, episode in standing.items() if step - episode[1] > ENDED_AFTER]
        ended.extend(standing.pop(key) for key in over)
    lengths = sorted((last - first + 1) * STEP for first, last, _ in ended)
    bests = sorted(best for _, _, best in ended)
    middle = len(ended) // 2
    return {
        "per_minute": len(ended) / seconds * 60,
        "median_seconds": lengths[middle] if ended else 0.0,
        "median_best_net_bps": bests[middle] if ended else 0.0,
    }


def _net(
    markets: Mapping[str, Books],
    symbol: str,
    buy: str,
    sell: str,
    fees: Mapping[str, float],
    notional: float,
) -> float:
    """Net bps of buying at `buy` and selling at `sell`; minus infinity when it cannot be."""
    if buy == sell:
        return float("-inf")
    asks, bids = markets[buy].books[symbol].asks, markets[sell].books[symbol].bids
    best_ask, best_bid = asks.best(), bids.best()
    if best_ask is None or best_bid is None or best_bid <= best_ask:
        return float("-inf")
    rules = markets[buy].rules[symbol]
    usdt = ASSETS[rules.quote].price if rules.quote in ASSETS else 1.0
    lots = max(1, int(notional / usdt / (best_ask * float(rules.unit))))
    spent = markets[buy].books[symbol].cost(Side.BUY, lots)
    got = markets[sell].books[symbol].cost(Side.SELL, lots)
    return (got * (1 - fees[sell]) / (spent * (1 + fees[buy])) - 1) * 1e4


def main() -> None:
    given = [float(value) for value in sys.argv[1:]]
    seconds, net_bps, notional = (given + [600.0, 5.0, 1_000.0][len(given) :])[:3]
    for name, value in opportunities_measure(seconds, net_bps, notional).items():
        sys.stdout.write(f"{name} {value:.2f}\n")


if __name__ == "__main__":
    main()
