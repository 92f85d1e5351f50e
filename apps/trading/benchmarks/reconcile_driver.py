"""The driver of `reconcile`: an account, its orders, and comparisons by the clock.

Run as a program by the benchmark: `python -m apps.trading.benchmarks.reconcile_driver ORDERS`;
prints one JSON object as its last line.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from statistics import median
from typing import Any

import django

from apps.trading.benchmarks.reconcile import SYMBOLS

D = Decimal
REPEATS = 5


def main(count: int) -> None:
    django.setup()
    link = _link()
    _place(link, count)
    _compare(link)  # clients and code are loaded
    unchanged = median(_compare(link)[0] for _ in range(REPEATS))
    _books("88", "89")  # every order at 90 finds its seller
    settled, findings = _compare(link)
    if findings != count:
        raise RuntimeError(f"{findings} findings for {count} executed orders")
    print(json.dumps({"unchanged": round(unchanged, 3), "settled": round(settled, 3)}))  # noqa: T201


def _link() -> Any:
    from django.utils import timezone

    from apps.accounts.services import user_create
    from apps.venues.services import practice_connection_open

    now = timezone.now()
    _wait_for_practice()
    _, actor = user_create(email="bench@example.org", password=None, now=now)
    money = {"USDT": D(100_000_000), "BTC": D(1_000)}
    return practice_connection_open(actor=actor, venue="practice.alpha", balances=money, now=now)


def _place(link: Any, count: int) -> None:
    """Resting orders at 90 under a market of 99 to 101, each with its row."""
    from django.utils import timezone

    from apps.core.domain.people import Actor
    from apps.trading import sending
    from apps.trading.domain.orders import client_order_id_new
    from apps.trading.models import Order
    from apps.trading.services.order_record import orders_record_receipts
    from apps.venues.domain.ports import Need

    now = timezone.now()
    orders = Order.objects.bulk_create(
        Order(
            workspace_id=link.workspace_id, connection=link, venue=link.venue,
            symbol=SYMBOLS[number % len(SYMBOLS)],
            client_order_id=client_order_id_new(), side="buy", kind="limit", quantity=D("0.1"),
            limit_price=D(90), time_in_force="GTC", origin="MANUAL", status="SUBMITTING",
            placed_at=now, valid_until=now + timedelta(minutes=5), sent_at=None,
        )
        for number in range(count)
    )  # fmt: skip
    client = sending.client_of(link.pk, need=Need.TRADE)
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda order: client.place_order(sending.ticket_of(order)), orders))
    Order.objects.update(sent_at=timezone.now())
    orders_record_receipts(
        actor=Actor.platform(link.workspace_id),
        receipts={order.pk: receipt for order, receipt in zip(orders, told, strict=True)},
        now=timezone.now(),
    )


def _compare(link: Any) -> tuple[float, int]:
    """(seconds, findings) of one comparison."""
    from django.utils import timezone

    from apps.trading.services.reconcile import connection_reconcile

    began = time.perf_counter()
    report = connection_reconcile(
        workspace_id=link.workspace_id, connection_id=link.pk, now=timezone.now()
    )
    if report.failed or report.status != "ALIGNED":
        raise RuntimeError(f"{report.status} {report.failed}")
    return time.perf_counter() - began, len(report.findings)


def _books(bid: str, ask: str) -> None:
    from apps.trading.benchmarks.driver import _control

    for symbol in SYMBOLS:
        body = {"symbol": symbol, "bids": [[bid, "1000"]], "asks": [[ask, "1000"]]}
        _control("POST", "alpha/book", body)


def _wait_for_practice() -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            _books("99", "101")
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


if __name__ == "__main__":
    main(int(sys.argv[1]))
