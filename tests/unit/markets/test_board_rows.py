from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from apps.markets.domain.board import (
    VenueFace,
    amount,
    dashed,
    notional_for,
    quote_of,
    row,
    undashed,
)
from apps.markets.domain.scanned import Figures, ScannedPair

NOW = 1_795_000_000.0
ALPHA, BETA = VenueFace("alpha", "Alpha", False), VenueFace("beta", "Beta", True)
GOOD: dict[str, Any] = {
    "gross": 0.0035,
    "fees": 0.002,
    "slippage": 0.0001,
    "net": 0.0014,
    "quantity": 0.01,
    "buy_quote": 1000.0,
    "sell_quote": 1003.4,
    "age": 0.2,
    "complete": True,
}


def made(unavailable: str | None = None, received_at: float = NOW - 0.2, **figures: Any) -> Any:
    known = None if unavailable else Figures(**(GOOD | figures))
    pair = ScannedPair("BTC/USDT", "alpha", "beta", known, unavailable)
    return row(pair, buy=ALPHA, sell=BETA, received_at=received_at, now=NOW)


def test_figures_are_fractions_with_fixed_decimals() -> None:
    shown = made()

    assert (shown.gross, shown.fees, shown.slippage, shown.net) == (
        "0.003500",
        "0.002000",
        "0.000100",
        "0.001400",
    )
    assert (shown.quantity, shown.notional, shown.age_ms) == ("0.01000000", "1000.00", 200)
    assert (shown.state, shown.reason, shown.simulated) == ("ok", "", True)


@pytest.mark.parametrize(
    ("unavailable", "state", "reason"),
    [
        ("alpha: stale", "stale", "Alpha has sent nothing for a while"),
        ("beta: gap", "gapped", "updates of Beta are missing"),
        ("beta: crossed", "gapped", "the book of Beta is crossed"),
        ("alpha: checksum", "gapped", "the book of Alpha fails its checksum"),
        ("alpha: awaited", "missing", "Alpha has not sent its book yet"),
        ("beta: one-sided", "thin", "one side of Beta's book is empty"),
    ],
)
def test_what_is_wrong_with_a_book_is_said(unavailable: str, state: str, reason: str) -> None:
    shown = made(unavailable)

    assert (shown.state, shown.reason) == (state, reason)
    assert (shown.gross, shown.net, shown.quantity, shown.notional) == (None,) * 4


def test_a_book_that_never_came_has_no_age() -> None:
    shown = made("alpha: awaited", received_at=-math.inf)

    assert (shown.age_ms, shown.at) == (None, None)


def test_books_that_end_before_the_notional_are_thin() -> None:
    shown = made(complete=False)

    assert (shown.state, shown.net) == ("thin", "0.001400")


def test_an_unknown_fee_leaves_the_gross_and_nothing_else() -> None:
    shown = made(fees=math.nan, net=math.nan)

    assert (shown.gross, shown.fees, shown.net, shown.state) == ("0.003500", None, None, "missing")


def test_a_tiny_loss_is_no_negative_zero() -> None:
    assert made(net=-0.0000001).net == "0.000000"


def test_an_age_alone_is_no_news() -> None:
    assert made().facts == made(received_at=NOW - 1).facts
    assert made().facts != made(net=0.0015).facts


@pytest.mark.parametrize(
    ("value", "text"),
    [(100.0, "100"), (0.1, "0.1"), (1e-07, "0.0000001"), (1.5e16, "15000000000000000")],
)
def test_amounts_are_plain_decimals(value: float, text: str) -> None:
    assert amount(value) == text


@pytest.mark.parametrize("symbol", ["BTC/USDT", "BTC/USDC:USDC", "1INCH/BTC", "A-B/USDT"])
def test_a_symbol_survives_an_address(symbol: str) -> None:
    assert undashed(dashed(symbol)) == symbol


def test_the_notional_is_in_the_quote() -> None:
    assert notional_for("BTC/USDT") == Decimal(1000)
    assert notional_for("ETH/BTC") == Decimal("0.01")
    assert quote_of("BTC/USDC:USDC") == "USDC"
