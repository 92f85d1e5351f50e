from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from apps.core.charts import dots

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND = 1780315200


def test_of_two_points_in_one_second_the_last_one_is_drawn() -> None:
    points = [(AT, Decimal(1)), (AT.replace(microsecond=900_000), Decimal(2))]

    assert dots(points) == [[SECOND, "2"]]


def test_points_come_in_order_and_a_gap_stays_a_gap() -> None:
    later = AT.replace(second=1)

    assert dots([(later, None), (AT, Decimal("1.50"))]) == [[SECOND, "1.50"], [SECOND + 1, None]]
