"""The exchange: conservation of every asset, filters by name, and a ledger that replays."""

from __future__ import annotations

import copy
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.practice.domain import events
from apps.practice.domain.exchange import Exchange
from apps.practice.domain.intake import Ticket
from apps.practice.domain.ledger import Account
from apps.practice.domain.matching import Side
from apps.practice.domain.refusals import Refusal
from apps.practice.domain.rules import RulesImpossible
from apps.practice.listing import rules_for

NOW = 1_700_000_000_000
RULES = rules_for("BTC/USDT", {"tick": "1", "step": "0.001", "min_notional": "0.001"})
SYMBOL = RULES.symbol


def opened(exchange: Exchange, number: int = 1, **balances: str) -> Account:
    account = exchange.open_account(
        events.AccountOpened(
            at=NOW,
            account_id=number,
            ref="",
            label="",
            key=f"key{number}",
            can_trade=True,
            can_withdraw=False,
            ip_restricted=False,
            maker_fee=Decimal("0.0002"),
            taker_fee=Decimal("0.0005"),
        )
    )
    for asset, amount in balances.items():
        exchange.adjust(number, asset, Decimal(amount), "opening", NOW)
    return account


def ticket(side: Side, price: str, quantity: str, **more: object) -> Ticket:
    values = {"symbol": SYMBOL, "side": side, "type": "LIMIT"} | more
    return Ticket(price=Decimal(price), quantity=Decimal(quantity), **values)  # type: ignore[arg-type]


@pytest.fixture
def exchange() -> Exchange:
    made = Exchange({SYMBOL: RULES})
    made.quote(SYMBOL, {99: 2_000}, {101: 1_000, 102: 1_000}, full=True, now=NOW)
    return made


orders = st.tuples(
    st.just("order"),
    st.sampled_from(list(Side)),
    st.integers(95, 105),
    st.integers(1, 3_000),
    st.sampled_from(["GTC", "IOC", "FOK", "MAKER", "MARKET"]),
    st.integers(1, 3),
)
quotes = st.tuples(st.just("quote"), st.integers(96, 104), st.integers(0, 2_000))
cancels = st.tuples(st.just("cancel"), st.integers(1, 20))


def act(exchange: Exchange, deed: tuple[object, ...]) -> None:
    match deed:
        case ("order", Side() as side, int() as price, int() as size, str() as how, int() as who):
            kind = {"MAKER": "LIMIT_MAKER", "MARKET": "MARKET"}.get(how, "LIMIT")
            asked = Ticket(
                symbol=SYMBOL,
                side=side,
                type=kind,
                time_in_force=how if kind == "LIMIT" else "GTC",
                price=Decimal(0) if kind == "MARKET" else Decimal(price),
                quantity=Decimal(size) / 1_000,
            )
            exchange.place(exchange.ledger.accounts[who], asked, NOW)
        case ("quote", int() as middle, int() as size):
            exchange.quote(SYMBOL, {middle - 1: size}, {middle + 1: size}, full=True, now=NOW)
        case ("cancel", int() as order_id) if order_id in exchange.ledger.orders:
            exchange.cancel(exchange.ledger.orders[order_id], NOW)


def lived(deeds: list[tuple[object, ...]]) -> Exchange:
    exchange = Exchange({SYMBOL: RULES})
    for number in (1, 2, 3):
        opened(exchange, number, USDT="500", BTC="4")
    for deed in deeds:
        try:
            act(exchange, deed)
        except Refusal:
            continue
    return exchange


@given(st.lists(st.one_of(orders, quotes, cancels), max_size=25))
def test_no_asset_is_created_or_lost(deeds: list[tuple[object, ...]]) -> None:
    ledger = lived(deeds).ledger

    assert set(ledger.surplus().values()) == {Decimal(0)}
    for order in ledger.orders.values():
        assert order.open or order.locked == 0


@given(st.lists(st.one_of(orders, quotes, cancels), max_size=25))
def test_replaying_the_facts_gives_the_same_ledger(deeds: list[tuple[object, ...]]) -> None:
    exchange = lived(deeds)
    facts = [events.fact_from_record(events.fact_to_record(fact)) for fact in exchange.take_facts()]

    again = Exchange({SYMBOL: RULES})
    again.restore(facts)

    assert again.ledger.accounts == exchange.ledger.accounts
    assert again.ledger.orders == exchange.ledger.orders
    assert again.ledger.surplus() == exchange.ledger.surplus()


def test_a_buyer_pays_the_fee_in_what_is_bought(exchange: Exchange) -> None:
    account = opened(exchange, USDT="1000")

    order = exchange.place(account, ticket(Side.BUY, "102", "1.5"), NOW)

    assert (order.status, order.quote_executed) == ("FILLED", Decimal(152))
    assert account.free("BTC") == Decimal("1.5") * (1 - Decimal("0.0005"))
    assert account.free("USDT") == 848
    assert account.balance("USDT").locked == 0


def test_a_resting_order_locks_its_cost_and_pays_the_makers_fee(exchange: Exchange) -> None:
    account = opened(exchange, USDT="1000")
    order = exchange.place(account, ticket(Side.BUY, "100", "1"), NOW)
    assert (account.free("USDT"), account.balance("USDT").locked) == (900, 100)

    exchange.quote(SYMBOL, {}, {100: 5_000}, full=False, now=NOW)

    assert order.status == "FILLED"
    assert account.free("BTC") == 1 - Decimal("0.0002")
    assert account.balance("USDT").locked == 0


def test_what_a_better_price_saved_is_free_at_once(exchange: Exchange) -> None:
    account = opened(exchange, USDT="1000")

    order = exchange.place(account, ticket(Side.BUY, "110", "3"), NOW)

    assert (order.status, order.quote_executed) == ("PARTIALLY_FILLED", 203)
    assert (account.balance("USDT").locked, account.free("USDT")) == (110, 687)


def test_fill_or_kill_takes_all_or_nothing(exchange: Exchange) -> None:
    account = opened(exchange, USDT="1000")

    killed = exchange.place(account, ticket(Side.BUY, "101", "1.001", time_in_force="FOK"), NOW)
    filled = exchange.place(account, ticket(Side.BUY, "101", "1", time_in_force="FOK"), NOW)

    assert (killed.status, killed.executed) == ("EXPIRED", 0)
    assert (filled.status, filled.executed) == ("FILLED", 1)


def test_immediate_or_cancel_leaves_nothing_standing(exchange: Exchange) -> None:
    account = opened(exchange, USDT="1000")

    order = exchange.place(account, ticket(Side.BUY, "101", "3", time_in_force="IOC"), NOW)

    assert (order.status, order.executed) == ("EXPIRED", 1)
    assert account.balance("USDT").locked == 0
    assert exchange.books[SYMBOL].bids.best() == 99


def test_a_market_order_by_cost_spends_no_more_than_asked(exchange: Exchange) -> None:
    account = opened(exchange, USDT="1000")
    asked = Ticket(symbol=SYMBOL, side=Side.BUY, type="MARKET", quote_quantity=Decimal(150))

    order = exchange.place(account, asked, NOW)

    assert (order.status, order.executed) == ("FILLED", Decimal("1.480"))
    assert order.quote_executed == Decimal("149.960")


REFUSED = {
    "PRICE_FILTER": ticket(Side.BUY, "100.5", "1"),
    "LOT_SIZE": ticket(Side.BUY, "100", "0.0005"),
    "MARKET_LOT_SIZE": Ticket(
        symbol=SYMBOL, side=Side.BUY, type="MARKET", quantity=Decimal(100001)
    ),
    "NOTIONAL": ticket(Side.BUY, "100", "90000.001"),
    "PERCENT_PRICE_BY_SIDE": ticket(Side.BUY, "19", "1"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_filter_refuses_by_its_name(exchange: Exchange, name: str) -> None:
    account = opened(exchange, USDT="1000")

    with pytest.raises(Refusal) as refused:
        exchange.place(account, REFUSED[name], NOW)

    assert (refused.value.code, refused.value.message) == (-1013, f"Filter failure: {name}")
    assert account.order_ids == []


def test_a_second_open_order_with_the_same_id_is_a_duplicate(exchange: Exchange) -> None:
    account = opened(exchange, USDT="1000")
    asked = ticket(Side.BUY, "100", "1", client_order_id="mine")
    exchange.place(account, asked, NOW)

    with pytest.raises(Refusal) as refused:
        exchange.place(account, asked, NOW)

    assert (refused.value.code, refused.value.message) == (-2010, "Duplicate order sent.")


def test_what_is_locked_cannot_be_spent_twice(exchange: Exchange) -> None:
    account = opened(exchange, USDT="150")
    exchange.place(account, ticket(Side.BUY, "100", "1"), NOW)
    before = copy.deepcopy(account)

    with pytest.raises(Refusal) as refused:
        exchange.place(account, ticket(Side.BUY, "100", "1"), NOW)

    assert refused.value.code == -2010
    assert account == before


def test_post_only_never_takes(exchange: Exchange) -> None:
    account = opened(exchange, USDT="1000")

    with pytest.raises(Refusal, match="immediately match and take"):
        exchange.place(account, ticket(Side.BUY, "101", "1", type="LIMIT_MAKER"), NOW)


def test_a_partial_fill_leaves_a_book_that_is_not_crossed(exchange: Exchange) -> None:
    account = opened(exchange, USDT="1000")

    order = exchange.place(account, ticket(Side.BUY, "102", "2"), NOW, at_most=Decimal("0.5"))

    assert (order.status, order.executed) == ("PARTIALLY_FILLED", 1)
    assert exchange.books[SYMBOL].bids.top(1) == [(102, 1_000)]
    assert exchange.books[SYMBOL].asks.best() is None


def test_a_reset_cancels_and_leaves_exactly_what_was_asked(exchange: Exchange) -> None:
    account = opened(exchange, USDT="1000")
    exchange.place(account, ticket(Side.BUY, "100", "1"), NOW)

    exchange.reset(account.id, {"BTC": Decimal(2)}, NOW)

    assert {asset: account.free(asset) for asset in account.balances} == {"USDT": 0, "BTC": 2}
    assert account.open_ids == {}
    assert set(exchange.ledger.surplus().values()) == {Decimal(0)}


def test_rules_finer_than_eight_decimals_are_impossible() -> None:
    with pytest.raises(RulesImpossible, match="finer than eight decimals"):
        rules_for("ETH/BTC", {"tick": "0.000001", "step": "0.001"})
