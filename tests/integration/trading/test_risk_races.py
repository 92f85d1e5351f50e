"""Orders at the same moment, in real threads on real PostgreSQL: as many as fit, and no more."""

from __future__ import annotations

import pytest
from django.utils import timezone

from apps.portfolio.models import BalanceNow
from apps.trading.models import CapitalReservation, Order, RiskPolicy
from apps.trading.services import order_place
from apps.trading.services.policies import limits_set
from tests.factories.trading import D, order_intent
from tests.integration.trading.conftest import desk_for
from tests.integration.trading.test_races import together

pytestmark = pytest.mark.django_db(transaction=True)


def limit_by(**values):
    def apply(desk):
        now = timezone.now()
        limits_set(actor=desk.actor, values=values, confirmed=True, now=now)

    return apply


def limit_capital(desk):
    """Room for three orders of 50 and their fees."""
    rows = BalanceNow.objects.filter(connection_id=desk.cheap.pk, asset="USDT")
    rows.update(free=D("150.08"))


@pytest.mark.parametrize(
    ("limit", "rule", "fit"),
    [
        (limit_by(max_exposure=D(250)), "exposure", 5),
        (limit_by(max_position_value=D(200)), "position", 4),
        (limit_by(max_open_orders=D(3)), "open_orders", 3),
        (limit_by(max_orders_minute=D(2)), "order_rate", 2),
        (limit_by(max_trades_day=D(4)), "plans_per_day", 4),
        (limit_capital, "capital", 3),
    ],
)
def test_of_eight_orders_at_once_exactly_as_many_as_fit_are_allowed(
    transactional_db, monkeypatch, limit, rule, fit
):
    monkeypatch.setattr("apps.core.outbox.deliver", lambda messages: 0)
    desk = desk_for("alice")
    limit(desk)

    def place(_number):
        return order_place.order_place_bounded(
            actor=desk.actor,
            intent=order_intent(desk.cheap.pk),
            venue="practice.alpha",
            now=timezone.now(),
        ).status

    statuses = together(place, times=8)

    assert statuses.count("PLANNED") == fit
    refused = Order.objects.filter(status="DENIED")
    assert set(refused.values_list("decision__rule", flat=True)) == {rule}
    assert CapitalReservation.objects.filter(order__isnull=False).count() == fit


def test_a_limit_and_an_order_at_once_end_in_one_order_of_events(transactional_db, monkeypatch):
    """The order was decided under the old limit before the change, or under the new one after."""
    monkeypatch.setattr("apps.core.outbox.deliver", lambda messages: 0)
    desk = desk_for("alice")

    def work(number):
        now = timezone.now()
        if number == 0:
            return limits_set(
                actor=desk.actor, values={"max_order_value": D(10)}, confirmed=True, now=now
            )
        return order_place.order_place_bounded(
            actor=desk.actor, intent=order_intent(desk.cheap.pk), venue="practice.alpha", now=now
        ).status

    outcome = together(work, times=2)[1]

    changed = RiskPolicy.objects.get(scope="WORKSPACE").pk
    order = Order.objects.get()
    assert outcome == order.status
    assert changed
    if outcome == "DENIED":
        assert order.decision.rule == "notional"
