"""The fault campaign in small: both ledgers agree, and a spoiled product is found out."""

from __future__ import annotations

from apps.trading.campaign.report import campaign, failure, total
from apps.trading.campaign.sabotage import SABOTAGES, sabotage_of

SEEDS = range(5, 13)
SPOILED = range(1, 5)  # one of each
KINDS = {"http_5xx", "partial_fill", "latency", "rate_limit_storm", "clock_skew"}


def test_whatever_goes_wrong_both_ledgers_agree():
    verdicts = campaign(SEEDS)

    assert [failure(verdict) for verdict in verdicts if verdict["found"]] == []
    assert [verdict["seed"] for verdict in verdicts] == list(SEEDS)
    assert set(total(verdicts, "faults")) >= KINDS
    assert total(verdicts, "crashes").total() > 10
    assert total(verdicts, "plans")["DONE"] > 10


def test_every_bug_between_us_and_the_venues_is_found_by_some_run():
    verdicts = campaign(SPOILED, words=["spoiled"])

    found = {sabotage_of(verdict["seed"]) for verdict in verdicts if verdict["found"]}
    assert found == set(SABOTAGES)
