"""The raw client: one ccxt object, made so that no amount passes through a float.

ccxt reads JSON numbers as floats, treats a page of HTML with status 200 as an answer, logs signed
requests, and opens a TLS context per client. This module is where each of that is undone.
"""

from __future__ import annotations

import json
import logging
import os
import ssl
import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

import certifi
import requests
from requests.adapters import HTTPAdapter

from apps.venues.adapters._loader import ccxt_errors, exchange_class

TIMEOUT_MS = 10_000  # to connect, and again between two bytes of the answer
CONNECTIONS = 16  # kept open per host

SILENT = logging.getLogger("cryonel.venues.silent")  # ccxt logs headers and bodies with keys
SILENT.disabled = True

CONFIG: dict[str, Any] = {
    "enableRateLimit": False,  # the pool's token bucket knows all clients, ccxt's only its own
    "timeout": TIMEOUT_MS,
    "number": str,
    "logger": SILENT,
    "has": {"fetchCurrencies": False},  # a second large download for names we do not use
}


class SharedTls(HTTPAdapter):
    """One TLS context and one connection pool for every client of this process.

    A context costs 20 ms and 0.9 MB. Nothing of a key lives in it: keys travel in requests.
    """

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        super().init_poolmanager(*args, **named, ssl_context=_tls())

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        return super().proxy_manager_for(proxy, **named, ssl_context=_tls())

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """The context already holds the authorities; loading them per connection is the cost."""
        conn.cert_reqs = "CERT_REQUIRED"

    def close(self) -> None:
        """Sessions come and go; the pool stays."""


class ExactJson:
    """Mixed into ccxt's class: numbers stay text, an answer is JSON, and we know what left."""

    wrote = False  # whether a request that can change something has left since `wrote` was reset

    def on_json_response(self, body: str) -> Any:
        return json.loads(body, parse_float=str)

    def fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        if method != "GET":
            self.wrote = True
        answer = super().fetch(url, method, headers, body)  # type: ignore[misc]
        if not isinstance(answer, dict | list) or answer == {}:
            raise ccxt_errors().BadResponse(f"{self.id} answered without content")  # type: ignore[attr-defined]
        return answer

    def handle_errors(self, status: int, *answer: Any) -> Any:
        """Status 401 is a refused key, also where ccxt does not know the venue's own words."""
        errors = ccxt_errors()
        try:
            return super().handle_errors(status, *answer)  # type: ignore[misc]
        except errors.ExchangeError as e:
            if status == 401 and type(e) is errors.ExchangeError:
                raise errors.AuthenticationError(str(e)) from None
            raise

    def __del__(self) -> None:
        """Closing is explicit; ccxt closes again when collected, in whatever thread that is."""


def raw_client(ccxt_id: str, config: Mapping[str, Any]) -> Any:
    """A ccxt client with our session; no network yet."""
    kind = _exact(ccxt_id)
    session = shared_session()
    client = kind(kind.deep_extend(CONFIG, {"session": session}, config))
    client.aiohttp_proxy = None
    return client


def shared_session() -> requests.Session:
    """A session over the process's one TLS context; it reads no environment and no netrc."""
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", _shared())
    session.mount("http://", _shared())
    return session


@cache
def _exact(ccxt_id: str) -> Any:
    return type(ccxt_id, (ExactJson, exchange_class(ccxt_id)), {})


_guard = threading.Lock()
_pool: dict[str, SharedTls] = {}


def _shared() -> SharedTls:
    with _guard:
        if "pool" not in _pool:
            _pool["pool"] = SharedTls(pool_connections=64, pool_maxsize=CONNECTIONS)
        return _pool["pool"]


@cache
def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


os.register_at_fork(after_in_child=_pool.clear)  # two processes must not share one connection
