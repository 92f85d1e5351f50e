from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from apps.accounts.services import api_token_create
from apps.markets import services
from tests.factories.accounts import Person
from tests.factories.markets import instrument, mirrored, spread_row

pytestmark = pytest.mark.django_db
URL = "/api/v1/spreads"


@pytest.fixture
def program(client: Client, alice: Person) -> Client:
    _, token = api_token_create(actor=alice.actor, name="test", now=timezone.now())
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


@pytest.mark.parametrize("url", [URL, f"{URL}/BTC-USDT", "/api/v1/instruments"])
def test_strangers_get_401(client: Client, url: str) -> None:
    assert client.get(url).status_code == 401


def test_the_best_net_comes_first_and_the_unknown_last(program: Client) -> None:
    mirrored(
        spread_row("SOL/USDT", net=None, state="missing", reason="the taker fee is not known"),
        spread_row("BTC/USDT", net="0.001000"),
        spread_row("ETH/USDT", net="0.002000"),
    )
    answer = program.get(URL).json()

    assert [item["symbol"] for item in answer["items"]] == ["ETH/USDT", "BTC/USDT", "SOL/USDT"]
    assert answer["items"][0]["net"] == "0.002000"
    assert answer["items"][2]["net"] is None
    assert answer["live"] is True


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("symbol=ETH/USDT", ["ETH/USDT|alpha|beta"]),
        ("venue=gamma", ["BTC/USDT|alpha|gamma"]),
        ("min_net=0.0015", ["ETH/USDT|alpha|beta"]),
        ("symbol=ETH/USDT&venue=gamma", []),
    ],
)
def test_filters_narrow(program: Client, query: str, found: list[str]) -> None:
    mirrored(spread_row("ETH/USDT", net="0.001500"), spread_row(sell="gamma", net="0.001499"))

    assert [item["key"] for item in program.get(f"{URL}?{query}").json()["items"]] == found


def test_a_board_that_nobody_refreshes_says_so(program: Client) -> None:
    mirrored(spread_row(age_ms=100), age_ms=60_000)
    answer = program.get(URL).json()

    assert answer["live"] is False
    assert answer["items"][0]["state"] == "stale"
    assert answer["items"][0]["reason"] == "the engine is not running"
    assert answer["items"][0]["age_ms"] >= 60_100


def test_without_an_engine_there_is_no_row(program: Client) -> None:
    answer = program.get(URL).json()

    assert (answer["items"], answer["live"], answer["written_at"]) == ([], False, None)


def test_nonsense_is_refused_by_name(program: Client) -> None:
    answer = program.get(f"{URL}?min_net=much")

    assert answer.status_code == 422
    assert list(answer.json()["error"]["details"]) == ["min_net"]


def test_a_pair_comes_with_its_history(program: Client) -> None:
    instrument()
    mirrored(spread_row(), spread_row("ETH/USDT"))
    services.spread_samples_record(rows=[spread_row()], at=timezone.now() - timedelta(seconds=10))
    answer = program.get(f"{URL}/BTC-USDT?interval=5s").json()

    assert [item["symbol"] for item in answer["items"]] == ["BTC/USDT"]
    assert [point["net"] for point in answer["history"]] == ["0.001400000000000000"]


def test_a_pair_that_nobody_lists_is_missing(program: Client) -> None:
    answer = program.get(f"{URL}/DOGE-EUR")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NFD-0702")


def test_instruments_say_what_is_not_stated(program: Client) -> None:
    instrument(price_step="0.01")
    item = program.get("/api/v1/instruments?venue=alpha").json()["items"][0]

    assert (item["price_step"], item["quantity_step"]) == ("0.010000000000000000", None)


@pytest.mark.parametrize("count", [1, 20])
def test_queries_do_not_grow_with_rows(
    program: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rows = [spread_row(f"A{at}/USDT") for at in range(count)]
    mirrored(*rows)
    for row in rows:
        instrument(symbol=row.symbol)
    program.get(URL)  # the token's last use is written once a minute

    with django_assert_num_queries(2):
        program.get(URL)
    with django_assert_num_queries(3):
        program.get("/api/v1/instruments")
