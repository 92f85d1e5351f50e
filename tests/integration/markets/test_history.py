from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from apps.markets import selectors, services
from apps.markets.models import SpreadSample
from tests.factories.markets import spread_row

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def history(**fields: object) -> list[tuple[int, Decimal]]:
    wanted = {"symbol": "BTC/USDT", "since": NOON, "until": NOON + timedelta(minutes=10)} | fields
    found = selectors.spread_history(**wanted)  # type: ignore[arg-type]
    return [(point.at - int(NOON.timestamp()), point.net) for point in found]


def test_rows_without_figures_are_no_samples() -> None:
    unknown = spread_row(buy="gamma", gross=None, fees=None, slippage=None, net=None)

    assert services.spread_samples_record(rows=[spread_row(), unknown], at=NOON) == 1
    kept = SpreadSample.objects.get()
    assert (kept.net, kept.notional) == (Decimal("0.0014"), Decimal(1000))


def test_the_best_of_all_venue_pairs_is_shown_and_a_gap_stays_one() -> None:
    other = spread_row(buy="beta", sell="alpha", net="-0.002000")
    services.spread_samples_record(rows=[spread_row(), other], at=NOON + SECOND)
    services.spread_samples_record(rows=[other], at=NOON + 20 * SECOND)

    assert history(step=5) == [(0, Decimal("0.0014")), (20, Decimal("-0.002"))]
    assert history(step=5, buy_venue="beta") == [(0, Decimal("-0.002")), (20, Decimal("-0.002"))]


def test_other_symbols_and_times_stay_out() -> None:
    services.spread_samples_record(rows=[spread_row()], at=NOON - SECOND)
    services.spread_samples_record(rows=[spread_row("ETH/USDT")], at=NOON)

    assert history() == []


def test_old_samples_are_forgotten() -> None:
    services.spread_samples_record(rows=[spread_row()], at=NOON)
    services.spread_samples_record(rows=[spread_row()], at=NOON + timedelta(hours=1))

    assert services.spread_samples_purge(now=NOON + timedelta(days=2, minutes=1)) == 1
    assert SpreadSample.objects.get().at == NOON + timedelta(hours=1)
