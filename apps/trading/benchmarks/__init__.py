"""The hot path of trading, measured. The work is imported when the benchmark runs."""

from __future__ import annotations

from apps.core.domain.benchmarks import Benchmark, Measurement, Progress


def _tick_to_order(progress: Progress) -> Measurement:
    from apps.trading.benchmarks.tick_to_order import measure

    return measure(progress)


BENCHMARKS = [
    Benchmark(
        "tick_to_order",
        "From a book update to the order bytes leaving, through the durable path.",
        _tick_to_order,
    )
]
