from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.venues.domain.connections import (
    key_hint,
    require_credentials,
    require_usable,
    rights_from_json,
    rights_to_json,
)
from apps.venues.domain.errors import (
    CredentialMissing,
    KeyCannotTrade,
    KeyCanWithdraw,
    KeyRefused,
    KeyRightsUnproven,
)
from apps.venues.domain.ports import (
    CredentialField,
    KeyRights,
    Need,
    RightsProof,
    VenueKind,
    VenueSpec,
)

SPEC = VenueSpec(
    code="nowhere",
    label="Nowhere",
    kind=VenueKind.EXCHANGE,
    ccxt_id="nowhere",
    capabilities=frozenset(),
    credential_fields=(
        CredentialField(name="key", label="API key", secret=False),
        CredentialField(name="secret", label="API secret"),
        CredentialField(name="note", label="Note", required=False),
    ),
    rights_proof=RightsProof.PROBE,
)
GOOD = KeyRights(proof=RightsProof.PROBE, can_read=True, can_trade=True, can_withdraw=False)
known = st.sampled_from([True, False, None])
rights = st.builds(
    KeyRights,
    proof=st.sampled_from(RightsProof),
    can_read=known,
    can_trade=known,
    can_withdraw=known,
    ip_restricted=known,
    ip_allow_list=st.lists(st.ip_addresses().map(str), max_size=3).map(tuple),
    expires_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    raw_scopes=st.lists(st.text(max_size=5), max_size=3).map(tuple),
)


def judged(told: KeyRights, need: Need = Need.TRADE, *, allowed: bool = False):
    return require_usable(SPEC, told, need, unproven_allowed=allowed)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"can_read": False}, KeyRefused),
        ({"can_withdraw": True}, KeyCanWithdraw),
        ({"can_withdraw": None}, KeyRightsUnproven),
        ({"can_trade": False}, KeyCannotTrade),
        ({"proof": RightsProof.NONE}, KeyRightsUnproven),
        ({"proof": RightsProof.STRUCTURAL, "can_withdraw": True}, KeyCanWithdraw),
    ],
)
def test_what_stands_against_trading(change, problem):
    with pytest.raises(problem):
        judged(replace(GOOD, **change))


@pytest.mark.parametrize(
    "change", [{}, {"proof": RightsProof.STRUCTURAL, "can_withdraw": None}, {"can_trade": None}]
)
def test_what_is_enough_for_trading(change):
    assert judged(replace(GOOD, **change)) is None


@given(rights)
def test_no_key_trades_without_proof_that_it_cannot_withdraw(told):
    try:
        judged(told)
    except (KeyRefused, KeyCanWithdraw, KeyRightsUnproven, KeyCannotTrade):
        return
    assert told.can_withdraw is not True
    assert told.proof is not RightsProof.NONE
    assert told.can_withdraw is False or told.proof is RightsProof.STRUCTURAL


@given(rights)
def test_the_operators_switch_never_lets_a_withdrawing_key_trade(told):
    if told.can_withdraw and told.can_read is not False:
        with pytest.raises(KeyCanWithdraw):
            judged(told, allowed=True)


@given(rights)
def test_rights_survive_their_row(told):
    assert rights_from_json(rights_to_json(told)) == told


def test_a_key_never_asked_about_has_no_rights():
    assert rights_from_json({}) is None


def test_credentials_are_trimmed_and_unknown_names_dropped():
    given_fields = {"key": " k ", "secret": "s", "note": "", "other": "x"}

    assert require_credentials(SPEC, given_fields) == {"key": "k", "secret": "s"}


def test_each_unusable_field_is_named_by_its_label():
    with pytest.raises(CredentialMissing) as caught:
        require_credentials(SPEC, {"key": "k" * 5000})

    assert caught.value.details == {"credentials": {"key": "too long", "secret": "missing"}}
    assert str(caught.value) == "Nowhere needs these fields: API key, API secret."


@pytest.mark.parametrize(
    ("credentials", "hint"),
    [({"key": "abcdefgh1234"}, "1234"), ({"key": "short"}, ""), ({"secret": "s" * 40}, "")],
)
def test_a_hint_shows_four_characters_of_a_long_key_and_nothing_of_a_secret(credentials, hint):
    assert key_hint(credentials) == hint


def test_an_expiry_keeps_its_moment():
    told = replace(GOOD, expires_at=datetime(2027, 1, 2, 3, tzinfo=UTC))

    assert rights_to_json(told)["expires_at"] == "2027-01-02T03:00:00+00:00"
