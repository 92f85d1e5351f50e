from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
import requests
from requests.adapters import HTTPAdapter

from apps.venues.adapters import _native
from apps.venues.adapters._bitmex import BitmexClient, market
from apps.venues.adapters._markets import markets_forget
from apps.venues.adapters._native import exact_json
from apps.venues.adapters.bitmex import Bitmex
from apps.venues.domain.errors import CapabilityMissing, VenueRateLimited
from apps.venues.domain.ports import Capability
from apps.venues.streams import book_stream

DOCUMENTED_SECRET = "chNOOS4KvNXR_Xq4k4c9qsfoKWvnDecLATCRlcBwyKDYnWgO"
DOCUMENTED_BODY = (
    '{"symbol":"XBTM15","price":219.0,"clOrdID":"mm_bitmex_1a/oemUeQ4CAJZgP3fjHsA","orderQty":98}'
)


@pytest.fixture
def asked(monkeypatch):
    """Every request answers 429 and asks for a minute."""
    heard = []

    def send(self, request, **named):
        heard.append(request)
        answer = requests.Response()
        answer.status_code, answer._content = 429, b'{"error":{"message":"Rate limit exceeded"}}'
        answer.headers["Retry-After"] = "60"
        return answer

    monkeypatch.setattr(HTTPAdapter, "send", send)
    monkeypatch.setattr(_native, "_paused", {})
    return heard


@pytest.mark.parametrize(
    ("method", "path", "body", "expires", "signature"),
    [
        (
            "GET",
            "/api/v1/instrument",
            "",
            1518064236,
            "c7682d435d0cfe87c16098df34ef2eb5a549d4c5a3c2b1f0f77b8af73423bf00",
        ),
        (
            "POST",
            "/api/v1/order",
            DOCUMENTED_BODY,
            1518064238,
            "1749cd2ccae4aa49048ae09f0b95110cee706e0944e6a14ad0b3a8cb45bd336b",
        ),
    ],
)
def test_a_request_is_signed_as_the_documentation_shows(
    monkeypatch, method, path, body, expires, signature
):
    monkeypatch.setattr("time.time", lambda: float(expires - 5))
    client = BitmexClient()
    client.apiKey, client.secret = "LAqUlngMIQkIUjXMUreyu3qn", DOCUMENTED_SECRET

    told = client.sign(method, path, body)

    assert told == {
        "api-expires": str(expires),
        "api-key": "LAqUlngMIQkIUjXMUreyu3qn",
        "api-signature": signature,
    }


def test_a_venue_that_asks_for_patience_is_not_asked_again(asked):
    markets_forget()  # another test of this process may have read them
    venue = Bitmex({"key": "k", "secret": "s"})

    for _ in range(3):
        with pytest.raises(VenueRateLimited):
            venue.instruments()

    assert len(asked) == 1


def test_a_number_keeps_its_digits_in_json():
    said = {"qty": Decimal(12345678), "price": Decimal("0.000000000000000001"), "side": "Buy"}

    assert exact_json(said) == '{"qty":12345678,"price":0.000000000000000001,"side":"Buy"}'


def test_sizes_are_told_in_the_base_asset_and_not_in_its_units():
    row = {
        "symbol": "XBT_USDT",
        "state": "Open",
        "underlying": "XBT",
        "quoteCurrency": "USDT",
        "tickSize": "0.5",
        "lotSize": 1000,
        "maxOrderQty": 100_000_000_000,
        "underlyingToPositionMultiplier": 100_000_000,
    }

    told = market(row)

    assert (told["symbol"], told["precision"]["amount"]) == ("BTC/USDT", Decimal("0.00001"))
    assert told["limits"]["amount"]["max"] == 1000


def test_a_venue_without_a_live_book_says_so(monkeypatch):
    spec = Bitmex.spec
    without = replace(spec, capabilities=spec.capabilities - {Capability.BOOK_STREAM})
    monkeypatch.setattr(Bitmex, "spec", without)

    with pytest.raises(CapabilityMissing):
        book_stream("bitmex")
