from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from apps.core import ratelimit
from apps.core.domain.people import Actor
from apps.markets import mirror
from apps.markets import services as markets
from apps.markets.domain.mids import CandleRow
from apps.portfolio import selectors, services, tasks
from apps.portfolio.models import BalanceNow, EquityPoint
from apps.venues.domain.ports import Balance
from apps.venues.models import Connection
from tests.factories.accounts import Person
from tests.factories.markets import book, mirrored
from tests.factories.portfolio import connection

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clean_mirror() -> Iterator[None]:
    ratelimit.store().delete(mirror.BOARD, mirror.BOOKS)
    yield
    ratelimit.store().delete(mirror.BOARD, mirror.BOOKS)


@pytest.fixture
def account(alice: Person) -> Connection:
    return connection(alice.actor)


def told(account: Connection, now: datetime = NOON, **free: str) -> None:
    services.balances_record(
        workspace_id=account.workspace_id,
        connection_id=account.pk,
        balances=[Balance(asset=a, free=Decimal(f), used=Decimal(0)) for a, f in free.items()],
        now=now,
    )


def held(account: Connection) -> dict[str, Decimal]:
    reader = Actor.platform(account.workspace_id)
    return {row.asset: row.free for row in selectors.balance_list(reader=reader)}


def test_the_last_answer_of_the_venue_counts(account: Connection) -> None:
    told(account, BTC="1", USDT="10")
    told(account, NOON + timedelta(seconds=1), BTC="2", USDT="5")

    assert held(account) == {"BTC": Decimal(2), "USDT": Decimal(5)}


def test_an_asset_that_is_not_named_any_more_is_zero(account: Connection) -> None:
    told(account, BTC="1", USDT="10")
    told(account, NOON + timedelta(seconds=1), USDT="70000")

    assert held(account) == {"BTC": Decimal(0), "USDT": Decimal(70000)}


def test_an_older_answer_that_comes_late_changes_nothing(account: Connection) -> None:
    told(account, NOON + timedelta(seconds=1), BTC="2")
    told(account, NOON, BTC="1", ETH="3")

    assert held(account) == {"BTC": Decimal(2)}


def test_balances_of_others_are_not_seen(account: Connection, mallory: Person) -> None:
    told(account, BTC="1")

    assert selectors.balance_list(reader=mallory.actor) == []


def test_a_removed_connection_counts_no_more(account: Connection) -> None:
    told(account, USDT="1")
    Connection.objects.filter(pk=account.pk).update(removed_at=NOON)

    assert held(account) == {}
    assert selectors.workspaces_with_balances() == []


def snapshot(account: Connection) -> EquityPoint:
    return services.equity_snapshot(workspace_id=account.workspace_id, now=timezone.now())


def test_live_mids_value_what_is_held(account: Connection) -> None:
    mirrored(books=(book("BTC/USDT", "alpha", "beta"),))
    told(account, BTC="2", USDT="50")
    point = snapshot(account)

    assert (point.equity, point.unknown_because) == (Decimal(250), "")
    assert point.detail["worth"] == {"BTC": "200", "USDT": "50"}


def test_an_unknown_price_is_no_zero(account: Connection) -> None:
    told(account, BTC="2", USDT="50")
    point = snapshot(account)

    assert (point.equity, point.unknown_because) == (None, "PRICE_MISSING")
    assert point.detail["unpriced"] == ["BTC"]


def test_a_mirror_that_stands_still_prices_nothing(account: Connection) -> None:
    mirrored(books=(book("BTC/USDT", "alpha"),), age_ms=60_000)
    told(account, BTC="2")

    assert snapshot(account).equity is None


def test_a_stale_book_prices_nothing(account: Connection) -> None:
    mirrored(books=(book("BTC/USDT", "alpha", state="stale"),))
    told(account, BTC="2")

    assert snapshot(account).equity is None


@pytest.mark.parametrize(("minutes", "equity"), [(5, Decimal(20)), (30, None)])
def test_a_fresh_candle_stands_in(
    account: Connection, minutes: int, equity: Decimal | None
) -> None:
    ten = Decimal(10)
    at = timezone.now() - timedelta(minutes=minutes)
    candle = CandleRow(
        venue="alpha",
        symbol="BTC/USDT",
        interval="1m",
        open_at=at,
        open=ten,
        high=ten,
        low=ten,
        close=ten,
    )
    markets.candles_record(candles=[candle], origin="MID")
    told(account, BTC="2")

    assert snapshot(account).equity == equity


def test_the_round_takes_every_workspace_down(account: Connection, mallory: Person) -> None:
    told(account, USDT="5")
    told(connection(mallory.actor), USDT="7")
    tasks.equity_snapshot_all()

    found = dict(EquityPoint.objects.values_list("workspace_id", "equity"))
    assert found == {
        account.workspace_id: Decimal(5),
        mallory.actor.workspace_id: Decimal(7),
    }


def test_the_series_is_thinned_and_keeps_its_gaps(account: Connection) -> None:
    workspace = account.workspace_id
    for second in range(100):
        known = second < 50 or second >= 60
        EquityPoint.objects.create(
            workspace_id=workspace,
            at=NOON + timedelta(seconds=second),
            equity=Decimal(second) if known else None,
            unknown_because="" if known else "PRICE_MISSING",
        )
    reader = Actor.platform(workspace)
    until = NOON + timedelta(seconds=100)
    series = selectors.equity_series(reader=reader, since=NOON, now=until, points=10)

    assert [point.equity for point in series] == [9, 19, 29, 39, 49, None, 69, 79, 89, 99]


def test_the_series_of_others_stays_theirs(account: Connection, mallory: Person) -> None:
    told(account, USDT="5")
    snapshot(account)
    since = timezone.now() - timedelta(hours=1)

    assert selectors.equity_series(reader=mallory.actor, since=since) == []
    assert BalanceNow.objects.count() == 1
