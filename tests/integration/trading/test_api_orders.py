from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.trading.models import Fill, Order
from apps.trading.selectors.trades import CSV_HEADER
from tests.factories.trading import D
from tests.fakes.program import Program, problem

pytestmark = pytest.mark.django_db
LISTS = ["orders", "orders/history", "plans", "trades"]
ROUTES = [*LISTS, "orders/{order}", "plans/{plan}", "trades.csv"]


@pytest.fixture
def program(desk):
    return Program(desk.actor)


@pytest.fixture
def plan(desk):
    """Bought 0.5 BTC at 100 and sold it at 101, 5 bps a leg."""
    return desk.submit(desk.open())


def z(moment):
    return moment.isoformat().replace("+00:00", "Z")


def addressed(path, plan):
    return path.format(plan=plan.pk, order=plan.orders.first().pk)


@pytest.mark.parametrize("path", ROUTES)
def test_nobody_is_asked_to_sign_in(plan, path):
    assert problem(Program(None).get(addressed(path, plan)))[:2] == (401, "AUT-0001")


@pytest.mark.parametrize("path", LISTS)
def test_mallory_sees_an_empty_list(plan, mallory, path):
    assert Program(mallory.actor).get(path).json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("path", "code"), [("orders/{order}", "NFD-0403"), ("plans/{plan}", "NFD-0404")]
)
def test_mallory_finds_no_such_thing(plan, mallory, path, code):
    answer = Program(mallory.actor).get(addressed(path, plan))

    assert problem(answer)[:2] == (404, code)


def test_mallorys_csv_is_its_header(plan, mallory):
    answer = Program(mallory.actor).get("trades.csv")

    assert rows_of(answer) == [list(CSV_HEADER)]


def test_an_order_is_told_with_its_fills(desk, program, plan):
    order = plan.orders.order_by("leg_no").first()
    fill = order.fills.get()

    assert program.get(f"orders/{order.pk}").json() == {
        "id": order.pk,
        "bot_id": desk.bot.pk,
        "plan_id": plan.pk,
        "leg_no": 1,
        "role": "OPEN",
        "connection_id": desk.cheap.pk,
        "venue": "practice.alpha",
        "symbol": "BTC/USDT",
        "client_order_id": order.client_order_id,
        "venue_order_id": order.venue_order_id,
        "side": "buy",
        "kind": "limit",
        "time_in_force": "IOC",
        "quantity": "0.5",
        "filled": "0.5",
        "limit_price": "100",
        "trigger_price": None,
        "trail": None,
        "expires_at": None,
        "reduce_only": False,
        "origin": "BOT",
        "emulated": False,
        "triggered_at": None,
        "group_id": None,
        "group_role": "",
        "cancel_requested_at": None,
        "warning": "",
        "status": "FILLED",
        "reason": "",
        "placed_at": z(order.placed_at),
        "valid_until": z(order.valid_until),
        "sent_at": z(order.sent_at),
        "closed_at": z(order.closed_at),
        "fills": [
            {
                "id": fill.pk,
                "venue_trade_id": fill.venue_trade_id,
                "quantity": "0.5",
                "price": "100",
                "price_missing_because": "",
                "fee": "0.025",
                "fee_asset": "USDT",
                "fee_missing_because": "",
                "is_maker": fill.is_maker,
                "traded_at": z(fill.traded_at),
                "booked_at": z(fill.booked_at),
            }
        ],
    }


def test_only_orders_that_may_still_trade_are_live(desk, program, plan):
    waiting = desk.open()

    told = program.get("orders").json()["items"]

    assert {order["plan_id"] for order in told} == {waiting.pk}
    assert {order["status"] for order in told} == {"PLANNED"}


def test_history_holds_every_order_newest_first(desk, program, plan):
    told = program.get("orders/history").json()["items"]

    assert [order["id"] for order in told] == list(
        Order.objects.order_by("-pk").values_list("pk", flat=True)
    )


def test_a_plan_is_told_with_legs_orders_and_what_its_profit_is_made_of(program, plan):
    told = program.get(f"plans/{plan.pk}").json()

    assert told["profit"] == {
        "spread_captured": "0.5",
        "fees": "0.05025",
        "slippage": "0",
        "pnl": "0.44975",
        "note": "",
    }
    assert told["legs"][1] == {
        "leg_no": 2,
        "connection_id": plan.legs[1]["connection_id"],
        "venue": "practice.beta",
        "side": "sell",
        "limit_price": "101",
        "reference_price": "101",
        "fee_rate": "0.0005",
    }
    assert [len(order["fills"]) for order in told["orders"]] == [1, 1]


def test_an_open_plan_does_not_know_its_profit(desk, program):
    plan = desk.open()

    assert program.get("plans").json()["items"][0]["profit"] == {
        "spread_captured": None,
        "fees": None,
        "slippage": None,
        "pnl": None,
        "note": "",
    }
    assert program.get("plans", {"status": "DONE"}).json()["items"] == []
    assert program.get("plans", {"status": "PLANNED"}).json()["items"][0]["id"] == plan.pk


def test_profit_stands_once_however_many_fills(desk, program, plan):
    told = program.get("trades").json()["items"]

    assert [trade["profit"] for trade in told] == ["0.44975", None]
    last = Fill.objects.latest("pk")
    assert told[0] == {
        "id": last.pk,
        "at": z(last.traded_at),
        "bot_id": desk.bot.pk,
        "bot_name": "Spread",
        "plan_id": plan.pk,
        "order_id": last.order_id,
        "venue": last.venue,
        "symbol": "BTC/USDT",
        "side": last.side,
        "quantity": "0.5",
        "price": {"buy": "100", "sell": "101"}[last.side],
        "value": {"buy": "50", "sell": "50.5"}[last.side],
        "fee": {"buy": "0.025", "sell": "0.02525"}[last.side],
        "fee_asset": "USDT",
        "profit": "0.44975",
        "quote": "USDT",
    }


def test_tiny_amounts_have_no_exponent(program, plan):
    Fill.objects.update(quantity=D("1e-18"))

    assert program.get("trades").json()["items"][0]["quantity"] == "0.000000000000000001"


FILTERS = [
    ({"venue": "practice.alpha"}, 1),
    ({"venue": "kraken"}, 0),
    ({"symbol": "BTC/USDT"}, 2),
    ({"symbol": "ETH/USDT"}, 0),
    ({"side": "sell"}, 1),
    ({"bot": "999"}, 0),
    ({"from": "2026-06-01", "to": "2026-06-01"}, 2),
    ({"from": "2026-06-02"}, 0),
    ({"to": "2026-05-31"}, 0),
    ({"from": "2026-06-01T12:00:00Z", "to": "2026-06-01T12:00:01Z"}, 2),
    ({"to": "2026-06-01T14:00:00+02:00"}, 0),
]


@pytest.mark.parametrize(("query", "count"), FILTERS)
@pytest.mark.parametrize("path", ["orders/history", "trades"])
def test_a_filter_leaves_what_it_names(program, plan, path, query, count):
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    Order.objects.update(placed_at=noon)
    Fill.objects.update(traded_at=noon)

    assert len(program.get(path, query).json()["items"]) == count


REFUSED = [
    ({"side": "hold"}, "side"),
    ({"bot": "mine"}, "bot"),
    ({"bot": str(2**64)}, "bot"),
    ({"symbol": "btcusdt"}, "symbol"),
    ({"venue": "../x"}, "venue"),
    ({"from": "yesterday"}, "from"),
    ({"from": "2026-02-31"}, "from"),
    ({"from": "2026-06-01T12:00:00"}, "from"),
    ({"from": "2026-06-02", "to": "2026-06-01"}, "to"),
    ({"colour": "red"}, "colour"),
]


@pytest.mark.parametrize(("query", "field"), REFUSED)
@pytest.mark.parametrize("path", ["orders/history", "plans", "trades", "trades.csv"])
def test_a_filter_that_makes_no_sense_is_refused_by_name(program, path, query, field):
    status, code, details = problem(program.get(path, query))

    assert (status, code, set(details)) == (422, "VAL-0003", {field})


@pytest.mark.parametrize("path", LISTS)
def test_twenty_rows_need_as_many_queries_as_one(desk, program, path):
    desk.submit(desk.open()) if path != "orders" else desk.open()
    one = queries_of(program, path)
    for _ in range(9):
        again(desk)

    assert queries_of(program, path) == one


def again(desk):
    """Another plan like the last one: the gate counts, this test does not."""
    for order in list(Order.objects.order_by("pk")[:2]):
        fill = order.fills.first()
        order.pk, order.client_order_id = None, f"copy{Order.objects.count()}"
        order.save()
        if fill:
            fill.pk, fill.order, fill.venue_trade_id = None, order, order.client_order_id
            fill.save()


def queries_of(program, path):
    program.get(path)  # the token's last use is written once a minute
    with CaptureQueriesContext(connection) as seen:
        assert program.get(path).status_code == 200
    return len(seen)


def test_pages_hold_every_row_once(desk, program, plan):
    again(desk)
    seen, cursor = [], None
    while True:
        page = program.get("trades", {"limit": 1} | ({"cursor": cursor} if cursor else {})).json()
        seen += [trade["id"] for trade in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == list(Fill.objects.order_by("-pk").values_list("pk", flat=True))


def rows_of(answer):
    text = b"".join(answer.streaming_content).decode()
    return list(csv.reader(io.StringIO(text)))


def test_the_csv_holds_the_rows_of_the_site(desk, program, plan, client):
    from apps.accounts.models import User

    client.force_login(User.objects.get(pk=desk.actor.user_id))

    answer = program.get("trades.csv")

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = rows_of(answer)
    assert rows == rows_of(client.get("/trades.csv"))
    assert (len(rows), rows[1][19]) == (3, "0.44975")


def test_the_csv_takes_the_same_filters(program, plan):
    assert len(rows_of(program.get("trades.csv", {"side": "buy"}))) == 2


@pytest.mark.parametrize("accept", ["text/csv", "application/json", "*/*", "image/png"])
def test_the_csv_does_not_depend_on_what_is_accepted(program, plan, accept):
    for query, kind in (("", "text/csv; charset=utf-8"), ("?side=hold", "application/json")):
        answer = program.client.get(
            f"/api/v1/trades.csv{query}",
            headers={"Authorization": f"Bearer {program.token}", "Accept": accept},
        )
        assert answer["Content-Type"] == kind


def test_a_number_no_key_can_have_is_no_address(program):
    assert program.get(f"orders/{10**30}").status_code == 404


def test_times_are_utc_whatever_the_account_says(desk, program, plan):
    from apps.accounts.models import User

    User.objects.update(time_zone="Asia/Tokyo")

    assert program.get("plans").json()["items"][0]["opened_at"] == z(plan.opened_at)
    assert timezone.now() - plan.opened_at < timedelta(minutes=5)
