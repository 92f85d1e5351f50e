"""Questions about an account: rights, balances, fees, open orders, executions."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from apps.venues.adapters import _parsing as parsing
from apps.venues.adapters._ids import ClientIds, Plain
from apps.venues.adapters._markets import MarketQuestions
from apps.venues.adapters._paging import Paging, all_since
from apps.venues.adapters._translation import asking
from apps.venues.domain.errors import CapabilityMissing
from apps.venues.domain.ports import (
    Balance,
    Capability,
    Fees,
    KeyRights,
    OrderKind,
    OrderReceipt,
    RightsProof,
    VenueTrade,
)

AHEAD = 60_000  # ms that a venue's clock may be ahead of ours


class AccountQuestions(MarketQuestions):
    """What one account holds, pays and has done."""

    client_ids: ClassVar[ClientIds] = Plain()
    fill_field: ClassVar[str] = ""  # of the raw order; ccxt invents a zero where it is absent
    fees_by_symbol: ClassVar[bool] = False  # the list of all symbols tells list prices only
    paging: ClassVar[Paging] = Paging()  # of executions
    order_paging: ClassVar[Paging | None] = None  # of ended orders, where they are listed so
    kind_words: ClassVar[Mapping[str, OrderKind]] = {}  # the venue's own, in lower case
    kind_path: ClassVar[tuple[str | int, ...]] = ()  # to that word in the raw order
    balance_params: ClassVar[Mapping[str, Any]] = {}

    def rights(self) -> KeyRights:
        with asking(self.spec.label):
            return self.read_rights()

    def read_rights(self) -> KeyRights:
        """Overridden where the venue tells. Here: nobody can say, and that is not harmless."""
        self._client.fetch_balance(dict(self.balance_params))  # that the key reads
        return KeyRights(proof=RightsProof.NONE, can_read=True, can_trade=None, can_withdraw=None)

    def balances(self) -> list[Balance]:
        self.warm()
        with asking(self.spec.label):
            return parsing.balances(self.read_balances())

    def read_balances(self) -> Mapping[str, Any]:
        """ccxt's free, used and total by asset. Raises ValueError where an amount is left out that
        ccxt would take for zero."""
        raw: Mapping[str, Any] = self._client.fetch_balance(dict(self.balance_params))
        return raw

    def fees(self, symbols: Sequence[str]) -> list[Fees]:
        self._require(Capability.ACCOUNT_FEES)
        for symbol in symbols:
            self._market(symbol)
        with asking(self.spec.label):
            every = not self.fees_by_symbol and self._client.has.get("fetchTradingFees") is True
            if every:
                told = self._client.fetch_trading_fees()
                return [self._fees(symbol, told[symbol]) for symbol in symbols]
            return [self._fees(s, self.read_fee(s)) for s in symbols]

    def read_fee(self, symbol: str) -> Mapping[str, Any]:
        raw: Mapping[str, Any] = self._client.fetch_trading_fee(symbol)
        return raw

    def _fees(self, symbol: str, raw: Mapping[str, Any]) -> Fees:
        maker, taker = parsing.decimal(raw["maker"]), parsing.decimal(raw["taker"])
        if maker is None or taker is None:
            raise ValueError(f"no fee of {symbol}")
        return Fees(symbol=symbol, maker=maker, taker=taker)

    def open_orders(self, symbol: str | None = None) -> list[OrderReceipt]:
        self._require(Capability.OPEN_ORDERS)
        if symbol is None and self.spec.open_orders_by_symbol:
            raise CapabilityMissing(venue=self.spec.label, need=Capability.OPEN_ORDERS.value)
        self.warm() if symbol is None else self._market(symbol)
        with asking(self.spec.label, symbol or ""):
            rows = self._client.fetch_open_orders(symbol)
            return [self.receipt(row, "") for row in rows]

    def orders_since(self, symbol: str, *, since: datetime) -> list[OrderReceipt]:
        """Open and ended orders made since then, oldest first, without executions."""
        self._require(Capability.ORDER_HISTORY)
        self._market(symbol)
        start, now = int(since.timestamp() * 1000), int(time.time() * 1000) + AHEAD
        with asking(self.spec.label, symbol):
            rows = self.read_orders(symbol, start, now)
            return [replace(self.receipt(row, ""), trades=()) for row in rows]

    def read_orders(self, symbol: str, start: int, now: int) -> Sequence[Mapping[str, Any]]:
        """All orders made from `start` to `now` (ms). Raises ValueError where some may be lost."""
        return all_since(
            lambda since, params: self.order_page(symbol, since, params),
            start,
            now,
            self.order_paging or self.paging,
        )

    def with_open(
        self, symbol: str, start: int, ended: Sequence[Mapping[str, Any]]
    ) -> Sequence[Mapping[str, Any]]:
        """Ended and open orders, for venues that list them apart. The open ones are asked for
        first by the caller's clock and read last, so that one that ends meanwhile is in neither
        list at worst for this answer, and never twice."""
        rows = {str(row["id"]): row for row in self._client.fetch_open_orders(symbol)}
        rows = {key: row for key, row in rows.items() if (row["timestamp"] or start) >= start}
        rows |= {str(row["id"]): row for row in ended}
        return sorted(rows.values(), key=lambda row: row["timestamp"] or 0)

    def order_page(
        self, symbol: str, since: int, params: dict[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        """One page of the venue's list of open and ended orders."""
        size = (self.order_paging or self.paging).size
        rows: Sequence[Mapping[str, Any]] = self._client.fetch_orders(symbol, since, size, params)
        return rows

    def my_trades(self, symbol: str, *, since: datetime) -> list[tuple[str, VenueTrade]]:
        """(venue_order_id, trade), oldest first."""
        self._require(Capability.MY_TRADES)
        self._market(symbol)
        with asking(self.spec.label, symbol):
            ordered = all_since(
                lambda start, params: self._client.fetch_my_trades(
                    symbol, start, self.paging.size, params
                ),
                int(since.timestamp() * 1000),
                int(time.time() * 1000) + AHEAD,
                self.paging,
            )
            return [
                (str(row.get("order") or ""), parsing.trade(row))
                for row in ordered
                if parsing.decimal(row.get("amount"))
            ]

    def receipt(self, raw: Mapping[str, Any], client_order_id: str) -> OrderReceipt:
        told = str(raw.get("clientOrderId") or "")
        if self.fill_field and self.fill_field not in (raw.get("info") or {}):
            raw = {**raw, "filled": None, "status": raw.get("status") or "open"}
        if self.kind_path:
            raw = {**raw, "type": parsing.found(raw.get("info"), self.kind_path)}
        ours = client_order_id or (self.client_ids.ours(told) if told else "")
        return parsing.receipt(raw, ours, self.kind_words)
