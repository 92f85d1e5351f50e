"""manage.py benchmark [NAME ...] [--json]: list or run the benchmarks of all apps.

Ends with 1 when a benchmark found what must not be (a campaign with discrepancies).
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.core.domain.benchmarks import Benchmark, Measurement
from apps.ops.benchmarks.registry import benchmarks_of, report


class Command(BaseCommand):
    help = "List the benchmarks, or run the named ones ('all' runs every one)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME")
        parser.add_argument("--json", action="store_true", help="one JSON object per benchmark")
        parser.add_argument("--long", action="store_true", help="campaigns: ten times the runs")
        parser.add_argument("--seed", type=int, help="campaigns: only this run, with its trail")
        parser.add_argument("--runs", type=int, help="campaigns: so many runs")

    def handle(self, *args: Any, **options: Any) -> None:
        known = benchmarks_of(config.name for config in apps.get_app_configs())
        names = list(known) if options["names"] == ["all"] else options["names"]
        unknown = [name for name in names if name not in known]
        if unknown:
            raise CommandError(f"No benchmark is called {unknown[0]}. Known: {', '.join(known)}.")
        if not names:
            for name, benchmark in known.items():
                self.stdout.write(f"{name:16} {benchmark.summary}")
        failures = [
            failure for name in names for failure in self._failures_of(name, known[name], options)
        ]
        for failure in failures:
            self.stderr.write(failure)
        if failures:
            raise CommandError(f"{len(failures)} things are not as they must be.")

    def _failures_of(self, name: str, benchmark: Benchmark, options: dict[str, Any]) -> list[str]:
        """Run it, show what it measured, and give what it found that must not be."""
        told = {option: options[option] for option in benchmark.options}
        measured = benchmark.run(partial(self._progress, name), **told)
        for sentence in measured.skipped.values():
            self._progress(name, sentence)
        if options["json"]:
            self.stdout.write(json.dumps(report(name, measured, timezone.now())))
        else:
            self._show(name, measured)
        return list(measured.failures)

    def _progress(self, name: str, line: str) -> None:
        self.stderr.write(f"{name}: {line}", style_func=str)
        self.stderr.flush()

    def _show(self, name: str, measured: Measurement) -> None:
        self.stdout.write(f"{name}: {measured.workload}")
        for key, figure in measured.figures.items():
            self.stdout.write(f"  {key:28} {figure.value:>14,} {figure.unit}")
            for peer, figures in measured.peers.items():
                if key in figures:
                    self.stdout.write(f"    {peer:26} {figures[key]:>14,} {figure.unit}")
