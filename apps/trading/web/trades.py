"""The trades page and its CSV."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from apps.accounts.edges import ActorRequest, signed_in
from apps.trading import selectors
from apps.trading.csv_text import csv_lines
from apps.trading.selectors.plans import plan_notices
from apps.trading.web.forms import TradeFilterForm
from apps.trading.web.views import page_of_trades


@require_GET
@signed_in
def trade_list(request: ActorRequest) -> HttpResponse:
    form = _form(request)
    fills = selectors.trade_list(reader=request.actor, wanted=form.wanted())
    query = _query(request)
    totals = selectors.trade_totals(fills)
    context = {
        "form": form,
        "page": page_of_trades(request, fills),
        "totals": totals[0] if totals else None,
        "totals_by_quote": totals,
        "query": query,
        "csv_url": f"{reverse('trade-csv')}?{query}",
        "notices": plan_notices(reader=request.actor),
    }
    return render(request, "trading/trades.html", context)


@require_GET
@signed_in
def trade_csv(request: ActorRequest) -> StreamingHttpResponse:
    """The same filter as the page, every row, exact amounts."""
    fills = selectors.trade_list(reader=request.actor, wanted=_form(request).wanted())
    response = StreamingHttpResponse(
        csv_lines(selectors.trade_csv(fills)), content_type="text/csv; charset=utf-8"
    )
    name = f"cryonel-trades-{timezone.localdate():%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _form(request: ActorRequest) -> TradeFilterForm:
    venues, symbols = selectors.trade_choices(reader=request.actor)
    bots = [(bot.pk, bot.name) for bot in selectors.bot_list(reader=request.actor)]
    return TradeFilterForm(request.GET or None, venues=venues, symbols=symbols, bots=bots)


def _query(request: ActorRequest) -> str:
    kept = [(k, v) for k, v in request.GET.items() if k != "page" and v]
    return f"{urlencode(kept)}&" if kept else ""
