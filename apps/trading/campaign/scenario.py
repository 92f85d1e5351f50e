"""What a seed means: people, books, faults, crashes and clocks of one run. Pure and repeatable.

Each part of a run throws dice of its own, named by seed, round and part: what one part does never
moves the dice of another.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any

from apps.trading import crash_points
from apps.trading.campaign import crashes
from apps.trading.campaign.crashes import Crash
from apps.trading.campaign.persons import Ticket, ticket
from apps.trading.campaign.venue import Book, Level

INSTANCES = ("alpha", "beta", "gamma")
MIDDLES = {"BTC/USDT": Decimal(100), "ETH/USDT": Decimal(20)}
TICK, STEP = Decimal("0.01"), Decimal("0.0001")
PLACE, QUERY = "POST /api/v3/order", "GET /api/v3/order"
ENDPOINTS = (PLACE, PLACE, PLACE, QUERY, "GET /api/v3/myTrades", "GET /api/v3/account", None)
PASSES = {  # seconds before orders are sent, before the sweepers look, before the next round
    "sending": (0.0, 0.0, 0.0, 0.3, 0.3, 1.2, 4.0, 12.0),
    "sweeping": (0.3, 1.2, 2.6, 4.0, 6.5, 12.0, 35.0),
    "ending": (0.0, 0.3, 2.6, 6.5, 35.0),
}
OFTEN = {  # how often a process of a role ends before its time
    "engine": 0.3, "worker": 0.5, "beat": 0.3, "person": 0.1, "emulator": 0.3,
    "reconciler": 0.3, "guard": 0.4,
}  # fmt: skip
SKEWS = (0.0, 0.0, 0.0, -0.8, -0.3, 0.3, 0.8)  # seconds that a process is beside the world


@dataclass(frozen=True, slots=True)
class Process:
    """One process of a round: how it ends before its time, if it does, and how its clock is off."""

    crash: Crash | None
    skew: float


@dataclass(frozen=True, slots=True)
class Fate:
    """What the broker does to a letter."""

    lost: bool
    late: bool  # delivered in the next round
    doubled: bool
    again: bool  # delivered anew after the process that had it died


def dice(seed: int, *parts: object) -> random.Random:
    """Repeatable on purpose."""
    return random.Random("/".join(map(str, (seed, *parts))))  # noqa: S311


@dataclass(frozen=True, slots=True)
class Scenario:
    """One run. `hostile=False` is the same without any fault, for the self-test."""

    seed: int
    hostile: bool = True

    def rounds(self) -> int:
        return dice(self.seed, "rounds").randint(1, 5)

    def people(self) -> int:
        return dice(self.seed, "people").choice((1, 1, 1, 2, 3))

    def connections(self, person: int) -> tuple[str, ...]:
        """Two or three venues, in some order."""
        throw = dice(self.seed, "connections", person)
        return tuple(throw.sample(INSTANCES, throw.choice((2, 2, 3))))

    def money(self, person: int) -> Mapping[str, str]:
        rich = dice(self.seed, "money", person).random() < 0.85
        return {"USDT": "50000", "BTC": "500", "ETH": "2500"} if rich else {
            "USDT": "700", "BTC": "6", "ETH": "30",
        }  # fmt: skip

    def params(self, person: int) -> dict[str, Any]:
        throw = dice(self.seed, "params", person)
        return {
            "pairs": list(MIDDLES),
            "threshold": "0.01",
            "buffer": "0",
            "notional": str(throw.choice((40, 300, 1500))),
            "max_slippage": str(throw.choice(("0.1", "0.5", "1"))),
            "max_unwind_loss": str(throw.choice(("0.1", "1", "3"))),
            "cooldown": "0",
            "max_open": "6",
            "daily_loss": "100000",
            "max_per_hour": "3600",
            "valid_for": str(throw.choice((2, 5, 30))),
        }

    # --- one round

    def books(self, turn: int) -> list[Book]:
        """At one venue cheap, at one dear: something for a bot to do."""
        throw = dice(self.seed, turn, "books")
        cheap, dear = throw.sample(INSTANCES, 2)
        return [
            self._book(throw, instance, symbol, (instance == dear) - (instance == cheap))
            for symbol in MIDDLES
            for instance in INSTANCES
        ]

    def surprise(self, turn: int) -> list[Book]:
        """What the books become between a decision and its orders; often nothing."""
        throw = dice(self.seed, turn, "surprise")
        if not self.hostile or throw.random() < 0.55:
            return []
        symbol = throw.choice(list(MIDDLES))
        found = []
        for instance in throw.sample(INSTANCES, throw.choice((1, 1, 2, 3))):
            book = self._book(throw, instance, symbol, throw.choice((-2, -1, 0, 1, 2)))
            emptied = throw.random()
            bids = () if emptied < 0.2 else book.bids
            asks = () if 0.1 < emptied < 0.3 else book.asks
            found.append(Book(instance, symbol, bids, asks))
        return found

    def _book(self, throw: random.Random, instance: str, symbol: str, lean: int) -> Book:
        middle = MIDDLES[symbol] * (1 + lean * Decimal(throw.randint(20, 140)) / 10_000)
        half = max(middle * Decimal(throw.randint(2, 8)) / 10_000, 2 * TICK)
        return Book(
            instance,
            symbol,
            tuple(self._levels(throw, middle - half, -1)),
            tuple(self._levels(throw, middle + half, 1)),
        )

    def _levels(self, throw: random.Random, best: Decimal, way: int) -> Sequence[Level]:
        found = {}
        for number in range(throw.randint(1, 4)):
            price = (best * (1 + way * number * Decimal(throw.randint(1, 30)) / 10_000)).quantize(
                TICK, rounding=ROUND_DOWN
            )
            worth = throw.choice((8, 30, 120, 900, 4000))
            found[price] = (Decimal(worth) * throw.randint(80, 120) / 100 / price).quantize(STEP)
        return [(f"{price:f}", f"{size:f}") for price, size in found.items()]

    def faults(self, turn: int) -> list[tuple[str, dict[str, Any]]]:
        """(instance, fault) for the venue's control address."""
        throw = dice(self.seed, turn, "faults")
        if not self.hostile:
            return []
        count = throw.choice((0, 1, 1, 2, 3))
        return [(throw.choice(INSTANCES), _fault(throw)) for _ in range(count)]

    def wishes(self, turn: int, person: int) -> int:
        """How many plans the person's engine tries to open."""
        return dice(self.seed, turn, "wishes", person).choice((1, 1, 2))

    def process(self, turn: int, role: str, number: int = 0) -> Process:
        throw = dice(self.seed, turn, "process", role, number)
        if not self.hostile:
            return Process(None, 0.0)
        often = OFTEN[role]
        crash = _crash(throw, role) if throw.random() < often else None
        return Process(crash, throw.choice(SKEWS))

    def plain_venues(self) -> bool:
        """The venues of this run hold no stops: the engine waits for prices itself."""
        return dice(self.seed, "plain").random() < 0.5

    def amends(self, turn: int, person: int) -> bool:
        return dice(self.seed, turn, "amends", person).random() < 0.15

    def sends_itself(self, turn: int, person: int) -> bool:
        """The engine claims and sends what it opened; else a worker hears of it."""
        return dice(self.seed, turn, "sends", person).random() < 0.5

    def tickets(self, turn: int, person: int) -> list[Ticket]:
        throw = dice(self.seed, turn, "tickets", person)
        return [ticket(throw, list(MIDDLES)) for _ in range(throw.choice((0, 1, 1, 2, 3)))]

    def cancels(self, turn: int, person: int) -> int:
        """How many live orders the person cancels."""
        return dice(self.seed, turn, "cancels", person).choice((0, 0, 1, 2))

    def compares(self, turn: int) -> bool:
        return dice(self.seed, turn, "compares").random() < 0.4

    def kills(self, turn: int, person: int) -> tuple[str, bool] | None:
        """(command, of the whole workspace) of a kill switch that the person presses."""
        throw = dice(self.seed, turn, "kills", person)
        if not self.hostile or throw.random() < 0.93:
            return None
        return throw.choice(("CANCEL", "FLATTEN", "FLATTEN")), throw.random() < 0.6

    def workers(self, turn: int) -> int:
        return dice(self.seed, turn, "workers").choice((1, 1, 2)) if self.hostile else 1

    def fate(self, turn: int, number: int) -> Fate:
        throw = dice(self.seed, turn, "letter", number)
        if not self.hostile:
            return Fate(lost=False, late=False, doubled=False, again=True)
        drawn = throw.random()
        return Fate(
            lost=drawn < 0.1,
            late=0.1 <= drawn < 0.18,
            doubled=throw.random() < 0.2,
            again=throw.random() < 0.5,
        )

    def passes(self, turn: int, part: str) -> float:
        """Seconds until the next thing."""
        throw = dice(self.seed, turn, "passes", part)
        return throw.choice(PASSES[part]) if self.hostile else 1.0

    def overtakes(self, turn: int) -> float:
        """Seconds that pass while the workers are at work: their orders travel slowly."""
        throw = dice(self.seed, turn, "overtakes")
        if not self.hostile or throw.random() < 0.8:
            return 0.0
        return throw.choice((2.0, 4.0, 6.0, 20.0))

    def sweeps(self, turn: int) -> bool:
        return dice(self.seed, turn, "sweeps").random() < 0.6

    def halts(self, turn: int) -> bool:
        """Somebody halts trading in the middle of this round; resumed in the next."""
        return self.hostile and dice(self.seed, turn, "halts").random() < 0.08


def _crash(throw: random.Random, role: str) -> Crash:
    kinds = [crashes.STATEMENT, crashes.STATEMENT, crashes.CUT, crashes.MOMENT]
    if role in ("engine", "worker"):
        kinds += [crashes.POINT, crashes.POINT]
    kind = throw.choice(kinds)
    if kind == crashes.POINT:
        return Crash(kind, throw.choice((1, 1, 1, 2, 3)), throw.choice(crash_points.POINTS))
    return Crash(kind, throw.randint(1, 60 if kind != crashes.MOMENT else 120))


def _fault(throw: random.Random) -> dict[str, Any]:
    kind = throw.choice(list(FAULTS))
    fault: dict[str, Any] = {"kind": kind, **FAULTS[kind](throw)}
    if kind not in ("clock_skew", "drop_sockets"):
        fault["count"] = throw.choice((1, 1, 2, 3))
        fault["seed"] = throw.randint(0, 10**6)
        fault["probability"] = throw.choice((1.0, 1.0, 0.5))
    if kind in ON_REQUESTS and (endpoint := throw.choice(ENDPOINTS)):
        fault["endpoint"] = endpoint
    return fault


FAULTS: dict[str, Any] = {
    "latency": lambda throw: {"ms": throw.choice((20, 80, 200))},
    "accept_then_timeout": lambda throw: {"endpoint": throw.choice((PLACE, PLACE, QUERY))},
    "http_5xx": lambda throw: {
        "status": throw.choice((500, 502, 503, 504)),
        "when": throw.choice(("before", "after", "after")),
    },
    "partial_fill": lambda throw: {"share": throw.choice((0, 0.1, 0.5, 0.9))},
    "duplicate_fill_event": lambda throw: {},
    "out_of_order_event": lambda throw: {},
    "drop_sockets": lambda throw: {"count": throw.randint(1, 3)},
    "rate_limit_storm": lambda throw: {"retry_after": 1},
    "clock_skew": lambda throw: {"ms": throw.choice((-2500, -900, -400, 400, 900, 2500))},
    "maintenance": lambda throw: {"status": throw.choice((200, 502, 503))},
}
ON_REQUESTS = ("latency", "http_5xx", "rate_limit_storm", "maintenance")
