"""The fault campaign in small: both ledgers agree, and a spoiled product is found out."""

from __future__ import annotations

import pytest

from apps.trading.campaign.report import campaign, failure, total

SEEDS = range(1, 26)
KINDS = {"accept_then_timeout", "http_5xx", "partial_fill", "latency", "clock_skew"}


def test_whatever_goes_wrong_both_ledgers_agree():
    verdicts = campaign(SEEDS)

    assert [failure(verdict) for verdict in verdicts if verdict["found"]] == []
    assert [verdict["seed"] for verdict in verdicts] == list(SEEDS)
    assert set(total(verdicts, "faults")) >= KINDS
    assert total(verdicts, "crashes").total() > 10
    assert total(verdicts, "plans")["DONE"] > 10


@pytest.mark.parametrize("bug", ["forget_a_fill", "round_fees", "send_again", "believe_silence"])
def test_a_bug_between_us_and_the_venues_is_found(bug):
    verdicts = campaign(range(1, 7), words=[f"sabotage={bug}"])

    assert any(verdict["found"] for verdict in verdicts)
