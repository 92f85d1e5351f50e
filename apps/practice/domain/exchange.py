"""One instance's decisions: orders in, facts out. Pure: the time and the ids' start are arguments.

Commands decide, append facts and apply them to the ledger at once; `take_facts` hands the facts to
the shell, which journals and publishes them. A refused command leaves no fact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from apps.practice.domain import events, intake, refusals, triggers
from apps.practice.domain.intake import Ticket
from apps.practice.domain.ledger import ZERO, Account, Ledger, Order
from apps.practice.domain.matching import OUTSIDE, Book, Match, Side
from apps.practice.domain.rules import CENT8, SymbolRules


@dataclass(frozen=True, slots=True)
class Print:
    """A public trade: price, quantity, whether the buyer was the maker."""

    symbol: str
    trade_id: int
    price: Decimal
    quantity: Decimal
    buyer_maker: bool
    at: int


class Exchange:
    """Books, ledger and matching of one instance."""

    def __init__(
        self,
        rules: Mapping[str, SymbolRules],
        *,
        first_update_id: int = 1,
        halted: Iterable[str] = (),
    ) -> None:
        """`halted` symbols take no orders until `list_symbol` says their rules."""
        self.rules = dict(rules)
        self.halted = set(halted)
        self.list_fees: dict[str, tuple[Decimal, Decimal]] = {}  # (maker, taker) of a symbol
        self.books = {symbol: Book(first_update_id) for symbol in rules}
        self.ledger = Ledger()
        self.last_price: dict[str, Decimal] = {}
        self._facts: list[events.Fact] = []
        self._prints: list[Print] = []
        self._next_trade_id = 1
        self._waiting = triggers.Waiting()
        self._traded: dict[str, None] = {}  # symbols with a new last price since stops were asked

    # -- state in and out ---------------------------------------------------------------------

    def restore(self, facts: list[events.Fact]) -> None:
        """Rebuild from journaled facts and put the open orders back into their books."""
        for fact in facts:
            self.ledger.apply(fact)
        for order in self.ledger.orders.values():
            if order.open and order.symbol in self.rules and order.symbol not in self.halted:
                self._rest(order)

    def _rest(self, order: Order) -> None:
        """Put an open order into its book, with what it has left, or among those that wait."""
        if order.waits:
            self._waiting.add(order)
            return
        rules = self.rules[order.symbol]
        lots = int((order.quantity - order.executed) / rules.step)
        ticks = int(order.price / rules.tick)
        self.books[order.symbol].rest(Side(order.side), ticks, order.id, lots)

    def start_trade_ids(self, first: int) -> None:
        """Trade ids go on above everything journaled and above `first`."""
        self._next_trade_id = max(first, self.ledger.last_trade_id + 1, self._next_trade_id)

    def take_facts(self) -> list[events.Fact]:
        facts, self._facts = self._facts, []
        return facts

    def take_prints(self) -> list[Print]:
        prints, self._prints = self._prints, []
        return prints

    # -- accounts -----------------------------------------------------------------------------

    def open_account(self, opened: events.AccountOpened) -> Account:
        self._book(opened)
        return self.ledger.accounts[opened.account_id]

    def adjust(self, account_id: int, asset: str, amount: Decimal, reason: str, now: int) -> None:
        self._book(
            events.BalanceAdjusted(
                at=now, account_id=account_id, asset=asset, amount=amount, reason=reason
            )
        )

    def reset(self, account_id: int, wanted: Mapping[str, Decimal], now: int) -> None:
        """Cancel everything and make the balances exactly these."""
        account = self.ledger.accounts[account_id]
        for order_id in list(account.open_ids):
            self.cancel(self.ledger.orders[order_id], now)
        for asset in sorted({*account.balances, *wanted}):
            change = wanted.get(asset, ZERO) - account.free(asset)
            if change:
                self.adjust(account_id, asset, change, "reset", now)

    def revoke(self, account_id: int, now: int) -> None:
        self._book(events.KeyRevoked(at=now, account_id=account_id))

    # -- the market source --------------------------------------------------------------------

    def quote(
        self, symbol: str, bids: Mapping[int, int], asks: Mapping[int, int], *, full: bool, now: int
    ) -> None:
        """The outside's new quotes in ticks and lots; they fill users' orders they cross."""
        for match in self.books[symbol].quote(bids, asks, full=full):
            self._fill_maker(symbol, match, self._trade_id(), now)
        self._trigger(now)

    def price_heard(self, symbol: str, price: Decimal, now: int) -> None:
        """The last price of a market that tells no single trades; stops listen to it as well."""
        self.last_price[symbol] = price
        self._traded[symbol] = None
        self._trigger(now)

    def halt(self, symbol: str) -> None:
        """No orders and no quotes until the symbol is listed again; open orders wait."""
        self.halted.add(symbol)
        self.books[symbol].clear()
        self._waiting.by_symbol[symbol].clear()

    def list_symbol(self, rules: SymbolRules, now: int) -> None:
        """Open a halted symbol under these rules. Open orders off the new grid expire."""
        symbol = rules.symbol
        self.rules[symbol] = rules
        self.halted.discard(symbol)
        standing = [o for o in self.ledger.orders.values() if o.open and o.symbol == symbol]
        for order in standing:
            left = order.quantity - order.executed
            if order.price % rules.tick or order.stop_price % rules.tick or left % rules.step:
                self._close(order, "EXPIRED", now)
            else:
                self._rest(order)

    def fees_of(self, account: Account, symbol: str) -> tuple[Decimal, Decimal]:
        """(maker, taker) that this account pays here, as fractions of what it receives."""
        own = (account.maker_fee, account.taker_fee)
        return own if account.own_fees else self.list_fees.get(symbol, own)

    def report(self, symbol: str, side: Side, ticks: int, lots: int, now: int) -> None:
        """A trade that happened at the real exchange; all of its lots are printed."""
        for match in self.books[symbol].report(side, ticks, lots):
            self._fill_maker(symbol, match, self._trade_id(), now)
            lots -= match.lots
        if lots:
            self._print(symbol, Match(OUTSIDE, ticks, lots), self._trade_id(), side, now)
        self._trigger(now)

    def hit(self, symbol: str, side: Side, price_ticks: int, lots: int, now: int) -> None:
        """A trade of the outside world: an aggressor that takes up to `lots` at this price."""
        for match in self.books[symbol].take(side, price_ticks, lots):
            trade_id = self._trade_id()
            if match.maker_id == OUTSIDE:
                self._print(symbol, match, trade_id, side, now)
            else:
                self._fill_maker(symbol, match, trade_id, now)
        self._trigger(now)

    # -- orders -------------------------------------------------------------------------------

    def place(
        self, account: Account, ticket: Ticket, now: int, *, at_most: Decimal | None = None
    ) -> Order:
        """Accept and execute an order; raises Refusal.

        `at_most` (a share of the quantity) makes the outside's other crossing quantity vanish just
        before, as if somebody had been quicker: the partial-fill fault.
        """
        if ticket.symbol in self.halted:
            raise refusals.market_closed()
        rules, book = self.rules[ticket.symbol], self.books[ticket.symbol]
        reference = self.reference_price(ticket.symbol)
        lots, limit = intake.measure(ticket, rules, book, reference)
        intake.require_room(self.ledger, account, ticket, rules)
        locked, asset = intake.lock(account, ticket, rules, book, lots, reference)
        order = self._accept(account, ticket, rules.quantity(lots), locked, asset, now)
        if order.waits:
            self._waiting.add(order)
            return order
        if at_most is not None:
            book.thin(ticket.side, limit, int(lots * at_most))
        self._execute(order, limit, lots, now)
        self._trigger(now)
        return order

    def cancel(self, order: Order, now: int, *, client_id: str = "") -> None:
        """Take an open order out of the book; raises Refusal if it is not open."""
        if not order.open:
            raise refusals.cancel_rejected()
        rules = self.rules.get(order.symbol)
        if order.waits:
            self._waiting.drop(order)
        elif rules is not None:
            ticks = int(order.price / rules.tick)
            self.books[order.symbol].remove(Side(order.side), ticks, order.id)
        self._close(order, "CANCELED", now, client_id=client_id)

    def reference_price(self, symbol: str) -> Decimal | None:
        """The last trade's price, else the middle of the book, else nothing."""
        if symbol in self.last_price:
            return self.last_price[symbol]
        book, rules = self.books[symbol], self.rules[symbol]
        bid, ask = book.bids.best(), book.asks.best()
        if bid is None or ask is None:
            return None
        return rules.price(bid + ask) / 2

    # -- steps of `place` ---------------------------------------------------------------------

    def _accept(
        self,
        account: Account,
        ticket: Ticket,
        quantity: Decimal,
        locked: Decimal,
        asset: str,
        now: int,
    ) -> Order:
        order_id = self.ledger.last_order_id + 1
        self._book(
            events.OrderAccepted(
                at=now,
                order_id=order_id,
                account_id=account.id,
                client_order_id=ticket.client_order_id or f"practice-{order_id}",
                symbol=ticket.symbol,
                side=ticket.side.value,
                type=ticket.type,
                time_in_force=ticket.time_in_force,
                price=ticket.price,
                quantity=quantity,
                quote_quantity=ticket.quote_quantity,
                locked=locked,
                locked_asset=asset,
                stop_price=ticket.stop_price,
                trailing_delta=ticket.trailing_delta,
                trail_best=self._follows_from(ticket),
                waits=ticket.waits,
            )
        )
        return self.ledger.orders[order_id]

    def _follows_from(self, ticket: Ticket) -> Decimal | None:
        """A trailing order without a stop price follows the last trade from the start."""
        if not ticket.trailing_delta or ticket.stop_price:
            return None
        return self.last_price.get(ticket.symbol)

    def _execute(self, order: Order, limit: int | None, lots: int, now: int) -> None:
        """Take what the book offers; what is left rests or expires."""
        side, book = Side(order.side), self.books[order.symbol]
        if order.time_in_force == "FOK" and book.fillable(side, limit, lots) < lots:
            self._close(order, "EXPIRED", now)
            return
        for match in book.take(side, limit, lots):
            trade_id = self._trade_id()
            self._fill(order, match, trade_id, maker=False, now=now)
            self._print(order.symbol, match, trade_id, side, now)
            if match.maker_id != OUTSIDE:
                self._fill_maker(order.symbol, match, trade_id, now, printed=True)
        if order.open:
            self._rest_or_expire(order, limit, now)

    def _trigger(self, now: int) -> None:
        """Set to work what the last trades have triggered; what those trade may trigger more.

        Each order is asked about a price that stands, oldest first; an order that works makes
        trades, after which those that still wait are asked again.
        """
        while self._traded:
            symbol = next(iter(self._traded))
            price = self.last_price[symbol]
            due = self._first_due(symbol, price, now)
            if due is None:
                self._traded.pop(symbol)
            else:
                self._set_to_work(due, price, now)

    def _first_due(self, symbol: str, price: Decimal, now: int) -> Order | None:
        for order in self._waiting.of(symbol, self.ledger):
            best = triggers.followed(order, price)
            if best is not None and best != order.trail_best:
                self._book(
                    events.OrderTrailed(
                        at=now, order_id=order.id, account_id=order.account_id, best=best
                    )
                )
            if triggers.is_due(order, price):
                return order
        return None

    def _set_to_work(self, order: Order, price: Decimal, now: int) -> None:
        """A waiting order becomes a limit or market order; one that cannot pay now expires."""
        self._waiting.drop(order)
        rules, book = self.rules[order.symbol], self.books[order.symbol]
        lots = int(order.quantity / rules.step)
        limit = None if order.type in triggers.UNPRICED else int(order.price / rules.tick)
        short = ZERO
        if limit is None and order.side == Side.BUY:
            short = max(ZERO, book.cost(Side.BUY, lots) * rules.unit - order.locked)
        if short > self.ledger.accounts[order.account_id].free(order.locked_asset):
            self._close(order, "EXPIRED", now)
            return
        self._book(
            events.OrderTriggered(
                at=now, order_id=order.id, account_id=order.account_id, price=price, locked=short
            )
        )
        self._execute(order, limit, lots, now)

    def _rest_or_expire(self, order: Order, limit: int | None, now: int) -> None:
        if limit is None or order.time_in_force in ("IOC", "FOK"):
            self._close(order, "EXPIRED", now)
            return
        self._rest(order)

    # -- facts --------------------------------------------------------------------------------

    def _fill_maker(
        self, symbol: str, match: Match, trade_id: int, now: int, *, printed: bool = False
    ) -> None:
        order = self.ledger.orders[match.maker_id]
        self._fill(order, match, trade_id, maker=True, now=now)
        if not printed:
            self._print(symbol, match, trade_id, Side(order.side).other, now)

    def _fill(self, order: Order, match: Match, trade_id: int, *, maker: bool, now: int) -> None:
        rules, account = self.rules[order.symbol], self.ledger.accounts[order.account_id]
        price, quantity = rules.price(match.ticks), rules.quantity(match.lots)
        quote = price * quantity
        buying = order.side == Side.BUY
        received, fee_asset = (quantity, rules.base) if buying else (quote, rules.quote)
        maker_fee, taker_fee = self.fees_of(account, order.symbol)
        rate = maker_fee if maker else taker_fee
        executed = order.executed + quantity
        done = executed == order.quantity
        unlocked = quote if buying else quantity
        if done:
            unlocked = order.locked
        elif buying and order.type not in triggers.UNPRICED:
            unlocked = order.price * quantity
        self._book(
            events.OrderFilled(
                at=now,
                trade_id=trade_id,
                order_id=order.id,
                account_id=account.id,
                symbol=order.symbol,
                side=order.side,
                price=price,
                quantity=quantity,
                quote=quote,
                maker=maker,
                fee=(received * rate).quantize(CENT8, rounding=ROUND_DOWN),
                fee_asset=fee_asset,
                unlocked=unlocked,
                executed=executed,
                quote_executed=order.quote_executed + quote,
                status="FILLED" if done else "PARTIALLY_FILLED",
            )
        )

    def _close(self, order: Order, status: str, now: int, *, client_id: str = "") -> None:
        self._book(
            events.OrderClosed(
                at=now,
                order_id=order.id,
                account_id=order.account_id,
                status=status,
                unlocked=order.locked,
                cancel_client_id=client_id,
            )
        )

    def _book(self, fact: events.Fact) -> None:
        self.ledger.apply(fact)
        self._facts.append(fact)

    def _trade_id(self) -> int:
        trade_id, self._next_trade_id = self._next_trade_id, self._next_trade_id + 1
        return trade_id

    def _print(self, symbol: str, match: Match, trade_id: int, taker: Side, now: int) -> None:
        rules = self.rules[symbol]
        price = rules.price(match.ticks)
        self.last_price[symbol] = price
        self._traded[symbol] = None
        self._prints.append(
            Print(
                symbol,
                trade_id,
                price,
                rules.quantity(match.lots),
                buyer_maker=taker is Side.SELL,
                at=now,
            )
        )
