"""The hot paths of market data, measured. The work is imported when a benchmark runs."""

from __future__ import annotations

from apps.core.domain.benchmarks import Benchmark, Measurement, Progress


def _book_updates(progress: Progress) -> Measurement:
    from apps.markets.benchmarks.book_updates import measure

    return measure(progress)


def _spread_scan(progress: Progress) -> Measurement:
    from apps.markets.benchmarks.spread_scan import measure

    return measure(progress)


BENCHMARKS = [
    Benchmark(
        "book_updates", "From a venue's wire text to an updated book and its spread.", _book_updates
    ),
    Benchmark("spread_scan", "Depth-walked net spreads of 500 symbols on 5 venues.", _spread_scan),
]
