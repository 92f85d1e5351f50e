"""Orders that wait for a price: when they work, what they lock, and what a restart keeps."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.practice.domain import events, triggers
from apps.practice.domain.exchange import Exchange
from apps.practice.domain.ledger import Account, Balance, Ledger
from apps.practice.domain.matching import Side
from apps.practice.domain.refusals import Refusal
from tests.unit.practice.test_exchange import NOW, RULES, SYMBOL, opened, ticket

TRADE = 1  # lots


@pytest.fixture
def exchange() -> Exchange:
    made = Exchange({SYMBOL: RULES})
    made.quote(SYMBOL, {99: 5_000}, {101: 5_000, 103: 5_000}, full=True, now=NOW)
    traded(made, 100)
    return made


@pytest.fixture
def account(exchange: Exchange) -> Account:
    return opened(exchange, BTC="10", USDT="1000")


def traded(exchange: Exchange, *prices: int) -> None:
    for price in prices:
        exchange.report(SYMBOL, Side.BUY, price, TRADE, NOW + 1)


def placed(exchange: Exchange, account: Account, type_: str, side: Side, **more: Any) -> Any:
    values = {"price": "0", "quantity": "1"} | more
    stop = Decimal(values.pop("stop", "0"))
    return exchange.place(
        account,
        ticket(side, type=type_, stop_price=stop, **values),
        NOW,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("type_", "side", "stop", "before", "at"),
    [
        ("STOP_LOSS", Side.SELL, 95, 96, 95),
        ("STOP_LOSS", Side.BUY, 105, 104, 105),
        ("TAKE_PROFIT", Side.SELL, 105, 104, 105),
        ("TAKE_PROFIT", Side.BUY, 95, 96, 95),
    ],
)
def test_a_stop_becomes_a_market_order_at_its_price(
    exchange, account, type_, side, stop, before, at
):
    order = placed(exchange, account, type_, side, stop=str(stop))

    traded(exchange, before)
    assert (order.status, order.working, order.working_at) == ("NEW", False, -1)
    traded(exchange, at)

    assert (order.status, order.executed, order.working_at) == ("FILLED", Decimal(1), NOW + 1)


@pytest.mark.parametrize(
    ("type_", "side", "stop"),
    [
        ("STOP_LOSS_LIMIT", Side.SELL, "100"),
        ("STOP_LOSS", Side.BUY, "100"),
        ("TAKE_PROFIT", Side.SELL, "99"),
        ("TAKE_PROFIT_LIMIT", Side.BUY, "101"),
    ],
)
def test_a_stop_that_is_met_already_is_refused(exchange, account, type_, side, stop):
    price = "100" if type_.endswith("LIMIT") else "0"

    with pytest.raises(Refusal, match=r"-2010 Order would trigger immediately\."):
        placed(exchange, account, type_, side, stop=stop, price=price)


def test_a_stop_limit_rests_at_its_price_once_it_works(exchange, account):
    order = placed(exchange, account, "STOP_LOSS_LIMIT", Side.SELL, stop="95", price="102")
    assert exchange.books[SYMBOL].asks.top(3) == [(101, 5_000), (103, 5_000)]

    traded(exchange, 95)

    assert (order.status, order.working) == ("NEW", True)
    assert exchange.books[SYMBOL].asks.top(3) == [(101, 5_000), (102, 1_000), (103, 5_000)]


@pytest.mark.parametrize(
    ("type_", "side", "price", "stop", "asset", "locked"),
    [
        ("STOP_LOSS", Side.SELL, "0", "95", "BTC", "1"),
        ("STOP_LOSS_LIMIT", Side.BUY, "107", "105", "USDT", "107"),
        ("STOP_LOSS", Side.BUY, "0", "105", "USDT", "105"),
    ],
)
def test_a_waiting_order_locks_what_it_may_spend(
    exchange, account, type_, side, price, stop, asset, locked
):
    order = placed(exchange, account, type_, side, stop=stop, price=price)
    assert account.balance(asset).locked == Decimal(locked)

    exchange.cancel(order, NOW)

    assert account.balance(asset).locked == 0
    traded(exchange, 90, 110)
    assert order.status == "CANCELED"


def test_a_stop_that_costs_more_than_it_locked_takes_the_rest_from_what_is_free(exchange, account):
    order = placed(exchange, account, "STOP_LOSS", Side.BUY, stop="105", quantity="6")
    exchange.quote(SYMBOL, {}, {110: 9_000}, full=True, now=NOW)

    traded(exchange, 105)

    assert (order.status, order.quote_executed) == ("FILLED", Decimal(660))
    assert account.balances["USDT"] == Balance(Decimal(340), Decimal(0))


def test_a_stop_that_cannot_pay_when_it_is_triggered_expires(exchange, account):
    order = placed(exchange, account, "STOP_LOSS", Side.BUY, stop="105", quantity="9")
    exchange.quote(SYMBOL, {}, {120: 9_000}, full=True, now=NOW)

    traded(exchange, 105)

    assert (order.status, order.executed) == ("EXPIRED", 0)
    assert account.balances["USDT"] == Balance(Decimal(1000), Decimal(0))


@pytest.mark.parametrize(
    ("type_", "side", "stop", "path", "trigger"),
    [
        ("STOP_LOSS", Side.BUY, "110", [93, 110, 114, 105, 110], 111),
        ("STOP_LOSS", Side.SELL, "98", [104, 98, 93, 103], 92),
        ("TAKE_PROFIT", Side.BUY, "95", [105, 95, 93, 97, 95], 103),
        ("TAKE_PROFIT", Side.SELL, "105", [103, 98, 105, 113, 110, 117], 105),
        ("STOP_LOSS", Side.SELL, "0", [105, 99, 114], 102),
    ],
)
def test_a_trailing_order_works_when_the_price_has_come_back(
    exchange, account, type_, side, stop, path, trigger
):
    delta = {111: 500, 92: 1000, 103: 1000, 105: 1000, 102: 1000}[trigger]
    order = placed(exchange, account, type_, side, stop=stop, trailing_delta=delta)

    traded(exchange, *path)
    assert order.waits
    traded(exchange, trigger)

    assert order.status == "FILLED"


@pytest.mark.parametrize("delta", [9, 2001])
def test_a_trailing_delta_outside_the_filter_is_refused(exchange, account, delta):
    with pytest.raises(Refusal, match="TRAILING_DELTA"):
        placed(exchange, account, "STOP_LOSS", Side.SELL, trailing_delta=delta)


def test_one_stop_sets_off_the_next(exchange, account):
    first = placed(exchange, account, "STOP_LOSS", Side.SELL, stop="95", quantity="5")
    exchange.quote(SYMBOL, {94: 5_000, 90: 9_000}, {101: 1}, full=True, now=NOW)
    second = placed(exchange, account, "STOP_LOSS", Side.SELL, stop="94", quantity="2")

    traded(exchange, 95)

    assert (first.status, second.status) == ("FILLED", "FILLED")
    assert second.quote_executed == Decimal(180)


def test_untriggered_stops_and_what_they_follow_survive_a_replay(exchange, account):
    placed(exchange, account, "STOP_LOSS", Side.SELL, trailing_delta=1000)
    traded(exchange, 120)
    facts = exchange.take_facts()
    records = [events.fact_to_record(fact) for fact in facts]

    again = Exchange({SYMBOL: RULES})
    again.restore([events.fact_from_record(record) for record in records])
    (order,) = again.ledger.orders.values()
    again.quote(SYMBOL, {99: 5_000}, {}, full=True, now=NOW)
    assert (order.waits, order.trail_best) == (True, Decimal(120))
    traded(again, 109)
    assert order.waits
    traded(again, 108)

    assert order.status == "FILLED"


def test_a_record_from_before_stops_is_read_as_an_order_that_works():
    record = events.fact_to_record(
        events.OrderAccepted(
            at=NOW,
            order_id=1,
            account_id=1,
            client_order_id="x",
            symbol=SYMBOL,
            side="BUY",
            type="LIMIT",
            time_in_force="GTC",
            price=Decimal(90),
            quantity=Decimal(1),
            quote_quantity=Decimal(0),
            locked=Decimal(90),
            locked_asset="USDT",
        )
    )
    for name in ("stop_price", "trailing_delta", "trail_best", "waits"):
        del record[name]

    fact = events.fact_from_record(record)

    assert isinstance(fact, events.OrderAccepted)
    assert (fact.stop_price, fact.waits) == (Decimal(0), False)


kinds = st.sampled_from(triggers.CONTINGENT)
actions = st.one_of(
    st.tuples(st.just("trade"), st.integers(80, 120)),
    st.tuples(
        st.just("stop"),
        st.tuples(kinds, st.sampled_from(Side), st.integers(80, 120), st.integers(0, 800)),
    ),
    st.tuples(st.just("quote"), st.integers(85, 115)),
    st.tuples(st.just("cancel"), st.integers(0, 5)),
)


@given(st.lists(actions, max_size=25))
def test_no_asset_is_made_or_lost_and_the_facts_tell_all(steps):
    exchange = Exchange({SYMBOL: RULES})
    account = opened(exchange, BTC="10", USDT="1000")
    traded(exchange, 100)
    for what, detail in steps:
        played(exchange, account, what, detail)

    replayed = Ledger()
    for fact in exchange.take_facts():
        replayed.apply(fact)
    assert set(exchange.ledger.surplus().values()) <= {Decimal(0)}
    assert replayed.accounts == exchange.ledger.accounts
    assert replayed.orders == exchange.ledger.orders
    price = exchange.last_price[SYMBOL]
    assert [
        o
        for o in exchange.ledger.orders.values()
        if o.working is False and o.open and (triggers.is_due(o, price))
    ] == []


def played(exchange: Exchange, account: Account, what: str, detail: Any) -> None:
    if what == "trade":
        traded(exchange, detail)
    elif what == "quote":
        book = {detail - 1: 700}, {detail + 1: 700}
        exchange.quote(SYMBOL, *book, full=True, now=NOW)
    elif what == "cancel":
        for order_id in list(account.open_ids)[detail : detail + 1]:
            exchange.cancel(exchange.ledger.orders[order_id], NOW)
    else:
        type_, side, stop, delta = detail
        price = str(stop) if type_.endswith("LIMIT") else "0"
        try:
            placed(
                exchange, account, type_, side, stop=str(stop), price=price, trailing_delta=delta
            )
        except Refusal:
            return
