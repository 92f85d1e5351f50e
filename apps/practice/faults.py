"""Faults on request: an exchange that is late, silent, wrong or gone, so that clients can prove
what they do then. Each is switched on through the control address, counted, and switched off again.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

KINDS = {
    "latency": "the answer comes `ms` milliseconds later",
    "accept_then_timeout": "the request is carried out, the connection closes without an answer",
    "http_5xx": "`status` (default 503) `when` = before (nothing done) or after carrying it out",
    "partial_fill": "only `share` (default 0.5) of an order finds its counterpart",
    "duplicate_fill_event": "the user stream tells a fill twice",
    "out_of_order_event": "the user stream tells the events of one request in reverse order",
    "drop_sockets": "the WebSockets are closed, once for each count",
    "rate_limit_storm": "429 with Retry-After: `retry_after` seconds (default 1)",
    "clock_skew": "the venue's clock is `ms` milliseconds off (negative: behind)",
    "maintenance": "an HTML page with `status` (default 503) instead of an answer",
}
_PARAMETERS = {"ms", "status", "when", "share", "retry_after"}


class FaultInvalid(ValueError):
    """The fault asked for does not exist or lacks a parameter."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """`count` None means until cleared; `endpoint` is "POST /api/v3/order" or None for all."""

    id: int
    kind: str
    account_id: int | None = None
    endpoint: str | None = None
    count: int | None = None
    probability: float = 1.0
    seed: int = 0
    parameters: dict[str, Any] = field(default_factory=dict)
    happened: int = 0
    _dice: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)  # noqa: S311 - repeatable on purpose

    @property
    def spent(self) -> bool:
        return self.count is not None and self.happened >= self.count

    def strikes(self, endpoint: str | None, account_id: int | None) -> bool:
        """Whether it happens now; throws the dice, so ask once an occasion."""
        if self.spent or (self.endpoint is not None and self.endpoint != endpoint):
            return False
        if self.account_id is not None and self.account_id != account_id:
            return False
        if self.probability < 1 and self._dice.random() >= self.probability:
            return False
        self.happened += 1
        return True

    def describe(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "account_id": self.account_id,
            "endpoint": self.endpoint,
            "count": self.count,
            "probability": self.probability,
            "seed": self.seed,
            **self.parameters,
            "happened": self.happened,
        }


class Faults:
    """The faults of one instance."""

    def __init__(self) -> None:
        self._faults: dict[int, Fault] = {}
        self._last_id = 0

    def add(self, raw: Mapping[str, Any]) -> Fault:
        """Switch a fault on; raises FaultInvalid with a sentence."""
        kind = raw.get("kind")
        if kind not in KINDS:
            raise FaultInvalid(f"kind must be one of {', '.join(KINDS)}")
        known = {"kind", "account_id", "endpoint", "count", "probability", "seed"} | _PARAMETERS
        unknown = sorted(set(raw) - known)
        if unknown:
            raise FaultInvalid(f"unknown keys: {', '.join(unknown)}")
        if kind in ("latency", "clock_skew") and not isinstance(raw.get("ms"), int):
            raise FaultInvalid(f"{kind} needs ms, a whole number of milliseconds")
        parameters = {name: raw[name] for name in _PARAMETERS & set(raw)}
        if "share" in parameters and not 0 <= Decimal(str(parameters["share"])) < 1:
            raise FaultInvalid("share must be at least 0 and below 1")
        self._last_id += 1
        fault = Fault(
            id=self._last_id,
            kind=str(kind),
            account_id=raw.get("account_id"),
            endpoint=raw.get("endpoint"),
            count=raw.get("count"),
            probability=float(raw.get("probability", 1)),
            seed=int(raw.get("seed", 0)),
            parameters=parameters,
        )
        self._faults[fault.id] = fault
        return fault

    def strike(
        self, kind: str, *, endpoint: str | None = None, account_id: int | None = None
    ) -> Fault | None:
        """The fault of this kind that happens to this request, if any."""
        for fault in self._faults.values():
            if fault.kind == kind and fault.strikes(endpoint, account_id):
                return fault
        return None

    def standing(self, kind: str) -> Fault | None:
        """A fault that is a state, not an occasion (clock_skew): the first one switched on."""
        return next((fault for fault in self._faults.values() if fault.kind == kind), None)

    def list(self) -> list[dict[str, Any]]:
        return [fault.describe() for fault in self._faults.values()]

    def clear(self, fault_id: int | None = None) -> int:
        """Switch one or all off; returns how many were on."""
        if fault_id is None:
            count, self._faults = len(self._faults), {}
            return count
        return 0 if self._faults.pop(fault_id, None) is None else 1

    def __bool__(self) -> bool:
        return bool(self._faults)
