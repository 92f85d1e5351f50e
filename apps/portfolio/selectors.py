"""Reads: what a workspace holds and what it was worth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import connection

from apps.core.domain.people import Reader
from apps.markets import selectors as markets
from apps.portfolio.domain.valuation import Price, PriceSource, symbols_for
from apps.portfolio.models import BalanceNow, EquityPoint

CANDLE_GOOD_FOR = timedelta(minutes=15)  # an older close prices nothing
POINTS = 500


@dataclass(frozen=True, slots=True)
class EquitySample:
    """A point of the equity line. equity None: not known then, which is a gap, not zero."""

    at: datetime
    equity: Decimal | None
    unknown_because: str


def balance_list(*, reader: Reader) -> list[BalanceNow]:
    """Every asset on every connection that is not removed, as last told by the venue."""
    rows = BalanceNow.objects.filter(workspace_id=reader.workspace_id, connection__removed_at=None)
    return list(rows.select_related("connection").order_by("connection_id", "asset"))


def balances_free(*, workspace_id: int) -> list[tuple[int, str, Decimal, datetime]]:
    """(connection, asset, free, told at): the little that the gate of trading needs, quickly."""
    rows = BalanceNow.objects.filter(workspace_id=workspace_id)
    return list(rows.values_list("connection_id", "asset", "free", "at"))


def balance_totals(*, workspace_id: int) -> dict[str, Decimal]:
    """Units by asset over all connections, free and used."""
    rows = BalanceNow.objects.filter(workspace_id=workspace_id, connection__removed_at=None)
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for asset, free, used in rows.values_list("asset", "free", "used"):
        totals[asset] += free + used
    return dict(totals)


def workspaces_with_balances() -> list[int]:
    """Platform-wide, for the snapshot task."""
    rows = BalanceNow.objects.filter(connection__removed_at=None)
    return list(rows.order_by("workspace_id").values_list("workspace_id", flat=True).distinct())


def assets_held() -> list[str]:
    """Platform-wide: what needs a price."""
    rows = BalanceNow.objects.filter(connection__removed_at=None)
    return list(rows.order_by("asset").values_list("asset", flat=True).distinct())


def prices_now(*, assets: Iterable[str], now: datetime) -> dict[str, Price]:
    """By symbol: the mid of live books, else a close of the last CANDLE_GOOD_FOR, else absent."""
    symbols = symbols_for(assets)
    mids = markets.mids_now()
    found = {s: Price(mids[s], PriceSource.BOOK, now) for s in symbols if s in mids}
    missing = [s for s in symbols if s not in found]
    if missing:
        closes = markets.last_closes(symbols=missing, since=now - CANDLE_GOOD_FOR)
        found |= {s: Price(close, PriceSource.CANDLE, at) for s, (close, at) in closes.items()}
    return found


def equity_last(*, reader: Reader) -> EquityPoint | None:
    return EquityPoint.objects.filter(workspace_id=reader.workspace_id).order_by("-at").first()


# The newest point of each bucket: a gap within one bucket shows only if it was the last word.
SERIES = """
SELECT DISTINCT ON (bucket) at, equity, unknown_because
FROM (
    SELECT at, equity, unknown_because,
           floor(extract(epoch FROM at - %(since)s) / %(step)s) AS bucket
    FROM portfolio_equitypoint
    WHERE workspace_id = %(workspace)s AND at >= %(since)s AND currency = %(currency)s
) AS points
ORDER BY bucket, at DESC
"""


def equity_series(
    *, reader: Reader, since: datetime, now: datetime | None = None, points: int = POINTS
) -> list[EquitySample]:
    """About `points` samples from `since` on, oldest first; gaps stay gaps."""
    until = now or datetime.now(tz=UTC)
    step = max(1.0, (until - since).total_seconds() / points)
    arguments: dict[str, str | int | float | datetime] = {
        "since": since,
        "step": step,
        "workspace": reader.workspace_id,
        "currency": "USDT",
    }
    with connection.cursor() as cursor:
        cursor.execute(SERIES, arguments)
        return [EquitySample(*row) for row in cursor.fetchall()]
