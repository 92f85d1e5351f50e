"""One exchange at work: the pure exchange inside, its journal, keys, faults, tape and streams."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from apps.practice import tape
from apps.practice.candles import CandleLog
from apps.practice.config import InstanceConfig
from apps.practice.dialect import messages
from apps.practice.domain import events
from apps.practice.domain.exchange import Exchange
from apps.practice.domain.intake import Ticket
from apps.practice.domain.ledger import Account, Order
from apps.practice.domain.limits import Limiter
from apps.practice.domain.matching import Side
from apps.practice.domain.rules import SymbolRules
from apps.practice.faults import Faults
from apps.practice.hub import Hub
from apps.practice.journal import Journal
from apps.practice.keys import KeyRing
from apps.practice.listing import fee_learned, rules_learned
from apps.practice.sources import MarketSource
from apps.practice.ticker import Ticker

ORDER_FACTS = (
    events.OrderAccepted,
    events.OrderTriggered,
    events.OrderFilled,
    events.OrderClosed,
)
LISTEN_KEY_MS = 60 * 60 * 1_000


class Instance:
    """Commands run at once and are journaled before anybody hears of them."""

    def __init__(
        self,
        config: InstanceConfig,
        source: MarketSource,
        folder: Path,
        *,
        began: int | None = None,
    ) -> None:
        """`began`: when the market that `source` continues first started (UTC ms), if it does."""
        self.config = config
        self.source = source
        self.faults = Faults()
        self.hub = Hub()
        self.limiter = Limiter(config.limits)
        self.keys = KeyRing(folder / "keys.json")
        self.journal = Journal(folder / "journal.jsonl")
        self.ahead_ms = 0  # how far a test has moved this venue's clock
        started = int(time.time() * 1_000)
        # The wall clock grows faster than either counter, so ids rise across restarts as well.
        self.exchange = Exchange(
            config.rules,
            first_update_id=started * 10,
            halted=config.rules if config.kind == "live" else (),
        )
        self.exchange.restore(self.journal.replay())
        self.exchange.start_trade_ids(started)
        self.by_id = {rules.id: symbol for symbol, rules in config.rules.items()}
        self.listen_keys: dict[str, tuple[int, int]] = {}  # key -> (account id, valid until)
        self.tickers: dict[str, Ticker] = {}
        self.candles = CandleLog(folder / "candles.jsonl")
        self._kept_until = started
        self._open_tapes(started, began)

    # -- what a market source sees ------------------------------------------------------------

    @property
    def rules(self) -> Mapping[str, SymbolRules]:
        return self.exchange.rules

    def list_symbol(self, symbol: str, terms: Mapping[str, Decimal | None]) -> None:
        rules = rules_learned(symbol, terms)
        maker, taker = fee_learned(terms.get("maker_fee")), fee_learned(terms.get("taker_fee"))
        if maker is not None and taker is not None:
            self.exchange.list_fees[symbol] = (maker, taker)
        if rules == self.exchange.rules[symbol] and symbol not in self.exchange.halted:
            return
        self.halt(symbol)
        self.exchange.list_symbol(rules, self.now())
        self._settle()
        self.tickers[symbol].flush(self.now())

    def halt(self, symbol: str) -> None:
        self.exchange.halt(symbol)
        self.tickers[symbol].flush(self.now())

    def standing(self, symbol: str) -> tuple[Mapping[int, int], Mapping[int, int]]:
        book = self.exchange.books[symbol]
        return book.bids.outside, book.asks.outside

    def report(self, symbol: str, side: str, ticks: int, lots: int) -> None:
        self.exchange.report(symbol, Side(side), ticks, lots, self.now())
        self._settle()

    def mark(self, symbol: str, ticks: int) -> None:
        """The middle of a market whose exchange tells no trades: it is the last price then."""
        price, now = self.rules[symbol].price(ticks), self.now()
        self.tickers[symbol].tape.mark(price, now)
        self._hear(symbol, price, now)

    def fees_of(self, account: Account) -> tuple[Decimal, Decimal]:
        """(maker, taker) of this account where no symbol is named."""
        if account.own_fees or not self.exchange.list_fees:
            return account.maker_fee, account.taker_fee
        return self.fees

    @property
    def fees(self) -> tuple[Decimal, Decimal]:
        """(maker, taker) of an ordinary account: the highest that the exchange lists, if told."""
        told = self.exchange.list_fees.values()
        if not told:
            return self.config.maker_fee, self.config.taker_fee
        return max(maker for maker, _ in told), max(taker for _, taker in told)

    def quote(
        self, symbol: str, bids: Mapping[int, int], asks: Mapping[int, int], *, full: bool = False
    ) -> None:
        now = self.now()
        self.exchange.quote(symbol, bids, asks, full=full, now=now)
        self._settle()
        self.tickers[symbol].flush(now)

    def trade(self, symbol: str, side: Side, ticks: int, lots: int) -> None:
        self.exchange.hit(symbol, Side(side), ticks, lots, self.now())
        self._settle()

    def absorb(self, symbol: str, candle: tape.Candle) -> None:
        now = self.now()
        self.tickers[symbol].tape.absorb(candle, now)
        self._hear(symbol, candle.close, now)

    def _hear(self, symbol: str, price: Decimal, now: int) -> None:
        if symbol not in self.exchange.halted:
            self.exchange.price_heard(symbol, price, now)
            self._settle()

    # -- time ---------------------------------------------------------------------------------

    def now(self) -> int:
        """The venue's clock in UTC ms; a test may set it forward, the clock_skew fault moves it."""
        skew = self.faults.standing("clock_skew")
        return int(time.time() * 1_000) + self.ahead_ms + (skew.parameters["ms"] if skew else 0)

    def tick(self, *, whole_second: bool) -> None:
        """Called ten times a second: streams of changes that no quote has carried out yet."""
        now = self.now()
        for ticker in self.tickers.values():
            ticker.flush(now)
            if whole_second:
                ticker.second(now)
        if self.faults and self.hub.listeners and self.faults.strike("drop_sockets"):
            self.hub.drop_all()

    def keep_candles(self, *, complete_only: bool = True) -> None:
        """Append the minutes not kept yet; without `complete_only` the running one as well."""
        now = self.now()
        until = now - now % tape.MINUTE if complete_only else now + 1
        since = self._kept_until - self._kept_until % tape.MINUTE
        if until <= since:
            return
        self.candles.append(
            {
                symbol: [bar for bar in ticker.tape.lively_since(since) if bar.opened < until]
                for symbol, ticker in self.tickers.items()
            }
        )
        self._kept_until = until

    def _open_tapes(self, started: int, began: int | None) -> None:
        """What charts show at the start: the source's past, then what happened here since."""
        if began is None:
            self.candles.clear()
        kept = self.candles.read(started)
        for symbol, rules in self.config.rules.items():
            strip = tape.Tape()
            strip.preload(
                self.source.history(self.config.code, rules, started if began is None else began)
            )
            strip.resume(kept.get(symbol, ()))
            self.tickers[symbol] = Ticker(symbol, self.exchange, strip, self.hub)

    # -- accounts -----------------------------------------------------------------------------

    def open_account(
        self,
        *,
        ref: str,
        label: str,
        balances: Mapping[str, Decimal],
        can_trade: bool,
        can_withdraw: bool,
        ip_restricted: bool,
        maker_fee: Decimal | None,
        taker_fee: Decimal | None,
    ) -> tuple[Account, str]:
        """The account and its secret; the same `ref` gives the same account again, unchanged."""
        known = self.exchange.ledger.by_ref.get(ref) if ref else None
        if known is not None:
            account = self.exchange.ledger.accounts[known]
            return account, self.keys.secret(account.key) or ""
        key, secret = self.keys.issue()
        now = self.now()
        account = self.exchange.open_account(
            events.AccountOpened(
                at=now,
                account_id=len(self.exchange.ledger.accounts) + 1,
                ref=ref,
                label=label,
                key=key,
                can_trade=can_trade,
                can_withdraw=can_withdraw,
                ip_restricted=ip_restricted,
                maker_fee=self.fees[0] if maker_fee is None else maker_fee,
                taker_fee=self.fees[1] if taker_fee is None else taker_fee,
                own_fees=maker_fee is not None or taker_fee is not None,
            )
        )
        for asset, amount in sorted(balances.items()):
            self.exchange.adjust(account.id, asset, amount, "opening", now)
        self._settle()
        return account, secret

    def deposit(self, account_id: int, balances: Mapping[str, Decimal]) -> None:
        for asset, amount in sorted(balances.items()):
            self.exchange.adjust(account_id, asset, amount, "deposit", self.now())
        self._settle()

    def reset(self, account_id: int, balances: Mapping[str, Decimal]) -> None:
        self.exchange.reset(account_id, balances, self.now())
        self._settle()

    def revoke(self, account_id: int) -> None:
        """The key stops working; orders and balances stay, as at a real exchange."""
        account = self.exchange.ledger.accounts[account_id]
        if not account.revoked:
            self.exchange.revoke(account_id, self.now())
            self.keys.forget(account.key)
            self._settle()

    def account_by_key(self, key: str) -> Account | None:
        account_id = self.exchange.ledger.by_key.get(key)
        return None if account_id is None else self.exchange.ledger.accounts[account_id]

    # -- orders -------------------------------------------------------------------------------

    def place(self, account: Account, ticket: Ticket) -> tuple[Order, list[events.OrderFilled]]:
        """The order and its immediate fills; raises Refusal."""
        thin = self.faults and self.faults.strike("partial_fill", account_id=account.id)
        share = Decimal(str(thin.parameters.get("share", "0.5"))) if thin else None
        order = self.exchange.place(account, ticket, self.now(), at_most=share)
        facts = self._settle()
        fills = [
            fact
            for fact in facts
            if isinstance(fact, events.OrderFilled) and fact.order_id == order.id
        ]
        return order, fills

    def cancel(self, order: Order, *, client_id: str = "") -> None:
        self.exchange.cancel(order, self.now(), client_id=client_id)
        self._settle()

    # -- user streams -------------------------------------------------------------------------

    def listen_key_issue(self, account: Account) -> str:
        """One key an account, valid an hour from now; asking again extends it."""
        now = self.now()
        for key, (owner, until) in list(self.listen_keys.items()):
            if until < now:
                del self.listen_keys[key]
            elif owner == account.id:
                self.listen_keys[key] = (owner, now + LISTEN_KEY_MS)
                return key
        key = secrets.token_hex(32)
        self.listen_keys[key] = (account.id, now + LISTEN_KEY_MS)
        return key

    def listen_key_owner(self, key: str) -> int | None:
        owner, until = self.listen_keys.get(key, (None, 0))
        return owner if until >= self.now() else None

    def close(self) -> None:
        self.keep_candles(complete_only=False)
        self.journal.close()

    # -- facts out ----------------------------------------------------------------------------

    def _settle(self) -> Sequence[events.Fact]:
        """Journal what happened, then tell the tape and the users."""
        facts = self.exchange.take_facts()
        if facts:
            self.journal.append(facts)
            self._tell_users(facts)
        for deal in self.exchange.take_prints():
            ticker = self.tickers[deal.symbol]
            ticker.tape.add(deal)
            ticker.trade(deal)
        return facts

    def _tell_users(self, facts: Sequence[events.Fact]) -> None:
        now, ledger = self.now(), self.exchange.ledger
        told: list[tuple[int, dict[str, object]]] = []
        touched: dict[int, set[str]] = {}
        for fact in facts:
            if isinstance(fact, events.BalanceAdjusted):
                told.append((fact.account_id, messages.adjusted_message(fact, now)))
                touched.setdefault(fact.account_id, set()).add(fact.asset)
            elif isinstance(fact, ORDER_FACTS):
                order = ledger.orders[fact.order_id]
                message = messages.execution_message(order, fact, now)
                told.append((fact.account_id, message))
                if isinstance(fact, events.OrderFilled) and self.faults.strike(
                    "duplicate_fill_event", account_id=fact.account_id
                ):
                    told.append((fact.account_id, message))
                assets = touched.setdefault(fact.account_id, set())
                assets.update(order.symbol.split("/"))
        if len(told) > 1 and self.faults.strike("out_of_order_event", account_id=told[0][0]):
            told.reverse()
        for account_id, message in told:
            self.hub.publish_user(account_id, message)
        for account_id, assets in touched.items():
            account = ledger.accounts[account_id]
            self.hub.publish_user(account_id, messages.position_message(account, assets, now))
