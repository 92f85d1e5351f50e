"""Figures as people read them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.template import Context, Engine

from apps.core.templatetags import figures

NARROW = "\N{NARROW NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (Decimal("12345.6"), 2, "12,345.60"),
        (Decimal("0.031200"), None, "0.0312"),
        ("1E+3", None, "1,000"),
        (Decimal("-0.5"), 1, "−0.5"),
        (Decimal("-0.001"), 2, "−0.0010"),
        (Decimal("0.0162519"), 0, "0.016"),
        (0, 0, "0"),
        (None, 2, "–"),
        ("NaN", 2, "–"),
    ],
)
def test_an_amount_is_grouped_and_unknown_is_a_dash(
    value: figures.Figure, digits: int | None, text: str
) -> None:
    assert figures.amount(value, digits) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("1.5", "+1.50"), ("-1.5", "−1.50"), ("0.001", "+0.0010"), ("0", "0.00"), (None, "–")],
)
def test_a_signed_amount_has_no_sign_only_where_it_is_zero(
    value: figures.Figure, text: str
) -> None:
    assert figures.signed(value, 2) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.00001625", "0.0000162"),
        ("0.0013286", "0.00133"),
        ("0.2", "0.2000"),
        ("1234.5", "1,234.5000"),
        ("0", "0.0000"),
        (None, "–"),
    ],
)
def test_a_small_amount_keeps_three_figures(value: figures.Figure, text: str) -> None:
    assert figures.fine(value, 4) == text


def test_fractions_go_in_and_percentages_come_out() -> None:
    assert figures.percent("0.0015") == f"0.15{NARROW}%"
    assert figures.signed_percent("-0.0008", 3) == f"−0.080{NARROW}%"


@pytest.mark.parametrize(
    ("value", "tone"), [("0.1", "gain"), ("-0.1", "loss"), (0, ""), (None, ""), ("x", "")]
)
def test_the_tone_follows_the_sign(value: figures.Figure, tone: str) -> None:
    assert figures.tone(value) == tone


def test_raw_is_for_machines() -> None:
    assert figures.raw(Decimal("1E+4")) == "10000"
    assert figures.raw(None) == ""


@pytest.mark.parametrize(
    ("part", "whole", "share"), [(3, 2, 100), (-1, 2, 0), (1, 0, 0), ("1", "8", 12), (None, 1, 0)]
)
def test_a_bar_never_leaves_its_box(
    part: figures.Figure, whole: figures.Figure, share: int
) -> None:
    assert figures.share_of(part, whole) == share


def test_eighteen_decimals_survive() -> None:
    assert figures.amount(Decimal("12345678901.123456789012345678")) == (
        "12,345,678,901.123456789012345678"
    )


def test_templates_can_load_them() -> None:
    engine = Engine(libraries={"figures": "apps.core.templatetags.figures"})
    template = engine.from_string("{% load figures %}{{ value|milliseconds }}")

    assert template.render(Context({"value": Decimal("1234.5")})) == f"1,234{NARROW}ms"


def test_a_joined_text_is_a_list_again() -> None:
    assert figures.parts("BTC/USDT, ETH/USDT") == ["BTC/USDT", "ETH/USDT"]
    assert figures.parts("") == []
