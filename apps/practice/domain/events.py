"""What happened to users' money and orders: the facts that the journal keeps.

Replaying these facts rebuilds accounts, orders and trades exactly; nothing else is truth.
Amounts are Decimals in asset units, instants are UTC milliseconds.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, get_type_hints

NOTHING = Decimal(0)


class FactUnknown(ValueError):
    """A journal holds a kind of fact that this version does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    kind: ClassVar[str]
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOpened(Fact):
    kind: ClassVar[str] = "account_opened"
    account_id: int
    ref: str
    label: str
    key: str
    can_trade: bool
    can_withdraw: bool
    ip_restricted: bool
    maker_fee: Decimal
    taker_fee: Decimal
    own_fees: bool = False  # agreed with this account: a symbol's list fees do not apply


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceAdjusted(Fact):
    """A deposit (positive) or a removal (negative) of free balance, and why."""

    kind: ClassVar[str] = "balance_adjusted"
    account_id: int
    asset: str
    amount: Decimal
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRevoked(Fact):
    kind: ClassVar[str] = "key_revoked"
    account_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAccepted(Fact):
    """An order with its id; `locked` of `locked_asset` moves from free to locked."""

    kind: ClassVar[str] = "order_accepted"
    order_id: int
    account_id: int
    client_order_id: str
    symbol: str
    side: str
    type: str
    time_in_force: str
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    locked: Decimal
    locked_asset: str
    stop_price: Decimal = NOTHING
    trailing_delta: int = 0  # BIPS
    trail_best: Decimal | None = None  # what a trailing order follows from the start
    waits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTrailed(Fact):
    """A waiting order follows to a better price: `best` is what it measures from now on."""

    kind: ClassVar[str] = "order_trailed"
    order_id: int
    account_id: int
    best: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTriggered(Fact):
    """A waiting order works from here on, because of a trade at `price`.

    `locked` more of its asset moves from free to locked: what a market order costs is known now.
    """

    kind: ClassVar[str] = "order_triggered"
    order_id: int
    account_id: int
    price: Decimal
    locked: Decimal = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilled(Fact):
    """One execution of one order. `executed` and `quote_executed` are the totals after it."""

    kind: ClassVar[str] = "order_filled"
    trade_id: int
    order_id: int
    account_id: int
    symbol: str
    side: str
    price: Decimal
    quantity: Decimal
    quote: Decimal
    maker: bool
    fee: Decimal
    fee_asset: str
    unlocked: Decimal
    executed: Decimal
    quote_executed: Decimal
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderClosed(Fact):
    """An order ended unfilled or partly filled (CANCELED, EXPIRED); the lock's rest is freed."""

    kind: ClassVar[str] = "order_closed"
    order_id: int
    account_id: int
    status: str
    unlocked: Decimal
    cancel_client_id: str = ""


FACTS: dict[str, type[Fact]] = {
    fact.kind: fact
    for fact in (
        AccountOpened,
        BalanceAdjusted,
        KeyRevoked,
        OrderAccepted,
        OrderTrailed,
        OrderTriggered,
        OrderFilled,
        OrderClosed,
    )
}
_DECIMAL_FIELDS = {
    kind: [n for n, hint in get_type_hints(fact).items() if hint in (Decimal, Decimal | None)]
    for kind, fact in FACTS.items()
}
_FIELDS = {kind: [field.name for field in dataclasses.fields(fact)] for kind, fact in FACTS.items()}


def fact_to_record(fact: Fact) -> dict[str, Any]:
    """A JSON-ready record; amounts become strings."""
    record: dict[str, Any] = {"kind": fact.kind}
    for name in _FIELDS[fact.kind]:
        value = getattr(fact, name)
        record[name] = format(value, "f") if isinstance(value, Decimal) else value
    return record


def fact_from_record(record: dict[str, Any]) -> Fact:
    """The fact a record was made of; raises FactUnknown."""
    values = dict(record)
    kind = values.pop("kind", "")
    if kind not in FACTS:
        raise FactUnknown(f"journal holds an unknown fact {kind!r}")
    for name in _DECIMAL_FIELDS[kind]:
        if values.get(name) is not None:  # older records have fewer fields
            values[name] = Decimal(values[name])
    return FACTS[kind](**values)
