"""A venue with its network cut below its client, one market list per adapter and process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from requests.adapters import HTTPAdapter

from apps.venues.adapters._orders import OrderCommands
from tests.fakes.wire import Wire, payload

OURS = "c7f3k2m9q4w8x1z5b6n0p2r7"  # as the platform makes them
PEM = (
    ec.derive_private_key(7, ec.SECP256R1())  # opens nothing
    .private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    .decode()
)


@pytest.fixture
def wire(adapter: type[OrderCommands], monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    code = adapter.spec.code
    made = Wire(payload(code), adapter.client_ids.wire(OURS))
    monkeypatch.setattr(HTTPAdapter, "send", lambda self, *a, **named: made.send(self, *a, **named))
    yield made
    assert made.unmatched == []


@pytest.fixture
def venue(wire: Wire, adapter: type[OrderCommands]) -> Iterator[OrderCommands]:
    made = adapter(credentials_of(adapter))
    made.warm()
    wire.heard.clear()
    yield made
    made.close()


def credentials_of(adapter: type[OrderCommands]) -> dict[str, str]:
    """Keys of the right form that open nothing."""
    texts: dict[str, Any] = {
        "key": "account-7h1s0p3n5n0th1ng",
        "secret": "c2VjcmV0LTdoMXMwcDNuNW4wdGgxbmc=",
        "passphrase": "passphrase-7h1s0p3n5",
        "wallet": "0x" + "ab" * 20,
        "agent_key": "0x" + "17" * 32,
    }
    if adapter.spec.code == "coinbase":
        texts |= {"key": "organizations/7h1s/apiKeys/0p3n5n0th1ng", "secret": PEM}
    return {field.name: texts[field.name] for field in adapter.spec.credential_fields}
