from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.venues.domain.depth_sync import DepthSync, SequenceGap
from apps.venues.domain.wire import DepthDelta, DepthSnapshot


def delta(first: int, final: int, quantity: float = 1.0) -> DepthDelta:
    return DepthDelta("BTCUSDT", first, final, None, 1, ((100.0, quantity),), ())


def snapshot(final: int) -> DepthSnapshot:
    return DepthSnapshot("BTCUSDT", final, ((100.0, 9.0),), ())


def sequences(frames) -> list[tuple[bool, int]]:
    return [(frame.snapshot, frame.last_seq) for frame in frames]


def test_diffs_before_the_snapshot_are_dropped_and_later_ones_follow_it():
    sync = DepthSync("BTC/USDT")
    for waiting in (delta(1, 5), delta(6, 12), delta(13, 14)):
        assert sync.delta(waiting, 0) is None

    assert sequences(sync.snapshot(snapshot(10), 0)) == [(True, 10), (False, 12), (False, 14)]


def test_a_snapshot_older_than_the_first_waiting_diff_is_asked_again():
    sync = DepthSync("BTC/USDT")
    sync.delta(delta(20, 21), 0)

    assert sync.snapshot(snapshot(18), 0) is None
    assert sequences(sync.snapshot(snapshot(19), 0)) == [(True, 19), (False, 21)]


def test_a_missing_diff_is_a_gap():
    sync = DepthSync("BTC/USDT")
    sync.snapshot(snapshot(10), 0)

    with pytest.raises(SequenceGap):
        sync.delta(delta(12, 13), 0)


def test_after_a_reset_nothing_is_given_out_before_a_snapshot():
    sync = DepthSync("BTC/USDT")
    sync.snapshot(snapshot(10), 0)
    sync.reset()

    assert sync.delta(delta(11, 12), 0) is None
    assert not sync.synced


def test_a_second_older_snapshot_never_turns_the_book_back():
    sync = DepthSync("BTC/USDT")
    sync.snapshot(snapshot(10), 0)
    sync.delta(delta(11, 15), 0)

    assert sync.snapshot(snapshot(12), 0) == []
    assert sync.delta(delta(16, 17), 0).last_seq == 17


@given(
    lengths=st.lists(st.integers(1, 4), min_size=1, max_size=30),
    taken_after=st.integers(0, 60),
    arrives_after=st.integers(0, 30),
)
def test_whenever_the_snapshot_is_taken_the_frames_have_no_hole(
    lengths, taken_after, arrives_after
):
    """The updates 1..n cut into diffs; a snapshot of any moment arrives at any moment."""
    diffs, at = [], 1
    for length in lengths:
        diffs.append(delta(at, at + length - 1))
        at += length
    final = min(taken_after, at - 1)
    sync, frames = DepthSync("BTC/USDT"), []
    for number, each in enumerate(diffs):
        if number == arrives_after:
            frames += sync.snapshot(snapshot(final), 0) or []
        try:
            frame = sync.delta(each, 0)
        except SequenceGap:
            assert final + 1 < each.first  # taken before what had passed when nobody listened
            return
        if frame is not None:
            frames.append(frame)

    known = None
    for frame in frames:
        assert frame.snapshot or frame.first_seq <= known + 1 <= frame.last_seq
        known = frame.last_seq
