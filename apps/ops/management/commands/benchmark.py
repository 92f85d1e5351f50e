"""manage.py benchmark [NAME ...] [--json]: list or run the benchmarks of all apps."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.core.domain.benchmarks import Measurement
from apps.ops.benchmarks.registry import benchmarks_of, report


class Command(BaseCommand):
    help = "List the benchmarks, or run the named ones ('all' runs every one)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME")
        parser.add_argument("--json", action="store_true", help="one JSON object per benchmark")

    def handle(self, *args: Any, **options: Any) -> None:
        known = benchmarks_of(config.name for config in apps.get_app_configs())
        names = list(known) if options["names"] == ["all"] else options["names"]
        unknown = [name for name in names if name not in known]
        if unknown:
            raise CommandError(f"No benchmark is called {unknown[0]}. Known: {', '.join(known)}.")
        if not names:
            for name, benchmark in known.items():
                self.stdout.write(f"{name:16} {benchmark.summary}")
        for name in names:
            measured = known[name].run(partial(self._progress, name))
            for sentence in measured.skipped.values():
                self._progress(name, sentence)
            if options["json"]:
                self.stdout.write(json.dumps(report(name, measured, timezone.now())))
            else:
                self._show(name, measured)

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
