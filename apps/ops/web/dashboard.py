"""The first page after sign-in: what is owned, what was earned, what runs, how well it runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from apps.accounts.edges import ActorRequest, signed_in
from apps.core.charts import dots
from apps.ops import selectors
from apps.ops.web.first_steps import first_steps
from apps.portfolio.selectors import equity_series
from apps.trading import selectors as trading
from apps.trading.selectors.dashboard import CURRENCY, dashboard_stats

DEFAULT_RANGE = "1h"
LATEST = 8


def midnight() -> datetime:
    """The start of the reader's day."""
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


@require_GET
@signed_in
def dashboard(request: ActorRequest) -> HttpResponse:
    reader, start = request.actor, midnight()
    fills = trading.trade_list(reader=reader, wanted=trading.TradeFilter())[:LATEST]
    bots, rows = trading.bot_list(reader=reader), trading.trade_rows(list(fills))
    context: dict[str, Any] = {
        **dashboard_stats(reader=reader, midnight=start),
        "chart_url": _chart_url(DEFAULT_RANGE),
        "chart_ranges": [
            {"url": _chart_url(name), "label": name, "current": name == DEFAULT_RANGE}
            for name in selectors.RANGES
        ],
        "bots": bots,
        "trades": rows,
        "steps": first_steps(reader=reader, bots=bots, traded=bool(rows)),
        "latency": trading.latency_summary(reader=reader),
        "systems": selectors.system_rows(now=timezone.now()),
    }
    return render(request, "dashboard.html", context)


def _chart_url(name: str) -> str:
    return f"{reverse('dashboard-chart')}?range={name}"


@require_GET
@signed_in
def dashboard_chart(request: ActorRequest) -> JsonResponse:
    """Equity (gaps stay gaps) and profit cumulated over the range."""
    span = selectors.RANGES.get(request.GET.get("range", ""), selectors.RANGES[DEFAULT_RANGE])
    until = timezone.now()
    since = until - span
    equity = equity_series(reader=request.actor, since=since, now=until)
    profit = trading.pnl_series(reader=request.actor, quote=CURRENCY, since=since, until=until)
    series = [
        {
            "name": _("Equity"),
            "type": "area",
            "unit": CURRENCY,
            "data": dots((point.at, point.equity) for point in equity),
        },
        {
            "name": _("Profit"),
            "type": "line",
            "scale": "left",
            "unit": CURRENCY,
            "data": dots(profit),
        },
    ]
    return JsonResponse({"series": series})
