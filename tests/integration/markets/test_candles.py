from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from apps.markets import selectors, services
from apps.markets.domain.mids import CandleRow
from apps.markets.models import Candle

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FLAT = CandleRow(
    venue="alpha",
    symbol="BTC/USDT",
    interval="1m",
    open_at=NOON,
    open=Decimal(100),
    high=Decimal(102),
    low=Decimal(99),
    close=Decimal(101),
)


def partition_of(open_at: datetime) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tableoid::regclass::text FROM markets_candle WHERE open_at = %s", [open_at]
        )
        return str(cursor.fetchone()[0])


def test_each_month_stands_in_a_partition_of_its_own() -> None:
    old = replace(FLAT, open_at=datetime(2019, 12, 31, 23, 59, tzinfo=UTC))

    assert services.candles_record(candles=[FLAT, old], origin="MID") == 2

    assert partition_of(NOON) == "markets_candle_2026_11"
    assert partition_of(old.open_at) == "markets_candle_2019_12"


def test_partitions_are_made_ahead_once() -> None:
    november = datetime(2031, 11, 30, 23, 59, tzinfo=UTC)
    names = [f"markets_candle_{month}" for month in ("2031_11", "2031_12", "2032_01", "2032_02")]

    assert services.partitions_ensure(now=november) == names
    assert services.partitions_ensure(now=november) == []


def test_a_month_is_that_of_utc() -> None:
    east = datetime(2026, 12, 1, 1, 0, tzinfo=UTC).astimezone(
        datetime.now().astimezone().tzinfo or UTC
    )
    services.candles_record(candles=[replace(FLAT, open_at=east)], origin="MID")

    assert partition_of(east) == "markets_candle_2026_12"


def test_a_candle_written_again_is_replaced() -> None:
    services.candles_record(candles=[FLAT], origin="MID")
    services.candles_record(candles=[replace(FLAT, close=Decimal(100))], origin="MID")

    assert Candle.objects.get().close == Decimal(100)


def test_the_last_of_two_in_one_batch_counts() -> None:
    twice = [FLAT, replace(FLAT, close=Decimal("101.5"))]

    assert services.candles_record(candles=twice, origin="MID") == 1
    assert Candle.objects.get().close == Decimal("101.5")


def test_mids_never_replace_what_the_venue_said() -> None:
    said = replace(FLAT, volume=Decimal(7))
    services.candles_record(candles=[FLAT], origin="MID")
    services.candles_record(candles=[said], origin="VENUE")

    assert services.candles_record(candles=[FLAT], origin="MID") == 0
    kept = Candle.objects.get()
    assert (kept.origin, kept.volume) == ("VENUE", Decimal(7))


@pytest.mark.parametrize(
    ("wrong", "origin"),
    [
        (replace(FLAT, high=Decimal(100)), "MID"),
        (replace(FLAT, low=Decimal(0)), "MID"),
        (replace(FLAT, volume=Decimal(1)), "MID"),
        (FLAT, "VENUE"),
    ],
    ids=["high below close", "no price", "mid with volume", "venue without volume"],
)
def test_the_database_refuses_a_candle_that_cannot_be(wrong: CandleRow, origin: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        services.candles_record(candles=[wrong], origin=origin)


def test_the_newest_close_prices_a_symbol_until_it_is_too_old() -> None:
    later = replace(FLAT, open_at=NOON + timedelta(minutes=1), close=Decimal("100.5"))
    services.candles_record(candles=[FLAT, later], origin="MID")

    def closes(since: datetime) -> dict[str, tuple[Decimal, datetime]]:
        return selectors.last_closes(symbols=["BTC/USDT"], since=since)

    assert closes(NOON) == {"BTC/USDT": (Decimal("100.5"), later.open_at)}
    assert closes(NOON + timedelta(minutes=2)) == {}
