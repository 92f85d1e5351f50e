from __future__ import annotations

from decimal import Decimal

import pytest

from apps.practice.domain import events
from apps.practice.domain.exchange import Exchange
from apps.practice.domain.intake import Ticket
from apps.practice.domain.matching import OUTSIDE, Book, Match, Side
from apps.practice.domain.refusals import Refusal
from apps.practice.domain.rules import RulesImpossible
from apps.practice.listing import fee_learned, rules_for, rules_learned
from apps.practice.tape import Tape

D = Decimal
NOW = 1_700_000_000_000
TERMS = {"tick": D("0.1"), "step": D("0.00000001"), "min_quantity": D("0.00005")}


def test_a_step_finer_than_eight_decimals_allow_is_the_next_that_fits():
    rules = rules_learned("BTC/USDT", TERMS)

    assert (rules.tick, rules.step, rules.min_quantity) == (D("0.1"), D("1e-7"), D("0.00005"))


def test_a_minimum_that_is_told_is_kept_and_one_that_is_not_is_the_smallest():
    told = rules_learned("BTC/USDT", TERMS | {"min_notional": D("0.5")})
    silent = rules_learned("BTC/USDT", {"tick": D("0.01"), "step": D("0.0001")})

    assert told.min_notional == D("0.5")
    assert (silent.min_quantity, silent.min_notional) == (D("0.0001"), D("1e-8"))


@pytest.mark.parametrize("missing", ["tick", "step"])
def test_without_steps_there_are_no_rules(missing):
    with pytest.raises(RulesImpossible):
        rules_learned("BTC/USDT", TERMS | {missing: None})


def test_a_rebate_is_no_fee_and_nonsense_is_not_told():
    assert [fee_learned(x) for x in (D("-0.0001"), D("0.2"), None, D("0.001"))] == [
        D(0),
        None,
        None,
        D("0.001"),
    ]


@pytest.fixture
def book() -> Book:
    """Asks: the outside's 5 lots at 100, then a user's 4 (order 7); a user's 2 at 99 (order 8)."""
    made = Book()
    made.quote({}, {100: 5}, full=True)
    made.rest(Side.SELL, 100, 7, 4)
    made.rest(Side.SELL, 99, 8, 2)
    return made


def test_a_public_trade_fills_better_prices_first_and_then_waits_in_the_queue(book):
    assert book.report(Side.BUY, 100, 4) == [Match(8, 99, 2)]
    assert book.report(Side.BUY, 100, 5) == [Match(7, 100, 2)]
    assert book.asks.outside == {100: 5}
    assert book.asks.totals == {100: 7}


def test_a_public_trade_leaves_worse_prices_alone(book):
    assert book.report(Side.BUY, 98, 9) == []
    assert book.report(Side.SELL, 97, 9) == []


def test_a_trade_through_the_price_fills_without_waiting(book):
    assert book.report(Side.BUY, 101, 3) == [Match(8, 99, 2), Match(7, 100, 1)]


def test_cleared_levels_count_as_changed(book):
    book.take_changes()
    book.clear()

    assert book.take_changes() == (set(), {99, 100})
    assert book.asks.top(5) == []


def test_a_market_without_trades_has_candles_of_its_marks():
    tape = Tape()
    for price in ("100", "103", "99"):
        tape.mark(D(price), NOW)

    (bar,) = tape.candles("1m", NOW, limit=5, start=None, end=None)
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (100, 103, 99, 99, 0)
    assert tape.lively_since(0) == [bar]


@pytest.fixture
def exchange() -> Exchange:
    """BTC/USDT on steps 0.01 and 0.00001, fees 0.05, a selling order of 0.12345 at 100.01."""
    made = Exchange({"BTC/USDT": rules_for("BTC/USDT", {})})
    made.open_account(opened(1))
    made.adjust(1, "BTC", D(1), "opening", NOW)
    made.adjust(1, "USDT", D(1000), "opening", NOW)
    made.place(made.ledger.accounts[1], ticket(Side.SELL, "100.01", "0.12345"), NOW)
    return made


def opened(number: int, **more: object) -> events.AccountOpened:
    return events.AccountOpened(
        at=NOW,
        account_id=number,
        ref="",
        label="",
        key=f"k{number}",
        can_trade=True,
        can_withdraw=False,
        ip_restricted=False,
        maker_fee=D("0.05"),
        taker_fee=D("0.05"),
        **more,
    )


def ticket(side: Side, price: str, quantity: str) -> Ticket:
    return Ticket(symbol="BTC/USDT", side=side, type="LIMIT", price=D(price), quantity=D(quantity))


def test_a_halted_symbol_takes_no_orders_and_lets_them_go(exchange):
    exchange.halt("BTC/USDT")
    account = exchange.ledger.accounts[1]

    with pytest.raises(Refusal, match=r"-1013 Market is closed\."):
        exchange.place(account, ticket(Side.BUY, "90", "0.1"), NOW)
    (order_id,) = account.open_ids
    exchange.cancel(exchange.ledger.orders[order_id], NOW)
    assert account.balances["BTC"].locked == 0


def test_open_orders_that_fit_the_new_grid_stand_in_it(exchange):
    exchange.halt("BTC/USDT")
    exchange.list_symbol(rules_learned("BTC/USDT", TERMS | {"tick": D("0.001")}), NOW)

    assert exchange.books["BTC/USDT"].asks.top(2) == [(100_010, 12_345)]


def test_open_orders_off_the_new_grid_expire_and_free_their_money(exchange):
    exchange.halt("BTC/USDT")
    exchange.list_symbol(rules_learned("BTC/USDT", TERMS), NOW)

    (order,) = exchange.ledger.orders.values()
    assert order.status == "EXPIRED"
    assert exchange.ledger.accounts[1].balances["BTC"].free == 1


def test_a_restart_keeps_open_orders_of_a_closed_symbol_out_of_the_book(exchange):
    again = Exchange(exchange.rules, halted=exchange.rules)
    again.restore(exchange.take_facts())
    assert again.books["BTC/USDT"].asks.keys == []

    again.list_symbol(exchange.rules["BTC/USDT"], NOW)
    assert again.books["BTC/USDT"].asks.top(2) == [(10_001, 12_345)]


def test_list_fees_apply_unless_the_account_has_its_own(exchange):
    exchange.list_fees["BTC/USDT"] = (D("0.001"), D("0.002"))
    special = exchange.open_account(opened(2, own_fees=True))

    assert exchange.fees_of(special, "BTC/USDT") == (D("0.05"), D("0.05"))
    exchange.report("BTC/USDT", Side.BUY, 10_001, 12_345, NOW)
    (fill,) = exchange.ledger.accounts[1].trades
    assert fill.fee == D("0.01234623")  # 0.1 % of 12.3462345, cut at eight decimals


def test_what_no_user_had_of_a_public_trade_is_printed_at_its_price(exchange):
    exchange.take_prints()
    exchange.report("BTC/USDT", Side.BUY, 10_002, 20_000, NOW)

    told = [(p.price, p.quantity, p.buyer_maker) for p in exchange.take_prints()]
    assert told == [(D("100.01"), D("0.12345"), False), (D("100.02"), D("0.07655"), False)]
    assert OUTSIDE not in exchange.ledger.orders
