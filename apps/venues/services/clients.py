"""The one place that unseals a venue key. Workers, engine and guard come here, never an edge."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection

from django.conf import settings

from apps.vault import services as vault
from apps.venues import practice_control, registry
from apps.venues.clients import ClientPool, PublicClient, TradeClient, ViewClient
from apps.venues.domain.connections import ConnectionStatus, needs_proof
from apps.venues.domain.errors import (
    ConnectionMissing,
    ConnectionPaused,
    ConnectionUnusable,
    ConnectionViewOnly,
    KeyRightsUnproven,
)
from apps.venues.domain.ports import MarketData, Need, TradingVenue
from apps.venues.models import Connection

_pools: dict[int, tuple[int, ClientPool]] = {}  # {connection: (key version, its clients)}
_public: dict[str, ClientPool] = {}  # by venue and practice address
_making: defaultdict[int | str, threading.Lock] = defaultdict(threading.Lock)


def client_for(connection_id: int, *, need: Need) -> TradingVenue:
    """A ready, warm client of the connection. Ask again for each piece of work: it is cheap, and
    only asking notices a pause, a broken key or a new one.

    Raises ConnectionMissing, ConnectionPaused, ConnectionUnusable, ConnectionViewOnly (TRADE asked
    of a VIEW connection), KeyRightsUnproven, VenueUnavailable, and the vault's SealBroken, KeyLost.
    """
    return clients_for([connection_id], need=need)[connection_id]


def client_for_closing(connection_id: int) -> TradingVenue:
    """For the kill switch alone: a paused connection, or one whose key failed, is tried as well.

    What stands open there must be closed, and the venue itself has the last word.
    Raises ConnectionMissing, ConnectionViewOnly, and what making a client raises.
    """
    connection = Connection.objects.filter(pk=connection_id, removed_at=None).first()
    if connection is None:
        raise ConnectionMissing
    if connection.need != Need.TRADE:
        raise ConnectionViewOnly
    return TradeClient(pool_of(connection, purpose="client CLOSING"))


def clients_for(connection_ids: Collection[int], *, need: Need) -> dict[int, TradingVenue]:
    """The clients of several connections, which are read together: all of them or an error."""
    rows = Connection.objects.filter(pk__in=connection_ids, removed_at=None)
    found = {connection.pk: connection for connection in rows}
    for gone in set(connection_ids) - set(found):
        pool_forget(gone)
        raise ConnectionMissing
    return {number: _client(connection, need) for number, connection in found.items()}


def client_warm(connection_id: int) -> None:
    """Have ready what the next order of this process needs: the key unsealed, the markets, a
    socket to the venue, and a second client, so that an order waits for no other question.

    Raises what `client_for` raises.
    """
    client = client_for(connection_id, need=Need.TRADE)
    known = _pools.get(connection_id)
    if known is not None:
        known[1].warm(clients=2)
    client.clock_skew()


def _client(connection: Connection, need: Need) -> TradingVenue:
    _require_usable(connection, need)
    pool = pool_of(connection, purpose=f"client {need.value}")
    return TradeClient(pool) if need is Need.TRADE else ViewClient(pool)


def market_data_for(venue: str) -> MarketData:
    """A ready public client. Raises VenueUnknown, VenueUnavailable."""
    place = f"{venue} {practice_control.base_url()}"  # a practice venue that moved is a new one
    pool = _public.get(place)
    if pool is None:
        with _making[place]:
            pool = _public.get(place)
            if pool is None:
                pool = ClientPool(registry.adapter_for(venue), {})
                pool.warm()
                _public[place] = pool
    return PublicClient(pool)


def pool_of(connection: Connection, *, purpose: str) -> ClientPool:
    """The connection's clients whatever its status, for testing it. Unseals at most once."""
    known = _pools.get(connection.pk)
    if known is not None and known[0] == connection.key_version:
        return known[1]
    with _making[connection.pk]:
        known = _pools.get(connection.pk)
        if known is not None and known[0] == connection.key_version:
            return known[1]
        credentials = vault.secrets_open(
            set_id=connection.sealed_set_id,
            workspace_id=connection.workspace_id,
            record=connection.record,
            purpose=purpose,
        )
        pool = ClientPool(registry.adapter_for(connection.venue), credentials)
        pool.warm()
        _pools[connection.pk] = (connection.key_version, pool)
    if known is not None:
        known[1].close()  # the old key is let go
    return pool


def pool_forget(connection_id: int) -> None:
    """Let go of a connection's clients in this process."""
    known = _pools.pop(connection_id, None)
    if known is not None:
        known[1].close()


def clients_forget() -> None:
    """Let go of every client of this process: after a fork, and between tests."""
    for connection_id in list(_pools):
        pool_forget(connection_id)
    for place in list(_public):
        _public.pop(place).close()


def _require_usable(connection: Connection, need: Need) -> None:
    if connection.status == ConnectionStatus.PAUSED:
        raise ConnectionPaused
    if connection.status == ConnectionStatus.BROKEN:
        raise ConnectionUnusable
    if need is Need.TRADE and connection.need != Need.TRADE:
        raise ConnectionViewOnly
    spec = registry.adapter_for(connection.venue).spec
    if needs_proof(spec, need, unproven_allowed=settings.UNPROVEN_KEYS):
        raise KeyRightsUnproven(venue=spec.label)
