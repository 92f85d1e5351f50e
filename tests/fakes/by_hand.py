"""Orders that a person places at the practice venue beside CRYONEL, with the account's own key."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import urllib.parse
import urllib.request
from typing import Any

from apps.vault.services import secrets_open
from apps.venues.models import Connection


def by_hand(url: str, link: Connection, method: str, path: str, **params: str) -> Any:
    """One signed request over raw HTTP; the venue's JSON. Raises urllib's HTTPError."""
    instance = link.venue.partition(".")[2]
    keys = secrets_open(
        set_id=link.sealed_set_id,
        workspace_id=link.workspace_id,
        record=link.record,
        purpose="test",
    )
    query = urllib.parse.urlencode(params | {"timestamp": str(int(time.time() * 1000))})
    signed = hmac.new(keys["secret"].encode(), query.encode(), hashlib.sha256).hexdigest()
    request = urllib.request.Request(  # noqa: S310 our own http address
        f"{url}/{instance}/api/v3/{path}?{query}&signature={signed}",
        method=method,
        headers={"X-MBX-APIKEY": keys["key"]},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return json.load(answer)


def order_by_hand(url: str, link: Connection, **order: str) -> Any:
    """A resting GTC limit order of 0.1 BTC at 90, unless told otherwise."""
    boring = {
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
        "quantity": "0.1", "price": "90",
    }  # fmt: skip
    return by_hand(url, link, "POST", "order", **(boring | order))
