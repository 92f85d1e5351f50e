"""A market goes on where it stood, exactly; another market does not."""

from __future__ import annotations

import gzip
import logging
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
import pytest

from apps.practice.candles import CandleLog
from apps.practice.continuity import Continuity
from apps.practice.domain.matching import Book, Side
from apps.practice.domain.rules import SymbolRules
from apps.practice.domain.world import PositionUnusable, World
from apps.practice.listing import rules_for
from apps.practice.sources.manual import ManualSource
from apps.practice.sources.recorded import CandleSource
from apps.practice.sources.simulated import SimulatedSource
from apps.practice.sources.streamed import StreamSource
from apps.practice.tape import MINUTE, Candle, Tape

SYMBOLS = ["BTC/USDT", "ETH/BTC", "ETH/USDT"]
MEMBERS = {"alpha": SYMBOLS, "beta": SYMBOLS}


def stored(position: Any) -> Any:
    return orjson.loads(orjson.dumps(position))


def simulated(seed: int = 7, members: Any = None) -> SimulatedSource:
    return SimulatedSource(seed, members or MEMBERS)


class Market:
    """A book and nothing else."""

    def __init__(self, symbol: str) -> None:
        self.rules: dict[str, SymbolRules] = {symbol: rules_for(symbol, {})}
        self.book = Book()
        self.traded: list[int] = []

    def quote(self, symbol: str, bids: Any, asks: Any, *, full: bool = False) -> None:
        self.book.quote(bids, asks, full=full)

    def trade(self, symbol: str, side: Side, ticks: int, lots: int) -> None:
        self.traded.append(ticks)

    def absorb(self, symbol: str, candle: Candle) -> None:
        return None


def test_a_resumed_world_steps_like_one_that_never_stopped() -> None:
    world = World(7, SYMBOLS, 3)
    for _ in range(3_000):
        world.step()
        if world._arrivals:
            break
    other = World(7, SYMBOLS, 3)
    other.resume(stored(world.position()))

    assert other._arrivals
    expected = [world.step() for _ in range(500)]
    assert np.array_equal(expected, [other.step() for _ in range(500)])


@pytest.mark.parametrize(
    "damage",
    [{"level": [1.0]}, {"dice": {}}, {"steps": None}, {"arrivals": [[5, 9, [0.1, 0.1]]]}],
)
def test_a_position_that_does_not_fit_changes_nothing(damage: dict[str, Any]) -> None:
    world, untouched = World(7, SYMBOLS, 3), World(7, SYMBOLS, 3)

    with pytest.raises(PositionUnusable):
        world.resume(stored(world.position()) | damage)

    assert np.array_equal(world.step(), untouched.step())


def test_the_file_continues_the_market_and_knows_when_it_began(tmp_path: Path) -> None:
    first, source = Continuity(tmp_path / "positions.json"), simulated()
    assert first.take_up(["alpha", "beta"], source, 1_000) is None
    for _ in range(20):
        source.model.step()
    first.save()

    resumed = simulated()
    began = Continuity(tmp_path / "positions.json").take_up(["alpha", "beta"], resumed, 9_000)

    assert began == 1_000
    assert np.array_equal(resumed.model.step(), source.model.step())


@pytest.mark.parametrize(
    ("seed", "members"),
    [(8, MEMBERS), (7, {"alpha": [*SYMBOLS, "SOL/USDT"], "beta": SYMBOLS})],
    ids=["seed", "symbols"],
)
def test_another_configuration_starts_anew_and_says_so(
    tmp_path: Path, seed: int, members: Any, caplog: pytest.LogCaptureFixture
) -> None:
    kept, source = Continuity(tmp_path / "positions.json"), simulated()
    kept.take_up(["alpha", "beta"], source, 1_000)
    source.model.step()
    kept.save()

    other = simulated(seed, members)
    with caplog.at_level(logging.WARNING):
        began = Continuity(tmp_path / "positions.json").take_up(["alpha", "beta"], other, 2_000)

    assert (began, other.model.steps) == (None, 0)
    assert "the market of alpha,beta starts anew: its configuration changed" in caplog.text


def test_a_torn_file_starts_anew_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "positions.json"
    path.write_bytes(b'{"alpha": {"wor')

    assert Continuity(path).take_up(["alpha"], simulated(7, {"alpha": SYMBOLS}), 1) is None
    assert "cannot be read" in caplog.text


def test_a_manual_market_keeps_no_position(tmp_path: Path) -> None:
    kept = Continuity(tmp_path / "positions.json")

    assert kept.take_up(["alpha"], ManualSource(), 1) is None
    kept.save()
    assert not kept.path.exists()


def bar(minute: int, close: str, volume: str = "1") -> Candle:
    price = Decimal(close)
    return Candle(minute * MINUTE, price, price, price, price, Decimal(volume), price, 1)


def test_candles_come_back_and_the_later_line_of_a_minute_counts(tmp_path: Path) -> None:
    log = CandleLog(tmp_path / "candles.jsonl")
    log.append({"BTC/USDT": [bar(10, "1"), bar(11, "2")]})
    log.append({"BTC/USDT": [bar(11, "3")]})
    with log.path.open("ab") as file:
        file.write(b'["BTC/USDT", 720')

    assert log.read(12 * MINUTE) == {"BTC/USDT": [bar(10, "1"), bar(11, "3")]}


def test_candles_of_more_than_a_day_ago_are_forgotten(tmp_path: Path) -> None:
    log = CandleLog(tmp_path / "candles.jsonl")
    log.append({"BTC/USDT": [bar(minute, "1") for minute in range(5)]})

    assert log.read(1_444 * MINUTE) == {}
    assert log.path.read_bytes() == b""


def test_the_minutes_between_two_runs_stand_still() -> None:
    strip = Tape()
    strip.preload([bar(1, "100")])

    strip.resume([bar(2, "101"), bar(5, "103")])

    assert [(each.opened // MINUTE, each.close) for each in strip.minutes] == [
        (1, 100),
        (2, 101),
        (3, 101),
        (4, 101),
        (5, 103),
    ]


@pytest.fixture
def minutes(tmp_path: Path) -> Path:
    path = tmp_path / "candles.parquet"
    rows = [
        {
            "exchange": code,
            "symbol": "BTC/USDC",
            "ts": minute * MINUTE,
            "open": 100.0,
            "high": 101.0,
        }
        | {"low": 99.0, "close": 100.0 + minute, "volume": 5.0}
        for code in ("kraken", "binanceus")
        for minute in range(1, 6)
    ]
    pl.DataFrame(rows).write_parquet(path)
    return path


async def test_recorded_minutes_go_on_where_they_were(minutes: Path) -> None:
    source = CandleSource(minutes, ["kraken", "binanceus"], 100_000)
    source.resume(stored({"ts": 4 * MINUTE}))
    market = Market("BTC/USDC")
    closes: list[float] = []
    market.absorb = lambda symbol, candle: closes.append(float(candle.close))  # type: ignore[method-assign]

    await source.run({"kraken": market})

    assert closes == [104.0, 105.0]
    assert source.position() == {"ts": 6 * MINUTE}


async def test_recorded_minutes_that_ended_stay_ended(minutes: Path) -> None:
    source = CandleSource(minutes, ["kraken"], 100_000)
    source.resume({"ts": 6 * MINUTE})
    market = Market("BTC/USDC")
    market.quote("BTC/USDC", {100: 1}, {}, full=True)

    await source.run({"kraken": market})

    assert market.book.bids.best() is None


def test_a_minute_outside_the_file_is_refused(minutes: Path) -> None:
    with pytest.raises(ValueError, match="no minute of"):
        CandleSource(minutes, ["kraken"], 1).resume({"ts": 99 * MINUTE})


async def test_a_raw_stream_goes_on_without_trading_its_past_again(tmp_path: Path) -> None:
    path = tmp_path / "spot_btcusdt_20240101.gz"
    messages = [
        {"lastUpdateId": 5, "bids": [["100.00", "1"]], "asks": [["102.00", "1"]]},
        {"e": "depthUpdate", "u": 6, "b": [["100.00", "0"], ["101.00", "2"]], "a": []},
        {"e": "trade", "m": False, "p": "102.00", "q": "1"},
        {"e": "depthUpdate", "u": 7, "b": [["101.50", "3"]], "a": []},
        {"e": "trade", "m": False, "p": "103.00", "q": "1"},
    ]
    lines = [b"%d %b\n" % (i * 1_000, orjson.dumps(m)) for i, m in enumerate(messages, 1)]
    path.write_bytes(gzip.compress(b"".join(lines)))
    source, market = StreamSource(path, 1), Market("BTC/USDT")
    source.resume({"ns": 3_000})
    opened: list[Any] = []
    keep = market.quote

    def quote(symbol: str, bids: Any, asks: Any, *, full: bool = False) -> None:
        opened.append((dict(bids), dict(asks), full))
        keep(symbol, bids, asks, full=full)

    market.quote = quote  # type: ignore[method-assign]
    await source.run({"alpha": market})

    assert opened[0] == ({10_100: 200_000}, {10_200: 100_000}, True)
    assert market.traded == [10_300]
    assert source.position() == {"ns": 5_000}
