"""Everything ccxt-backed exchanges share. An exchange file holds only its differences."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

from apps.venues.adapters import _parsing as parsing
from apps.venues.adapters import _translation as translation
from apps.venues.adapters._ids import OURS, ClientIds, Plain
from apps.venues.adapters._translation import EXACT, asking, refusal_of
from apps.venues.adapters._wire import raw_client
from apps.venues.domain.errors import (
    CapabilityMissing,
    OrderIdUnusable,
    PriceOffStep,
    QuantityOffStep,
    RefusalReason,
    VenueOutcomeUnknown,
    VenueRejected,
    VenueUnavailable,
)
from apps.venues.domain.ports import (
    Balance,
    BookLevels,
    Capability,
    Fees,
    InstrumentInfo,
    KeyRights,
    OrderKind,
    OrderReceipt,
    OrderTicket,
    ReceiptStatus,
    RightsProof,
    TimeInForce,
    VenueSpec,
    VenueTrade,
)

MARKETS_KEPT = 300.0  # seconds that clients of one venue share a list of markets
PAGES = 20  # of trades at most; a longer absence is read again by the next call
NEEDED = {
    TimeInForce.IOC: Capability.IOC,
    TimeInForce.FOK: Capability.FOK,
    TimeInForce.POST_ONLY: Capability.POST_ONLY,
}
_markets: dict[str, tuple[float, Any]] = {}  # {venue and address: (read at, a keyless client)}
_guard = threading.Lock()


class CcxtVenue:
    """`TradingVenue` over one ccxt client. Not thread-safe: one thread at a time.

    place_order raises VenueOutcomeUnknown when the order may have arrived; every other error of
    it means that it did not.
    """

    spec: ClassVar[VenueSpec]
    client_ids: ClassVar[ClientIds] = Plain()
    client_id_param: ClassVar[str] = "clientOrderId"  # in create_order and fetch_order
    config: ClassVar[Mapping[str, Any]] = {}  # laid over the ccxt class's own description
    fill_field: ClassVar[str] = ""  # of the raw order; ccxt invents a zero where it is absent
    refusals: ClassVar[Mapping[str, RefusalReason]] = {}  # documented texts that ccxt files loosely
    absences: ClassVar[tuple[str, ...]] = ()  # documented texts for "no such order"
    cancel_refusals: ClassVar[dict[str, RefusalReason]] = {}
    balance_params: ClassVar[Mapping[str, Any]] = {}
    credential_names: ClassVar[Mapping[str, str]] = {
        "key": "apiKey",
        "secret": "secret",
        "passphrase": "password",
    }

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        spec = cls.__dict__.get("spec")
        file = cls.__module__.rpartition(".")[2]
        if spec is not None and spec.code.partition(".")[0] != file:
            raise TypeError(f"{spec.code} must live in {spec.code}.py, not in {file}.py")

    def __init__(
        self, credentials: Mapping[str, str], options: Mapping[str, Any] | None = None
    ) -> None:
        """No network here. `options` are laid over ccxt's configuration (urls, timeout...)."""
        self._options = dict(options or {})
        self._keyed = bool(credentials)
        self._client = self._made(
            {self.credential_names[name]: value for name, value in credentials.items()}
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.spec.code}>"

    def warm(self) -> None:
        """Have the markets. Idempotent; raises VenueUnavailable and its like."""
        if not self._client.markets:
            self._client.set_markets_from_exchange(self._market_source(MARKETS_KEPT))

    def share_markets(self, other: CcxtVenue) -> None:
        """Take over what another client of the same venue has loaded."""
        if other._client.markets:
            self._client.set_markets_from_exchange(other._client)

    def close(self) -> None:
        self._client.session.close()

    # --- public questions

    def instruments(self) -> list[InstrumentInfo]:
        source = self._market_source(60.0)
        self._client.set_markets_from_exchange(source)
        return [self.info(market) for market in source.markets.values() if self.is_offered(market)]

    def info(self, market: Mapping[str, Any]) -> InstrumentInfo:
        return parsing.instrument(market, self._client.precisionMode)

    def is_offered(self, market: Mapping[str, Any]) -> bool:
        """Whether a market is one that this adapter trades."""
        return bool(market.get("spot"))

    def book(self, symbol: str, *, depth: int = 50) -> BookLevels:
        self._market(symbol)
        with asking(self.spec.label, symbol):
            raw = self._client.fetch_order_book(symbol, self.book_limit(depth))
            return parsing.book(symbol, raw, depth)

    def book_limit(self, depth: int) -> int | None:
        """The nearest number of levels that the venue takes."""
        return depth

    def clock_skew(self) -> timedelta:
        """Ours minus theirs, at the middle of the call; by the Date header to half a second."""
        with asking(self.spec.label):
            before = time.time()
            theirs = self._venue_time()
            ours = (before + time.time()) / 2
        return timedelta(seconds=ours - theirs)

    def _venue_time(self) -> float:
        if self._client.has.get("fetchTime") is True:
            return float(self._client.fetch_time()) / 1000
        self._client.fetch_order_book(next(iter(self._client.symbols)))
        date = self._client.last_response_headers["Date"]
        return parsedate_to_datetime(date).timestamp() + 0.5

    # --- questions about the account

    def rights(self) -> KeyRights:
        with asking(self.spec.label):
            return self.read_rights()

    def read_rights(self) -> KeyRights:
        """Overridden where the venue tells. Here: nobody can say, and that is not harmless."""
        self._client.fetch_balance(dict(self.balance_params))  # that the key reads
        return KeyRights(proof=RightsProof.NONE, can_read=True, can_trade=None, can_withdraw=None)

    def balances(self) -> list[Balance]:
        with asking(self.spec.label):
            return parsing.balances(self._client.fetch_balance(dict(self.balance_params)))

    def fees(self, symbols: Sequence[str]) -> list[Fees]:
        self._require(Capability.ACCOUNT_FEES)
        for symbol in symbols:
            self._market(symbol)
        with asking(self.spec.label):
            if self._client.has.get("fetchTradingFees") is True:
                told = self._client.fetch_trading_fees()
                return [self._fees(symbol, told[symbol]) for symbol in symbols]
            return [self._fees(s, self._client.fetch_trading_fee(s)) for s in symbols]

    def _fees(self, symbol: str, raw: Mapping[str, Any]) -> Fees:
        maker, taker = parsing.decimal(raw["maker"]), parsing.decimal(raw["taker"])
        if maker is None or taker is None:
            raise ValueError(f"no fee of {symbol}")
        return Fees(symbol=symbol, maker=maker, taker=taker)

    # --- orders

    def wire_client_id(self, client_order_id: str) -> str:
        """Our id as the venue takes it. Raises OrderIdUnusable."""
        try:
            if not OURS.fullmatch(client_order_id):
                raise ValueError(client_order_id)
            return self.client_ids.wire(client_order_id)
        except ValueError:
            raise OrderIdUnusable(venue=self.spec.label, client_order_id=client_order_id) from None

    def place_order(self, ticket: OrderTicket) -> OrderReceipt:
        self._require_sendable(ticket)
        self._client.wrote = False
        problem: BaseException
        with localcontext(EXACT):
            try:
                raw = self.create(ticket)
                if not raw.get("id"):  # 200 with a page of HTML ends here
                    raise ValueError("an order without an id")
                return self.receipt(raw, ticket.client_order_id)
            except translation.caught() as e:
                problem = e
        if translation.is_duplicate(problem):  # an earlier attempt arrived
            return OrderReceipt(
                venue_order_id="",
                status=ReceiptStatus.OPEN,
                filled=None,
                client_order_id=ticket.client_order_id,
            )
        self._raise_refusal(problem, translation.PLACE_REFUSED, ticket)
        return translation.unknown(self.spec.label, problem)

    def create(self, ticket: OrderTicket) -> Mapping[str, Any]:
        """Send one order through ccxt. Amounts leave as text."""
        price = None if ticket.limit_price is None else f"{ticket.limit_price:f}"
        raw: Mapping[str, Any] = self._client.create_order(
            ticket.symbol,
            ticket.kind.value,
            ticket.side.value,
            f"{ticket.quantity:f}",
            price,
            self.order_params(ticket),
        )
        return raw

    def order_params(self, ticket: OrderTicket) -> dict[str, Any]:
        params: dict[str, Any] = {self.client_id_param: self.wire_client_id(ticket.client_order_id)}
        if ticket.time_in_force is TimeInForce.POST_ONLY:
            params["postOnly"] = True
        elif ticket.time_in_force is not TimeInForce.GTC:
            params["timeInForce"] = ticket.time_in_force.value
        return params

    def find_order(
        self, client_order_id: str, symbol: str, *, sent_for: timedelta
    ) -> OrderReceipt | None:
        """None means "never arrived": said only once the venue has had time to show it."""
        self._market(symbol)
        with asking(self.spec.label, symbol):
            raw = self._looked_up(self.wire_client_id(client_order_id), symbol)
            if raw is not None:
                return self._with_trades(self.receipt(raw, client_order_id), raw, symbol)
        if sent_for < self.spec.visible_after:
            raise VenueOutcomeUnknown(venue=self.spec.label)
        return None

    def _looked_up(self, wire_id: str, symbol: str) -> Mapping[str, Any] | None:
        try:
            return self.look_up(wire_id, symbol)
        except translation.caught() as e:
            if translation.is_absence(e, self.absences):
                return None
            raise

    def look_up(self, wire_id: str, symbol: str) -> Mapping[str, Any] | None:
        """The order of this wire id, or None or OrderNotFound where the venue has none."""
        raw: Mapping[str, Any] = self._client.fetch_order(
            None, symbol, {self.client_id_param: wire_id}
        )
        return raw

    def listed(self, wire_id: str, *lists: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """For venues without a look-up by our id: trust no filter but our own."""
        for orders in lists:
            for raw in orders:
                if raw.get("clientOrderId") == wire_id:
                    return raw
        return None

    def cancel_order(
        self, client_order_id: str, venue_order_id: str, symbol: str
    ) -> OrderReceipt | None:
        """The order after the cancel; None where the venue only acknowledges.

        An order that is gone is looked up: filled, it comes back with its trades.
        Raises VenueRejected (ORDER_MISSING) where the venue has never heard of it.
        """
        self._market(symbol)
        problem: BaseException
        with localcontext(EXACT):
            try:
                raw = self.cancel(self.wire_client_id(client_order_id), venue_order_id, symbol)
                return self.cancelled(raw, client_order_id)
            except translation.caught() as e:
                problem = e
        texts = dict.fromkeys(self.absences, RefusalReason.ORDER_MISSING) | self.cancel_refusals
        reason = refusal_of(problem, translation.CANCEL_REFUSED, texts)
        if reason is RefusalReason.ORDER_MISSING:
            found = self.find_order(client_order_id, symbol, sent_for=timedelta.max)
            if found is not None:
                return found
        if reason is not None:
            self._reject(reason, symbol, problem)
        return translation.unknown(self.spec.label, problem)

    def cancel(self, wire_id: str, venue_order_id: str, symbol: str) -> Mapping[str, Any]:
        params = {} if venue_order_id else {self.client_id_param: wire_id}
        raw: Mapping[str, Any] = self._client.cancel_order(venue_order_id or None, symbol, params)
        return raw

    def cancelled(self, raw: Mapping[str, Any], client_order_id: str) -> OrderReceipt | None:
        if not isinstance(raw, dict) or raw.get("status") not in parsing.ENDED:
            return None
        return self.receipt(raw, client_order_id) if raw.get("filled") is not None else None

    def open_orders(self, symbol: str | None = None) -> list[OrderReceipt]:
        self._require(Capability.OPEN_ORDERS)
        with asking(self.spec.label, symbol or ""):
            rows = self._client.fetch_open_orders(symbol)
            return [self.receipt(row, "") for row in rows]

    def my_trades(self, symbol: str, *, since: datetime) -> list[tuple[str, VenueTrade]]:
        """(venue_order_id, trade), oldest first."""
        self._require(Capability.MY_TRADES)
        self._market(symbol)
        start = int(since.timestamp() * 1000)
        seen: dict[str, Mapping[str, Any]] = {}
        with asking(self.spec.label, symbol):
            for _ in range(PAGES):
                rows = self._client.fetch_my_trades(symbol, start)
                fresh = {str(row["id"]): row for row in rows if str(row["id"]) not in seen}
                seen |= fresh
                latest = max((row["timestamp"] or start for row in rows), default=start)
                if not fresh or latest <= start:
                    break
                start = latest
            ordered = sorted(seen.values(), key=lambda row: row["timestamp"] or 0)
            return [
                (str(row.get("order") or ""), parsing.trade(row))
                for row in ordered
                if parsing.decimal(row.get("amount"))
            ]

    def receipt(self, raw: Mapping[str, Any], client_order_id: str) -> OrderReceipt:
        told = str(raw.get("clientOrderId") or "")
        if self.fill_field and self.fill_field not in (raw.get("info") or {}):
            raw = {**raw, "filled": None, "status": raw.get("status") or "open"}
        return parsing.receipt(raw, client_order_id or (self.client_ids.ours(told) if told else ""))

    def _with_trades(
        self, receipt: OrderReceipt, raw: Mapping[str, Any], symbol: str
    ) -> OrderReceipt:
        """With its executions, asked for where the order came without all of them."""
        booked = sum((trade.quantity for trade in receipt.trades), Decimal(0))
        if receipt.filled == 0 or (receipt.filled is not None and booked == receipt.filled):
            return receipt
        rows = self.order_trades(receipt.venue_order_id, symbol, raw)
        return replace(receipt, trades=parsing.trades(rows))

    def order_trades(
        self, venue_order_id: str, symbol: str, raw: Mapping[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        if self._client.has.get("fetchOrderTrades") is True:
            rows: Sequence[Mapping[str, Any]] = self._client.fetch_order_trades(
                venue_order_id, symbol
            )
            return rows
        since = None if raw.get("timestamp") is None else int(raw["timestamp"]) - 1000
        rows = self._client.fetch_my_trades(symbol, since)
        return [row for row in rows if str(row.get("order")) == venue_order_id]

    # --- what stands between a ticket and the wire

    def _require(self, capability: Capability) -> None:
        if capability not in self.spec.capabilities:
            raise CapabilityMissing(venue=self.spec.label, need=capability.value)

    def _require_sendable(self, ticket: OrderTicket) -> None:
        """Refuse what cannot be said exactly: ccxt would round it without a word."""
        market = self._market(ticket.symbol)
        self._require(Capability.PERPETUAL_ORDERS if market.get("swap") else Capability.SPOT_ORDERS)
        if ticket.kind is OrderKind.MARKET:
            self._require(Capability.MARKET_ORDERS)
        elif ticket.time_in_force in NEEDED:
            self._require(NEEDED[ticket.time_in_force])
        self.wire_client_id(ticket.client_order_id)
        info = self.info(market)
        self._require_size(ticket, info)
        with localcontext(EXACT):
            if info.quantity_step and ticket.quantity % info.quantity_step:
                raise QuantityOffStep(
                    venue=self.spec.label, quantity=ticket.quantity, symbol=ticket.symbol
                )
            if ticket.limit_price is not None and not self.is_price(ticket, info):
                raise PriceOffStep(
                    venue=self.spec.label, price=ticket.limit_price, symbol=ticket.symbol
                )

    def is_price(self, ticket: OrderTicket, info: InstrumentInfo) -> bool:
        said = self._client.price_to_precision(ticket.symbol, f"{ticket.limit_price:f}")
        return Decimal(said) == ticket.limit_price

    def _require_size(self, ticket: OrderTicket, info: InstrumentInfo) -> None:
        notional = None if ticket.limit_price is None else ticket.quantity * ticket.limit_price
        too_small = info.min_quantity is not None and ticket.quantity < info.min_quantity
        too_cheap = None not in (info.min_notional, notional) and notional < info.min_notional  # type: ignore[operator]
        if ticket.quantity <= 0 or too_small or too_cheap:
            minimum = f"{info.min_notional} {info.quote}" if too_cheap else f"{info.min_quantity}"
            reason = RefusalReason.BELOW_MINIMUM
            problem = translation.explained(
                reason, self.spec.label, symbol=ticket.symbol, minimum=minimum
            )
            raise VenueRejected(venue=self.spec.label, reason=reason, problem=problem)

    def _raise_refusal(
        self, problem: BaseException, table: dict[str, RefusalReason], ticket: OrderTicket
    ) -> None:
        reason = refusal_of(problem, table, self.refusals)
        if reason is None and not self._client.wrote:  # no command left this machine
            error = translation.unanswered(problem, self.spec.label, ticket.symbol)
            translation.raise_clean(error, problem)
        if reason is not None:
            market = self._client.markets[ticket.symbol]
            asset = market["quote"] if ticket.side.value == "buy" else market["base"]
            self._reject(reason, ticket.symbol, problem, asset)

    def _reject(
        self, reason: RefusalReason, symbol: str, problem: BaseException, asset: str = ""
    ) -> None:
        error = translation.rejected(self.spec.label, reason, asset=asset, symbol=symbol)
        translation.raise_clean(error, problem)

    def _market(self, symbol: str) -> Mapping[str, Any]:
        self.warm()
        market: Mapping[str, Any] | None = self._client.markets.get(symbol)
        if market is None or not self.is_offered(market):
            raise translation.rejected(
                self.spec.label, RefusalReason.SYMBOL_UNKNOWN, asset="", symbol=symbol
            )
        return market

    # --- the client underneath

    def _made(self, keys: Mapping[str, str]) -> Any:
        client = raw_client(self.spec.ccxt_id, self.config)
        for settings in (self._options, keys):
            for name, value in settings.items():
                known = getattr(client, name, None)
                merged = client.deep_extend(known, value) if isinstance(known, dict) else value
                setattr(client, name, merged)
        return client

    def load(self, source: Any) -> None:
        """Read the markets of a keyless client."""
        source.load_markets()

    def _market_source(self, young: float) -> Any:
        """A keyless client that read the markets less than `young` seconds ago."""
        place = f"{self.spec.code} {self._client.urls.get('api')}"
        with _guard:
            read_at, source = _markets.get(place, (0.0, None))
        if source is not None and time.monotonic() - read_at < young:
            return source
        source = self._made({})
        with asking(self.spec.label):
            self.load(source)
            for name in source.options.get("marketHelperProps", ()):
                source.options.setdefault(name, None)  # ccxt copies them without looking
            if not source.markets:
                raise VenueUnavailable(venue=self.spec.label)
        with _guard:
            _markets[place] = (time.monotonic(), source)
        return source


def markets_forget() -> None:
    """Read every venue's markets anew at the next question."""
    with _guard:
        _markets.clear()
