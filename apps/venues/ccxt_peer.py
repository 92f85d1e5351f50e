"""ccxt.pro's own order book on the same messages, without a network: the peer of a benchmark."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import perf_counter

import orjson

URL = "wss://stream.binance.com:9443/ws/0"


def replay_seconds(snapshot: bytes, texts: Sequence[str], rounds: int) -> list[float]:
    """Seconds per round for ccxt.pro to take all texts into its book, reading the spread each time.

    The texts enter where ccxt's own socket hands them over, so decoding, routing, the sequence
    check and the book are all its own. Raises ImportError where ccxt.pro is not installed.
    """
    return asyncio.run(_replay(snapshot, texts, rounds))


async def _replay(snapshot: bytes, texts: Sequence[str], rounds: int) -> list[float]:
    import ccxt.pro

    venue = ccxt.pro.binance()
    try:
        venue.set_markets([venue.safe_market_structure(MARKET)])
        client = venue.client(URL)
        seconds = []
        for _ in range(rounds):
            body = orjson.loads(snapshot)
            book = venue.order_book({}, 1000)
            book.reset(venue.parse_order_book(body, "BTC/USDT"))
            book["nonce"], book["timestamp"] = body["lastUpdateId"], None
            venue.orderbooks["BTC/USDT"] = book
            started = perf_counter()
            for text in texts:
                client.handle_text_or_binary_message(text)
                book["asks"][0][0] - book["bids"][0][0]
            seconds.append(perf_counter() - started)
            if book["nonce"] != orjson.loads(texts[-1])["data"]["u"]:
                raise RuntimeError("ccxt.pro did not take all messages")
        return seconds
    finally:
        await venue.close()


MARKET = {
    "id": "BTCUSDT",
    "lowercaseId": "btcusdt",
    "symbol": "BTC/USDT",
    "base": "BTC",
    "quote": "USDT",
    "baseId": "BTC",
    "quoteId": "USDT",
    "type": "spot",
    "spot": True,
    "active": True,
    "precision": {"amount": 1e-5, "price": 0.01},
    "limits": {},
    "info": {},
}
