"""Minute candles of one instance kept across restarts, so that charts tell what happened.

One JSON line a symbol and minute with trades; a later line of the same minute replaces an earlier
one. A torn last line (kill -9) is left out. No money hangs on this file: it is not the journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path

import orjson

from apps.practice.tape import MINUTE, Candle

KEPT_MINUTES = 1_440


class CandleLog:
    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, now: int) -> dict[str, list[Candle]]:
        """The last day's bars by symbol, oldest first; forgets the older ones."""
        kept: dict[tuple[int, str], Candle] = {}
        lines = self.path.read_bytes().splitlines() if self.path.exists() else []
        for line in lines:
            try:
                symbol, opened, trades, *amounts = orjson.loads(line)
                bar = _candle(int(opened), int(trades), amounts)
            except (ValueError, TypeError, ArithmeticError):
                continue
            if opened > now - KEPT_MINUTES * MINUTE:
                kept[opened, symbol] = bar
        if len(lines) > 2 * len(kept):
            fresh = self.path.with_suffix(".new")
            fresh.write_bytes(b"".join(_line(symbol, bar) for (_, symbol), bar in kept.items()))
            fresh.replace(self.path)
        found: dict[str, list[Candle]] = {}
        for (_, symbol), bar in sorted(kept.items(), key=lambda item: item[0]):
            found.setdefault(symbol, []).append(bar)
        return found

    def append(self, bars: Mapping[str, Iterable[Candle]]) -> None:
        lines = [_line(symbol, bar) for symbol, some in bars.items() for bar in some]
        if lines:
            with self.path.open("ab") as file:
                file.write(b"".join(lines))

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)


def _line(symbol: str, bar: Candle) -> bytes:
    amounts = (bar.open, bar.high, bar.low, bar.close)
    volumes = (bar.volume, bar.quote_volume, bar.taken, bar.quote_taken)
    texts = [f"{amount:f}" for amount in (*amounts, *volumes)]
    return orjson.dumps([symbol, bar.opened, bar.trades, *texts]) + b"\n"


def _candle(opened: int, trades: int, texts: Iterable[str]) -> Candle:
    opening, high, low, close, volume, quote_volume, taken, quote_taken = map(Decimal, texts)
    return Candle(
        opened, opening, high, low, close, volume, quote_volume, trades, taken, quote_taken
    )
