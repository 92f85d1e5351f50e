"""Orders placed by programs, on a real practice venue."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from apps.trading.models import Order, OrderGroup
from tests.fakes.program import Program, problem
from tests.integration.trading.tills import Till, till_open

WRITES = [
    ("POST", "orders"),
    ("DELETE", "orders/{order}"),
    ("PATCH", "orders/{order}"),
    ("POST", "orders/{order}/cancel"),
    ("GET", "order-groups"),
    ("GET", "order-groups/{group}"),
    ("POST", "order-groups/{group}/cancel"),
]


@pytest.fixture
def till(transactional_db: None, tmp_path, settings) -> Iterator[Till]:
    with till_open(tmp_path, settings) as opened:
        yield opened


@pytest.fixture
def program(till) -> Program:
    return Program(till.actor)


def body(till: Till, **more: object) -> dict[str, object]:
    boring = {
        "connection_id": till.link.pk,
        "symbol": "BTC/USDT",
        "side": "buy",
        "type": "limit",
        "quantity": "1",
    }
    return boring | more


def test_a_limit_order_is_placed_and_told(till, program):
    answer = program.post("orders", body(till, limit_price="90"), key="k1")

    told = answer.json()["order"]
    assert (answer.status_code, told["kind"], told["limit_price"]) == (202, "limit", "90")
    assert Order.objects.get().status == "OPEN"


def test_without_an_idempotency_key_nothing_is_placed(till, program):
    assert problem(program.post("orders", body(till, limit_price="90")))[:2] == (422, "VAL-0422")
    assert not Order.objects.exists()


def test_a_repeat_gets_the_first_answer_and_places_nothing(till, program):
    answers = [program.post("orders", body(till, limit_price="90"), key="k1") for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert Order.objects.count() == 1


def test_a_double_click_places_one_order(till, program):
    def click(_: int) -> int:
        try:
            return program.post("orders", body(till, limit_price="90"), key="k1").status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(click, range(4)))

    assert set(answers) <= {202, 409}
    assert 202 in answers
    assert Order.objects.count() == 1


def test_an_amount_to_spend_becomes_base_at_the_worst_price_and_never_costs_more(till, program):
    sent = body(till, type="market", spend="1000", quantity=None)
    del sent["quantity"]

    told = program.post("orders", sent, key="k1").json()

    order = Order.objects.get()
    assert told["bound"] == "100.5"
    assert order.status == "FILLED"
    assert sum(f.quantity * f.price for f in order.fills.all()) <= 1000


def test_a_refusal_is_told_with_its_reason_and_told_again(till, program):
    sent = body(till, limit_price="100", quantity="9999")

    answers = [program.post("orders", sent, key="k1") for _ in range(2)]

    assert [problem(answer)[:2] for answer in answers] == [(422, "RSK-0401")] * 2
    assert Order.objects.get().status == "DENIED"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({}, "limit_price"),
        ({"limit_price": "90.001"}, "limit_price"),
        ({"limit_price": "90", "quantity": "0.000000001"}, "quantity"),
        ({"limit_price": "90", "spend": "5"}, "quantity"),
        ({"limit_price": "90", "symbol": "ABC/USDT"}, "symbol"),
        ({"type": "stop"}, "trigger_price"),
        ({"type": "stop", "trigger_price": "90"}, "trigger_price"),
        ({"type": "trailing_stop"}, "trail"),
        ({"type": "market", "limit_price": "90"}, "limit_price"),
        ({"type": "oco", "side": "sell"}, "take_profit"),
        ({"type": "twap", "slices": 4}, "interval"),
        ({"limit_price": "90", "time_in_force": "GTD"}, "expires_at"),
        ({"limit_price": "90", "stop_loss": {"trigger_price": "95"}}, "stop_loss"),
        ({"limit_price": "90", "surprise": 1}, "surprise"),
    ],
)
def test_what_is_wrong_is_said_by_field(till, program, wrong, field):
    answer = program.post("orders", body(till, **wrong), key="k1")

    assert answer.status_code == 422
    assert field in answer.json()["error"]["details"]
    assert not Order.objects.exists()


def test_exits_make_a_bracket(till, program):
    sent = body(
        till, limit_price="100", take_profit={"limit_price": "110"}, stop_loss={"trail": "0.05"}
    )

    told = program.post("orders", sent, key="k1").json()["group"]

    assert (told["kind"], told["status"]) == ("BRACKET", "ACTIVE")
    roles = {order["group_role"]: order["status"] for order in told["orders"]}
    assert roles == {"ENTRY": "FILLED", "TAKE_PROFIT": "OPEN", "STOP_LOSS": "ARMED"}


def test_slices_are_a_group_that_trades_over_time(till, program):
    sent = body(till, type="twap", slices=4, interval=60)

    told = program.post("orders", sent, key="k1").json()["group"]

    assert (told["kind"], told["orders"]) == ("TWAP", [])
    assert told["next_at"] is not None


def test_a_delete_cancels(till, program):
    placed = program.post("orders", body(till, limit_price="90"), key="k1").json()["order"]

    program.send("DELETE", f"orders/{placed['id']}")

    assert Order.objects.get().status == "CANCELLED"
    again = program.post(f"orders/{placed['id']}/cancel")
    assert again.status_code == 200


def test_a_patch_replaces_by_cancelling_first(till, program):
    placed = program.post("orders", body(till, limit_price="90"), key="k1").json()["order"]

    program.send("PATCH", f"orders/{placed['id']}", {"limit_price": "91"}, key="k2")

    orders = Order.objects.order_by("pk").values_list("status", "limit_price")
    assert [(status, f"{price:f}"[:5]) for status, price in orders] == [
        ("CANCELLED", "90.00"),
        ("OPEN", "91.00"),
    ]


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_strangers_get_nothing_and_change_nothing(till, program, mallory, method, path):
    exits = {"take_profit": {"limit_price": "110"}, "stop_loss": {"trigger_price": "80"}}
    program.post("orders", body(till, limit_price="90", **exits), key="k1")
    order, group = Order.objects.get(group_role="ENTRY"), OrderGroup.objects.get()
    address = path.format(order=order.pk, group=group.pk)
    before = set(Order.objects.values_list("pk", "status", "cancel_requested_at"))

    nobody = Program(None).send(method, address, key="x")
    sent = body(till, limit_price="90") if path == "orders" else {"limit_price": "91"}
    stranger = Program(mallory.actor).send(method, address, sent, key="x")

    assert nobody.status_code == 401
    if path == "order-groups":
        assert stranger.json()["items"] == []
    else:
        assert stranger.status_code == 404
    assert set(Order.objects.values_list("pk", "status", "cancel_requested_at")) == before
