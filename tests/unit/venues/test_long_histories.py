"""More executions than fit a page, listed as these venues document it: each comes once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from requests.adapters import HTTPAdapter

from apps.venues.registry import adapter_for
from tests.contract.conftest import credentials_of
from tests.fakes.wire import Wire, payload

START = 1_795_262_400
COUNT = 2_300


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(time, "time", lambda: START + 3 * COUNT + 60.0)

    def made(code: str) -> Any:
        wire, adapter = Wire(payload(code), "x"), adapter_for(code)
        monkeypatch.setattr(HTTPAdapter, "send", lambda self, *a, **n: wire.send(self, *a, **n))
        venue = adapter(credentials_of(adapter))
        venue.warm()
        return venue

    return made


def test_gemini_pages_begin_at_an_instant_and_end_with_their_oldest(at: Any) -> None:
    venue = at("gemini")
    ledger = [
        {
            "price": "60000.00",
            "amount": "0.01",
            "timestamp": START + 3 * number,
            "timestampms": (START + 3 * number) * 1000,
            "type": "Buy",
            "aggressor": True,
            "fee_currency": "USD",
            "fee_amount": "1.0",
            "tid": number,
            "order_id": "7",
        }
        for number in range(COUNT)
    ]

    def told(said: dict[str, Any]) -> list[dict[str, Any]]:
        since = [row for row in ledger if row["timestamp"] >= said["timestamp"]]
        return since[: said["limit_trades"]][::-1]

    venue._client.privatePostV1Mytrades = told

    trades = venue.my_trades("BTC/USD", since=datetime.fromtimestamp(START, UTC))

    assert [trade.venue_trade_id for _, trade in trades] == [str(n) for n in range(COUNT)]


def test_bitstamp_pages_are_numbered_from_the_newest(at: Any) -> None:
    venue = at("bitstamp")
    asked: list[int] = []
    instants = [datetime.fromtimestamp(START + 3 * number, UTC) for number in range(COUNT)]
    ledger = [
        {
            "id": number,
            "order_id": 7,
            "datetime": f"{instant:%Y-%m-%d %H:%M:%S}.000000",
            "type": "2",
            "fee": "1.0",
            "btc": "0.01",
            "usdt": "-600.0",
            "btc_usdt": "60000.0",
        }
        for number, instant in enumerate(instants)
    ]

    def told(said: dict[str, Any]) -> list[dict[str, Any]]:
        asked.append(said["offset"])
        assert (said["sort"], said["limit"], said["pair"]) == ("desc", 1000, "btcusdt")
        return ledger[::-1][said["offset"] :][: said["limit"]]

    venue._client.privatePostUserTransactionsPair = told

    trades = venue.my_trades("BTC/USDT", since=datetime.fromtimestamp(START, UTC))

    assert [trade.venue_trade_id for _, trade in trades] == [str(n) for n in range(COUNT)]
    assert asked == [0, 1000, 2000, COUNT]
