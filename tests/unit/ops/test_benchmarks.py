"""Benchmarks are found by app, and a result has the published shape."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from types import ModuleType

import pytest

from apps.core.domain.benchmarks import Benchmark, Figure, Measurement
from apps.ops.benchmarks.registry import benchmarks_of, machine, report
from apps.ops.benchmarks.startup import _heavy

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_the_apps_benchmarks_are_found_by_name():
    assert list(benchmarks_of(["apps.ops", "apps.markets", "apps.billing"])) == [
        "book_updates",
        "spread_scan",
        "startup",
    ]


def test_listing_loads_no_kernel_and_no_peer():
    before = {"numba", "ccxt"} & set(sys.modules)
    benchmarks_of(["apps.ops", "apps.markets"])
    assert {"numba", "ccxt"} & set(sys.modules) == before


def test_two_benchmarks_of_one_name_are_refused(monkeypatch):
    measured = Measurement("nothing", {})
    for package in ("one", "two"):
        module = ModuleType(f"{package}.benchmarks")
        module.BENCHMARKS = [Benchmark("same", "", lambda _progress: measured)]
        monkeypatch.setitem(sys.modules, f"{package}.benchmarks", module)
    monkeypatch.setattr("apps.ops.benchmarks.registry.find_spec", lambda _name: True)
    with pytest.raises(ValueError, match="same"):
        benchmarks_of(["one", "two"])


def test_a_result_has_the_published_shape_and_leaves_a_skipped_peer_out():
    measured = Measurement(
        workload="words",
        figures={"speed": Figure(5, "per s", "higher")},
        peers={"other": {"speed": 2}},
        skipped={"absent": "absent is not installed."},
    )
    assert json.loads(json.dumps(report("walk", measured, AT))) == {
        "name": "walk",
        "workload": "words",
        "figures": {"speed": {"value": 5, "unit": "per s", "better": "higher"}},
        "peers": {"other": {"speed": 2}},
        "machine": machine(),
        "at": "2026-01-02T03:04:05+00:00",
    }


def test_an_import_trace_names_the_heavy_libraries():
    trace = (
        "import time:       120 |        340 |   ccxt.base.errors\n"
        "import time:       120 |        340 | numbanot\n"
        "import time:       120 |        340 |     numba\n"
    )
    assert _heavy(trace) == ["ccxt", "numba"]
