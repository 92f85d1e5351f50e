"""The arbitrage pages. They work without JavaScript; the socket then keeps them moving."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from apps.accounts.edges import ActorRequest, signed_in
from apps.markets import selectors
from apps.markets.domain.board import DEFAULT_NOTIONAL, SpreadRow, quote_of
from apps.markets.domain.errors import PairMissing
from apps.markets.selectors import Board, BoardFilter
from apps.markets.web import forms

RANGES = {"15m": timedelta(minutes=15), "1h": timedelta(hours=1), "6h": timedelta(hours=6),
          "1d": timedelta(days=1), "2d": timedelta(days=2)}  # fmt: skip
LEVELS = 10  # of each side of a drawn book


@signed_in
@require_GET
def arbitrage(request: ActorRequest) -> HttpResponse:
    board = selectors.board_get()
    query = request.GET.dict()
    wanted = forms.board_filter(query)
    rows = forms.board_order(query, selectors.ranked(board.rows, wanted))
    context = {
        "rows": rows,
        "shown": _shown(rows, every=query.get("routes") == "all"),
        "venues": _venues(board),
        "channels": "spreads:all",
        "notional": DEFAULT_NOTIONAL,
        "quote": "USDT",
        "filter": query,
        "simulated": board.simulated,
        "problem": say(board),
    }
    return render(request, "markets/arbitrage.html", context)


@signed_in
@require_GET
def pair(request: ActorRequest, symbol: str) -> HttpResponse:
    _require_known(symbol)
    board = selectors.board_get()
    rows = selectors.ranked(board.rows, BoardFilter(symbol=symbol))
    books = selectors.books_now(symbol)
    best = rows[0] if rows and rows[0].state in {"ok", "thin"} else None
    history = reverse("pair-history", args=[symbol])
    span = request.GET.get("range", "")
    span = span if span in RANGES else "1h"
    context = {
        "pair": {"symbol": symbol, "base": symbol.partition("/")[0], "quote": quote_of(symbol)},
        "rows": rows,
        "best": best,
        "books": [_shortened(face) for face in books["venues"]] if books else [],
        "spread_chart_url": f"{history}?range={span}",
        "ranges": [
            {"label": name, "url": f"{history}?range={name}", "current": name == span}
            for name in RANGES
        ],
        "spread_channel": f"spreads:{symbol}",
        "simulated": board.simulated,
        "problem": say(board),
    }
    return render(request, "markets/pair.html", context)


@signed_in
@require_GET
def pair_history(request: ActorRequest, symbol: str) -> JsonResponse:
    """The chart's data: the best net over all venue pairs, in percent."""
    _require_known(symbol)
    now = timezone.now()
    span = RANGES.get(request.GET.get("range", ""), RANGES["1h"])
    points = selectors.spread_history(symbol=symbol, since=now - span, until=now)
    data = [[point.at, f"{point.net * 100:.4f}"] for point in points]
    series = {"name": "net", "type": "baseline", "unit": "%", "digits": 3, "data": data}
    return JsonResponse({"series": [series]})


def say(board: Board) -> str:
    """Why the figures do not move, in the reader's language; "" when they do."""
    if board.problem == "stopped":
        seconds = round(Decimal(board.age_ms or 0) / 1000)
        return gettext(
            "The engine is not running: these figures are {seconds} s old and do not move."
        ).format(seconds=seconds)
    return {
        "never": gettext("The engine is not running: no market data has come in yet."),
        "store": gettext("Live figures cannot be read right now. Try again in a moment."),
    }.get(board.problem, "")


def _shown(rows: list[SpreadRow], *, every: bool) -> set[str]:
    """The keys of the rows in sight: the best route of each pair, or every route."""
    best: dict[str, str] = {}
    for row in selectors.ranked(rows):
        best.setdefault(row.symbol, row.key)
    return {row.key for row in rows} if every else set(best.values())


def _shortened(face: dict[str, Any]) -> dict[str, Any]:
    return face | {"bids": face["bids"][:LEVELS], "asks": face["asks"][:LEVELS]}


def _require_known(symbol: str) -> None:
    if not selectors.is_symbol_known(symbol):
        raise PairMissing(symbol=symbol)


def _venues(board: Board) -> list[dict[str, Any]]:
    found = {row.buy_venue: row.buy_label for row in board.rows}
    found |= {row.sell_venue: row.sell_label for row in board.rows}
    return [{"code": code, "label": label} for code, label in sorted(found.items())]
