"""Plans that need a look: what asks for a person, what does not fit, which pairs are paused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext

from apps.core.domain.money import plain
from apps.core.domain.people import Reader
from apps.trading.domain.decisions import sentence
from apps.trading.domain.mismatch import ORDER_WITHOUT_PLAN, TEXTS
from apps.trading.domain.plans import PlanStatus
from apps.trading.domain.risk import CHURN_LIMIT
from apps.trading.models import OrderAnomaly, Plan, PlanAnomaly
from apps.trading.selectors.exposure import HOUR, LOST

Pause = tuple[int, datetime]  # (failures, until)
SHOWN = 20


def pairs_churned(bot_ids: Iterable[int], now: datetime) -> Mapping[int, Mapping[str, Pause]]:
    """{bot: {pair: (failures of the last hour, when fewer than the limit are left)}}, only pairs
    that the gate refuses for churn now."""
    failed: dict[tuple[int, str], list[datetime]] = defaultdict(list)
    rows = Plan.objects.filter(
        bot_id__in=list(bot_ids), status__in=LOST, opened_at__gte=now - HOUR
    ).order_by("opened_at")
    for bot_id, symbol, opened_at in rows.values_list("bot_id", "symbol", "opened_at"):
        failed[bot_id or 0, symbol].append(opened_at)
    found: dict[int, dict[str, Pause]] = defaultdict(dict)
    for (bot_id, symbol), times in failed.items():
        if len(times) >= CHURN_LIMIT:
            found[bot_id][symbol] = (len(times), times[-CHURN_LIMIT] + HOUR)
    return found


@dataclass(frozen=True, slots=True)
class PairPause:
    symbol: str
    count: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanNotice:
    """A plan that a person should look at, or an order that belongs nowhere (plan_id None).

    waiting: it asks for a person, who may try again or say that it is handled.
    """

    plan_id: int | None
    order_id: int | None
    bot_id: int | None
    symbol: str
    at: datetime
    waiting: bool
    left: tuple[tuple[str, Decimal], ...]
    max_loss: str  # percent of the price, as a form shows it
    texts: tuple[str, ...]


def pairs_paused(*, reader: Reader, bot_id: int, now: datetime) -> list[PairPause]:
    """The pairs that a bot leaves alone because they failed too often. Own bots only."""
    mine = Plan.objects.within(reader.workspace_id).filter(bot_id=bot_id)
    if not mine.exists():
        return []
    paused = pairs_churned([bot_id], now).get(bot_id, {})
    return [PairPause(symbol, *pause) for symbol, pause in sorted(paused.items())]


def plan_notices(*, reader: Reader, bot_id: int | None = None) -> list[PlanNotice]:
    """What asks for a person or does not fit its fills, newest first; of one bot or of all."""
    waiting = Plan.objects.within(reader.workspace_id).filter(
        status=PlanStatus.NEEDS_ATTENTION, handled_at=None
    )
    odd = PlanAnomaly.objects.within(reader.workspace_id).filter(cleared_at=None)
    stray = OrderAnomaly.objects.within(reader.workspace_id).filter(kind=ORDER_WITHOUT_PLAN)
    if bot_id is not None:
        waiting, odd = waiting.filter(bot_id=bot_id), odd.filter(plan__bot_id=bot_id)
        stray = stray.filter(order__bot_id=bot_id)
    texts: dict[int, list[str]] = defaultdict(list)
    plans: dict[int, Plan] = {plan.pk: plan for plan in waiting.order_by("-pk")[:SHOWN]}
    for each in odd.select_related("plan").order_by("-pk")[:SHOWN]:
        plans.setdefault(each.plan_id, each.plan)
        texts[each.plan_id].append(sentence(gettext(TEXTS[each.kind]), each.detail))
    found = [_notice(plan, tuple(texts[plan.pk])) for plan in plans.values()]
    found += [_stray(each) for each in stray.select_related("order").order_by("-pk")[:SHOWN]]
    return sorted(found, key=lambda notice: notice.at, reverse=True)


def _notice(plan: Plan, texts: tuple[str, ...]) -> PlanNotice:
    left = tuple((asset, Decimal(amount)) for asset, amount in sorted(plan.residuals.items()))
    if not left and plan.residual:
        left = ((plan.base, plan.residual),)
    return PlanNotice(
        plan_id=plan.pk,
        order_id=None,
        bot_id=plan.bot_id,
        symbol=plan.symbol,
        at=plan.closed_at or plan.opened_at,
        waiting=plan.status == PlanStatus.NEEDS_ATTENTION and plan.handled_at is None,
        left=left,
        max_loss=plain(plan.max_unwind_loss * 100),
        texts=texts,
    )


def _stray(anomaly: OrderAnomaly) -> PlanNotice:
    order = anomaly.order
    return PlanNotice(
        plan_id=None,
        order_id=order.pk,
        bot_id=order.bot_id,
        symbol=order.symbol,
        at=anomaly.seen_at,
        waiting=False,
        left=(),
        max_loss="",
        texts=(gettext("An order of this bot belongs to no trade."),),
    )
