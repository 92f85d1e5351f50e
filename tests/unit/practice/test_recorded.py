"""Recorded markets: nothing executable in minutes without volume, no profit out of nowhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.practice.domain.matching import Book
from apps.practice.listing import rules_for
from apps.practice.sources import SourceUnavailable
from apps.practice.sources.recorded import (
    PAIRED,
    Bar,
    CandleSource,
    book_of,
    find_file,
)
from apps.practice.sources.streamed import play_message, recorded_messages, symbol_of

RULES = rules_for("BTC/USDC", {})


class Market:
    """A book and nothing else."""

    def __init__(self) -> None:
        self.book = Book()
        self.rules = {"BTC/USDT": rules_for("BTC/USDT", {})}

    def quote(self, symbol: str, bids: dict, asks: dict, *, full: bool = False) -> None:
        self.book.quote(bids, asks, full=full)

    def trade(self, symbol: str, side: object, ticks: int, lots: int) -> None:
        self.book.take(side, ticks, lots)  # type: ignore[arg-type]


def test_a_minute_without_volume_has_an_empty_book() -> None:
    assert book_of(Bar(0, 100, 101, 99, 100, 0), RULES) == ({}, {})


@given(
    close=st.floats(1_000, 100_000),
    spread=st.floats(0, 0.05),
    volume=st.floats(0.00001, 1_000),
)
def test_a_candles_book_stands_away_from_the_close_and_below_its_volume(
    close: float, spread: float, volume: float
) -> None:
    bar = Bar(0, close, close * (1 + spread), close * (1 - spread), close, volume)

    bids, asks = book_of(bar, RULES)

    if bids:
        away = max(1e-4 * close, 0.25 * (bar.high - bar.low))
        tick = float(RULES.tick)
        assert max(bids) * tick <= close - away + 1e-6
        assert min(asks) * tick >= close + away - 1e-6
        assert sum(bids.values()) * float(RULES.step) <= volume * 0.1 + 1e-9


def test_a_path_without_recordings_is_refused_with_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="holds no recording"):
        find_file(tmp_path)


def test_a_stream_file_says_its_symbol() -> None:
    assert symbol_of(Path("spot_btcusdt_20240808.gz")) == "BTC/USDT"


def recorded() -> Path:
    return Path(os.environ["CRYONEL_RECORDED_DATA"])


@pytest.mark.recorded
def test_both_exchanges_play_the_same_minutes() -> None:
    source = CandleSource(find_file(recorded()), ["kraken", "binanceus"], 60)

    assert source.path.name == PAIRED
    minutes = [{bar.ts for bar in bars} for bars in source.series.values()]
    assert all(source.start in known for known in minutes)
    assert source.start < source.end


@pytest.mark.recorded
def test_a_raw_recording_keeps_the_book_its_best_prices_tell() -> None:
    """After every depth diff the book's top is one that bookTicker told around that time."""
    market, told, checked = Market(), [], 0
    rules = market.rules["BTC/USDT"]
    path = next(recorded().rglob("spot_btcusdt_20240808.gz"))
    for number, (_, data) in enumerate(recorded_messages(path)):
        play_message(market, rules, data)
        bid, ask = market.book.bids.best(), market.book.asks.best()
        assert bid is not None
        assert ask is not None
        assert bid < ask
        if "B" in data:
            told.append((data["b"], data["a"]))
        elif data.get("e") == "depthUpdate":
            top = (f"{rules.price(bid):.8f}", f"{rules.price(ask):.8f}")
            checked += top in told[-400:]
        if number > 4_000:
            break
    assert checked > 100
