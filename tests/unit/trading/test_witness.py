"""The witness sees each kind of difference: a comparison that cannot fail proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from apps.trading.campaign.witness import Books, discrepancies

D = Decimal
LINK = {"id": 1, "venue": "practice.alpha", "practice_account": "7"}


def story() -> tuple[Books, dict[str, Any]]:
    """One order of a plan that failed on its other leg and was sold again: here only its facts."""
    order = {
        "id": 5, "plan_id": None, "connection_id": 1, "client_order_id": "c1",
        "symbol": "BTC/USDT", "side": "sell", "quantity": D(2), "filled": D(2),
        "status": "FILLED", "role": "OPEN", "reason": "", "sent": True,
    }  # fmt: skip
    fill = {
        "id": 9, "order_id": 5, "connection_id": 1, "symbol": "BTC/USDT", "side": "sell",
        "venue_trade_id": "3", "quantity": D(2), "price": D(100), "fee": D("0.1"),
        "fee_asset": "USDT",
    }  # fmt: skip
    books = Books([LINK], [order], [fill], [], [], [])
    ledger = {
        "orders": [
            {
                "order_id": 4, "client_order_id": "c1", "symbol": "BTC/USDT", "side": "SELL",
                "quantity": "2", "executed": "2", "status": "FILLED",
            }
        ],
        "fills": [
            {
                "trade_id": 3, "order_id": 4, "symbol": "BTC/USDT", "side": "SELL",
                "quantity": "2", "price": "100", "fee": "0.1", "fee_asset": "USDT",
            }
        ],
        "adjustments": [{"asset": "BTC", "amount": "5"}, {"asset": "USDT", "amount": "10"}],
        "balances": {
            "BTC": {"free": "3", "locked": "0"},
            "USDT": {"free": "209.9", "locked": "0"},
        },
    }  # fmt: skip
    return books, ledger


def test_equal_books_differ_in_nothing():
    books, ledger = story()
    assert discrepancies(books, {1: ledger}) == []


LIES: dict[str, Callable[[Books, dict[str, Any]], Any]] = {
    "a lost order": lambda books, ledger: books.orders.clear() or books.fills.clear(),
    "a doubled order": lambda books, ledger: ledger["orders"].append(ledger["orders"][0]),
    "a lost fill": lambda books, ledger: books.fills.clear(),
    "a doubled fill": lambda books, ledger: books.fills.append(books.fills[0]),
    "another price": lambda books, ledger: books.fills[0].update(price=D("100.01")),
    "another fee": lambda books, ledger: books.fills[0].update(fee=D("0.11")),
    "a fill of nowhere": lambda books, ledger: ledger["fills"].clear(),
    "an order under way": lambda books, ledger: books.orders[0].update(status="SUBMITTING"),
    "a rejected order that filled": lambda books, ledger: books.orders[0].update(status="REJECTED"),
    "the last digit": lambda books, ledger: ledger["balances"]["USDT"].update(free="209.90000001"),
    "a group that nobody ends": lambda books, ledger: books.groups.append(
        {"id": 1, "kind": "OCO", "status": "ACTIVE", "reason": ""}
    ),
    "a kill switch that hangs": lambda books, ledger: books.kills.append(
        {"id": 1, "command": "FLATTEN", "status": "RUNNING"}
    ),
    "a lock": lambda books, ledger: ledger["balances"]["BTC"].update(free="2", locked="1"),
}


@pytest.mark.parametrize("lie", LIES)
def test_each_lie_is_told(lie):
    books, ledger = story()
    LIES[lie](books, ledger)
    assert discrepancies(books, {1: ledger})
