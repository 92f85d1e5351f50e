"""Benchmarks of the platform as a whole, and how those of all apps are found."""

from __future__ import annotations

from apps.core.domain.benchmarks import Benchmark, Measurement, Progress


def _startup(progress: Progress) -> Measurement:
    from apps.ops.benchmarks.startup import measure

    return measure(progress)


BENCHMARKS = [Benchmark("startup", "Time until each role is ready, and what it loaded.", _startup)]
