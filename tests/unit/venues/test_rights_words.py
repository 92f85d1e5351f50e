from __future__ import annotations

import pytest

from apps.venues.adapters._rights import from_scopes

WORDS = {"read": {"General"}, "trade": {"Spot"}, "withdraw": {"Transfer"}, "others": {"Earn"}}


@pytest.mark.parametrize(
    ("scopes", "can"),
    [
        (["General", "Spot"], False),
        (["General", "Spot", "Earn"], False),
        (["General", "Spot", "Transfer"], True),
        (["General", "Spot", "Remit"], None),
        (["Transfer", "Remit"], True),
    ],
)
def test_a_right_that_the_documentation_does_not_know_may_be_the_one_to_withdraw(scopes, can):
    assert from_scopes(scopes, **WORDS).can_withdraw is can
