"""Request weights and order counts, as Binance counts them: fixed windows, then 429, then a ban."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from apps.practice.domain import refusals

MINUTE_MS = 60_000
TEN_SECONDS_MS = 10_000
DAY_MS = 86_400_000


class Limits(Protocol):
    """What may be asked; the configuration's RateLimits fits."""

    @property
    def weight_per_minute(self) -> int: ...
    @property
    def orders_per_10s(self) -> int: ...
    @property
    def orders_per_day(self) -> int: ...
    @property
    def requests_after_429(self) -> int: ...
    @property
    def ban_seconds(self) -> int: ...


@dataclass(slots=True)
class Window:
    """A count that starts again at each multiple of its length."""

    length: int
    started: int = -1
    used: int = 0

    def add(self, amount: int, now: int) -> int:
        started = now - now % self.length
        if started != self.started:
            self.started, self.used = started, 0
        self.used += amount
        return self.used

    def left(self, now: int) -> int:
        """Milliseconds until the count starts again."""
        return self.length - now % self.length


@dataclass(slots=True)
class _Caller:
    weight: Window
    refused: int = 0
    banned_until: int = 0
    bans: int = 0


class Limiter:
    """Weight by address, orders by account. Times in ms are arguments."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._callers: dict[str, _Caller] = {}
        self._orders: dict[int, tuple[Window, Window]] = {}

    def spend(self, address: str, weight: int, now: int) -> int:
        """Count a request; returns the weight used this minute, or raises 429 or 418."""
        caller = self._callers.get(address)
        if caller is None:
            caller = self._callers[address] = _Caller(Window(MINUTE_MS))
        if now < caller.banned_until:
            raise refusals.banned(caller.banned_until, _seconds(caller.banned_until - now))
        used = caller.weight.add(weight, now)
        if used == weight:
            caller.refused = 0
        if used <= self._limits.weight_per_minute:
            return used
        caller.refused += 1
        if caller.refused > self._limits.requests_after_429:
            span = self._limits.ban_seconds * 1_000 * 2**caller.bans
            caller.bans, caller.refused = min(caller.bans + 1, 10), 0
            caller.banned_until = now + span
            raise refusals.banned(caller.banned_until, _seconds(span))
        limit = self._limits.weight_per_minute
        raise refusals.too_many_requests(limit, _seconds(caller.weight.left(now)))

    def count_order(self, account_id: int, now: int) -> tuple[int, int]:
        """Count an order; returns those of ten seconds and of the day, or raises -1015."""
        windows = self._orders.get(account_id)
        if windows is None:
            windows = self._orders[account_id] = (Window(TEN_SECONDS_MS), Window(DAY_MS))
        short, day = windows[0].add(1, now), windows[1].add(1, now)
        if short > self._limits.orders_per_10s:
            raise refusals.too_many_orders(self._limits.orders_per_10s, "10 SECOND")
        if day > self._limits.orders_per_day:
            raise refusals.too_many_orders(self._limits.orders_per_day, "1 DAY")
        return short, day

    def order_counts(self, account_id: int, now: int) -> list[dict[str, object]]:
        """The counts of an account in the shape of rateLimit/order, counting nothing."""
        windows = self._orders.get(account_id) or (Window(TEN_SECONDS_MS), Window(DAY_MS))
        rows = (
            ("SECOND", 10, self._limits.orders_per_10s),
            ("DAY", 1, self._limits.orders_per_day),
        )
        return [
            {
                "rateLimitType": "ORDERS",
                "interval": interval,
                "intervalNum": number,
                "limit": limit,
                "count": window.add(0, now),
            }
            for (interval, number, limit), window in zip(rows, windows, strict=True)
        ]


def _seconds(ms: int) -> int:
    return -(-ms // 1_000)
