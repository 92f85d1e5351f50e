"""Where a connection stands after a comparison: kept, told on change, and begun anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from apps.core import audit, outbox
from apps.core.domain.money import plain
from apps.core.domain.people import Actor
from apps.trading import locks
from apps.trading.asking import Asked
from apps.trading.domain import balance_moves
from apps.trading.domain.alignment import AlignmentStatus
from apps.trading.domain.events import ConnectionCompared
from apps.trading.domain.findings import Finding, FindingCode
from apps.trading.models import ConnectionAlignment
from apps.trading.selectors import reconcile as reads

OVERLAP = timedelta(minutes=2)  # asked about again: a venue may list an execution late
QUIET = timedelta(seconds=5)  # no execution this close to a balance: then they compare exactly
CLOCKS = timedelta(seconds=4)  # less than QUIET: how far a venue's clock may be behind ours
NOTES = 20
SILENT = frozenset({FindingCode.VENUE_KNOWS_MORE})  # the ordinary course of an order


@dataclass(frozen=True, slots=True)
class Totals:
    """Balances that the next ones are compared with: {asset: free and used}."""

    amounts: Mapping[str, Decimal]
    at: datetime


def cursors_of(connection_id: int) -> dict[str, datetime]:
    row = ConnectionAlignment.objects.filter(connection_id=connection_id).first()
    known = {} if row is None else row.cursors
    return {symbol: datetime.fromisoformat(text) for symbol, text in known.items()}


def balance_findings(connection_id: int, asked: Asked) -> tuple[list[Finding], Totals | None]:
    """What moved beside our executions, and whether reserved orders are covered.

    Judged in a quiet moment only: while executions come in, a balance and a list of executions
    are of different moments. None: not judged, the earlier balances stay what is compared with.
    """
    asked_at = asked.theirs.asked_at
    if asked.balances is None or asked.failed:
        return [], None
    if reads.traded_after(connection_id=connection_id, at=asked_at - QUIET):
        return [], None
    now = Totals({each.asset: each.total for each in asked.balances}, asked_at)
    needed = reads.needed_capital(connection_id=connection_id)
    missing = balance_moves.short(needed, now.amounts)
    found = [
        Finding(FindingCode.BALANCE_TOO_LOW, {"asset": asset, "amount": plain(amount)})
        for asset, amount in missing.items()
    ]
    moved = _moved(connection_id, now)
    found += [
        Finding(FindingCode.BALANCE_UNEXPLAINED, {"asset": asset, "amount": plain(amount)})
        for asset, amount in moved.items()
    ]
    return found, now


def _moved(connection_id: int, now: Totals) -> dict[str, Decimal]:
    row = ConnectionAlignment.objects.filter(connection_id=connection_id).first()
    if row is None or row.balances_at is None or row.balances_at >= now.at:
        return {}
    before = {asset: Decimal(text) for asset, text in row.balances.items()}
    flows = reads.flows_between(
        connection_id=connection_id, after=row.balances_at - CLOCKS, until=now.at
    )
    expected = balance_moves.expected(before, flows)
    return {} if expected is None else balance_moves.unexplained(expected, now.amounts)


def status_after(asked: Asked, findings: Sequence[Finding]) -> AlignmentStatus:
    if asked.failed:
        return AlignmentStatus.UNKNOWN
    if any(finding.blocking for finding in findings):
        return AlignmentStatus.UNALIGNED
    return AlignmentStatus.CHECKING if asked.postponed else AlignmentStatus.ALIGNED


def comparison_keep(
    row: ConnectionAlignment,
    *,
    actor: Actor,
    asked: Asked,
    findings: Sequence[Finding],
    balances: Totals | None,
    unresolved: Collection[str],
    now: datetime,
) -> None:
    """In the transaction that settled the findings; the row is locked. An older question never
    replaces what a newer one found, and does not end a check that was begun after it."""
    asked_at = asked.theirs.asked_at
    if row.checked_at is not None and row.checked_at > asked_at:
        return
    before, status = row.status, status_after(asked, findings)
    if before == AlignmentStatus.CHECKING and row.asked_at and row.asked_at > asked_at:
        status = AlignmentStatus.CHECKING
    row.status = status
    row.problems = [
        *({"code": "FETCH_FAILED", "params": {"question": q, "error": e}} for q, e in asked.failed),
        *({"code": f.code, "params": dict(f.params)} for f in findings if f.blocking),
    ]
    fresh = [
        {"code": f.code, "params": dict(f.params), "at": now.isoformat()}
        for f in findings
        if not f.blocking and f.code not in SILENT
    ]
    row.notes = [*fresh, *row.notes][:NOTES]
    for symbol in asked.symbols - set(unresolved):
        row.cursors[symbol] = (asked_at - OVERLAP).isoformat()
    if balances is not None:
        row.balances = {asset: plain(total) for asset, total in balances.amounts.items()}
        row.balances_at = balances.at
    if not asked.failed:
        row.checked_at = asked_at
    if status is AlignmentStatus.ALIGNED:
        row.aligned_at = asked_at
    row.save()
    _tell(row, before, actor, now)


@transaction.atomic
def alignment_begin(*, workspace_id: int, connection_ids: Collection[int], now: datetime) -> None:
    """An engine starts: what was known before proves nothing now. Only a comparison that is asked
    for after this ends it."""
    for connection_id in sorted(connection_ids):
        row = locks.alignment(workspace_id, connection_id)
        before, row.status, row.asked_at = row.status, AlignmentStatus.CHECKING, now
        row.save(update_fields=["status", "asked_at"])
        _tell(row, before, Actor.platform(workspace_id), now)


def _tell(row: ConnectionAlignment, before: str, actor: Actor, now: datetime) -> None:
    if row.status == before:
        return
    event = ConnectionCompared(
        workspace_id=row.workspace_id,
        connection_id=row.connection_id,
        status=row.status,
        before=before,
    )
    audit.record(event, actor=actor, at=now, problems=row.problems)
    outbox.publish(event)
