from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from apps.markets.domain.board import VenueFace
from apps.markets.domain.errors import BookAwaited, BookGapped, BookStale, BookUnwatched
from apps.markets.hub import BookTouched, MarketHub, Rhythm, feeds
from apps.venues.domain.errors import VenueUnavailable
from apps.venues.domain.ports import StreamDown
from tests.fakes.streams import RememberingOutlet, ScriptedVenues, frame, until

FAST = Rhythm(live=0.01, mirror=0.01, samples=0.01, candles=0.01, facts=0.01, supervision=0.01)
FEES = {(venue, "BTC/USDT"): 0.001 for venue in ("alpha", "beta", "gamma")}


class Desk:
    """A hub over scripted venues, with a clock that a test may move."""

    def __init__(self) -> None:
        self.venues = ScriptedVenues()
        self.outlet = RememberingOutlet(dict(FEES))
        self.ahead = 0.0
        self.touched: list[BookTouched] = []
        self.hub = MarketHub(
            open_stream=self.venues.open,
            face=lambda code: VenueFace(code, code.title(), simulated=True),
            outlet=self.outlet,
            rhythm=FAST,
            now=lambda: time.time() + self.ahead,
        )
        self.hub.listen(self.touched.append)

    def is_usable(self, venue: str) -> bool:
        return self.hub.problem(venue, "BTC/USDT") is None


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "BACKOFF", (0.01, 0.02))
    monkeypatch.setattr(feeds, "SETTLE", 0.005)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    desk.hub.watch("alpha", "BTC/USDT")
    desk.hub.watch("beta", "BTC/USDT")
    running = asyncio.create_task(desk.hub.run())
    yield desk
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_a_frame_moves_the_book_and_is_told_at_once(desk: Desk) -> None:
    alpha = await desk.venues.stream("alpha")
    news = frame(bids=[(99.0, 2.0)], asks=[(100.0, 3.0)])
    alpha.say(news)
    await until(lambda: desk.is_usable("alpha"))

    assert desk.touched[-1] == BookTouched("BTC/USDT", "alpha", news.received_ns)
    assert desk.hub.levels("alpha", "BTC/USDT", 5) == (
        ((Decimal("99.0"), Decimal("2.0")),),
        ((Decimal("100.0"), Decimal("3.0")),),
    )


async def test_spreads_are_those_of_this_very_moment(desk: Desk) -> None:
    for venue, bid, ask in (("alpha", 99.0, 100.0), ("beta", 101.0, 102.0)):
        (await desk.venues.stream(venue)).say(frame(bids=[(bid, 50.0)], asks=[(ask, 50.0)]))
    await until(lambda: desk.is_usable("alpha") and desk.is_usable("beta"))
    await until(lambda: bool(desk.outlet.told) and desk.outlet.told[-1][0] != [])

    pairs = {(p.buy_venue, p.sell_venue): p for p in desk.hub.spreads("BTC/USDT")}

    assert set(pairs) == {("alpha", "beta"), ("beta", "alpha")}
    found = pairs["alpha", "beta"].figures
    assert found is not None
    assert found.gross == pytest.approx(0.01)
    assert found.net == pytest.approx(0.01 - 0.001 - 0.001 * 1.01)


async def test_a_batch_tells_of_a_book_once_in_its_newest_state(desk: Desk) -> None:
    alpha = await desk.venues.stream("alpha")
    alpha.say(
        frame(last_seq=5),
        frame(snapshot=False, first_seq=6, last_seq=6, bids=[(99.5, 1.0)], asks=[]),
        frame(snapshot=False, first_seq=7, last_seq=7, bids=[(99.7, 1.0)], asks=[]),
    )
    await until(lambda: desk.is_usable("alpha"))

    assert [event.venue for event in desk.touched if event.venue == "alpha"] == ["alpha"]
    assert desk.hub.book("alpha", "BTC/USDT").best_bid == (99.7, 1.0)


async def test_a_silent_book_becomes_stale_and_says_so(desk: Desk) -> None:
    for venue in ("alpha", "beta"):
        (await desk.venues.stream(venue)).say(frame())
    await until(lambda: desk.is_usable("alpha") and desk.is_usable("beta"))

    desk.ahead = 6.0

    assert isinstance(desk.hub.problem("alpha", "BTC/USDT"), BookStale)
    with pytest.raises(BookStale):
        desk.hub.levels("alpha", "BTC/USDT")
    await until(lambda: desk.hub.statistics()[0]["label"] == "Alpha")
    rows = desk.hub.rows()
    assert {(row.state, row.net) for row in rows} == {("stale", None)}
    assert rows[0].reason == "Alpha has sent nothing for a while"


async def test_a_lost_stream_makes_its_books_unusable_until_a_snapshot(desk: Desk) -> None:
    alpha = await desk.venues.stream("alpha")
    alpha.say(frame())
    await until(lambda: desk.is_usable("alpha"))

    alpha.say(StreamDown(symbols=("BTC/USDT",), reason="socket closed"))
    await until(lambda: not desk.is_usable("alpha"))
    assert isinstance(desk.hub.problem("alpha", "BTC/USDT"), BookAwaited)

    alpha.say(frame(last_seq=1))  # a venue that starts its numbers again is believed
    await until(lambda: desk.is_usable("alpha"))
    assert desk.hub.statistics()[0]["reconnects"] == 1


async def test_a_gap_opens_the_stream_anew(desk: Desk) -> None:
    alpha = await desk.venues.stream("alpha")
    alpha.say(frame(last_seq=5))
    await until(lambda: desk.is_usable("alpha"))

    alpha.say(frame(snapshot=False, first_seq=8, last_seq=9))
    again = await desk.venues.stream("alpha", nth=2)

    assert alpha.closed
    assert not desk.is_usable("alpha")
    assert desk.hub.statistics()[0]["gaps"] == 1
    again.say(frame(last_seq=9))
    await until(lambda: desk.is_usable("alpha"))


async def test_a_gap_is_a_reason_before_the_stream_is_back(desk: Desk) -> None:
    alpha = await desk.venues.stream("alpha")
    seen: list[object] = []
    desk.hub.listen(lambda event: seen.append(desk.hub.problem(event.venue, event.symbol)))
    alpha.say(frame(last_seq=5), frame(snapshot=False, first_seq=8, last_seq=9))
    await until(lambda: bool(seen))

    assert isinstance(seen[0], BookGapped)


async def test_a_frame_that_is_no_book_opens_the_stream_anew(desk: Desk) -> None:
    alpha = await desk.venues.stream("alpha")
    alpha.say(frame(bids=[(float("nan"), 1.0)]))
    await desk.venues.stream("alpha", nth=2)

    assert desk.hub.statistics()[0]["refused"] == 1
    assert not desk.is_usable("alpha")


@pytest.mark.parametrize("problem", [VenueUnavailable(venue="alpha"), RuntimeError("a bug")])
async def test_a_venue_that_fails_is_tried_again_and_hurts_no_other(
    desk: Desk, problem: Exception
) -> None:
    beta = await desk.venues.stream("beta")
    beta.say(frame())
    await until(lambda: desk.is_usable("beta"))
    (await desk.venues.stream("alpha")).fail(problem)

    again = await desk.venues.stream("alpha", nth=2)
    again.say(frame())

    await until(lambda: desk.is_usable("alpha"))
    assert desk.is_usable("beta")
    assert len(desk.venues.opened["beta"]) == 1


async def test_a_stream_without_any_word_is_opened_anew(desk: Desk) -> None:
    (await desk.venues.stream("alpha")).say(frame())
    await until(lambda: desk.is_usable("alpha"))
    desk.ahead = feeds.SILENT + 1

    assert await desk.venues.stream("alpha", nth=2)


async def test_watching_more_resubscribes_with_all_symbols(desk: Desk) -> None:
    await desk.venues.stream("alpha")
    desk.hub.watch("alpha", "ETH/USDT")
    desk.hub.watch("alpha", "SOL/USDT")

    again = await desk.venues.stream("alpha", nth=2)
    assert again.symbols == ("BTC/USDT", "ETH/USDT", "SOL/USDT")


async def test_an_unwatched_pair_leaves_the_board(desk: Desk) -> None:
    for venue in ("alpha", "beta"):
        (await desk.venues.stream(venue)).say(frame())
    await until(lambda: any(rows for rows, _ in desk.outlet.told))

    desk.hub.unwatch("beta", "BTC/USDT")

    gone = {"BTC/USDT|alpha|beta", "BTC/USDT|beta|alpha"}
    await until(lambda: any(set(keys) == gone for _, keys in desk.outlet.told))
    assert desk.hub.rows() == []
    with pytest.raises(BookUnwatched):
        desk.hub.book("beta", "BTC/USDT")


async def test_without_redis_and_postgres_the_books_go_on(desk: Desk) -> None:
    desk.outlet.down = True
    alpha = await desk.venues.stream("alpha")
    alpha.say(frame())
    await until(lambda: desk.outlet.refused > 10)
    assert desk.is_usable("alpha")

    desk.outlet.down = False
    await until(lambda: bool(desk.outlet.mirrored) and bool(desk.outlet.told))


async def test_a_listener_that_fails_stops_nobody(desk: Desk) -> None:
    def broken(event: BookTouched) -> None:
        raise RuntimeError("a bug")

    heard: list[BookTouched] = []
    desk.hub.listen(broken)
    desk.hub.listen(heard.append)
    (await desk.venues.stream("alpha")).say(frame())

    await until(lambda: desk.is_usable("alpha"))
    assert len(heard) == 1


async def test_an_unknown_fee_means_an_unknown_net(desk: Desk) -> None:
    del desk.outlet.known_fees["gamma", "BTC/USDT"]
    desk.hub.watch("gamma", "BTC/USDT")
    for venue in ("alpha", "gamma"):
        (await desk.venues.stream(venue)).say(frame())
    await until(lambda: desk.is_usable("alpha") and desk.is_usable("gamma"))

    row = next(row for row in desk.hub.rows() if row.key == "BTC/USDT|alpha|gamma")
    assert (row.net, row.fees, row.state) == (None, None, "missing")
    assert row.gross == "-0.010000"
    assert row.reason == "the taker fee is not known"


async def test_unchanged_rows_are_not_told_again_and_again(desk: Desk) -> None:
    for venue in ("alpha", "beta"):
        (await desk.venues.stream(venue)).say(frame())
    await until(lambda: any(row.net for rows, _ in desk.outlet.told for row in rows))
    before = len(desk.outlet.mirrored)
    told = len(desk.outlet.told)
    await until(lambda: len(desk.outlet.mirrored) > before + 10)

    assert len(desk.outlet.told) == told


async def test_candles_of_finished_minutes_are_stored(desk: Desk) -> None:
    alpha = await desk.venues.stream("alpha")
    alpha.say(frame(bids=[(99.0, 1.0)], asks=[(101.0, 1.0)]))
    await until(lambda: desk.is_usable("alpha"))
    desk.ahead = 61.0
    await until(lambda: bool(desk.outlet.stored))

    candle = desk.outlet.stored[0]
    assert (candle.venue, candle.symbol, candle.interval) == ("alpha", "BTC/USDT", "1m")
    assert (candle.open, candle.high, candle.low, candle.close) == (Decimal(100),) * 4
    assert candle.volume is None
