"""Every adapter, the same questions, through its real client. New files are covered at once.

Each card has a number; docs/venues.md lists which venue passes which. A card about something that
a venue does not offer is skipped by the adapter's declared capabilities, never by its name.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import ccxt
import pytest
import requests

from apps.venues.adapters._orders import OrderCommands
from apps.venues.domain.errors import (
    CapabilityMissing,
    KeyRefused,
    PriceOffStep,
    QuantityOffStep,
    RefusalReason,
    SymbolUnknown,
    VenueOutcomeUnknown,
    VenueRejected,
    VenueUnavailable,
)
from apps.venues.domain.ports import (
    Capability,
    OrderKind,
    OrderTicket,
    ReceiptStatus,
    RightsProof,
    Side,
    TimeInForce,
)
from apps.venues.registry import adapter_types
from tests.contract.conftest import OURS, credentials_of
from tests.fakes.wire import HTML, Wire

UNCLEAR = {
    "timeout": requests.ReadTimeout(),
    "connection": requests.ConnectionError(),
    "502": {"$status": 502, "$body": HTML},
    "html": HTML,
    "empty": {},
    "order not found": ccxt.OrderNotFound(),  # a subclass of InvalidOrder, and no refusal
    "rate limit": ccxt.RateLimitExceeded(),
}
LONG = timedelta(hours=1)
NOON = 1795262400  # 2026-11-21 12:00 UTC, the time of every payload


def decimals(*texts: Any) -> tuple[Decimal | None, ...]:
    return tuple(None if text is None else Decimal(text) for text in texts)


@pytest.mark.parametrize("adapter", adapter_types().values(), ids=lambda a: a.spec.code)
class TestVenue:
    @pytest.fixture
    def ticket(self, wire: Wire) -> OrderTicket:
        told = wire.payload["ticket"]
        return OrderTicket(
            client_order_id=OURS,
            symbol=told["symbol"],
            side=Side.BUY,
            kind=OrderKind.LIMIT,
            quantity=Decimal(told["quantity"]),
            limit_price=Decimal(told["price"]),
        )

    def needs(self, venue: OrderCommands, capability: Capability) -> None:
        if capability not in venue.spec.capabilities:
            pytest.skip(f"{venue.spec.label} does not offer {capability}")

    def needs_proof(self, venue: OrderCommands, *kinds: RightsProof) -> None:
        if venue.spec.rights_proof not in kinds:
            pytest.skip(f"the proof of a key's rights at {venue.spec.label} is another")

    def test_vt_01_an_acknowledgement_says_nothing_about_fills(self, venue, wire, ticket):
        expected = wire.tell("accepted")

        receipt = venue.place_order(ticket)

        assert receipt.venue_order_id == expected["venue_order_id"]
        assert receipt.status is ReceiptStatus.OPEN
        assert receipt.filled == decimals(expected["filled"])[0]
        assert receipt.trades == ()
        assert receipt.client_order_id == OURS

    def test_vt_02_our_id_travels(self, venue, wire, ticket):
        wire.tell("accepted")

        venue.place_order(ticket)

        assert wire.client_id in wire.placed().said
        assert wire.places() == 1

    def test_vt_03_numbers_travel_exactly(self, venue, wire, ticket):
        wire.tell("accepted")
        digits = wire.payload.get("quantity_digits", 18)
        quantity = Decimal("0.123456789012345678").quantize(Decimal(1).scaleb(-digits))
        quantity += ticket.quantity // 1
        step = f"{Decimal(1).scaleb(-digits):f}" if venue._client.precisionMode == 4 else digits
        market = venue._client.markets[ticket.symbol]
        with_finer_step = market | {"precision": market["precision"] | {"amount": step}}
        venue._client.markets = venue._client.markets | {ticket.symbol: with_finer_step}

        venue.place_order(replace(ticket, quantity=quantity))

        scale = Decimal(10) ** wire.payload.get("quantity_scaled_by", 0)
        assert f"{(quantity * scale).normalize():f}" in wire.placed().said

    def test_vt_04_a_clear_no_means_rejected(self, venue, wire, ticket):
        for refusal in wire.payload["refused"]:
            wire.tell("accepted", instead=refusal["answer"])

            with pytest.raises(VenueRejected) as caught:
                venue.place_order(ticket)

            assert caught.value.reason == refusal["reason"]
        reasons = {refusal["reason"] for refusal in wire.payload["refused"]}
        assert reasons >= {RefusalReason.INSUFFICIENT_FUNDS}

    @pytest.mark.parametrize("answer", UNCLEAR)
    def test_vt_05_anything_unclear_means_unknown(self, venue, wire, ticket, answer):
        wire.tell("accepted", instead=UNCLEAR[answer])

        with pytest.raises(VenueOutcomeUnknown):
            venue.place_order(ticket)

        assert wire.places() == 1

    def test_vt_06_a_duplicate_id_proves_arrival(self, venue, wire, ticket):
        documented = wire.payload.get("duplicate")
        wire.tell("accepted", instead=documented or ccxt.DuplicateOrderId())

        receipt = venue.place_order(ticket)

        assert (receipt.status, receipt.filled) == (ReceiptStatus.OPEN, None)

    def test_vt_07_absence_is_proof_only_after_the_delay(self, venue, wire, ticket):
        wire.tell("absent")

        assert venue.find_order(OURS, ticket.symbol, sent_for=venue.spec.visible_after) is None
        with pytest.raises(VenueOutcomeUnknown):
            venue.find_order(OURS, ticket.symbol, sent_for=timedelta(0))

    def test_vt_08_an_ioc_that_found_nobody_is_cancelled(self, venue, wire, ticket):
        wire.tell("ioc_found_nobody")

        receipt = venue.find_order(OURS, ticket.symbol, sent_for=LONG)

        assert (receipt.status, receipt.filled) == (ReceiptStatus.CANCELLED, Decimal(0))
        assert receipt.trades == ()

    def test_vt_09_a_fill_arrives_with_its_trades_and_fees(self, venue, wire, ticket):
        expected = wire.tell("filled")

        receipt = venue.find_order(OURS, ticket.symbol, sent_for=LONG)

        assert receipt.status is ReceiptStatus.FILLED
        assert receipt.venue_order_id == expected["venue_order_id"]
        assert receipt.filled == ticket.quantity
        assert [
            (t.venue_trade_id, t.quantity, t.price, t.fee, t.fee_asset) for t in receipt.trades
        ] == [(row[0], *decimals(*row[1:4]), row[4]) for row in expected["trades"]]

    def test_vt_10_cancelling_a_filled_order_gives_the_fill(self, venue, wire, ticket):
        wire.tell("filled")
        wire.routes = wire.payload["cancel_of_ended"] | wire.routes

        receipt = venue.cancel_order(OURS, wire.payload["venue_order_id"], ticket.symbol)

        assert (receipt.status, receipt.filled) == (ReceiptStatus.FILLED, ticket.quantity)

    def test_vt_11_balances_are_exact(self, venue, wire):
        expected = wire.tell("balances")

        held = {b.asset: (b.free, b.used) for b in venue.balances()}

        assert held == {asset: decimals(*amounts) for asset, amounts in expected.items()}

    @pytest.mark.parametrize("answer", ["502", "html", "empty"])
    def test_vt_12_an_unreadable_balance_is_unavailable_and_never_zero(self, venue, wire, answer):
        wire.tell("balances")
        wire.routes = dict.fromkeys(wire.routes, UNCLEAR[answer])

        with pytest.raises(VenueUnavailable):
            venue.balances()

    def test_vt_13_instruments_have_steps_and_limits(self, venue, wire, ticket):
        expected = wire.payload["instrument"]

        (info,) = (i for i in venue.instruments() if i.symbol == ticket.symbol)

        found = (info.price_step, info.quantity_step, info.min_quantity, info.min_notional)
        assert found == decimals(*expected)
        assert info.active is True

    def test_vt_14_a_wrong_key_is_refused(self, venue, wire):
        wire.tell("wrong_key")

        with pytest.raises(KeyRefused):
            venue.balances()

    @pytest.mark.parametrize("scene", ["rights_withdraw", "rights_trade", "rights_read"])
    def test_vt_15_the_rights_of_a_key_are_seen(self, venue, wire, scene):
        self.needs_proof(venue, RightsProof.PROBE)
        wire.tell(scene)

        rights = venue.rights()

        trade, withdraw = scene != "rights_read", scene == "rights_withdraw"
        assert (rights.can_read, rights.can_trade, rights.can_withdraw) == (True, trade, withdraw)
        assert rights.proof is RightsProof.PROBE

    def test_vt_16_a_right_nobody_told_stays_unknown(self, venue, wire):
        self.needs_proof(venue, RightsProof.PROBE, RightsProof.NONE)
        wire.tell("rights_silent" if "rights_silent" in wire.payload["scenes"] else "balances")

        try:
            found = venue.rights().can_withdraw
        except VenueUnavailable:
            found = None

        assert found is None

    @pytest.mark.parametrize("answer", ["502", "timeout"])
    def test_vt_17_no_key_material_in_errors(self, venue, wire, ticket, adapter, answer):
        wire.tell("accepted", instead=UNCLEAR[answer])

        with pytest.raises(VenueOutcomeUnknown) as caught:
            venue.place_order(ticket)

        told = "".join(traceback.format_exception(caught.value)) + repr(venue)
        secrets = [*credentials_of(adapter).values(), *signatures(wire)]
        assert [secret for secret in secrets if secret in told] == []
        assert caught.value.__context__ in (None, caught.value.__cause__)

    def test_vt_18_a_question_that_failed_is_no_absence(self, venue, wire, ticket):
        wire.tell("absent")
        wire.routes = dict.fromkeys(wire.routes, UNCLEAR["502"])

        with pytest.raises(VenueUnavailable):
            venue.find_order(OURS, ticket.symbol, sent_for=LONG)

    def test_vt_19_a_book_is_read_best_first(self, venue, wire, ticket):
        expected = wire.tell("book")

        book = venue.book(ticket.symbol, depth=5)

        assert [list(map(list, book.bids)), list(map(list, book.asks))] == [
            [[Decimal(p), Decimal(q)] for p, q in expected[side]] for side in ("bids", "asks")
        ]

    def test_vt_20_what_cannot_be_said_exactly_is_refused_before_sending(self, venue, wire, ticket):
        info = next(i for i in venue.instruments() if i.symbol == ticket.symbol)
        off_quantity = ticket.quantity + (info.quantity_step or Decimal("1e-30")) / 2
        off_price = ticket.limit_price + Decimal("1e-12")

        if info.quantity_step:
            with pytest.raises(QuantityOffStep):
                venue.place_order(replace(ticket, quantity=off_quantity))
        with pytest.raises(PriceOffStep):
            venue.place_order(replace(ticket, limit_price=off_price))
        with pytest.raises(VenueRejected) as caught:
            venue.place_order(replace(ticket, symbol="NOPE/NOPE"))

        assert caught.value.reason is RefusalReason.SYMBOL_UNKNOWN
        assert isinstance(caught.value.problem, SymbolUnknown)
        assert wire.places() == 0

    def test_vt_21_an_order_below_the_minimum_is_refused_before_sending(self, venue, wire, ticket):
        info = next(i for i in venue.instruments() if i.symbol == ticket.symbol)
        tiny = info.quantity_step or Decimal("1e-8")
        if tiny >= (info.min_quantity or 0) and not info.min_notional:
            tiny = Decimal(0)

        with pytest.raises(VenueRejected) as caught:
            venue.place_order(replace(ticket, quantity=tiny))

        assert caught.value.reason is RefusalReason.BELOW_MINIMUM
        assert wire.places() == 0

    @pytest.mark.parametrize(
        ("time_in_force", "capability"),
        [
            (TimeInForce.IOC, Capability.IOC),
            (TimeInForce.FOK, Capability.FOK),
            (TimeInForce.POST_ONLY, Capability.POST_ONLY),
        ],
    )
    def test_vt_22_a_time_in_force_travels_or_is_refused(
        self, venue, wire, ticket, time_in_force, capability
    ):
        wire.tell("accepted")
        order = replace(ticket, time_in_force=time_in_force)
        if capability not in venue.spec.capabilities:
            with pytest.raises(CapabilityMissing):
                venue.place_order(order)
            assert wire.places() == 0
            return

        venue.place_order(order)

        assert wire.payload["time_in_force"][time_in_force.value] in wire.placed().said

    def test_vt_23_ids_come_back_as_ours(self, venue, wire, ticket):
        wire.tell("filled")

        receipt = venue.find_order(OURS, ticket.symbol, sent_for=LONG)

        assert receipt.client_order_id == OURS
        assert venue.wire_client_id(OURS) == wire.client_id

    def test_vt_24_a_market_order_is_sized_in_the_base_asset_or_refused(self, venue, wire, ticket):
        wire.tell("accepted_market" if "accepted_market" in wire.payload["scenes"] else "accepted")
        order = replace(ticket, kind=OrderKind.MARKET, limit_price=None)
        if Capability.MARKET_ORDERS not in venue.spec.capabilities:
            with pytest.raises(CapabilityMissing):
                venue.place_order(order)
            return

        venue.place_order(order)

        scale = Decimal(10) ** wire.payload.get("quantity_scaled_by", 0)
        assert f"{(ticket.quantity * scale).normalize():f}" in wire.heard[-1].said

    def test_vt_25_open_orders_come_with_our_ids_and_what_is_filled(self, venue, wire, ticket):
        self.needs(venue, Capability.OPEN_ORDERS)
        wire.tell("open_orders")

        (receipt,) = venue.open_orders(ticket.symbol)

        assert receipt.client_order_id == venue.client_ids.ours(wire.client_id)
        assert receipt.venue_order_id == wire.payload["venue_order_id"]
        assert (receipt.status, receipt.side) == (ReceiptStatus.OPEN, Side.BUY)
        assert (receipt.symbol, receipt.quantity) == (ticket.symbol, ticket.quantity)
        assert receipt.filled == ticket.quantity * Decimal("0.4")

    def test_vt_26_executions_come_oldest_first_and_once(self, venue, wire, ticket, monkeypatch):
        self.needs(venue, Capability.MY_TRADES)
        monkeypatch.setattr(time, "time", lambda: NOON + 60.0)
        scene = "my_trades" if "my_trades" in wire.payload["scenes"] else "filled"
        expected = wire.payload["scenes"][scene]["expect"]
        wire.tell(scene)

        trades = venue.my_trades(ticket.symbol, since=datetime.fromtimestamp(NOON - 60, UTC))

        assert {order for order, _ in trades} == {expected["venue_order_id"]}
        assert [(t.venue_trade_id, t.quantity, t.price, t.fee, t.fee_asset) for _, t in trades] == [
            (row[0], *decimals(*row[1:4]), row[4]) for row in expected["trades"]
        ]
        assert [t.traded_at for _, t in trades] == sorted(t.traded_at for _, t in trades)

    def test_vt_27_the_fees_of_the_account_are_fractions(self, venue, wire, ticket):
        self.needs(venue, Capability.ACCOUNT_FEES)
        expected = wire.tell("fees")

        (fees,) = venue.fees([ticket.symbol])

        assert (fees.maker, fees.taker) == decimals(expected["maker"], expected["taker"])
        assert wire.heard  # asked of the venue, not a list price that ccxt holds

    def test_vt_28_the_clocks_difference_is_measured(self, venue, wire, monkeypatch):
        monkeypatch.setattr(time, "time", lambda: NOON + 30.0)
        by_header = "clock" not in wire.payload["scenes"]
        wire.tell("book" if by_header else "clock")

        skew = venue.clock_skew()

        assert skew == timedelta(seconds=29.5 if by_header else 30)

    def test_vt_29_a_sell_travels_as_a_sell(self, venue, wire, ticket):
        needle = wire.payload["sell"]
        wire.tell("accepted")
        venue.place_order(ticket)
        assert needle not in wire.heard[-1].said

        wire.routes = {f"{wire.payload['place'].split()[0]} ": wire.routes[wire.payload["place"]]}
        venue.place_order(replace(ticket, side=Side.SELL))

        assert needle in wire.heard[-1].said

    def test_vt_30_an_amount_that_is_left_out_is_never_zero(self, venue, wire):
        expected = wire.tell("balances")
        whole = {asset: decimals(*amounts) for asset, amounts in expected.items()}
        told = wire.routes
        amounts = {a for free, used in whole.values() for a in (free, used, free + used) if a}

        for wire.routes in without_each(told, amounts):
            try:
                held = {b.asset: (b.free, b.used) for b in venue.balances()}
            except VenueUnavailable:
                continue
            assert held == whole


def without_each(told: Any, amounts: set[Decimal]) -> Iterator[Any]:
    """The answer again and again, each time without another of these amounts."""
    rows = told.items() if isinstance(told, dict) else enumerate(told)
    for place, value in rows:
        if isinstance(value, dict | list):
            for smaller in without_each(value, amounts):
                yield (
                    {**told, place: smaller}
                    if isinstance(told, dict)
                    else replaced(told, place, smaller)
                )
        elif isinstance(told, dict) and is_one_of(value, amounts):
            yield {k: v for k, v in told.items() if k != place}


def replaced(rows: list[Any], place: int, value: Any) -> list[Any]:
    return [*rows[:place], value, *rows[place + 1 :]]


def is_one_of(value: Any, amounts: set[Decimal]) -> bool:
    try:
        return not isinstance(value, bool) and Decimal(str(value)) in amounts
    except ArithmeticError:
        return False


def signatures(wire: Wire) -> set[str]:
    """What was signed: it must not be found in an error either."""
    found = set()
    for heard in wire.heard:
        for part in heard.url.replace("?", "&").split("&"):
            if part.lower().startswith("signature="):
                found.add(part.partition("=")[2])
        found |= {v for k, v in heard.headers.items() if "sign" in k.lower() and len(v) > 8}
    return found
