"""The figures at the top of the dashboard: the page shows them and pushes renew them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.core.domain.people import Reader
from apps.portfolio.selectors import equity_last, equity_series
from apps.trading.selectors.performance import performance_list, performance_none

CURRENCY = "USDT"  # what equity is valued in


def dashboard_stats(*, reader: Reader, midnight: datetime) -> dict[str, Any]:
    """The context of `dashboard.html#stats`; midnight is the start of the reader's day."""
    return {
        "equity": equity_now(reader=reader, midnight=midnight),
        "pnl": profit_now(reader=reader, midnight=midnight),
    }


@dataclass(frozen=True, slots=True)
class Equity:
    """Worth of all connections. value None while it is not known; change since midnight."""

    value: Decimal | None
    currency: str
    change: Decimal | None
    at: datetime | None


def equity_now(*, reader: Reader, midnight: datetime) -> Equity:
    last = equity_last(reader=reader)
    if last is None:
        return Equity(None, CURRENCY, None, None)
    today = equity_series(reader=reader, since=midnight, points=50)
    first = next((point.equity for point in today if point.equity is not None), None)
    change = (last.equity - first) / first if last.equity is not None and first else None
    return Equity(last.equity, CURRENCY, change, last.at)


@dataclass(frozen=True, slots=True)
class ProfitCard:
    """In CURRENCY; other quote assets are listed beside it, never mixed in."""

    today: Decimal
    total: Decimal
    fees: Decimal
    trades_today: int


def profit_now(*, reader: Reader, midnight: datetime) -> ProfitCard:
    found = performance_list(reader=reader, midnight=midnight)
    main = next((each for each in found if each.quote == CURRENCY), None)
    main = main or performance_none(CURRENCY)
    count = sum(each.trades_today for each in found)
    return ProfitCard(main.today, main.pnl, main.fees, count)
