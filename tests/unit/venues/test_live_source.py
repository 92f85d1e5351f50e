from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.practice.config import config_parse
from apps.practice.sources import SourceUnavailable
from apps.practice.sources.choice import LIVE_PORT, live_source, sources_for
from apps.venues.domain.ports import StreamDown
from apps.venues.registry import adapter_for
from apps.venues.streams import offered, public
from apps.venues.streams.mirror import REPLENISH, STALE, MirroredSide, SymbolMirror
from tests.fakes.practice import manual_config
from tests.fakes.streams import frame

TERMS = {"tick": Decimal("0.5"), "step": Decimal("0.1")}


@dataclass(frozen=True)
class Rules:
    tick: Decimal = TERMS["tick"]
    step: Decimal = TERMS["step"]


class Told:
    """A market that writes down what it is told and shows what a test left in it."""

    def __init__(self) -> None:
        self.rules, self.said = {"BTC/USDT": Rules(Decimal(1), Decimal(1))}, []
        self.left: tuple[dict, dict] = ({}, {})

    def quote(self, symbol, bids, asks, *, full=False) -> None:
        self.said.append((dict(bids), dict(asks), full))

    def report(self, symbol, side, ticks, lots) -> None:
        self.said.append((side, ticks, lots))

    def mark(self, symbol, ticks) -> None:
        self.said.append(("mark", ticks))

    def standing(self, symbol):
        return self.left

    def list_symbol(self, symbol, terms) -> None:
        self.rules[symbol] = Rules(terms["tick"], terms["step"])

    def halt(self, symbol) -> None:
        self.said.append("halt")

    def heard(self) -> list:
        said, self.said = self.said, []
        return said


@pytest.fixture
def market() -> Told:
    return Told()


@pytest.fixture
def clock() -> SimpleNamespace:
    return SimpleNamespace(now=1_000.0)


@pytest.fixture
def mirror(market: Told, clock: SimpleNamespace) -> SymbolMirror:
    """Open, with a bid of 2 at 99 and an ask of 0.25 at 100, trades told."""
    made = SymbolMirror("BTC/USDT", market, lambda: clock.now)
    made.list(TERMS)
    made.trades_told = True
    made.frame(BOOK)
    assert market.heard() == [({198: 20}, {200: 2}, True)]
    return made


BOOK = frame(bids=[(99.0, 2.0)], asks=[(100.0, 0.25)])


def test_an_identical_frame_changes_nothing(mirror, market):
    mirror.frame(BOOK)

    assert market.heard() == []


def test_of_a_full_frame_only_the_changes_are_passed_on(mirror, market):
    mirror.frame(frame(bids=[(98.0, 1.0), (99.0, 2.0)], asks=[(100.5, 1.0)]))

    assert market.heard() == [({196: 10}, {200: 0, 201: 10}, False)]


def test_levels_on_one_tick_add_up_and_leave_one_by_one(mirror, market):
    mirror.frame(frame(snapshot=False, bids=[(99.1, 1.05), (99.2, 0.05)], asks=[]))
    mirror.frame(frame(snapshot=False, bids=[(99.0, 0.0)], asks=[]))

    assert market.heard() == [({198: 31}, {}, False), ({198: 11}, {}, False)]


def test_a_lost_book_is_emptied_until_it_is_told_whole(mirror, market):
    mirror.down()
    mirror.frame(frame(snapshot=False, bids=[(99.0, 1.0)], asks=[]))
    mirror.frame(BOOK)

    assert market.heard() == [({}, {}, True), ({198: 20}, {200: 2}, True)]


def test_a_silent_book_is_hidden_and_shown_again_with_what_it_then_says(mirror, market, clock):
    clock.now += STALE
    mirror.sweep()
    mirror.sweep()
    mirror.frame(frame(snapshot=False, bids=[(98.0, 1.0)], asks=[]))

    assert market.heard() == [({}, {}, True), ({198: 20, 196: 10}, {200: 2}, True)]


def test_what_was_taken_stands_again_after_the_replenish_time(mirror, market, clock):
    market.left = ({198: 5}, {200: 2})
    for _ in range(4):
        mirror.sweep()
        clock.now += REPLENISH / 4
        mirror.frame(frame(snapshot=False, bids=[], asks=[]))
    assert market.heard() == []

    mirror.sweep()

    assert market.heard() == [({198: 20}, {}, False)]


def test_the_replenish_time_starts_anew_with_the_exchanges_change(mirror, market, clock):
    market.left = ({198: 5}, {200: 2})
    mirror.sweep()
    clock.now += REPLENISH - 1
    mirror.frame(frame(snapshot=False, bids=[(99.0, 1.0)], asks=[]))
    clock.now += 1
    mirror.sweep()

    assert market.heard() == [({198: 10}, {}, False)]


def test_without_trades_the_middle_is_marked(mirror, market):
    mirror.trades_told = False
    mirror.frame(BOOK)

    assert market.heard() == [("mark", 199)]


def test_a_trade_is_never_told_further_than_it_went(mirror, market):
    mirror.trade("BUY", Decimal("100.4"), Decimal("0.39"))
    mirror.trade("SELL", Decimal("99.1"), Decimal("0.39"))
    mirror.trade("SELL", Decimal("99.1"), Decimal("0.09"))

    assert market.heard() == [("BUY", 200, 3), ("SELL", 199, 3)]


def test_without_a_book_no_trade_counts(mirror, market):
    mirror.down()
    market.heard()
    mirror.trade("BUY", Decimal(100), Decimal(1))

    assert market.heard() == []


prices = st.decimals("0.01", "99999", places=2).map(float)


@given(levels=st.lists(st.tuples(prices, st.decimals("0", "1000", places=3).map(float))))
def test_a_quote_is_never_better_than_the_exchange(levels):
    for rounding, better in ((ROUND_FLOOR, 1), (ROUND_CEILING, -1)):
        side = MirroredSide(Rules(), rounding)
        side.take(levels, full=True)
        told = {Decimal(repr(p)): Decimal(repr(q)) for p, q in dict(levels).items()}
        for ticks in side.lots:
            price = ticks * TERMS["tick"]
            reached = [q for p, q in told.items() if better * (price - p) <= 0]
            standing = [n for t, n in side.lots.items() if better * (t - ticks) >= 0]
            assert sum(standing) * TERMS["step"] <= sum(reached)


class Desk:
    """Stands where ccxt.pro's Kraken does: a list of symbols, books and trades as a test says."""

    has = {"watchTrades": True}

    def __init__(self, markets: dict) -> None:
        self.markets, self.opened = markets, 0
        self.books: asyncio.Queue = asyncio.Queue()
        self.trades: asyncio.Queue = asyncio.Queue()

    def __call__(self) -> Desk:
        self.opened += 1
        return self

    async def load_markets(self, reload: bool = False):
        if isinstance(self.markets, Exception):
            raise self.markets
        return self.markets

    async def watch_order_book(self, symbol):
        return await _said(self.books)

    async def watch_trades(self, symbol):
        return await _said(self.trades)

    async def close(self) -> None:
        pass


async def _said(queue: asyncio.Queue):
    said = await queue.get()
    if isinstance(said, Exception):
        raise said
    return said


LISTED = {
    "BTC/USDT": {
        "symbol": "BTC/USDT",
        "base": "BTC",
        "quote": "USDT",
        "spot": True,
        "active": True,
        "precision": {"price": 0.1, "amount": 1e-8},
        "limits": {"amount": {"min": 0.00005}, "cost": {"min": 0.5}},
        "maker": 0.0025,
        "taker": 0.004,
    }
}


async def test_the_terms_are_the_exchanges_own_and_exact():
    told = await offered.terms_of(adapter_for("kraken"), Desk(LISTED))

    assert told["BTC/USDT"] == {
        "tick": Decimal("0.1"),
        "step": Decimal("0.00000001"),
        "min_quantity": Decimal("0.00005"),
        "max_quantity": None,
        "min_notional": Decimal("0.5"),
        "maker_fee": Decimal("0.0025"),
        "taker_fee": Decimal("0.004"),
    }


async def test_what_does_not_trade_there_has_no_terms():
    halted = {"BTC/USDT": LISTED["BTC/USDT"] | {"active": False}}

    assert await offered.terms_of(adapter_for("kraken"), Desk(halted)) == {}


def test_trades_from_before_and_trades_told_twice_are_left_out():
    known = public.deque(maxlen=10)
    old, new = {"id": "1", "timestamp": 999}, {"id": "2", "timestamp": 1_000}

    assert public._fresh([old, new], known, since=1_000) == [new]
    assert public._fresh([new], known, since=1_000) == []


def test_a_loss_is_warned_of_once_however_often_it_is_tried_again(monkeypatch):
    said = []
    monkeypatch.setattr(public.logger, "warning", lambda event, **more: said.append(more["what"]))
    source = public.PublicMarketSource("kraken", ["BTC/USDT"])

    for _ in range(3):
        source._tell("kraken", "NetworkError")
    source._back("kraken")
    source._tell("kraken", "NetworkError")

    assert said == ["kraken", "kraken"]


def test_an_unknown_exchange_is_refused_with_some_that_work():
    config = live_config("nosuch")

    with pytest.raises(SourceUnavailable) as refused:
        sources_for(config)

    assert str(refused.value) == (
        "there is no exchange called 'nosuch'. Some that work: binance, kraken, okx, bybit, kucoin."
    )


def test_an_exchange_that_streams_no_books_is_refused(monkeypatch):
    kraken = adapter_for("kraken")
    monkeypatch.setattr(kraken, "spec", replace(kraken.spec, capabilities=frozenset()))

    with pytest.raises(offered.ExchangeUnusable, match=r"Kraken streams no order books\. Some"):
        public.PublicMarketSource("kraken", ["BTC/USDT"])


def live_config(exchange: str):
    return config_parse(
        {
            "instances": [
                {
                    "code": "alpha",
                    "source": {"kind": "live", "exchange": exchange},
                    "maker_fee": "0",
                    "taker_fee": "0",
                    "symbols": ["BTC/USDT"],
                }
            ]
        }
    )


def test_the_practice_venue_finds_the_live_source_by_its_name():
    (member,) = manual_config(("alpha",)).instances

    source = live_source(LIVE_PORT, {"exchange": "binance"}, member)

    assert source.kind == "live"
    assert source.describe("alpha")["simulated"] is False


async def test_a_stream_that_breaks_empties_the_book_and_is_opened_again(market, monkeypatch):
    monkeypatch.setattr(public, "pause", lambda failures: 0.0)
    desk, streams = Desk(LISTED), []

    class Once:
        def __init__(self) -> None:
            streams.append(self)

        async def frames(self, symbols):
            yield [BOOK]
            if len(streams) == 1:
                raise KeyError("unforeseen")
            yield [StreamDown(symbols=("BTC/USDT",), reason="gone")]

        async def close(self) -> None:
            pass

    terms = {"BTC/USDT": LISTED["BTC/USDT"] | {"precision": {"price": 0.5, "amount": 0.1}}}
    desk.markets = terms
    source = public.PublicMarketSource("kraken", ["BTC/USDT"], lambda client: Once(), desk)
    await asyncio.wait_for(source.run({"alpha": market}), 5)

    shown, empty = ({198: 20}, {200: 2}, True), ({}, {}, True)
    quotes = [said for said in market.heard() if said[0] != "mark"]
    assert quotes == [shown, empty, shown, empty, empty]
    assert desk.opened == 2
