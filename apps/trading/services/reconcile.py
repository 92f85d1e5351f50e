"""One connection compared with its venue: asked without a transaction, settled in one.

Orders sent while the venue was asked are not judged by its older answer: an order counts as
missing only when it was sent long enough before the question, and rows are read again under lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.db import transaction

from apps.core.domain.errors import CryonelError
from apps.core.domain.people import Actor
from apps.markets.selectors import instrument_list
from apps.portfolio.services import balances_record
from apps.trading import asking, locks, sending
from apps.trading.asking import Asked
from apps.trading.domain.alignment import AlignmentStatus
from apps.trading.domain.findings import (
    Adopt,
    CloseAbsent,
    Finding,
    FindingCode,
    Ours,
    Record,
    Remark,
    Reopen,
    Theirs,
)
from apps.trading.domain.orders import OrderStatus
from apps.trading.domain.reconcile import Comparison
from apps.trading.models import Order
from apps.trading.selectors import reconcile as reads
from apps.trading.selectors.orders import third_asset_prices
from apps.trading.services import adoption, alignment
from apps.trading.services.order_record import order_remark, orders_record_receipts
from apps.trading.services.plan_run import plan_advance
from apps.venues.domain.ports import Need
from apps.venues.selectors import connection_get

OLDER = timedelta(minutes=1)  # before a connection's first cursor: clocks differ
ROTATING = 5  # pairs of bots without orders of late that are asked about each time


class Link(Protocol):
    """What is needed of a connection."""

    pk: int
    workspace_id: int
    venue: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileReport:
    """What one comparison found, and where the connection stands then.

    findings: what differed; with dry_run what would be done about it, else what was.
    failed: (question, error code) without an answer. orders: live ones that were compared.
    """

    workspace_id: int
    connection_id: int
    venue: str
    asked_at: datetime
    status: AlignmentStatus
    findings: tuple[Finding, ...]
    failed: tuple[tuple[str, str], ...]
    orders: int
    dry_run: bool


def connection_reconcile(
    *, workspace_id: int, connection_id: int, now: datetime, dry_run: bool = False
) -> ReconcileReport:
    """Compare orders, executions and balances, and settle what differs. Safe to repeat, at any
    time and by many at once. Raises ConnectionMissing.

    `now` is when the venue is asked. With dry_run nothing is written.
    """
    actor = Actor.platform(workspace_id)
    link: Link = connection_get(reader=actor, connection_id=connection_id)
    visible_after = timedelta(0)
    try:
        client = sending.client_of(connection_id, need=Need.VIEW)
        visible_after = client.spec.visible_after
        asked = asking.theirs_ask(client, _since(link, now), now)
        first = _compare(link, asked, visible_after)
        wanted = first.questions()
        if wanted.probes or wanted.look_ups:
            orders = {each.order_id: each for each in first.ours.orders}
            asking.singles_ask(client, asked, wanted, orders)
    except CryonelError as e:
        asked = Asked(Theirs(asked_at=now, open_orders=None), failed=[("connection", e.code)])
    if dry_run:
        return _report(link, asked, _judged(link, asked, visible_after), dry_run=True)
    findings, plan_ids = _settle(actor, link, asked, visible_after, now)
    if asked.balances is not None:
        balances_record(
            workspace_id=workspace_id, connection_id=link.pk, balances=asked.balances, now=now
        )
    for plan_id in plan_ids:  # a late fill may open a closed plan again
        prices = third_asset_prices(plan_id=plan_id)
        plan_advance(actor=actor, plan_id=plan_id, prices=prices, now=now)
    return _report(link, asked, findings, dry_run=False)


def _since(link: Link, now: datetime) -> Mapping[str, datetime]:
    """{symbol: from when on its executions are asked for}."""
    cursors = alignment.cursors_of(link.pk)
    active = reads.symbols_active(connection_id=link.pk, now=now)
    start = link.created_at - OLDER
    others = _listed(link.venue, reads.symbols_of_bots(connection_id=link.pk) - active)
    turn = sorted(others, key=lambda symbol: (cursors.get(symbol, start), symbol))
    return {symbol: cursors.get(symbol, start) for symbol in [*active, *turn[:ROTATING]]}


def _listed(venue: str, symbols: set[str]) -> set[str]:
    """Without the pairs that the venue lists no more: about those it answers nothing but a refusal.

    Where its list is not known yet, all of them: a pair of ours is rather asked about in vain.
    """
    listed = {each.symbol for each in instrument_list(venue=venue, active_only=False)}
    return symbols & listed if listed else symbols


def _compare(link: Link, asked: Asked, visible_after: timedelta) -> Comparison:
    ours: Ours = reads.ours_of(connection_id=link.pk, venue=link.venue, theirs=asked.theirs)
    return Comparison(link.pk, ours, asked.theirs, visible_after=visible_after)


def _judged(link: Link, asked: Asked, visible_after: timedelta) -> list[Finding]:
    """With what balances say, as of now; nothing is written."""
    found = _compare(link, asked, visible_after).findings()
    return [*found, *alignment.balance_findings(link.pk, asked)[0]]


@transaction.atomic
def _settle(
    actor: Actor, link: Link, asked: Asked, visible_after: timedelta, now: datetime
) -> tuple[list[Finding], list[int]]:
    """Decide on rows that nobody else changes meanwhile, write, and keep what came of it.

    Returns the findings and the plans whose orders changed.
    """
    row = locks.alignment(link.workspace_id, link.pk)
    comparison = _compare(link, asked, visible_after)
    concerned = _concerned(comparison.findings())
    if concerned:
        locks.orders(link.workspace_id, concerned)
        comparison = _compare(link, asked, visible_after)
    findings = [
        each
        for each in comparison.findings()
        if each.action is None
        or isinstance(each.action, Adopt)
        or each.action.order_id in concerned
    ]
    _act(actor, link, findings, now)
    moves, balances = alignment.balance_findings(link.pk, asked)
    findings += moves
    alignment.comparison_keep(
        row,
        actor=actor,
        asked=asked,
        findings=findings,
        balances=balances,
        unresolved=comparison.unresolved_symbols(),
        now=now,
    )
    rows = Order.objects.filter(pk__in=concerned, plan__isnull=False)
    return findings, sorted(set(rows.values_list("plan_id", flat=True)))


def _concerned(findings: list[Finding]) -> set[int]:
    actions = [f.action for f in findings if f.action is not None]
    return {a.order_id for a in actions if not isinstance(a, Adopt)}


def _act(actor: Actor, link: Link, findings: list[Finding], now: datetime) -> None:
    actions = [f.action for f in findings if f.action is not None]
    receipts = {a.order_id: a.receipt for a in actions if isinstance(a, Record)}
    if receipts:
        orders_record_receipts(actor=actor, receipts=receipts, now=now)
    adopting = [a for a in actions if isinstance(a, Adopt)]
    if adopting:
        adoption.orders_adopt(
            actor=actor, connection_id=link.pk, venue=link.venue, adoptions=adopting, now=now
        )
    for action in actions:
        if isinstance(action, CloseAbsent):
            adoption.order_close_absent(actor=actor, absent=action, now=now)
        elif isinstance(action, Reopen):
            adoption.order_reopen(actor=actor, reopen=action, now=now)
        elif isinstance(action, Remark):
            order = locks.order(actor.workspace_id, action.order_id)
            order_remark(order, action.kind, action.detail, now)


def _report(link: Link, asked: Asked, findings: list[Finding], *, dry_run: bool) -> ReconcileReport:
    live = Order.objects.filter(
        connection_id=link.pk, status__in=[OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED]
    )
    return ReconcileReport(
        workspace_id=link.workspace_id,
        connection_id=link.pk,
        venue=link.venue,
        asked_at=asked.theirs.asked_at,
        status=alignment.status_after(asked, findings),
        findings=tuple(f for f in findings if f.code is not FindingCode.VENUE_KNOWS_MORE),
        failed=tuple(asked.failed),
        orders=live.count(),
        dry_run=dry_run,
    )
