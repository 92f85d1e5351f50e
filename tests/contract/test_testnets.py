"""An adapter that claims a test network has one that its client knows, and never by itself."""

from __future__ import annotations

import pytest

from apps.venues.adapters._loader import exchange_class
from apps.venues.domain.ports import Capability
from apps.venues.registry import adapter_types

CLAIMING = sorted(
    code
    for code, adapter in adapter_types().items()
    if Capability.TESTNET in adapter.spec.capabilities
)


def test_some_exchanges_have_one():
    assert "binance" in CLAIMING


@pytest.mark.parametrize("code", CLAIMING)
def test_a_claimed_test_network_is_one_that_the_client_knows(code):
    client = exchange_class(adapter_types()[code].spec.ccxt_id, "sync")()

    client.set_sandbox_mode(True)  # NotSupported where the client knows none

    assert client.isSandboxModeEnabled or client.options["sandboxMode"]


@pytest.mark.parametrize("code", sorted(adapter_types()))
def test_no_adapter_speaks_to_a_test_network_by_itself(code):
    """A real key is for the real exchange: nothing but an order to do so switches the network."""
    made = adapter_types()[code]({})._client

    assert not getattr(made, "isSandboxModeEnabled", False)
