"""How entries of the decision log read."""

from __future__ import annotations

import pytest

from apps.core.templatetags.figures import microseconds
from apps.trading.domain.decisions import TEXTS
from apps.trading.selectors.decisions import decision_text, grouped, verdict_of

FIRED = sorted(code for code in TEXTS if code.startswith("RULE_"))


@pytest.mark.parametrize("code", FIRED)
def test_a_rule_that_fired_says_it_stopped_or_reduced_something(code: str) -> None:
    assert verdict_of(code) == TEXTS[code].partition(":")[0].upper()
    assert verdict_of(code) in {"STOPPED", "REDUCED"}


def test_there_are_rules_that_fire() -> None:
    assert len(FIRED) >= 4


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("25000", "25,000"),
        ("37161.51", "37,161.51"),
        ("-1234.50", "\N{MINUS SIGN}1,234.5"),
        ("999.99", "999.99"),
        ("12345 USDT", "12345 USDT"),
        ("BTC/USDT", "BTC/USDT"),
        ("", ""),
    ],
)
def test_long_figures_in_sentences_are_read_in_groups(text: str, read: str) -> None:
    assert grouped(text) == read


def test_a_refusal_has_its_money_in_groups() -> None:
    code = next(code for code, text in TEXTS.items() if "{notional} is above" in text)

    assert "37,161.51" in decision_text(code, {"notional": "37161.51", "max": "25000"})


def test_a_round_trip_reads_in_milliseconds() -> None:
    assert microseconds(23114) == "23.1\N{NARROW NO-BREAK SPACE}ms"
    assert microseconds(None) == "\N{EN DASH}"
