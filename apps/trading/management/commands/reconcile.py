"""`manage.py reconcile`: compare connections with their venues, and settle what differs."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.core.domain.people import Actor
from apps.trading.selectors.alignment import connections_trading_keys
from apps.trading.selectors.alignment_shown import finding_text
from apps.trading.services.reconcile import ReconcileReport, connection_reconcile
from apps.venues.registry import venue_label
from apps.venues.selectors import connection_list

ALIGNED, FINDINGS, NOT_ASKED = 0, 1, 2


class Command(BaseCommand):
    help = (
        "Compare orders, executions and balances with the venues and settle what differs. "
        "Exit code 0: everything agrees; 1: something differed (it was settled, or with --dry-run "
        "would be) or waits for a person; 2: a venue could not be asked, so nothing is known."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="ask, say, and write nothing")
        parser.add_argument("--workspace", type=int, metavar="N", help="one workspace only")
        parser.add_argument("--connection", type=int, metavar="N", help="one connection only")
        parser.add_argument("--json", action="store_true", help="one JSON object per connection")

    def handle(self, *args: Any, **words: Any) -> None:
        reports = [
            connection_reconcile(
                workspace_id=workspace_id,
                connection_id=connection_id,
                now=timezone.now(),
                dry_run=words["dry_run"],
            )
            for workspace_id, connection_id in _wanted(words["workspace"], words["connection"])
        ]
        for report in reports:
            self.stdout.write(json.dumps(_shape(report)) if words["json"] else _told(report))
        code = max((_code(report) for report in reports), default=ALIGNED)
        if code:
            sys.exit(code)


def _wanted(workspace: int | None, connection: int | None) -> list[tuple[int, int]]:
    """A connection that is named is compared even if it is paused."""
    if connection is None:
        keys = connections_trading_keys()
        return [key for key in keys if workspace is None or key[0] == workspace]
    for workspace_id, connection_id in connections_trading_keys(active=False):
        if connection_id == connection and workspace in (None, workspace_id):
            return [(workspace_id, connection_id)]
    raise CommandError(f"There is no trading connection {connection}.")


def _code(report: ReconcileReport) -> int:
    if report.failed:
        return NOT_ASKED
    return FINDINGS if report.findings else ALIGNED


def _told(report: ReconcileReport) -> str:
    names = {
        each.pk: each.label for each in connection_list(reader=Actor.platform(report.workspace_id))
    }
    label = names.get(report.connection_id, "")
    head = f"{report.connection_id} {label} ({venue_label(report.venue)}): {report.status}"
    lines = [f"{head}, {report.orders} orders working"]
    lines += [f"  not answered: {question} ({error})" for question, error in report.failed]
    lines += [f"  {finding_text(each.code, dict(each.params))}" for each in report.findings]
    if report.dry_run and report.findings:
        lines.append("  nothing was written (--dry-run)")
    return "\n".join(lines)


def _shape(report: ReconcileReport) -> dict[str, Any]:
    return {
        "workspace": report.workspace_id,
        "connection": report.connection_id,
        "venue": report.venue,
        "asked_at": report.asked_at.isoformat(),
        "status": report.status,
        "orders": report.orders,
        "findings": [{"code": f.code, "params": dict(f.params)} for f in report.findings],
        "failed": [{"question": question, "error": error} for question, error in report.failed],
        "dry_run": report.dry_run,
    }
