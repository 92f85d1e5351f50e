"""Boring valid things of trading; a test names only what matters to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from apps.trading.domain.orders import OrderIntent
from apps.trading.domain.plans import LegSpec, PlanIntent, PlanKind, SizeRules
from apps.trading.strategies.arbitrage import ArbitrageParams
from apps.trading.strategies.interface import BookTick, BotFacts, Facts, VenueFacts
from apps.venues.domain.ports import Side

D = Decimal
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
RULES = SizeRules(
    quantity_step=D("0.0001"),
    price_step=D("0.01"),
    min_quantity=D("0.0001"),
    min_notional=D("5"),
)
PARAMS: dict[str, Any] = {"pairs": ["BTC/USDT"], "threshold": "0.1", "notional": "1000"}


def levels(*pairs: tuple[str, str]) -> tuple[tuple[Decimal, Decimal], ...]:
    return tuple((D(price), D(quantity)) for price, quantity in pairs)


def at_venue(
    connection_id: int, *, bid: str, ask: str, size: str = "10", **more: Any
) -> VenueFacts:
    boring: dict[str, Any] = {
        "connection_id": connection_id,
        "venue": f"venue{connection_id}",
        "bids": levels((bid, size)),
        "asks": levels((ask, size)),
        "book_age": 0.1,
        "taker_fee": D("0.0005"),
        "rules": RULES,
        "free_base": D(100),
        "free_quote": D(1_000_000),
    }
    return VenueFacts(**(boring | more))


def facts(*venues: VenueFacts, **bot: Any) -> Facts:
    return Facts(now=NOON, venues=venues, bot=BotFacts(**bot))


def tick(symbol: str = "BTC/USDT") -> BookTick:
    return BookTick(symbol=symbol, venue="venue1", received_ns=1, at=NOON)


def arbitrage_params(**more: Any) -> ArbitrageParams:
    boring: dict[str, Any] = {
        "pairs": ("BTC/USDT",),
        "venues": (1, 2),
        "threshold": D("0.001"),
        "notional": D(1000),
    }
    return ArbitrageParams(**(boring | more))


def leg(leg_no: int, connection_id: int, side: Side, price: str, **more: Any) -> LegSpec:
    boring: dict[str, Any] = {
        "leg_no": leg_no,
        "connection_id": connection_id,
        "venue": "practice.alpha" if leg_no == 1 else "practice.beta",
        "symbol": "BTC/USDT",
        "side": side,
        "limit_price": D(price),
        "reference_price": D(price),
        "fee_rate": D("0.0005"),
        "rules": RULES,
    }
    return LegSpec(**(boring | more))


def intent(connection_ids: Sequence[int] = (1, 2), **more: Any) -> PlanIntent:
    boring: dict[str, Any] = {
        "kind": PlanKind.PARALLEL,
        "symbol": "BTC/USDT",
        "base": "BTC",
        "quote": "USDT",
        "quantity": D("0.5"),
        "legs": (
            leg(1, connection_ids[0], Side.BUY, "100"),
            leg(2, connection_ids[1], Side.SELL, "101"),
        ),
        "expected_net": D("0.008"),
        "expected_profit": D("0.4"),
        "valid_for": timedelta(seconds=5),
        "max_unwind_loss": D("0.01"),
        "book_ages": (0.1, 0.1),
    }
    return PlanIntent(**(boring | more))


def aligned(*connections: Any, at: datetime | None = None) -> None:
    """Let orders and balances of these connections have been compared just now (or `at`)."""
    from apps.trading.models import ConnectionAlignment

    compared_at = at or timezone.now()
    for each in connections:
        ConnectionAlignment.objects.update_or_create(
            connection=each,
            defaults={
                "workspace_id": each.workspace_id,
                "status": "ALIGNED",
                "checked_at": compared_at,
                "aligned_at": compared_at,
            },
        )


def order_intent(connection_id: int = 1, **more: Any) -> OrderIntent:
    boring: dict[str, Any] = {
        "connection_id": connection_id,
        "symbol": "BTC/USDT",
        "base": "BTC",
        "quote": "USDT",
        "side": Side.BUY,
        "quantity": D("0.5"),
        "limit_price": D(100),
        "reference_price": D(100),
        "fee_rate": D("0.0005"),
        "rules": RULES,
    }
    return OrderIntent(**(boring | more))
