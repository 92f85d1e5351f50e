"""The hot path of trading, measured. The work is imported when the benchmark runs."""

from __future__ import annotations

from apps.core.domain.benchmarks import Benchmark, Measurement, Progress


def _tick_to_order(progress: Progress) -> Measurement:
    from apps.trading.benchmarks.tick_to_order import measure

    return measure(progress)


def _fault_campaign(
    progress: Progress, *, long: bool, seed: int | None, runs: int | None
) -> Measurement:
    from apps.trading.campaign.report import measure

    return measure(progress, long=long, seed=seed, runs=runs)


def _reconcile(progress: Progress) -> Measurement:
    from apps.trading.benchmarks.reconcile import measure

    return measure(progress)


def _risk_gate(progress: Progress) -> Measurement:
    from apps.trading.benchmarks.risk_gate import measure

    return measure(progress)


BENCHMARKS = [
    Benchmark(
        "fault_campaign",
        "Hundreds of seeded runs with faults, kills and restarts; both ledgers must agree.",
        _fault_campaign,
        frozenset({"long", "seed", "runs"}),
    ),
    Benchmark(
        "reconcile",
        "Comparing a connection with 1,000 orders with its venue, and settling what differs.",
        _reconcile,
    ),
    Benchmark(
        "tick_to_order",
        "From a book update to the order bytes leaving, through the durable path.",
        _tick_to_order,
    ),
    Benchmark(
        "risk_gate",
        "The risk gate's decision on one more order while a thousand are open.",
        _risk_gate,
    ),
]
