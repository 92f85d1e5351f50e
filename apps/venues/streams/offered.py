"""Which exchanges can be followed live, and what each says of its symbols."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.domain.ports import Capability
from apps.venues.registry import adapter_types

EXAMPLES = ("binance", "kraken", "okx", "bybit", "kucoin")


class ExchangeUnusable(ValueError):
    """No live prices from there; the message says why and names some exchanges that have them."""


def followed_exchange(exchange: str) -> type[CcxtVenue]:
    """The adapter of an exchange whose books can be streamed. Raises ExchangeUnusable."""
    adapter = adapter_types().get(exchange)
    if adapter is None:
        raise ExchangeUnusable(f"there is no exchange called {exchange!r}. {_choice()}")
    if not issubclass(adapter, CcxtVenue) or not _streams_books(adapter):
        raise ExchangeUnusable(f"{adapter.spec.label} streams no order books. {_choice()}")
    return adapter


def public_client(adapter: type[CcxtVenue]) -> Any:
    """A keyless ccxt.pro client; make it inside a running loop, close it afterwards."""
    from apps.venues.adapters._loader import exchange_class

    made = exchange_class(adapter.spec.ccxt_id, "pro")
    return made(dict(adapter.config) | {"enableRateLimit": True, "newUpdates": True})


async def terms_of(
    adapter: type[CcxtVenue], client: Any, *, reload: bool = False
) -> dict[str, dict[str, Decimal | None]]:
    """What the exchange's own list says of every spot symbol that trades there now.

    {symbol: tick, step, min_quantity, max_quantity, min_notional, maker_fee, taker_fee}; None is
    what it does not say. Raises what ccxt raises.
    """
    markets = await client.load_markets(reload)
    reader = adapter({})
    found = {}
    for symbol, market in markets.items():
        if not reader.is_offered(market):
            continue
        info = reader.info(market)
        if info.active:
            found[symbol] = {
                "tick": info.price_step,
                "step": info.quantity_step,
                "min_quantity": info.min_quantity,
                "max_quantity": info.max_quantity,
                "min_notional": info.min_notional,
                "maker_fee": info.maker_fee,
                "taker_fee": info.taker_fee,
            }
    return found


def _streams_books(adapter: type[CcxtVenue]) -> bool:
    from apps.venues.adapters._loader import exchange_class

    if Capability.BOOK_STREAM not in adapter.spec.capabilities:
        return False
    try:
        described = exchange_class(adapter.spec.ccxt_id, "pro")().describe()
    except LookupError:
        return False
    return described["has"].get("watchOrderBook") is True


def _choice() -> str:
    known = adapter_types()
    named = ", ".join(code for code in EXAMPLES if code in known)
    return f"Some that work: {named}."
