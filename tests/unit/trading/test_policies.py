"""The strictest of all policies wins, whoever set it, in whatever order they are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.trading.domain.policies import (
    LIMITS,
    PLAN_DEFAULTS,
    PLATFORM_DEFAULTS,
    SPECS,
    UNKNOWN,
    Policy,
    Scope,
    strictest,
)
from tests.factories.trading import D

values = st.one_of(st.none(), st.just(UNKNOWN), st.decimals(0, 1000, places=3))
policies = st.lists(
    st.builds(
        Policy,
        st.sampled_from(list(Scope)),
        st.dictionaries(st.sampled_from(sorted(SPECS)), values, max_size=6),
    ),
    max_size=6,
)


def held(found, name):
    return found[name].value if name in found else None


@given(policies)
def test_the_result_is_never_looser_than_any_member(members):
    found = strictest(members)

    for policy in members:
        for name, value in policy.values.items():
            if value is UNKNOWN:
                assert held(found, name) is UNKNOWN
            elif value is not None and held(found, name) is not UNKNOWN:
                assert not SPECS[name].is_looser(held(found, name), value)


@given(policies, st.randoms(use_true_random=False))
def test_the_order_of_the_members_changes_no_value(members, random):
    shuffled = list(members)
    random.shuffle(shuffled)

    one, other = strictest(members), strictest(shuffled)

    assert {n: each.value for n, each in one.items()} == {n: e.value for n, e in other.items()}


@given(policies)
def test_each_result_is_somebodys_own_limit(members):
    for name, limit in strictest(members).items():
        set_by = [each for each in members if each.scope is limit.scope]
        assert any(each.values.get(name) == limit.value for each in set_by)


def test_no_limit_anywhere_is_no_limit():
    assert strictest([Policy(Scope.PLATFORM, {"daily_loss": None})]) == {}


def test_unknown_is_not_no_limit():
    found = strictest([Policy.unreadable(Scope.PLATFORM), Policy(Scope.BOT, {"cooldown": D(5)})])

    assert found["cooldown"].value is UNKNOWN


@pytest.mark.parametrize(
    ("name", "expected"), [("daily_loss", 10), ("min_liquidation_distance", 20)]
)
def test_a_floor_is_stricter_the_higher_it_is(name, expected):
    members = [Policy(Scope.PLATFORM, {name: D(10)}), Policy(Scope.WORKSPACE, {name: D(20)})]

    assert strictest(members)[name].value == expected


def test_of_equal_limits_the_one_that_stands_higher_is_named():
    members = [Policy(scope, {"daily_loss": D(10)}) for scope in (Scope.BOT, Scope.PLATFORM)]

    assert strictest(members)["daily_loss"].scope is Scope.PLATFORM


def test_no_default_of_a_workspace_is_looser_than_the_platforms():
    assert [
        spec.name for spec in LIMITS if spec.is_looser(spec.own, spec.platform) and spec.own
    ] == []


def test_no_default_of_a_plan_is_looser_than_the_platforms():
    for limits in PLAN_DEFAULTS.values():
        for name, value in limits.items():
            assert not SPECS[name].is_looser(value, PLATFORM_DEFAULTS[name])
