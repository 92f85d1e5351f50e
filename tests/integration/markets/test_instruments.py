from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.core import ratelimit
from apps.core.domain.people import Actor
from apps.core.registries import health_checks, live_channels
from apps.markets import mirror, selectors, services, tasks
from apps.markets.domain.errors import InstrumentMissing, PairMissing
from apps.markets.models import Instrument
from apps.venues.domain.errors import VenueUnavailable
from apps.venues.domain.ports import InstrumentInfo
from tests.factories.accounts import Person
from tests.factories.markets import instrument, mirrored, spread_row
from tests.factories.portfolio import connection

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
READER = Actor.platform(1)


class Listing:
    """A venue's public side; what it lists, or what it raises."""

    def __init__(self, *listed: InstrumentInfo, down: bool = False) -> None:
        self.listed, self.down = list(listed), down

    def instruments(self) -> list[InstrumentInfo]:
        if self.down:
            raise VenueUnavailable(venue="alpha")
        return self.listed


def info(symbol: str = "BTC/USDT", **fields: Any) -> InstrumentInfo:
    base, _, quote = symbol.partition("/")
    nothing = dict.fromkeys(
        ["price_step", "quantity_step", "min_quantity", "max_quantity", "min_notional"]
    ) | dict.fromkeys(["maker_fee", "taker_fee"])
    known = {"symbol": symbol, "base": base, "quote": quote, "active": True}
    return InstrumentInfo(**(known | nothing | fields))


@pytest.fixture
def venues(monkeypatch: pytest.MonkeyPatch) -> dict[str, Listing]:
    """Stands at the edge of the venues' room: {code: what it lists}."""
    listings: dict[str, Listing] = {}
    monkeypatch.setattr("apps.venues.services.market_data_for", listings.__getitem__)
    return listings


def test_what_a_venue_does_not_state_stays_unknown(venues: dict[str, Listing]) -> None:
    venues["alpha"] = Listing(info(price_step=Decimal("0.01"), quantity_step=Decimal(0)))

    assert services.instruments_refresh(venue="alpha", now=NOON) == 1
    kept = selectors.instrument_get(venue="alpha", symbol="BTC/USDT")
    assert (kept.price_step, kept.quantity_step, kept.taker_fee) == (Decimal("0.01"), None, None)


def test_a_second_look_updates_and_retires(venues: dict[str, Listing]) -> None:
    venues["alpha"] = Listing(info("BTC/USDT"), info("OLD/USDT"))
    services.instruments_refresh(venue="alpha", now=NOON)
    venues["alpha"] = Listing(info("BTC/USDT", taker_fee=Decimal("0.002")))
    services.instruments_refresh(venue="alpha", now=NOON + timedelta(hours=1))

    found = dict(Instrument.objects.values_list("symbol", "active"))
    assert found == {"BTC/USDT": True, "OLD/USDT": False}
    fees = selectors.taker_fees(books=[("alpha", "BTC/USDT"), ("beta", "BTC/USDT")])
    assert fees == {("alpha", "BTC/USDT"): Decimal("0.002")}


def test_a_venue_that_is_down_retires_nothing(venues: dict[str, Listing]) -> None:
    instrument("alpha")
    venues["alpha"] = Listing(down=True)

    with pytest.raises(VenueUnavailable):
        services.instruments_refresh(venue="alpha", now=NOON)
    assert Instrument.objects.get().active


def test_the_round_goes_on_past_a_venue_that_is_down(
    venues: dict[str, Listing], alice: Person
) -> None:
    venues |= {"alpha": Listing(down=True), "beta": Listing(info())}
    connection(alice.actor, "alpha")
    connection(alice.actor, "beta")
    tasks.instruments_refresh_all()

    assert [row.venue for row in Instrument.objects.all()] == ["beta"]


def test_an_instrument_that_is_not_listed_is_missing() -> None:
    with pytest.raises(InstrumentMissing):
        selectors.instrument_get(venue="alpha", symbol="BTC/USDT")


@pytest.mark.parametrize("channel", ["spreads", "book"])
def test_a_reader_may_listen_to_symbols_that_exist(channel: str) -> None:
    instrument()
    group = live_channels[channel].group(READER, "BTC/USDT")

    assert group.startswith(f"{channel}.")
    with pytest.raises(PairMissing):
        live_channels[channel].group(READER, "DOGE/EUR")


def test_the_whole_board_is_a_channel_of_spreads_only() -> None:
    assert live_channels["spreads"].group(READER, "all") == "spreads.all"
    with pytest.raises(PairMissing):
        live_channels["book"].group(READER, "all")


@pytest.mark.parametrize(("age_ms", "well"), [(0, True), (60_000, False)])
def test_readiness_follows_the_hub(age_ms: int, well: bool) -> None:
    mirrored(spread_row(), age_ms=age_ms)

    assert (health_checks["market data"].ask() == "") is well


def test_an_engine_that_never_wrote_is_not_ready() -> None:
    ratelimit.store().delete(mirror.BOARD)

    assert health_checks["market data"].ask() == "No engine has written market data yet."
