from __future__ import annotations

from django.utils.translation import override

from apps.core import api
from apps.core.domain.errors import Phrase
from apps.trading.domain.decisions import text_of
from apps.trading.domain.errors import RiskLimitBreached
from apps.trading.domain.risk import require_allowed
from apps.trading.selectors.decisions import decision_text, verdict_of


def breach(code, **params):
    try:
        require_allowed(rule="books", code=code, params=params)
    except RiskLimitBreached as problem:
        return problem
    raise AssertionError("nothing was refused")


def test_a_phrase_reads_like_any_text():
    assert Phrase("row {number} is empty", number=3) == "row 3 is empty"


def test_the_sentence_inside_an_error_is_translated_with_its_words():
    problem = breach("BOOK_AWAITED", symbol="BTC/USDT", venue="Kraken")

    with override("de"):
        said = api.say(problem)

    assert "BTC/USDT übersprungen: noch kein Orderbuch von Kraken" in said
    assert "no order book from Kraken yet" in str(problem)


def test_a_word_of_ours_in_a_decision_is_translated():
    with override("de"):
        assert "laufende Bots" in decision_text("UNKNOWN_STATE", {"what": "running bots"})


def test_what_is_not_known_names_its_asset():
    params = {"what": "the balance of {asset}", "asset": "BTC"}

    assert "the balance of BTC is not known" in text_of("UNKNOWN_STATE", params)
    assert "the balance of BTC is not known" in str(breach("UNKNOWN_STATE", **params))
    assert "the balance of BTC is not known" in decision_text("UNKNOWN_STATE", params)


def test_braces_of_strangers_stay_text():
    assert "{0.__class__}" in text_of("UNKNOWN_STATE", {"what": "{0.__class__}"})


def test_waiting_is_no_skipping():
    verdicts = [verdict_of(code) for code in ("COOLDOWN", "BELOW_THRESHOLD", "HALTED", "COMPARING")]

    assert verdicts == ["WAITING", "SKIPPED", "REFUSED", "WAITING"]
    assert verdict_of("PLAN_PROPOSED") == "TRADED"
