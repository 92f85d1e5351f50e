from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.markets import services
from tests.factories.accounts import Person
from tests.factories.markets import book, instrument, mirrored, spread_row

pytestmark = pytest.mark.django_db
PAIR = "/arbitrage/BTC-USDT/"


@pytest.fixture
def site(client: Client, alice: Person) -> Client:
    client.force_login(alice.user)  # type: ignore[arg-type]
    return client


@pytest.mark.parametrize("url", ["/arbitrage/", PAIR, f"{PAIR}history.json"])
def test_strangers_are_sent_to_sign_in(client: Client, url: str) -> None:
    answer = client.get(url)

    assert answer.status_code == 302
    assert "next=" in answer["Location"]


def shown(site: Client, query: str = "") -> list[str]:
    return [row.symbol for row in site.get(f"/arbitrage/{query}").context["rows"]]


def test_the_table_stands_there_without_javascript(site: Client) -> None:
    mirrored(spread_row(net="0.001400"))
    html = site.get("/arbitrage/").content.decode()

    assert 'data-key="BTC/USDT|alpha|beta"' in html
    assert 'href="/arbitrage/BTC-USDT/"' in html
    assert "+0.140" in html
    assert 'data-live-channel="spreads:all"' in html


def test_an_unknown_net_is_a_dash(site: Client) -> None:
    mirrored(spread_row(net=None, state="missing", reason="the taker fee is not known"))
    html = site.get("/arbitrage/").content.decode()

    assert 'data-cell="net" data-value="">\N{EN DASH}</td>' in html
    assert "the taker fee is not known" in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["SOL/USDT", "BTC/USDT", "ETH/USDT"]),
        ("?search=btc", ["BTC/USDT"]),
        ("?venue=gamma", ["ETH/USDT"]),
        ("?net=0,2", ["SOL/USDT", "BTC/USDT"]),
        ("?net=nonsense&sort=nonsense", ["SOL/USDT", "BTC/USDT", "ETH/USDT"]),
        ("?sort=pair", ["BTC/USDT", "ETH/USDT", "SOL/USDT"]),
        ("?sort=-pair", ["SOL/USDT", "ETH/USDT", "BTC/USDT"]),
        ("?sort=-net", ["ETH/USDT", "BTC/USDT", "SOL/USDT"]),
    ],
)
def test_the_address_filters_and_sorts(site: Client, query: str, found: list[str]) -> None:
    mirrored(
        spread_row("BTC/USDT", net="0.002000"),
        spread_row("ETH/USDT", net="0.001000", sell="gamma"),
        spread_row("SOL/USDT", net="0.003000"),
    )

    assert shown(site, query) == found


def test_without_an_engine_the_page_says_so(site: Client) -> None:
    html = site.get("/arbitrage/").content.decode()

    assert "The engine is not running: no market data has come in yet." in html


def test_a_stopped_engine_is_named_with_the_age(site: Client) -> None:
    mirrored(spread_row(), age_ms=60_000)
    html = site.get("/arbitrage/").content.decode()

    assert "The engine is not running: these figures are 60 s old and do not move." in html
    assert 'data-state="stale"' in html


@pytest.mark.parametrize("simulated", [True, False])
def test_a_simulated_market_is_called_so(site: Client, simulated: bool) -> None:
    mirrored(spread_row(simulated=simulated))

    assert ("Simulated market" in site.get("/arbitrage/").content.decode()) is simulated


def test_a_pair_shows_both_books_and_its_best_spread(site: Client) -> None:
    instrument()
    mirrored(spread_row(), books=(book("BTC/USDT", "alpha", "beta"),))
    answer = site.get(PAIR)

    assert [face["venue"] for face in answer.context["books"]] == ["alpha", "beta"]
    assert answer.context["best"].net == "0.001400"
    assert answer.context["spread_chart_url"] == f"{PAIR}history.json?range=1h"
    assert 'data-live-channel="book:BTC/USDT"' in answer.content.decode()


def test_a_stale_pair_has_no_best(site: Client) -> None:
    instrument()
    mirrored(spread_row(state="stale"), books=(book("BTC/USDT", "alpha"),), age_ms=60_000)
    answer = site.get(PAIR)

    assert answer.context["best"] is None
    assert answer.context["books"][0]["state"] == "stale"


def test_the_chart_is_in_percent(site: Client) -> None:
    instrument()
    services.spread_samples_record(rows=[spread_row()], at=timezone.now() - timedelta(minutes=1))
    series = site.get(f"{PAIR}history.json").json()["series"][0]

    assert series["unit"] == "%"
    assert [value for _, value in series["data"]] == ["0.1400"]


def test_an_unknown_pair_is_404(site: Client) -> None:
    assert site.get("/arbitrage/DOGE-EUR/").status_code == 404


def queries_of(site: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        site.get(url)
    return len(caught)


@pytest.mark.parametrize("url", ["/arbitrage/", PAIR])
def test_queries_do_not_grow_with_rows(site: Client, url: str) -> None:
    instrument()
    site.get(url)  # later visits have the session in the cache
    mirrored(spread_row())
    one = queries_of(site, url)
    mirrored(*[spread_row(buy=f"venue{at}") for at in range(20)])

    assert queries_of(site, url) == one
    assert one <= 8  # the person, the shell, the pair; none of them per row
