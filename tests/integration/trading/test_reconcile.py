"""A connection compared with the real practice venue, whose ledger is the other witness."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from apps.core.domain.errors import VenueFailed
from apps.core.domain.people import Actor
from apps.trading import sending
from apps.trading.domain.orders import client_order_id_new
from apps.trading.models import ConnectionAlignment, Fill, Order, OrderAnomaly
from apps.trading.selectors.alignment import alignment_of
from apps.trading.services import order_record
from apps.trading.services.reconcile import ReconcileReport, connection_reconcile
from apps.venues.domain.ports import Need
from apps.venues.models import Connection
from apps.venues.services import clients_forget, practice_connection_open
from tests.factories.accounts import person
from tests.fakes.by_hand import by_hand, order_by_hand
from tests.fakes.practice import PracticeVenue, practice_thread

D = Decimal
PLACE = "POST /api/v3/order"


@dataclass
class Quay:
    """One paper account at a venue whose books stand at 99 and 101."""

    venue: PracticeVenue
    actor: Actor
    link: Connection

    def compare(self, *, later: float = 10, dry_run: bool = False) -> ReconcileReport:
        """As if so many seconds had passed: what was sent is visible then."""
        return connection_reconcile(
            workspace_id=self.link.workspace_id,
            connection_id=self.link.pk,
            now=timezone.now() + timedelta(seconds=later),
            dry_run=dry_run,
        )

    def codes(self, **more: Any) -> list[str]:
        return [finding.code for finding in self.compare(**more).findings]

    def planned(self, *, price: str = "90", **more: Any) -> Order:
        now = timezone.now()
        boring = {
            "workspace_id": self.link.workspace_id,
            "connection": self.link,
            "venue": self.link.venue,
            "symbol": "BTC/USDT",
            "client_order_id": client_order_id_new(),
            "side": "buy",
            "kind": "limit",
            "quantity": D("0.5"),
            "limit_price": D(price),
            "time_in_force": "GTC",
            "origin": "MANUAL",
            "status": "SUBMITTING",
            "placed_at": now,
            "valid_until": now + timedelta(minutes=1),
            "sent_at": now,
        }
        return Order.objects.create(**(boring | more))

    def send(self, order: Order, *, record: bool = True) -> Order:
        """To the venue; what it answers is booked, unless the answer is lost."""
        client = sending.client_of(self.link.pk, need=Need.TRADE)
        try:
            receipt = client.place_order(sending.ticket_of(order))
        except VenueFailed:
            return order
        if record:
            order_record.order_record_receipt(
                actor=self.actor, order_id=order.pk, receipt=receipt, now=timezone.now()
            )
        order.refresh_from_db()
        return order

    def books(self, bid: str, ask: str) -> None:
        self.venue.set_book_now("alpha", "BTC/USDT", bids=[(bid, "10")], asks=[(ask, "10")])

    def ledger(self) -> Any:
        return self.venue.ledger_now("alpha", self.link.practice_account)

    def booked(self) -> set[tuple[str, Decimal]]:
        return set(Fill.objects.values_list("venue_trade_id", "quantity"))

    def status(self) -> str:
        return alignment_of([self.link.pk], now=timezone.now())[self.link.pk].status


@pytest.fixture
def quay(transactional_db: None, tmp_path: Path, settings: Any) -> Iterator[Quay]:
    with practice_thread(tmp_path) as venue:
        settings.PRACTICE_URL, settings.PRACTICE_TOKEN = venue.url, venue.token
        clients_forget()
        actor = person("alice").actor
        link = practice_connection_open(
            actor=actor,
            venue="practice.alpha",
            balances={"USDT": D(1000), "BTC": D(5)},
            now=timezone.now(),
        )
        made = Quay(venue, actor, link)
        made.books("99", "101")
        yield made
        clients_forget()


def test_an_account_without_any_history_is_aligned(quay):
    report = quay.compare()

    assert (report.status, report.findings, report.failed) == ("ALIGNED", (), ())
    assert quay.status() == "ALIGNED"


def test_a_resting_order_that_both_know_is_no_finding(quay):
    quay.send(quay.planned())

    assert quay.codes() == []


def test_an_order_accepted_before_its_answer_was_lost_is_found_and_live(quay):
    order = quay.planned()
    quay.venue.add_fault_now("alpha", "accept_then_timeout", endpoint=PLACE, count=1)
    quay.send(order)

    quay.compare()

    order.refresh_from_db()
    assert (order.status, bool(order.venue_order_id)) == ("OPEN", True)


def test_an_order_accepted_and_filled_before_its_answer_was_lost_is_booked_once(quay):
    order = quay.planned(price="102", time_in_force="IOC")
    quay.venue.add_fault_now("alpha", "accept_then_timeout", endpoint=PLACE, count=1)
    quay.send(order)

    quay.compare()
    quay.compare(later=20)

    order.refresh_from_db()
    assert (order.status, order.filled, Fill.objects.count()) == ("FILLED", D("0.5"), 1)


def test_an_order_that_never_arrived_is_rejected_only_after_a_single_question(quay):
    order = quay.planned()

    quay.compare(later=0)
    order.refresh_from_db()
    assert order.status == "SUBMITTING"

    assert quay.codes(later=10) == ["OURS_MISSING_AT_VENUE"]
    order.refresh_from_db()
    assert (order.status, order.reason) == ("REJECTED", "NEVER_ARRIVED")


def test_a_fill_after_a_reported_failure_is_booked_with_an_anomaly(quay):
    order = quay.send(quay.planned(price="102", time_in_force="IOC"), record=False)
    order_record.order_reject(
        actor=quay.actor, order_id=order.pk, reason="VEN-0101", now=timezone.now()
    )

    assert quay.codes() == ["VENUE_HAS_FILL_WE_LACK"]

    order.refresh_from_db()
    assert (order.status, order.filled) == ("FILLED", D("0.5"))
    assert [a.kind for a in OrderAnomaly.objects.all()] == ["fill_after_REJECTED"]


def test_a_restart_with_an_open_order_books_what_was_executed_meanwhile(quay):
    order = quay.send(quay.planned())
    quay.books("88", "89")

    assert quay.codes() == ["VENUE_HAS_FILL_WE_LACK"]

    order.refresh_from_db()
    assert (order.status, order.filled) == ("FILLED", D("0.5"))
    assert quay.codes(later=20) == []


def test_an_order_closed_here_that_still_works_there_is_live_again(quay):
    order = quay.send(quay.planned())
    Order.objects.filter(pk=order.pk).update(status="REJECTED", closed_at=timezone.now())

    assert quay.codes() == ["OPEN_AT_VENUE_CLOSED_HERE"]

    order.refresh_from_db()
    assert (order.status, order.closed_at, order.cancel_requested_at) == ("OPEN", None, None)
    assert [a.kind for a in order.anomalies.all()] == ["open_after_REJECTED"]


def test_one_that_nobody_wants_any_more_is_asked_to_be_cancelled(quay):
    order = quay.send(quay.planned())
    now = timezone.now()
    Order.objects.filter(pk=order.pk).update(
        status="CANCELLED", closed_at=now, cancel_requested_at=now
    )

    quay.compare()

    order.refresh_from_db()
    assert (order.status, order.cancel_reason) == ("OPEN", "CLOSED_HERE_BEFORE")


def test_an_order_whose_row_was_lost_is_taken_back_under_its_own_id(quay):
    order = quay.send(quay.planned())
    order.delete()

    assert quay.codes() == ["OURS_BY_ID_UNKNOWN_HERE"]

    found = Order.objects.get()
    assert (found.client_order_id, found.origin, found.status, found.limit_price) == (
        order.client_order_id, "ADOPTED", "OPEN", D(90),
    )  # fmt: skip
    assert quay.codes(later=20) == []


def test_a_foreign_order_is_shown_and_never_fought(quay):
    placed = order_by_hand(quay.venue.url, quay.link)

    assert quay.codes() == ["EXTERNAL"]
    assert quay.codes(later=20) == []

    order = Order.objects.get()
    assert (order.origin, order.bot_id, order.status, order.quantity) == (
        "EXTERNAL", None, "OPEN", D("0.1"),
    )  # fmt: skip
    assert order.client_order_id.startswith("x")
    (theirs,) = by_hand(quay.venue.url, quay.link, "GET", "openOrders")
    assert theirs["orderId"] == placed["orderId"]
    assert quay.status() == "ALIGNED"


def test_a_foreign_order_that_was_cancelled_by_hand_ends_here_too(quay):
    placed = order_by_hand(quay.venue.url, quay.link)
    quay.compare()
    by_hand(quay.venue.url, quay.link, "DELETE", "order", symbol="BTCUSDT",
            orderId=str(placed["orderId"]))  # fmt: skip

    quay.compare(later=20)

    assert Order.objects.get().status == "CANCELLED"


def test_a_foreign_trade_is_booked_without_a_bot_and_explains_the_balance(quay):
    quay.send(quay.planned())  # the pair is active
    quay.compare(later=0)
    order_by_hand(quay.venue.url, quay.link, price="102", timeInForce="IOC")

    report = quay.compare(later=30)

    assert [finding.code for finding in report.findings] == ["EXTERNAL"]
    fill = Fill.objects.get()
    assert (fill.bot_id, fill.order.origin, fill.order.status) == (None, "EXTERNAL", "FILLED")


def test_money_that_moves_outside_is_said_and_stops_nothing(quay):
    quay.compare()
    path = f"alpha/accounts/{quay.link.practice_account}/deposit"
    quay.venue.control("POST", path, {"balances": {"USDT": "250"}})

    (finding,) = quay.compare(later=20).findings

    assert finding.code == "BALANCE_UNEXPLAINED"
    assert finding.params == {"asset": "USDT", "amount": "250"}
    assert quay.status() == "ALIGNED"
    assert quay.codes(later=30) == []


def test_an_execution_told_with_other_figures_is_kept_as_it_is_and_stops_trading(quay):
    order = quay.send(quay.planned(price="102", time_in_force="IOC"))
    Fill.objects.update(quantity=D("0.4"))

    assert quay.codes() == ["DUPLICATE_FILL"]
    quay.compare(later=20)

    assert quay.status() == "UNALIGNED"
    assert [a.kind for a in OrderAnomaly.objects.filter(order=order)] == ["fill_differs"]
    assert Fill.objects.get().quantity == D("0.4")


@pytest.mark.parametrize("endpoint", ["GET /api/v3/openOrders", "GET /api/v3/account",
                                      "GET /api/v3/myTrades"])  # fmt: skip
def test_a_question_that_failed_is_unknown_and_never_flat(quay, endpoint):
    order = quay.send(quay.planned())
    quay.compare()
    quay.venue.add_fault_now("alpha", "http_5xx", when="before", endpoint=endpoint)

    report = quay.compare(later=20)

    order.refresh_from_db()
    assert (report.status, order.status, Order.objects.count()) == ("UNKNOWN", "OPEN", 1)
    assert quay.status() == "UNKNOWN"
    row = ConnectionAlignment.objects.get()
    assert {problem["code"] for problem in row.problems} == {"FETCH_FAILED"}


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(quay):
    order_by_hand(quay.venue.url, quay.link)

    assert quay.codes(dry_run=True) == ["EXTERNAL"]

    assert (Order.objects.count(), ConnectionAlignment.objects.count()) == (0, 0)


def test_more_reserved_than_held_stops_trading(quay):
    order = quay.planned(status="PLANNED", sent_at=None)
    order_record.CapitalReservation.objects.create(
        workspace_id=quay.link.workspace_id, order=order, connection=quay.link, asset="USDT",
        amount=D(1001), at=timezone.now(),
    )  # fmt: skip

    report = quay.compare()

    assert report.status == "UNALIGNED"
    assert [f.params for f in report.findings] == [{"asset": "USDT", "amount": "1"}]


def test_many_comparisons_at_once_adopt_and_book_once(quay):
    order = quay.send(quay.planned())
    order_by_hand(quay.venue.url, quay.link)
    quay.books("88", "89")

    def compare(_number: int) -> str:
        try:
            return quay.compare().status
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(compare, range(4)))

    order.refresh_from_db()
    assert set(told) == {"ALIGNED"}
    assert (order.status, order.filled) == ("FILLED", D("0.5"))
    assert sorted(Order.objects.values_list("origin", "status")) == [
        ("EXTERNAL", "FILLED"),
        ("MANUAL", "FILLED"),
    ]
    assert Fill.objects.count() == len(quay.ledger()["fills"]) == 2
