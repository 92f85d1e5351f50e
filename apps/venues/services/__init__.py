"""Writes of venues, and the clients: one module per group of use cases."""

from __future__ import annotations

from apps.venues.services.clients import (
    client_for,
    client_for_closing,
    client_warm,
    clients_for,
    clients_forget,
    market_data_for,
)
from apps.venues.services.connections import (
    connection_add,
    connection_pause,
    connection_remove,
    connection_resume,
    connection_test,
)
from apps.venues.services.paper import (
    practice_connection_open,
    practice_reset,
    practice_top_up,
)

__all__ = [
    "client_for",
    "client_for_closing",
    "client_warm",
    "clients_for",
    "clients_forget",
    "connection_add",
    "connection_pause",
    "connection_remove",
    "connection_resume",
    "connection_test",
    "market_data_for",
    "practice_connection_open",
    "practice_reset",
    "practice_top_up",
]
