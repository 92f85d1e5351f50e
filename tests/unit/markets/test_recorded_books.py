"""Recorded Binance streams: the same book as two dictionaries, message by message."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from apps.markets.domain.books import Applied, Book, BookState
from apps.venues.domain import wire
from tests.unit.markets.depth import NaiveBook

pytestmark = pytest.mark.recorded

ROOT = os.environ.get("CRYONEL_RECORDED_DATA")


@pytest.fixture(params=["btcusdt", "ethusdt"])
def recording(request):
    if not ROOT:
        pytest.skip("CRYONEL_RECORDED_DATA is not set: no recorded streams to replay")
    path = Path(ROOT) / "orderbook" / f"spot_{request.param}_20240808.gz"
    with gzip.open(path) as lines:
        texts = [line.split(b" ", 1)[1].strip() for line in lines]
    diffs = [text for text in texts if b"depthUpdate" in text]
    snapshot = next(text for text in texts if text.startswith(b'{"lastUpdateId"'))
    return request.param.upper(), snapshot, diffs


def test_a_recorded_stream_equals_the_dictionary_at_each_step(recording):
    name, snapshot, diffs = recording
    start = wire.decode(snapshot)
    book, naive = Book("binance", name, wire_symbol=name), NaiveBook(start)
    book.apply_text(snapshot, 0.0)
    applied = 0
    for text in diffs:
        delta = wire.decode(text)
        outcome = book.apply_text(text, 0.0)
        if delta.final <= start.final:
            assert outcome is Applied.OLD
            continue
        assert outcome is Applied.APPLIED
        naive.apply(delta)
        applied += 1
        assert (book.best_bid, book.best_ask) == (naive.best_bid(), naive.best_ask())
        if applied % 100 == 0:
            assert book.bids().tolist() == naive.bids()
            assert book.asks().tolist() == naive.asks()
    assert applied > 3000
    assert book.bids().tolist() == naive.bids()
    assert book.asks().tolist() == naive.asks()


def test_a_recorded_stream_with_one_message_lost_is_gapped_from_there(recording):
    name, snapshot, diffs = recording
    book = Book("binance", name, wire_symbol=name)
    book.apply_text(snapshot, 0.0)
    outcome = book.apply_texts(diffs[:1500] + diffs[1501:], 0.0)
    assert outcome.count(Applied.GAP) == 1
    assert outcome.outcomes[1500] == Applied.GAP
    assert outcome.count(Applied.AWAITED) == len(diffs) - 1502
    assert book.state is BookState.GAPPED
