"""Commands: place, find and cancel an order; and what is refused before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal, localcontext
from typing import Any, ClassVar

from apps.venues.adapters import _parsing as parsing
from apps.venues.adapters import _translation as translation
from apps.venues.adapters import _triggers as triggers
from apps.venues.adapters._account import AccountQuestions
from apps.venues.adapters._ids import OURS
from apps.venues.adapters._translation import EXACT, asking, refusal_of
from apps.venues.domain.errors import (
    OrderIdUnusable,
    PriceOffStep,
    QuantityOffStep,
    RefusalReason,
    VenueOutcomeUnknown,
    VenueRejected,
)
from apps.venues.domain.ports import (
    Capability,
    InstrumentInfo,
    OrderKind,
    OrderReceipt,
    OrderTicket,
    ReceiptStatus,
    TimeInForce,
)


class OrderCommands(AccountQuestions):
    """`TradingVenue` over one raw client.

    place_order raises VenueOutcomeUnknown when the order may have arrived; every other error of
    it means that it did not.
    """

    client_id_param: ClassVar[str] = "clientOrderId"  # in create_order and fetch_order
    refusals: ClassVar[Mapping[str, RefusalReason]] = {}  # documented texts that ccxt files loosely
    absences: ClassVar[tuple[str, ...]] = ()  # documented texts for "no such order"
    cancel_refusals: ClassVar[dict[str, RefusalReason]] = {}

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
            triggers.ccxt_type(ticket.kind),
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
        return params | self.trigger_params(ticket)

    def trigger_params(self, ticket: OrderTicket) -> dict[str, Any]:
        """What the order waits for, in ccxt's words."""
        if ticket.trigger_price is None:
            return {}
        return {triggers.CCXT_NAMES[ticket.kind]: f"{ticket.trigger_price:f}"}

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
                wire_id = "" if venue_order_id else self.wire_client_id(client_order_id)
                raw = self.cancel(wire_id, venue_order_id, symbol)
                return self.cancelled(raw, client_order_id)
            except translation.caught() as e:
                problem = e
        reason = refusal_of(problem, translation.CANCEL_REFUSED, self._missing_texts())
        if reason is RefusalReason.ORDER_MISSING:
            found = self._ended(client_order_id, venue_order_id, symbol)
            if found is not None:
                return found
        if reason is not None:
            self._reject(reason, symbol, problem)
        return translation.unknown(self.spec.label, problem)

    def _missing_texts(self) -> dict[str, RefusalReason]:
        return dict.fromkeys(self.absences, RefusalReason.ORDER_MISSING) | self.cancel_refusals

    def _ended(self, client_order_id: str, venue_order_id: str, symbol: str) -> OrderReceipt | None:
        """What became of an order that cannot be cancelled any more."""
        if OURS.fullmatch(client_order_id):
            found = self.find_order(client_order_id, symbol, sent_for=timedelta.max)
            if found is not None or not venue_order_id:
                return found
        return self.order_by_venue_id(venue_order_id, symbol)

    def order_by_venue_id(self, venue_order_id: str, symbol: str) -> OrderReceipt | None:
        """The order under the venue's own id, with its executions; None where it has none."""
        self._market(symbol)
        with asking(self.spec.label, symbol):
            try:
                raw = self.look_up_venue_id(venue_order_id, symbol)
            except translation.caught() as e:
                if not translation.is_absence(e, self.absences):
                    raise
                raw = None
            if raw is None:
                return None
            return self._with_trades(self.receipt(raw, ""), raw, symbol)

    def look_up_venue_id(self, venue_order_id: str, symbol: str) -> Mapping[str, Any] | None:
        """The order of the venue's id, or None or OrderNotFound where there is none."""
        raw: Mapping[str, Any] = self._client.fetch_order(venue_order_id, symbol)
        return raw

    def cancel(self, wire_id: str, venue_order_id: str, symbol: str) -> Mapping[str, Any]:
        params = {} if venue_order_id else {self.client_id_param: wire_id}
        raw: Mapping[str, Any] = self._client.cancel_order(venue_order_id or None, symbol, params)
        return raw

    def cancelled(self, raw: Mapping[str, Any], client_order_id: str) -> OrderReceipt | None:
        if not isinstance(raw, dict) or raw.get("status") not in parsing.ENDED:
            return None
        return self.receipt(raw, client_order_id) if raw.get("filled") is not None else None

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

    def _require_sendable(self, ticket: OrderTicket) -> None:
        """Refuse what cannot be said exactly: ccxt would round it without a word."""
        market = self._market(ticket.symbol)
        self._require(Capability.PERPETUAL_ORDERS if market.get("swap") else Capability.SPOT_ORDERS)
        triggers.require_whole(ticket)
        if ticket.kind is not OrderKind.LIMIT:
            self._require(triggers.NEEDED_KIND[ticket.kind])
        if ticket.kind is not OrderKind.MARKET and ticket.time_in_force in triggers.NEEDED_TIME:
            self._require(triggers.NEEDED_TIME[ticket.time_in_force])
        self.wire_client_id(ticket.client_order_id)
        info = self.info(market)
        self._require_size(ticket, info)
        with localcontext(EXACT):
            if info.quantity_step and ticket.quantity % info.quantity_step:
                raise QuantityOffStep(
                    venue=self.spec.label, quantity=ticket.quantity, symbol=ticket.symbol
                )
            for price in (ticket.limit_price, ticket.trigger_price):
                if price is not None and not self.is_price(price, ticket.symbol, info):
                    raise PriceOffStep(venue=self.spec.label, price=price, symbol=ticket.symbol)

    def is_price(self, price: Decimal, symbol: str, info: InstrumentInfo) -> bool:
        said = self._client.price_to_precision(symbol, f"{price:f}")
        return Decimal(said) == price

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
