"""The gate on one more order while a thousand stand: its rules, and the facts they read."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from apps.core.domain.benchmarks import Figure, Measurement, Progress
from apps.core.domain.people import Actor
from apps.trading.benchmarks.tick_to_order import _call, _environ, _role
from apps.trading.domain.orders import OrderIntent
from apps.venues.domain.ports import Side
from cryonel import embedded

OPEN, ROUNDS, DECISIONS = 1_000, 300, 5_000
PAIRS = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT", "ADA/USDT")
D = Decimal


def measure(progress: Progress) -> Measurement:
    """In a folder of its own: PostgreSQL, and a practice venue that opens the paper account."""
    with tempfile.TemporaryDirectory(prefix="cryonel-bench-") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL's own user passes through, where we are root
        with embedded.running(folder, durable=True):
            environ = _environ(folder)
            progress("tables")
            _call(environ, "manage.py", "migrate", "--verbosity", "0")
            with _role(environ, "practice"):
                progress(f"{OPEN} open orders")
                told = _call(environ, "-m", "apps.trading.benchmarks.risk_gate", timeout=240)
    rules, facts, whole = (float(each) for each in told.split()[-3:])
    return Measurement(
        workload=(
            f"one more order of a workspace with {OPEN} open orders in {len(PAIRS)} pairs: p50 of "
            f"{DECISIONS} decisions on read facts, and of {ROUNDS} readings from PostgreSQL"
        ),
        figures={
            "p50_ms": Figure(rules, "ms", "lower"),
            "facts_p50_ms": Figure(facts, "ms", "lower"),
            "gate_p50_ms": Figure(whole, "ms", "lower"),
        },
    )


def main() -> None:
    """Run in a process of its own on the benchmark's database; the last line is the figures."""
    import django

    django.setup()
    from apps.trading.domain import risk
    from apps.trading.models import TradingAccount
    from apps.trading.services import gate

    now = datetime.now().astimezone()
    workspace_id, connection_id = _stand(now)
    account = TradingAccount.objects.get(workspace_id=workspace_id)
    wanted = gate.order_wanted(_intent(connection_id))
    context = gate.context_of(account, wanted, None, None, None, now)
    refusal = risk.decide(wanted, context)
    if not refusal.allowed or context.account.open_orders != OPEN:
        raise RuntimeError(f"not what is to be measured: {refusal}")

    def ask() -> None:
        risk.decide(wanted, gate.context_of(account, wanted, None, None, None, now))

    rules = _median(lambda: risk.decide(wanted, context), DECISIONS)
    facts = _median(lambda: gate.context_of(account, wanted, None, None, None, now), ROUNDS)
    whole = _median(ask, ROUNDS)
    print(f"{rules:.4f} {facts:.3f} {whole:.3f}")  # noqa: T201 - to the parent process


def _median(work: Callable[[], object], times: int) -> float:
    """Milliseconds of one call."""
    taken = []
    for _ in range(times):
        start = time.perf_counter_ns()
        work()
        taken.append(time.perf_counter_ns() - start)
    return statistics.median(taken) / 1e6


def _intent(connection_id: int) -> OrderIntent:
    return OrderIntent(
        connection_id=connection_id, symbol="BTC/USDT", base="BTC", quote="USDT", side=Side.BUY,
        quantity=D("0.01"), limit_price=D(100), reference_price=D(100), fee_rate=D("0.001"),
    )  # fmt: skip


def _stand(now: datetime) -> tuple[int, int]:
    """A workspace with OPEN resting orders and a position in each pair: (workspace, connection)."""
    from django.db import connection

    from apps.accounts.services import user_create
    from apps.trading.services.account import account_open
    from apps.trading.services.policies import caps_set, limits_set

    _user, actor = user_create(email="bench@example.org", password=None, now=now)
    account_open(actor.workspace_id)
    link_id = _link(actor, now)
    caps_set(actor=Actor.platform(0), values={"max_open_orders": None}, plan_code="free", now=now)
    room = {"max_open_orders": D(2000), "max_orders_minute": None, "max_trades_day": None}
    limits_set(actor=actor, values=room, confirmed=True, now=now)
    _orders(actor.workspace_id, link_id, now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return actor.workspace_id, link_id


def _link(actor: Actor, now: datetime) -> int:
    """An aligned paper account with ten million USDT."""
    from apps.portfolio.services import balances_record
    from apps.trading.benchmarks.driver import _wait_for_practice
    from apps.trading.models import ConnectionAlignment
    from apps.venues.domain.ports import Balance
    from apps.venues.services import practice_connection_open

    _wait_for_practice()
    plenty = Balance(asset="USDT", free=D(10_000_000), used=D(0))
    link = practice_connection_open(
        actor=actor, venue="practice.alpha", balances={plenty.asset: plenty.free}, now=now
    )
    ConnectionAlignment.objects.update_or_create(
        workspace_id=actor.workspace_id,
        connection=link,
        defaults={"status": "ALIGNED", "checked_at": now},
    )
    balances_record(
        workspace_id=actor.workspace_id, connection_id=link.pk, balances=[plenty], now=now
    )
    return link.pk


def _orders(workspace_id: int, link_id: int, now: datetime) -> None:
    from apps.trading.models import CapitalReservation, Order, RiskPosition

    earlier = now - timedelta(minutes=30)
    orders = Order.objects.bulk_create(
        Order(
            workspace_id=workspace_id, connection_id=link_id, venue="practice.alpha",
            symbol=PAIRS[number % len(PAIRS)], client_order_id=f"bench{number}", side="buy",
            kind="limit", quantity=D(1), limit_price=D(10 + number % 50), time_in_force="GTC",
            origin="MANUAL", status="OPEN", placed_at=earlier, sent_at=earlier,
            valid_until=now + timedelta(days=1),
        )
        for number in range(OPEN)
    )  # fmt: skip
    CapitalReservation.objects.bulk_create(
        CapitalReservation(
            workspace_id=workspace_id, order=order, connection_id=link_id, asset="USDT",
            amount=order.limit_price or D(0), at=earlier,
        )
        for order in orders
    )  # fmt: skip
    RiskPosition.objects.bulk_create(
        RiskPosition(
            workspace_id=workspace_id, symbol=pair, base_flow=D(5), quote_flow=D(-100),
            last_price=D(20), at=now,
        )
        for pair in PAIRS
    )  # fmt: skip


if __name__ == "__main__":
    main()
