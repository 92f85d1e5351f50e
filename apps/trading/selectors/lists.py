"""Rows for programs, newest first: pass them to core.paging.page. Query counts stay fixed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from apps.core.domain.people import Reader
from apps.trading.domain.orders import LIVE
from apps.trading.models import ArbJob, Bot, Fill, Order, Plan
from apps.trading.selectors.trades import TradeFilter


def bot_rows(*, reader: Reader) -> QuerySet[Bot]:
    rows = Bot.objects.within(reader.workspace_id).filter(deleted_at=None)
    found: QuerySet[Bot] = rows.prefetch_related("venues__connection")
    return found


def order_list_live(*, reader: Reader) -> QuerySet[Order]:
    """Orders that may still trade, those in flight included."""
    found: QuerySet[Order] = Order.objects.within(reader.workspace_id).filter(
        status__in=sorted(LIVE)
    )
    return found


def order_list(*, reader: Reader, wanted: TradeFilter, status: str = "") -> QuerySet[Order]:
    """Every order, whatever became of it; since and until bound placed_at."""
    rows = Order.objects.within(reader.workspace_id)
    narrowed = _narrowed(wanted, "placed_at") | {
        "venue": wanted.venue,
        "side": wanted.side,
        "status": status,
    }
    found: QuerySet[Order] = rows.filter(**_given(narrowed))
    return found


def plan_list(*, reader: Reader, wanted: TradeFilter, status: str = "") -> QuerySet[Plan]:
    """since and until bound opened_at; plans have two venues and sides, so these do not narrow."""
    rows = Plan.objects.within(reader.workspace_id)
    found: QuerySet[Plan] = rows.filter(
        **_given(_narrowed(wanted, "opened_at") | {"status": status})
    )
    return found


def arb_job_list(*, reader: Reader) -> QuerySet[ArbJob]:
    found: QuerySet[ArbJob] = ArbJob.objects.within(reader.workspace_id)
    return found


def fill_list_of(
    *, reader: Reader, order_ids: Iterable[int], plan_ids: Iterable[int], most: int = 50
) -> list[Fill]:
    """The newest fills of these orders and plans, oldest first."""
    rows = Fill.objects.within(reader.workspace_id).filter(
        Q(order_id__in=order_ids) | Q(order__plan_id__in=plan_ids)
    )
    newest = rows.select_related("order__plan", "bot").order_by("-pk")[:most]
    return list(reversed(newest))


def _narrowed(wanted: TradeFilter, at: str) -> dict[str, Any]:
    return {
        f"{at}__gte": wanted.since,
        f"{at}__lt": wanted.until,
        "symbol": wanted.symbol,
        "bot_id": wanted.bot_id,
    }


def _given(filters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in filters.items() if value not in (None, "")}
