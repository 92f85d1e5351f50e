"""Accounts, orders and trades as the sum of their facts.

Every movement has two sides: what a user gains the outside world or the fee box loses, so the sum
over everybody of each asset equals what was deposited. `surplus` measures the difference.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from apps.practice.domain import events
from apps.practice.domain.events import Fact

ZERO = Decimal(0)


class LedgerBroken(RuntimeError):
    """A fact would make a balance negative: a bug, never a user's mistake."""


@dataclass(slots=True)
class Balance:
    free: Decimal = ZERO
    locked: Decimal = ZERO


@dataclass(slots=True)
class Account:
    id: int
    ref: str
    label: str
    key: str
    can_trade: bool
    can_withdraw: bool
    ip_restricted: bool
    maker_fee: Decimal
    taker_fee: Decimal
    opened_at: int
    updated_at: int
    own_fees: bool = False
    revoked: bool = False
    balances: dict[str, Balance] = field(default_factory=dict)
    order_ids: list[int] = field(default_factory=list)
    open_ids: dict[int, None] = field(default_factory=dict)
    trades: list[events.OrderFilled] = field(default_factory=list)
    adjustments: list[events.BalanceAdjusted] = field(default_factory=list)

    def balance(self, asset: str) -> Balance:
        return self.balances.setdefault(asset, Balance())

    def free(self, asset: str) -> Decimal:
        balance = self.balances.get(asset)
        return balance.free if balance else ZERO


@dataclass(slots=True)
class Order:
    id: int
    account_id: int
    client_order_id: str
    symbol: str
    side: str
    type: str
    time_in_force: str
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    locked_asset: str
    locked: Decimal
    created_at: int
    updated_at: int
    status: str = "NEW"
    executed: Decimal = ZERO
    quote_executed: Decimal = ZERO
    stop_price: Decimal = ZERO
    trailing_delta: int = 0  # BIPS
    trail_best: Decimal | None = None
    waits: bool = False
    working_at: int = -1  # UTC ms; -1 while it waits, and if it never worked

    @property
    def working(self) -> bool:
        """Whether it stands in the book, as Binance's isWorking."""
        return self.open and not self.waits

    @property
    def open(self) -> bool:
        return self.status in ("NEW", "PARTIALLY_FILLED")


class Ledger:
    """Applies facts; answers what accounts hold. Ids it hands out never repeat."""

    def __init__(self) -> None:
        self.accounts: dict[int, Account] = {}
        self.by_key: dict[str, int] = {}
        self.by_ref: dict[str, int] = {}
        self.orders: dict[int, Order] = {}
        self.client_ids: dict[tuple[int, str, str], int] = {}
        self.outside: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        self.fees: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        self.deposited: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        self.last_order_id = 0
        self.last_trade_id = 0

    def apply(self, fact: Fact) -> None:
        """Book one fact. Facts were decided before; here they only happen."""
        match fact:
            case events.OrderFilled():
                self._fill(fact)
            case events.OrderAccepted():
                self._accept(fact)
            case events.OrderClosed():
                self._close(fact)
            case events.OrderTrailed() | events.OrderTriggered():
                self._follow(fact)
            case events.BalanceAdjusted():
                self._adjust(fact)
            case events.AccountOpened():
                self._open(fact)
            case events.KeyRevoked():
                self.accounts[fact.account_id].revoked = True

    def order_by_client_id(self, account_id: int, symbol: str, client_id: str) -> Order | None:
        order_id = self.client_ids.get((account_id, symbol, client_id))
        return self.orders[order_id] if order_id else None

    def surplus(self) -> dict[str, Decimal]:
        """Per asset, what exists minus what was deposited; all zeros while the ledger is right."""
        held: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        for box in (self.outside, self.fees):
            for asset, amount in box.items():
                held[asset] += amount
        for account in self.accounts.values():
            for asset, balance in account.balances.items():
                held[asset] += balance.free + balance.locked
        return {asset: held[asset] - self.deposited[asset] for asset in held | self.deposited}

    def _open(self, fact: events.AccountOpened) -> None:
        self.accounts[fact.account_id] = Account(
            id=fact.account_id,
            ref=fact.ref,
            label=fact.label,
            key=fact.key,
            can_trade=fact.can_trade,
            can_withdraw=fact.can_withdraw,
            ip_restricted=fact.ip_restricted,
            maker_fee=fact.maker_fee,
            taker_fee=fact.taker_fee,
            opened_at=fact.at,
            updated_at=fact.at,
            own_fees=fact.own_fees,
        )
        self.by_key[fact.key] = fact.account_id
        if fact.ref:
            self.by_ref[fact.ref] = fact.account_id

    def _adjust(self, fact: events.BalanceAdjusted) -> None:
        account = self.accounts[fact.account_id]
        self._move(account, fact.asset, free=fact.amount)
        self.deposited[fact.asset] += fact.amount
        account.adjustments.append(fact)
        account.updated_at = fact.at

    def _accept(self, fact: events.OrderAccepted) -> None:
        account = self.accounts[fact.account_id]
        self.orders[fact.order_id] = Order(
            id=fact.order_id,
            account_id=fact.account_id,
            client_order_id=fact.client_order_id,
            symbol=fact.symbol,
            side=fact.side,
            type=fact.type,
            time_in_force=fact.time_in_force,
            price=fact.price,
            quantity=fact.quantity,
            quote_quantity=fact.quote_quantity,
            locked_asset=fact.locked_asset,
            locked=fact.locked,
            created_at=fact.at,
            updated_at=fact.at,
            stop_price=fact.stop_price,
            trailing_delta=fact.trailing_delta,
            trail_best=fact.trail_best,
            waits=fact.waits,
            working_at=-1 if fact.waits else fact.at,
        )
        self._move(account, fact.locked_asset, free=-fact.locked, locked=fact.locked)
        account.order_ids.append(fact.order_id)
        account.open_ids[fact.order_id] = None
        self.client_ids[fact.account_id, fact.symbol, fact.client_order_id] = fact.order_id
        self.last_order_id = max(self.last_order_id, fact.order_id)

    def _follow(self, fact: events.OrderTrailed | events.OrderTriggered) -> None:
        account, order = self.accounts[fact.account_id], self.orders[fact.order_id]
        if isinstance(fact, events.OrderTrailed):
            order.trail_best = fact.best
            return
        self._move(account, order.locked_asset, free=-fact.locked, locked=fact.locked)
        order.locked += fact.locked
        order.waits, order.working_at, order.updated_at = False, fact.at, fact.at
        account.updated_at = fact.at

    def _fill(self, fact: events.OrderFilled) -> None:
        account, order = self.accounts[fact.account_id], self.orders[fact.order_id]
        base, quote = fact.symbol.split("/")
        buying = fact.side == "BUY"
        spent_asset, spent = (quote, fact.quote) if buying else (base, fact.quantity)
        got_asset, got = (base, fact.quantity) if buying else (quote, fact.quote)
        self._move(account, spent_asset, free=fact.unlocked - spent, locked=-fact.unlocked)
        self._move(account, got_asset, free=got - fact.fee)
        self.outside[spent_asset] += spent
        self.outside[got_asset] -= got
        self.fees[fact.fee_asset] += fact.fee
        order.locked -= fact.unlocked
        order.executed, order.quote_executed = fact.executed, fact.quote_executed
        order.status, order.updated_at = fact.status, fact.at
        account.trades.append(fact)
        account.updated_at = fact.at
        if not order.open:
            account.open_ids.pop(order.id, None)
        self.last_trade_id = max(self.last_trade_id, fact.trade_id)

    def _close(self, fact: events.OrderClosed) -> None:
        account, order = self.accounts[fact.account_id], self.orders[fact.order_id]
        self._move(account, order.locked_asset, free=fact.unlocked, locked=-fact.unlocked)
        order.locked -= fact.unlocked
        order.status, order.updated_at = fact.status, fact.at
        account.open_ids.pop(order.id, None)
        account.updated_at = fact.at

    def _move(
        self, account: Account, asset: str, *, free: Decimal = ZERO, locked: Decimal = ZERO
    ) -> None:
        balance = account.balance(asset)
        if balance.free + free < 0 or balance.locked + locked < 0:
            raise LedgerBroken(f"{asset} of account {account.id} would become negative")
        balance.free += free
        balance.locked += locked
