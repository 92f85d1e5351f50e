"""HALT, CANCEL and FLATTEN against the real practice venue, whose ledger is the witness."""

from __future__ import annotations

import threading
from decimal import ROUND_DOWN, Decimal
from typing import Any

import pytest
from django.utils import timezone

from apps.core.domain.money import plain
from apps.core.domain.people import Actor
from apps.trading import sending
from apps.trading.domain import kill
from apps.trading.domain.kill import KillCommand, KillOrigin, KillScope, KillStatus
from apps.trading.domain.orders import OrderStatus, client_order_id_new
from apps.trading.guard.runs import run_carry_out
from apps.trading.models import Bot, Fill, KillRun, Order, Plan, TradingAccount
from apps.trading.selectors.positions_net import net_positions
from apps.trading.services import order_record
from apps.trading.services.kill import kill_claim, kill_request
from apps.trading.services.plan_open import plan_open
from apps.trading.tasks import plan_submit
from apps.venues import circuit
from apps.venues.domain.ports import Need
from tests.factories.trading import intent
from tests.integration.trading.test_engine import Floor, floor  # noqa: F401 a fixture

D = Decimal
ALPHA, BETA = 0, 1
HALF = D("0.5") * (1 - D("0.0005"))  # half a bitcoin bought, its fee charged in bitcoin


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """The queue is jammed for good: no task ever runs. And nobody waits for a minute."""
    from cryonel.celery import app

    monkeypatch.setattr(app, "send_task", lambda *_args, **_words: None)
    circuit.forget_all()
    for task in ("plan_submit", "order_reconcile", "connection_refresh"):
        monkeypatch.setattr(f"apps.trading.tasks.{task}.delay", lambda **_ids: None)
    settings.KILL_CANCEL_SECONDS = settings.KILL_FLATTEN_SECONDS = 30


def order_of(floor: Floor, place: int, side: str, size: str, price: str, **more: Any) -> Order:  # noqa: F811
    """An order of the floor's bot, claimed and sent to the real venue."""
    now = timezone.now()
    link = floor.links[place]
    boring = {
        "workspace_id": floor.actor.workspace_id,
        "bot": floor.bot,
        "connection": link,
        "venue": link.venue,
        "symbol": "BTC/USDT",
        "client_order_id": client_order_id_new(),
        "side": side,
        "kind": "limit",
        "quantity": D(size),
        "limit_price": D(price),
        "time_in_force": "IOC",
        "status": OrderStatus.SUBMITTING,
        "placed_at": now,
        "sent_at": now,
        "valid_until": now,
    }
    order = Order.objects.create(**(boring | more))
    client = sending.client_of(link.pk, need=Need.TRADE)
    receipt = client.place_order(sending.ticket_of(order))
    return order_record.order_record_receipt(
        actor=Actor.platform(floor.actor.workspace_id), order_id=order.pk, receipt=receipt, now=now
    )


def opened(floor: Floor) -> Plan:  # noqa: F811
    floor.books(alpha=("99.9", "100"), beta=("101", "101.1"))
    bot = Bot.objects.get()
    return plan_open(
        actor=Actor.platform(bot.workspace_id),
        bot_id=bot.pk,
        fencing_token=bot.fencing_token,
        intent=intent([each.pk for each in floor.links]),
        now=timezone.now(),
    )


def asked(floor: Floor, command: KillCommand, **more: Any) -> KillRun:  # noqa: F811
    words = {
        "actor": floor.actor,
        "scope": KillScope.WORKSPACE,
        "command": command,
        "origin": KillOrigin.UI,
        "reason": "test",
        "now": timezone.now(),
    }
    return kill_request(**(words | more))


def carried_out(run: KillRun) -> KillRun:
    """As the guard does it: claimed by its lease, worked on to its end."""
    claimed = kill_claim(owner="test", now=timezone.now(), run_id=run.pk)
    assert claimed is not None
    done = run_carry_out(claimed, threading.Event())
    assert done is not None
    return done


def flattened(floor: Floor, **more: Any) -> dict[str, Any]:  # noqa: F811
    run = carried_out(asked(floor, KillCommand.FLATTEN, **more))
    assert run.status == KillStatus.DONE, run.report
    return run.report["workspaces"][0]


def held(floor: Floor, place: int, asset: str) -> Decimal:  # noqa: F811
    """What the venue's own ledger says."""
    link = floor.links[place]
    ledger = floor.venue.ledger_now(link.venue.partition(".")[2], link.practice_account)
    told = ledger["balances"][asset]
    return D(told["free"]) + D(told["locked"])


def test_flatten_sells_what_a_bot_bought_and_proves_it(floor):  # noqa: F811
    floor.books(alpha=("99", "100"), beta=("99", "100"))
    order_of(floor, ALPHA, "buy", "0.5", "100")

    report = flattened(floor)

    position = report["positions"][0]
    assert (D(position["before"]), position["after"]) == (HALF, "0")
    assert position["outcome"] == "FLAT"
    assert held(floor, ALPHA, "BTC") == D(5)
    assert all(each["explained_by_fills"] for each in report["balances"].values())
    fee = (HALF * 99 * D("0.0005")).quantize(D("1e-8"), rounding=ROUND_DOWN)
    assert D(position["realised"]) == HALF * (99 - 100) - fee
    assert floor.ours() == floor.theirs()


def test_flatten_buys_back_what_a_bot_sold(floor):  # noqa: F811
    floor.books(alpha=("99", "100"), beta=("99", "100"))
    order_of(floor, BETA, "sell", "0.4", "99")

    report = flattened(floor)

    assert report["positions"][0]["before"] == "-0.4"
    assert report["positions"][0]["outcome"] == "FLAT"
    assert held(floor, BETA, "BTC") == D(5) - D("0.4") * D("0.0005")  # its own fee


def test_an_arbitrage_that_bought_here_and_sold_there_is_flat_and_nothing_is_sent(floor):  # noqa: F811
    plan = opened(floor)
    plan_submit(workspace_id=plan.workspace_id, plan_id=plan.pk)
    plan.refresh_from_db()
    assert plan.status == "DONE"
    orders = Order.objects.count()

    report = flattened(floor)

    assert report["positions"] == []
    assert Order.objects.count() == orders


def test_the_rest_of_a_lopsided_arbitrage_is_closed_where_it_is_held(floor):  # noqa: F811
    floor.books(alpha=("99", "100"), beta=("101", "102"))
    order_of(floor, ALPHA, "buy", "0.5", "100")
    order_of(floor, BETA, "sell", "0.3", "101")

    flattened(floor)

    closing = Order.objects.get(origin="KILL")
    assert (closing.venue, closing.side, closing.quantity) == (
        "practice.alpha",
        "sell",
        HALF - D("0.3"),
    )


def test_cancel_ends_resting_and_armed_orders_and_leaves_positions_and_strangers_alone(floor):  # noqa: F811
    floor.books(alpha=("99", "100"), beta=("99", "100"))
    order_of(floor, ALPHA, "buy", "0.5", "100")
    resting = order_of(floor, BETA, "buy", "0.2", "98", time_in_force="GTC")
    armed = Order.objects.create(
        workspace_id=floor.actor.workspace_id,
        connection=floor.links[ALPHA],
        venue=floor.links[ALPHA].venue,
        symbol="BTC/USDT",
        client_order_id=client_order_id_new(),
        side="sell",
        kind="stop",
        trigger_price=D(90),
        quantity=D("0.1"),
        time_in_force="GTC",
        status="ARMED",
        origin="MANUAL",
        placed_at=timezone.now(),
        valid_until=timezone.now(),
    )
    stranger = sending.client_of(floor.links[BETA].pk, need=Need.TRADE).place_order(
        sending.ticket_of(
            Order(
                client_order_id="e1xternal",
                symbol="BTC/USDT",
                side="buy",
                kind="limit",
                quantity=D("0.1"),
                limit_price=D(97),
                time_in_force="GTC",
            )
        )
    )

    run = carried_out(asked(floor, KillCommand.CANCEL))

    report = run.report["workspaces"][0]
    for order in (resting, armed):
        order.refresh_from_db()
        assert order.status == "CANCELLED"
    left = [each["venue_order_id"] for each in report["external_orders_left_alone"]]
    assert (run.status, left) == ("DONE", [stranger.venue_order_id])
    assert [p.net for p in net_positions(floor.actor.workspace_id)] == [HALF]


@pytest.mark.parametrize(
    "terms",
    [
        {"kind": "stop", "trigger_price": D(90), "limit_price": None},
        {"kind": "trailing_stop", "trail": D("0.05"), "limit_price": None},
    ],
    ids=lambda terms: terms["kind"],
)
def test_cancel_ends_a_stop_that_waits_at_the_venue(floor, terms):  # noqa: F811
    floor.books(alpha=("99", "100"), beta=("99", "100"))
    order_of(floor, ALPHA, "buy", "0.5", "100")
    stop = order_of(floor, ALPHA, "sell", "0.5", "89", **terms)
    assert (stop.status, stop.time_in_force) == ("OPEN", "IOC")

    run = carried_out(asked(floor, KillCommand.CANCEL))

    stop.refresh_from_db()
    assert (run.status, stop.status) == ("DONE", "CANCELLED")


def test_a_plan_that_the_queue_forgot_is_brought_to_its_end_by_the_guard(floor):  # noqa: F811
    plan = opened(floor)

    report = flattened(floor)

    plan.refresh_from_db()
    assert plan.status == "FAILED"
    assert {each["status"] for each in report["orders"]} == {"CANCELLED"}
    assert floor.theirs() == set()


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "accept_then_timeout"},
        {"kind": "partial_fill"},
        {"kind": "rate_limit_storm"},
        {"kind": "http_5xx", "when": "after"},
        {"kind": "http_5xx", "when": "before"},
    ],
    ids=lambda fault: "-".join(fault.values()),
)
def test_flatten_comes_through_a_venue_in_trouble_with_one_close_to_the_last_digit(floor, fault):  # noqa: F811
    floor.books(alpha=("99", "100"), beta=("99", "100"))
    order_of(floor, ALPHA, "buy", "0.5", "100")
    floor.venue.add_fault_now("alpha", endpoint="POST /api/v3/order", count=2, **fault)

    report = flattened(floor)

    assert report["positions"][0]["after"] == "0"
    assert held(floor, ALPHA, "BTC") == D(5)
    assert floor.ours() == floor.theirs()


def test_a_silent_venue_is_never_flat_and_the_report_says_what_is_left(floor, settings):  # noqa: F811
    settings.KILL_FLATTEN_SECONDS = 2
    floor.books(alpha=("99", "100"), beta=("99", "100"))
    order_of(floor, ALPHA, "buy", "0.5", "100")
    floor.venue.add_fault_now("alpha", "maintenance")

    run = carried_out(asked(floor, KillCommand.FLATTEN))

    report = run.report["workspaces"][0]
    assert run.status == "ATTENTION"
    assert [each["amount"] for each in report["left"]["positions"]] == [plain(HALF)]
    assert str(floor.links[ALPHA].pk) in report["connections_without_answer"]


def test_the_report_is_hashed_and_its_hash_stands_in_the_audit_trail(floor):  # noqa: F811
    from apps.core.models import AuditEntry

    floor.books(alpha=("99", "100"), beta=("99", "100"))

    run = carried_out(asked(floor, KillCommand.FLATTEN))

    run.refresh_from_db()
    assert run.report_hash == kill.report_hash(run.report)
    entry = AuditEntry.objects.get(action="trading.kill.finished")
    assert entry.data["report_hash"] == run.report_hash


def test_halt_works_in_the_transaction_that_asks_for_it(floor):  # noqa: F811
    run = asked(floor, KillCommand.HALT)

    assert run.status == "DONE"
    assert TradingAccount.objects.get().state == "HALTED"


def test_a_halted_bot_opens_nothing_while_the_others_go_on(floor):  # noqa: F811
    asked(floor, KillCommand.HALT, scope=KillScope.BOT, bot_id=floor.bot.pk)

    assert Bot.objects.get().trading_state == "HALTED"
    assert TradingAccount.objects.get().state == "ACTIVE"
    plan = opened(floor)
    assert plan.status == "DENIED"
    assert plan.decision.code == "HALTED"


def test_the_same_command_asked_twice_is_one_run(floor):  # noqa: F811
    first, second = asked(floor, KillCommand.CANCEL), asked(floor, KillCommand.CANCEL)

    assert first.pk == second.pk
    assert asked(floor, KillCommand.FLATTEN).pk != first.pk


def test_a_position_of_another_workspace_stays_untouched(floor, mallory):  # noqa: F811
    floor.books(alpha=("99", "100"), beta=("99", "100"))
    order_of(floor, ALPHA, "buy", "0.5", "100")

    carried_out(asked(floor, KillCommand.FLATTEN, actor=mallory.actor))

    assert [p.net for p in net_positions(floor.actor.workspace_id)] == [HALF]
    assert TradingAccount.objects.get(workspace_id=floor.actor.workspace_id).state == "ACTIVE"


def test_less_than_a_venue_takes_is_left_and_valued(floor):  # noqa: F811
    floor.books(alpha=("99", "100"), beta=("99", "100"))
    order_of(floor, ALPHA, "buy", "0.5", "100")
    order_of(floor, BETA, "sell", "0.49", "99")
    dust = HALF - D("0.49")

    report = flattened(floor)

    position = report["positions"][0]
    assert (D(position["after"]), position["outcome"]) == (dust, "DUST")
    assert D(position["left_value"]) == dust * 99
    assert Fill.objects.count() == 2
    assert Plan.objects.count() == 0
