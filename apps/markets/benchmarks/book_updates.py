"""Book updates per second and core, one message at a time and in batches, beside ccxt.pro.

An update is one changed price level. Each message is read from its bytes, checked for gaps,
applied whole, and the spread after it computed: the same work in all three rows.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter

from apps.core.domain.benchmarks import Figure, Measurement, Progress
from apps.markets.benchmarks.stream import Stream, depth_stream
from apps.markets.domain.books import Applied, Book
from apps.venues.ccxt_peer import replay_seconds

ROUNDS = 9
BATCH = 64


def measure(progress: Progress) -> Measurement:
    stream = depth_stream()
    progress(f"{len(stream.texts)} messages, {stream.levels} changed levels ({stream.source})")
    _seconds(stream, _one_by_one, rounds=1)
    _seconds(stream, _in_batches, rounds=1)
    progress("one message at a time")
    single = stream.levels / _seconds(stream, _one_by_one, rounds=ROUNDS)
    progress(f"in batches of {BATCH}")
    batched = stream.levels / _seconds(stream, _in_batches, rounds=ROUNDS)
    progress("ccxt.pro on the same messages")
    peers, skipped = _peer(stream)
    return Measurement(
        workload=f"{stream.source}: {len(stream.texts)} depth messages, {stream.levels} changed "
        f"levels; text to book and spread, one core; median of {ROUNDS}",
        figures={
            "updates_per_second": Figure(round(single), "updates/s", "higher"),
            "batched_updates_per_second": Figure(round(batched), "updates/s", "higher"),
        },
        peers=peers,
        skipped=skipped,
    )


def _seconds(stream: Stream, feed: Callable[[Book, list[bytes]], None], *, rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        book = Book("binance", "BTC/USDT")
        book.apply_text(stream.snapshot, 0.0)
        started = perf_counter()
        feed(book, stream.texts)
        taken.append(perf_counter() - started)
        book.require_usable(0.0, 1.0)
    return median(taken)


def _one_by_one(book: Book, texts: list[bytes]) -> None:
    for text in texts:
        if book.apply_text(text, 0.0) is Applied.APPLIED:
            book.spread  # noqa: B018


def _in_batches(book: Book, texts: list[bytes]) -> None:
    for start in range(0, len(texts), BATCH):
        book.apply_texts(texts[start : start + BATCH], 0.0)


def _peer(stream: Stream) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    try:
        taken = replay_seconds(stream.snapshot, [text.decode() for text in stream.texts], 5)
    except ImportError:
        return {}, {"ccxt.pro": "ccxt.pro is not installed: run with `uv run --group bench`."}
    return {"ccxt.pro": {"updates_per_second": round(stream.levels / median(taken))}}, {}
