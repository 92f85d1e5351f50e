"""Plans of several legs through the database, the worker and the real practice venue."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.core.domain.people import Actor
from apps.trading import tasks
from apps.trading.domain.plans import PlanKind
from apps.trading.domain.risk import SecondPrice
from apps.trading.models import Order, Plan
from apps.trading.services.plan_open import plan_open
from apps.venues.domain.ports import Side, TimeInForce
from tests.factories.trading import D, intent, leg
from tests.integration.trading.test_engine import Floor, floor, readers_let_go  # noqa: F401
from tests.integration.trading.test_paper_faults import agree, swept


@pytest.fixture(autouse=True)
def one_market(monkeypatch: pytest.MonkeyPatch) -> None:
    """No board runs here: to the gate these pairs are listed nowhere else."""
    alone = SecondPrice(None, possible=False)
    monkeypatch.setattr("apps.trading.selectors.gate_prices.second_price", lambda *_: alone)


def book(floor: Floor, code: str, symbol: str, bid: str, ask: str, size: str = "50") -> None:  # noqa: F811
    floor.venue.set_book_now(code, symbol, bids=[(bid, size)], asks=[(ask, size)])


def opened(floor: Floor, legs: tuple[Any, ...], **more: Any) -> Plan:  # noqa: F811
    """Without a bot, as an arbitrage job opens it; the worker runs at once."""
    plan = plan_open(
        actor=Actor.platform(floor.actor.workspace_id),
        bot_id=None,
        fencing_token=None,
        intent=intent(legs=legs, **more),
        now=timezone.now(),
    )
    plan.refresh_from_db()
    assert plan.decision.rule == "", plan.decision.code
    return plan


def sizes(plan: Plan) -> list[tuple[int, str, Any]]:
    rows = plan.orders.order_by("pk").values_list("leg_no", "role", "quantity")
    return [(number, role, size.normalize()) for number, role, size in rows]


def triangle(floor: Floor, last: str = "11") -> tuple[Any, ...]:  # noqa: F811
    alpha = floor.links[0]
    book(floor, "alpha", "BTC/USDT", "99.9", "100")
    book(floor, "alpha", "ETH/BTC", "0.0999", "0.1")
    book(floor, "alpha", "ETH/USDT", last, "11.1")
    boring = {"venue": alpha.venue}
    return (
        leg(1, alpha.pk, Side.BUY, "100", **boring),
        leg(2, alpha.pk, Side.BUY, "0.1", symbol="ETH/BTC", ratio=D(10), **boring),
        leg(3, alpha.pk, Side.SELL, "11", symbol="ETH/USDT", ratio=D(10), **boring),
    )


def in_sequence(**more: Any) -> dict[str, Any]:
    return {
        "kind": PlanKind.SEQUENTIAL,
        "quantity": D(1),
        "valid_for": timedelta(seconds=60),
    } | more


def fine(legs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Rules of each pair: ETH in hundredths, the least value of ETH/BTC in BTC."""
    step = {"BTC/USDT": D("0.0001"), "ETH/BTC": D("0.01"), "ETH/USDT": D("0.01")}
    least = {"BTC/USDT": D(5), "ETH/BTC": D("0.0001"), "ETH/USDT": D(5)}
    return tuple(
        replace(
            each,
            rules=replace(
                each.rules,
                quantity_step=step[each.symbol],
                min_notional=least[each.symbol],
                price_step=None,
            ),
        )
        for each in legs
    )


def test_a_chain_over_three_pairs_is_sized_by_what_each_leg_received(floor):  # noqa: F811
    plan = opened(floor, fine(triangle(floor)), **in_sequence())

    plan.refresh_from_db()
    # 1 BTC less 5 bps is 0.9995 and buys 9.99 ETH; that less 5 bps is sold, down to the step
    assert sizes(plan) == [(1, "OPEN", D(1)), (2, "OPEN", D("9.99")), (3, "OPEN", D("9.98"))]
    assert (plan.status, plan.reason) == ("DONE", "DUST_LEFT")
    assert plan.residuals == {"BTC": "0.0005", "ETH": "0.005005"}
    assert plan.pnl == plan.spread_captured - plan.fees - plan.slippage
    agree(floor)


def test_a_chain_that_breaks_is_brought_home_and_its_loss_booked(floor):  # noqa: F811
    legs = fine(triangle(floor, last="10.95"))  # the last leg asks for 11

    plan = opened(floor, legs, **in_sequence())
    plan = swept(plan)

    assert plan.status == "UNWOUND"
    assert (3, "UNWIND", D("9.98")) in sizes(plan)
    assert set(plan.residuals) <= {"BTC", "ETH"}  # dust
    assert plan.pnl is not None
    agree(floor)


def test_a_purchase_is_sold_half_here_and_half_there_in_turn(floor):  # noqa: F811
    alpha, beta = floor.links
    floor.books(alpha=("101", "101.1"), beta=("99", "100"))
    legs = (
        leg(1, beta.pk, Side.BUY, "100", venue=beta.venue),
        leg(2, alpha.pk, Side.SELL, "101", venue=alpha.venue, ratio=D("0.5")),
        leg(3, beta.pk, Side.SELL, "99", venue=beta.venue, ratio=D("0.5")),
    )

    plan = opened(floor, legs, **in_sequence())

    plan.refresh_from_db()
    assert sizes(plan) == [(1, "OPEN", D(1)), (2, "OPEN", D("0.4997")), (3, "OPEN", D("0.4998"))]
    assert plan.status == "DONE"
    agree(floor)


def test_legs_at_once_are_each_sized_by_their_ratio(floor):  # noqa: F811
    alpha, beta = floor.links
    floor.books(alpha=("101", "101.1"), beta=("99", "100"))
    legs = (
        leg(1, beta.pk, Side.BUY, "100", venue=beta.venue),
        leg(2, alpha.pk, Side.SELL, "101", venue=alpha.venue, ratio=D("0.75")),
        leg(3, beta.pk, Side.SELL, "99", venue=beta.venue, ratio=D("0.25")),
    )

    plan = opened(floor, legs, quantity=D(1))

    plan.refresh_from_db()
    assert sizes(plan) == [(1, "OPEN", D(1)), (2, "OPEN", D("0.75")), (3, "OPEN", D("0.25"))]
    assert (plan.status, plan.residual) == ("DONE", D(0))
    agree(floor)


def test_a_resting_leg_is_asked_back_when_its_time_is_over(floor):  # noqa: F811
    alpha, beta = floor.links
    floor.books(alpha=("99.9", "101"), beta=("101", "101.1"))
    legs = (
        leg(1, alpha.pk, Side.BUY, "100", venue=alpha.venue, time_in_force=TimeInForce.GTC),
        leg(2, beta.pk, Side.SELL, "101", venue=beta.venue),
    )
    plan = opened(floor, legs, **in_sequence())
    resting = plan.orders.get()
    assert (resting.time_in_force, resting.status) == ("GTC", "OPEN")

    Plan.objects.filter(pk=plan.pk).update(
        valid_until=timezone.now(), opened_at=timezone.now() - timedelta(minutes=1)
    )
    tasks.plan_sweep()

    resting = Order.objects.get(pk=resting.pk)
    assert (resting.cancel_reason, resting.cancel_requested_at is None) == ("VALIDITY_OVER", False)
