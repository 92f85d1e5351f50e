"""A book as anyone would write it, and the wire text of a change."""

from __future__ import annotations

from apps.venues.domain.wire import DepthDelta, DepthSnapshot, Level


class NaiveBook:
    """Two dictionaries, sorted on demand: slow, and plainly right."""

    def __init__(self, snapshot: DepthSnapshot) -> None:
        self._bids, self._asks = dict(snapshot.bids), dict(snapshot.asks)

    def apply(self, delta: DepthDelta) -> None:
        for side, changes in ((self._bids, delta.bids), (self._asks, delta.asks)):
            for price, quantity in changes:
                side[price] = quantity
                if quantity == 0:
                    del side[price]

    def bids(self) -> list[list[float]]:
        return [[price, self._bids[price]] for price in sorted(self._bids, reverse=True)]

    def asks(self) -> list[list[float]]:
        return [[price, self._asks[price]] for price in sorted(self._asks)]

    def best_bid(self) -> Level | None:
        price = max(self._bids, default=None)
        return None if price is None else (price, self._bids[price])

    def best_ask(self) -> Level | None:
        price = min(self._asks, default=None)
        return None if price is None else (price, self._asks[price])


def depth_text(delta: DepthDelta) -> bytes:
    """The venue's own form: no spaces, eight decimals, combined-stream envelope."""
    bids, asks = _levels(delta.bids), _levels(delta.asks)
    return (
        f'{{"stream":"{delta.symbol.lower()}@depth@100ms","data":{{"e":"depthUpdate",'
        f'"E":{delta.event_ms},"s":"{delta.symbol}","U":{delta.first},"u":{delta.final},'
        f'"b":[{bids}],"a":[{asks}]}}}}'
    ).encode()


def _levels(levels: tuple[Level, ...]) -> str:
    return ",".join(f'["{price:.8f}","{quantity:.8f}"]' for price, quantity in levels)
