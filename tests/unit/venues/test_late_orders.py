"""What ends an order's life on its way, where a card cannot read it off the wire."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from apps.venues.domain.ports import OrderKind, OrderTicket, Side
from apps.venues.registry import adapter_for
from tests.contract.conftest import OURS, credentials_of

TICKET = OrderTicket(
    client_order_id=OURS,
    symbol="BTC/USDT",
    side=Side.BUY,
    kind=OrderKind.LIMIT,
    quantity=Decimal(1),
    limit_price=Decimal(1),
)


def venue_of(code: str) -> Any:
    adapter = adapter_for(code)
    return adapter(credentials_of(adapter))


def test_a_token_of_coinbase_ends_after_ten_seconds() -> None:
    client = venue_of("coinbase")._client

    token = client.create_auth_token(1_000, "GET", "https://api.coinbase.com/api/v3/x")

    body = token.split(".")[1]
    told = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert (told["exp"], told["nbf"] < 1_000) == (1_010, True)


def test_an_order_at_kraken_has_a_deadline_of_five_seconds() -> None:
    before = datetime.now(UTC)

    told = venue_of("kraken").order_params(TICKET)["deadline"]

    ahead = datetime.fromisoformat(told) - before
    assert timedelta(seconds=4.99) < ahead < timedelta(seconds=7)
