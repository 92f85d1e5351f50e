"""Prove the audit trail: walk the chain, check every hash and signature."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.core import audit


class Command(BaseCommand):
    help = "Check the audit trail's hash chain and signatures; names the first broken entry."

    def handle(self, *args: Any, **options: Any) -> None:
        while audit.seal(now=timezone.now()):
            pass
        held, finding = audit.verify(now=timezone.now())
        if finding is not None:
            entry = f"entry {finding.entry_id}" if finding.entry_id else "no entry"
            raise CommandError(
                f"The audit trail is broken at place {finding.chain_seq} ({entry}): "
                f"{finding.problem}. The {held} entries before it hold."
            )
        self.stdout.write(self.style.SUCCESS(f"The audit trail holds: {held} entries."))
