"""The book against a dictionary: the same levels after every message, and no gap unseen."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.markets.domain.books import Applied, Book, BookState, Sequencing
from apps.markets.domain.errors import (
    BookAwaited,
    BookCrossed,
    BookGapped,
    BookOneSided,
    BookStale,
    ChecksumMismatch,
    LevelsInvalid,
)
from apps.venues.domain.wire import DepthDelta, DepthSnapshot
from apps.venues.domain.wire_errors import WireMalformed, WireUnknown
from tests.unit.markets.depth import NaiveBook, depth_text

SNAPSHOT = DepthSnapshot(
    symbol="BTCUSDT", final=100, bids=((99.0, 1.0), (98.0, 2.0)), asks=((101.0, 3.0), (102.0, 4.0))
)


def book(*, snapshot: DepthSnapshot | None = SNAPSHOT, **options: object) -> Book:
    made = Book("alpha", "BTC/USDT", **options)  # type: ignore[arg-type]
    if snapshot is not None:
        made.apply_snapshot(snapshot, 1000.0)
    return made


def delta(first: int, final: int, **sides: object) -> DepthDelta:
    fields = {"previous": None, "bids": (), "asks": (), **sides}
    return DepthDelta(symbol="BTCUSDT", first=first, final=final, event_ms=1, **fields)  # type: ignore[arg-type]


prices = st.integers(1, 60).map(lambda ticks: ticks / 4)
quantities = st.sampled_from([0.0, 0.0, 0.5, 1.25, 7.0])
changes = st.lists(st.tuples(prices, quantities), max_size=8).map(tuple)
histories = st.lists(st.tuples(changes, changes), max_size=25)


@given(histories, st.booleans())
@settings(deadline=None)
def test_a_book_equals_the_dictionary_after_every_message(history, as_text):
    tested, naive = book(), NaiveBook(SNAPSHOT)
    for number, (bids, asks) in enumerate(history, start=101):
        change = delta(number, number, bids=bids, asks=asks)
        if as_text:
            assert tested.apply_text(depth_text(change), 1001.0) is Applied.APPLIED
        else:
            assert tested.apply_delta(change, 1001.0) is Applied.APPLIED
        naive.apply(change)
        assert tested.bids().tolist() == naive.bids()
        assert tested.asks().tolist() == naive.asks()
        assert tested.best_bid == naive.best_bid()
        assert tested.best_ask == naive.best_ask()


@given(histories)
@settings(deadline=None)
def test_a_batch_leaves_the_book_that_single_messages_leave(history):
    texts = [
        depth_text(delta(number, number, bids=bids, asks=asks))
        for number, (bids, asks) in enumerate(history, start=101)
    ]
    single, batched = book(), book()
    spreads = [(single.apply_text(text, 1001.0), single.spread)[1] for text in texts]
    outcome = batched.apply_texts(texts, 1001.0)
    assert outcome.spreads.tolist() == pytest.approx(spreads, nan_ok=True, abs=0)
    assert outcome.count(Applied.APPLIED) == len(texts)
    assert batched.bids().tolist() == single.bids().tolist()
    assert batched.asks().tolist() == single.asks().tolist()


@given(st.lists(st.integers(1, 3), min_size=2, max_size=12), st.data())
@settings(deadline=None)
def test_a_missing_message_is_always_seen_and_never_heals_by_itself(widths, data):
    missing = data.draw(st.integers(0, len(widths) - 2))
    tested, first = book(), 101
    for position, width in enumerate(widths):
        change = delta(first, first + width - 1, bids=((90.0, float(position + 1)),))
        first += width
        if position != missing:
            tested.apply_text(depth_text(change), 1001.0)
        assert (tested.state is BookState.GAPPED) == (position > missing)
    with pytest.raises(BookGapped):
        tested.require_usable(1001.0, 60.0)


def test_the_first_update_may_span_the_snapshot():
    tested = book()
    assert tested.apply_delta(delta(98, 101, bids=((99.5, 1.0),)), 1.0) is Applied.APPLIED
    assert tested.best_bid == (99.5, 1.0)


def test_an_update_that_overlaps_an_applied_one_is_a_gap():
    tested = book()
    tested.apply_delta(delta(101, 105), 1.0)
    assert tested.apply_delta(delta(105, 106), 1.0) is Applied.GAP


def test_a_repeated_update_changes_nothing():
    tested = book()
    tested.apply_delta(delta(101, 102, bids=((99.5, 1.0),)), 1001.0)
    assert tested.apply_delta(delta(101, 102, bids=((99.5, 9.0),)), 1002.0) is Applied.OLD
    assert tested.best_bid == (99.5, 1.0)
    assert tested.received_at == 1001.0


def test_updates_before_the_snapshot_are_kept_and_applied_after_it():
    tested = book(snapshot=None)
    texts = [depth_text(delta(n, n, bids=((99.0 + n / 1000, 1.0),))) for n in range(99, 104)]
    assert {tested.apply_text(text, 1001.0) for text in texts} == {Applied.AWAITED}
    assert tested.apply_snapshot(SNAPSHOT, 1000.0) is Applied.APPLIED
    assert tested.sequence == 103
    assert tested.best_bid == (99.103, 1.0)


def test_a_snapshot_older_than_the_kept_updates_leaves_a_gap():
    tested = book(snapshot=None)
    tested.apply_delta(delta(105, 106), 1001.0)
    assert tested.apply_snapshot(SNAPSHOT, 1000.0) is Applied.GAP
    assert tested.state is BookState.GAPPED


def test_a_new_snapshot_ends_a_gap_with_the_updates_kept_meanwhile():
    tested = book()
    tested.apply_delta(delta(103, 104, bids=((97.0, 5.0),)), 1001.0)
    tested.apply_delta(delta(105, 106, bids=((96.0, 6.0),)), 1001.0)
    newer = DepthSnapshot(symbol=None, final=103, bids=((99.0, 1.0),), asks=((101.0, 1.0),))
    assert tested.apply_snapshot(newer, 1002.0) is Applied.APPLIED
    assert tested.bids().tolist() == [[99.0, 1.0], [97.0, 5.0], [96.0, 6.0]]


def test_a_live_book_ignores_an_older_snapshot():
    tested = book()
    tested.apply_delta(delta(101, 110, bids=((99.5, 1.0),)), 1001.0)
    assert tested.apply_snapshot(SNAPSHOT, 1002.0) is Applied.OLD
    assert tested.best_bid == (99.5, 1.0)


def test_chained_updates_must_name_the_one_before():
    tested = book(sequencing=Sequencing.CHAINED)
    assert tested.apply_delta(delta(95, 110, previous=90), 1.0) is Applied.APPLIED
    assert tested.apply_delta(delta(120, 125, previous=110), 1.0) is Applied.APPLIED
    assert tested.apply_delta(delta(126, 130, previous=124), 1.0) is Applied.GAP
    with pytest.raises(WireMalformed):
        tested.apply_delta(delta(131, 132), 1.0)


def test_consecutive_updates_must_rise_by_one():
    tested = book(sequencing=Sequencing.CONSECUTIVE)
    assert tested.apply_delta(delta(101, 101), 1.0) is Applied.APPLIED
    assert tested.apply_delta(delta(103, 103), 1.0) is Applied.GAP


def test_rising_updates_may_skip():
    tested = book(sequencing=Sequencing.RISING)
    assert tested.apply_delta(delta(107, 107), 1.0) is Applied.APPLIED
    assert tested.apply_delta(delta(106, 106), 1.0) is Applied.OLD


def test_partial_depth_replaces_all_levels():
    tested = book()
    text = b'{"lastUpdateId":160,"bids":[["99.7","2"]],"asks":[["99.8","1"],["99.9","1"]]}'
    assert tested.apply_text(text, 1002.0) is Applied.APPLIED
    assert tested.bids().tolist() == [[99.7, 2.0]]
    assert tested.asks(1).tolist() == [[99.8, 1.0]]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b'{"e":"depthUpdate","E":1,"s":"ETHUSDT","U":101,"u":101,"b":[],"a":[]}',
        b'{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":102,"u":101,"b":[],"a":[]}',
        b'{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":101,"u":101,"b":[["99.5","1"]],"a":[["x","1"]]}',
        b'{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":101,"u":101,"b":[["99.5","1"]],"a":[["0","1"]]}',
        b'{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":101,"u":101,"b":[["99.5","1"]],"a":[["1","1"]',
    ],
)
def test_an_unreadable_message_is_refused_whole(text):
    tested = book()
    with pytest.raises(WireMalformed):
        tested.apply_text(text, 1001.0)
    assert tested.bids().tolist() == [[99.0, 1.0], [98.0, 2.0]]
    assert (tested.sequence, tested.state) == (100, BookState.LIVE)


def test_a_trade_is_no_book_message():
    with pytest.raises(WireUnknown):
        book().apply_text(b'{"u":1,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"1"}', 1001.0)


def test_any_json_spelling_of_an_update_is_read():
    levels = b'"a":[], "b":[["99.5", "1"]]'
    text = b' { "u":101, "U":101, "s":"BTCUSDT", ' + levels + b', "E":1, "e":"depthUpdate" } '
    tested = book()
    assert tested.apply_texts([text], 1001.0).count(Applied.APPLIED) == 1
    assert tested.best_bid == (99.5, 1.0)


def test_a_book_grows_past_its_first_room():
    tested = book()
    bids = tuple((float(price), 1.0) for price in range(1, 99))
    for step in range(30):
        at = 101 + step
        rows = tuple((price + step / 50, quantity) for price, quantity in bids)
        assert tested.apply_text(depth_text(delta(at, at, bids=rows)), 1.0) is Applied.APPLIED
    assert len(tested.bids()) == 30 * 98 + 1
    assert tested.apply_delta(delta(131, 131, bids=((0.5, 1.0),) * 9000), 1.0) is Applied.APPLIED


def test_nothing_is_usable_before_a_snapshot():
    assert isinstance(book(snapshot=None).problem(0.0, 60.0), BookAwaited)


def test_age_is_judged_by_the_given_time():
    tested = book()
    assert tested.problem(1005.0, 5.0) is None
    assert isinstance(tested.problem(1005.1, 5.0), BookStale)
    tested.confirm(1005.0)
    assert tested.problem(1005.1, 5.0) is None


def test_a_crossed_book_is_unusable_while_it_is_crossed():
    tested = book()
    tested.apply_delta(delta(101, 101, bids=((101.0, 1.0),)), 1000.0)
    assert isinstance(tested.problem(1000.0, 5.0), BookCrossed)
    tested.apply_delta(delta(102, 102, bids=((101.0, 0.0),)), 1000.0)
    assert tested.problem(1000.0, 5.0) is None


def test_a_book_without_one_side_is_unusable():
    tested = book()
    tested.apply_delta(delta(101, 101, asks=((101.0, 0.0), (102.0, 0.0))), 1000.0)
    assert tested.best_ask is None
    assert isinstance(tested.problem(1000.0, 5.0), BookOneSided)


def test_a_wrong_checksum_needs_a_new_snapshot():
    tested = book()
    assert tested.verify_checksum(2, lambda bids, asks: len(bids))
    assert not tested.verify_checksum(3, lambda bids, asks: len(asks))
    assert isinstance(tested.problem(1000.0, 5.0), ChecksumMismatch)
    assert tested.apply_delta(delta(101, 101), 1000.0) is Applied.AWAITED


def test_a_lost_connection_needs_a_new_snapshot():
    tested = book()
    tested.forget()
    assert isinstance(tested.problem(1000.0, 5.0), BookAwaited)


@pytest.mark.parametrize("level", [(-1.0, 1.0), (1.0, -1.0), (float("nan"), 1.0), (99.0, 5.0)])
def test_a_snapshot_with_an_impossible_level_is_refused_whole(level):
    tested = book()
    bad = DepthSnapshot(symbol=None, final=200, bids=((99.0, 1.0), level), asks=())
    with pytest.raises(LevelsInvalid):
        tested.apply_snapshot(bad, 1001.0)
    assert (tested.sequence, len(tested.bids())) == (100, 2)


def test_exact_levels_are_the_decimals_the_venue_wrote():
    tested = book()
    text = b'{"lastUpdateId":160,"bids":[["0.00001234","1e1"]],"asks":[]}'
    with pytest.raises(WireMalformed):
        tested.apply_text(text, 1.0)
    tested.apply_text(text.replace(b"1e1", b"123456.10"), 1.0)
    assert [tuple(map(str, level)) for level in tested.exact_bids()] == [("0.00001234", "123456.1")]
