"""Deliver events that were left behind, now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand

from apps.core import outbox


class Command(BaseCommand):
    help = "Deliver events whose delivery did not happen (a crash, a dead broker)."

    def handle(self, *args: Any, **options: Any) -> None:
        delivered = outbox.sweep(older_than=timedelta(0))
        numbered = outbox.number()
        self.stdout.write(f"{delivered} delivered, {numbered} numbered")
