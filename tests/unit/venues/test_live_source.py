from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.practice.sources.choice import LIVE_PORT, live_source
from apps.venues.domain.ports import StreamDown
from apps.venues.streams.public import PublicMarketSource, on_grid
from tests.fakes.practice import manual_config
from tests.fakes.streams import ScriptedStream, frame


@dataclass(frozen=True)
class Rules:
    tick: Decimal = Decimal("0.5")
    step: Decimal = Decimal("0.1")


@dataclass
class Quoted:
    rules: dict = field(default_factory=lambda: {"BTC/USDT": Rules()})
    said: list = field(default_factory=list)

    def quote(self, symbol, bids, asks, *, full=False) -> None:
        self.said.append((symbol, bids, asks, full))


@pytest.fixture
def stream() -> ScriptedStream:
    return ScriptedStream()


async def driven(stream: ScriptedStream) -> list:
    market = Quoted()
    source = PublicMarketSource("binance", ["BTC/USDT"], lambda exchange: stream)
    stream.said.put_nowait(None)  # the stream ends there
    await asyncio.wait_for(source.run({"alpha": market}), 5)
    return market.said


async def test_levels_are_quoted_in_ticks_and_lots(stream):
    stream.say(frame(bids=[(99.0, 2.0)], asks=[(100.0, 0.25)]))
    stream.say(frame(snapshot=False, bids=[(99.0, 0.0)], asks=[]))

    assert await driven(stream) == [
        ("BTC/USDT", {198: 20}, {200: 2}, True),
        ("BTC/USDT", {198: 0}, {}, False),
    ]
    assert stream.closed


async def test_a_lost_book_is_emptied(stream):
    stream.say(StreamDown(symbols=("BTC/USDT", "OTHER/USDT"), reason="gone"))

    assert await driven(stream) == [("BTC/USDT", {}, {}, True)]


prices = st.decimals("0.01", "99999", places=2).map(float)


@given(price=prices, quantity=st.decimals("0", "1000", places=3).map(float))
def test_a_quote_is_never_better_than_the_exchange(price, quantity):
    for rounding, better in ((ROUND_FLOOR, 1), (ROUND_CEILING, -1)):
        for ticks, lots in on_grid([(price, quantity)], Rules(), rounding=rounding).items():
            assert better * (ticks * Rules.tick - Decimal(repr(price))) <= 0
            assert lots * Rules.step <= Decimal(repr(quantity))


def test_the_practice_venue_finds_the_live_source_by_its_name():
    (member,) = manual_config(("alpha",)).instances

    source = live_source(LIVE_PORT, {"exchange": "binance"}, member)

    assert source.kind == "live"
    assert source.describe("alpha")["simulated"] is False
