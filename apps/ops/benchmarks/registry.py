"""Find every app's benchmarks, and say what a result looks like to a program."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from apps.core.domain.benchmarks import Benchmark, Measurement


def benchmarks_of(packages: Iterable[str]) -> dict[str, Benchmark]:
    """Name to benchmark of all apps that have a `benchmarks` module. A name stands once."""
    found: dict[str, Benchmark] = {}
    for package in packages:
        if find_spec(f"{package}.benchmarks") is None:
            continue
        for benchmark in import_module(f"{package}.benchmarks").BENCHMARKS:
            if benchmark.name in found:
                raise ValueError(f"Two benchmarks are called {benchmark.name}.")
            found[benchmark.name] = benchmark
    return dict(sorted(found.items()))


def report(name: str, measured: Measurement, at: datetime) -> dict[str, Any]:
    """The JSON object of one result; a peer that was skipped is absent."""
    return {
        "name": name,
        "workload": measured.workload,
        "figures": {
            key: {"value": figure.value, "unit": figure.unit, "better": figure.better}
            for key, figure in measured.figures.items()
        },
        "peers": {peer: dict(figures) for peer, figures in measured.peers.items()},
        "machine": machine(),
        "at": at.isoformat(),
    }


def machine() -> str:
    """Processor, cores, system and Python, in one line."""
    return (
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}"
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
