"""What most spot exchanges offer; each adapter adds and takes away."""

from __future__ import annotations

from apps.venues.domain.ports import Capability as C

SPOT = frozenset(
    {
        C.SPOT_ORDERS,
        C.CLIENT_ORDER_ID,
        C.IOC,
        C.FOK,
        C.POST_ONLY,
        C.CANCEL,
        C.OPEN_ORDERS,
        C.MY_TRADES,
        C.BALANCES,
        C.ACCOUNT_FEES,
        C.BOOK,
        C.BOOK_STREAM,
        C.ORDER_STREAM,
        C.CANDLES,
    }
)
MARKET = frozenset({C.MARKET_ORDERS})  # both sides sized in the base asset
TESTNET = frozenset({C.TESTNET})
STOPS = frozenset({C.STOP, C.STOP_LIMIT, C.TAKE_PROFIT, C.TAKE_PROFIT_LIMIT})
