"""Live public data: which stream serves which venue."""

from __future__ import annotations

from apps.venues import practice_control
from apps.venues.domain.errors import CapabilityMissing
from apps.venues.domain.ports import BookStream, Capability
from apps.venues.streams.binance import BinanceAddress, BinanceBookStream
from apps.venues.streams.pro import ProBookStream

# Venues by the ccxt class that speaks for them; ours is faster for this dialect.
BINANCE_DIALECT = {
    "binance": BinanceAddress("https://api.binance.com", "wss://stream.binance.com:9443"),
}


def _bitmex() -> BookStream:
    from apps.venues.streams.bitmex import BitmexBookStream  # brings its adapter's client

    return BitmexBookStream()


OWN_CLIENTS = {"bitmex": _bitmex}  # exchanges that ccxt does not know


def book_stream(venue: str) -> BookStream:
    """A new stream of this venue's books; asks no network before it is iterated.

    Raises VenueUnknown, CapabilityMissing.
    """
    if practice_control.is_practice(venue):
        root = practice_control.instance_url(venue)
        return BinanceBookStream(BinanceAddress(root, root.replace("http", "ws", 1)))
    from apps.venues.registry import adapter_for  # our own dialect needs none of it

    spec = adapter_for(venue).spec
    if Capability.BOOK_STREAM not in spec.capabilities:
        raise CapabilityMissing(venue=spec.label, need=Capability.BOOK_STREAM.value)
    if native := OWN_CLIENTS.get(spec.code):
        return native()
    address = BINANCE_DIALECT.get(spec.ccxt_id)
    return BinanceBookStream(address) if address else ProBookStream(spec)
