"""Our orders of one connection against the venue's own: what differs, and what is to be done.

Pure: what we know and what the venue told come in, questions and findings go out. Nothing is
concluded from silence: a question without an answer leaves everything as it was. The order in
which anything comes in does not matter, and what was acted on once is found no more.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from apps.core.domain.money import ZERO, plain
from apps.trading.domain.findings import (
    Action,
    Adopt,
    CloseAbsent,
    Finding,
    FindingCode,
    KnownFill,
    OurOrder,
    Ours,
    Place,
    Questions,
    Record,
    Remark,
    Reopen,
    Theirs,
    difference,
    differs,
    external_id,
)
from apps.trading.domain.orders import LIVE, SENT, OrderOrigin, OrderStatus, settle
from apps.venues.domain.ports import OrderReceipt, ReceiptStatus, Side, VenueTrade

OURS = re.compile(r"c[a-z0-9]{23}")  # what client_order_id_new makes
UNRESOLVED_AFTER = timedelta(seconds=30)  # an execution whose order nobody can name by then


class Comparison:
    """One connection compared once. `questions` first; then, with answers, `findings`."""

    def __init__(
        self, connection_id: int, ours: Ours, theirs: Theirs, *, visible_after: timedelta
    ) -> None:
        self.connection_id = connection_id
        self.ours, self.theirs = ours, theirs
        self._told_trades = sorted(theirs.trades, key=_trade_key)
        self._visible_by = theirs.asked_at - visible_after
        self._by_place = {o.place: o for o in ours.orders if o.venue_order_id}
        self._by_name = {o.client_order_id: o for o in ours.orders if not o.external}
        self._by_name |= {o.wire_id: o for o in ours.orders if o.wire_id}
        orders = {o.order_id: o for o in ours.orders}
        for order_id, receipt in theirs.probes.items():
            if receipt is not None and receipt.venue_order_id and order_id in orders:
                known = orders[order_id]
                self._by_place[known.symbol, receipt.venue_order_id] = known
        self._open: dict[int, OrderReceipt] = {}
        self._strange: dict[Place, OrderReceipt] = {}  # of no row here
        self._fresh: dict[int, dict[str, VenueTrade]] = defaultdict(dict)
        self._unnamed: dict[Place, dict[str, VenueTrade]] = defaultdict(dict)
        self._sort_orders()
        self._sort_trades()

    # --- who is who

    def order_of(self, receipt: OrderReceipt) -> OurOrder | None:
        placed = self._by_place.get((receipt.symbol, receipt.venue_order_id))
        return placed or self._by_name.get(receipt.client_order_id)

    def _sort_orders(self) -> None:
        for receipt in self.theirs.open_orders or ():
            known = self.order_of(receipt)
            if known is not None:
                self._open[known.order_id] = receipt
            else:
                self._strange[receipt.symbol, receipt.venue_order_id] = receipt

    def _sort_trades(self) -> None:
        for symbol, venue_order_id, trade in self._told_trades:
            place = (symbol, venue_order_id)
            if self._booked(place, trade) is not None:
                continue
            known = self._owner(place)
            if known is not None:
                self._fresh[known.order_id][trade.venue_trade_id] = trade
            else:
                self._unnamed[place][trade.venue_trade_id] = trade

    def _owner(self, place: Place) -> OurOrder | None:
        told = self.theirs.looked_up.get(place) or self._strange.get(place)
        known = self._by_place.get(place)
        return self.order_of(told) if known is None and told is not None else known

    def _booked(self, place: Place, trade: VenueTrade) -> KnownFill | None:
        """The fill that an execution of this order at the venue is already.

        Of an order that has no row, it is only a fill whose order's id there was never told: the
        other side of a trade with oneself is a fill of its own.
        """
        known = self._owner(place)
        sides = Side if known is None else (known.side,)
        fills = [self.ours.fills.get((place[0], trade.venue_trade_id, side)) for side in sides]
        return next((f for f in fills if f is not None and (known or not f.placed)), None)

    def _expected(self, order: OurOrder) -> Decimal:
        """Its executions, once what is new is booked."""
        fresh = self._fresh.get(order.order_id, {})
        return order.filled + sum((trade.quantity for trade in fresh.values()), ZERO)

    # --- questions

    def questions(self) -> Questions:
        """What must be asked one by one before anything is concluded."""
        probes, look_ups = set(), set()
        for order in self.ours.orders:
            if not self._doubtful(order):
                continue
            if not order.external:
                probes.add(order.order_id)
            elif order.venue_order_id:
                look_ups.add(order.place)
        look_ups |= {place for place in self._unnamed if place not in self._strange}
        return Questions(tuple(sorted(probes)), tuple(sorted(look_ups)))

    def _doubtful(self, order: OurOrder) -> bool:
        listed = self._open.get(order.order_id)
        expected = self._expected(order)
        if order.status in SENT:
            if expected >= order.quantity:
                return False  # its executions say it all
            if listed is not None:
                return listed.filled is not None and listed.filled > expected
            return order.sent_at is not None and order.sent_at <= self._visible_by
        if order.status in LIVE:
            return False  # it never left
        if listed is not None:
            return order.closed_at is None or order.closed_at <= self.theirs.asked_at
        return order.order_id in self._fresh and expected < order.quantity

    # --- findings

    def findings(self) -> list[Finding]:
        found = [each for order in self.ours.orders for each in self._about(order)]
        found += self._strangers()
        found += self._differing()
        return sorted(found, key=lambda f: (f.code, sorted(f.params.items())))

    def _about(self, order: OurOrder) -> Iterable[Finding]:
        fresh = self._fresh.get(order.order_id, {})
        receipt = self._told(order, fresh)
        if receipt is None:
            if self._absent(order):
                yield self._missing(order)
            return
        if order.status not in LIVE and receipt.status is ReceiptStatus.OPEN and not fresh:
            if self._confirmed(order):
                again = Reopen(order.order_id, receipt, cancel=not order.stays)
                yield self._finding(FindingCode.OPEN_AT_VENUE_CLOSED_HERE, order, again)
            return
        record = Record(order.order_id, receipt)
        if new := self._new(order, receipt):
            size = sum((trade.quantity for trade in new), ZERO)
            code = FindingCode.VENUE_HAS_FILL_WE_LACK
            yield self._finding(code, order, record, quantity=plain(size))
            if order.filled + size > order.quantity:
                total = plain(order.filled + size)
                yield self._finding(FindingCode.OVERFILL, order, filled=total)
        elif self._moves(order, receipt):
            yield self._finding(FindingCode.VENUE_KNOWS_MORE, order, record)

    def _told(self, order: OurOrder, fresh: Mapping[str, VenueTrade]) -> OrderReceipt | None:
        """Everything the venue said of it as one receipt; None: nothing."""
        told = self.theirs.probes.get(order.order_id) or self._open.get(order.order_id)
        if told is None and order.external:
            told = self.theirs.looked_up.get(order.place)
        if told is None and not fresh:
            return None
        told = told or OrderReceipt(
            venue_order_id=order.venue_order_id,
            status=ReceiptStatus.OPEN,
            filled=None,
            client_order_id=order.client_order_id,
            symbol=order.symbol,
        )
        trades = {t.venue_trade_id: t for t in told.trades} | dict(fresh)
        return replace(told, trades=tuple(trades[number] for number in sorted(trades)))

    def _new(self, order: OurOrder, receipt: OrderReceipt) -> list[VenueTrade]:
        known = self.ours.fills
        symbol, side = order.symbol, order.side
        return [t for t in receipt.trades if (symbol, t.venue_trade_id, side) not in known]

    def _moves(self, order: OurOrder, receipt: OrderReceipt) -> bool:
        """Whether booking this receipt would change the row."""
        counted = order.counted
        if receipt.filled is not None:
            counted = max(receipt.filled, counted or ZERO)
        if (counted or ZERO) > max(order.counted or ZERO, order.filled):
            return True
        if receipt.venue_order_id and not order.venue_order_id:
            return True
        target = settle(
            order.status,
            OrderStatus(receipt.status),
            new_fills=False,
            booked=order.filled,
            counted=counted,
            quantity=order.quantity,
        )
        return target != order.status

    def _confirmed(self, order: OurOrder) -> bool:
        """A single question about it said so too, not only a list."""
        if order.external:
            return order.order_id in self._open
        return self.theirs.probes.get(order.order_id) is not None

    def _absent(self, order: OurOrder) -> bool:
        if order.status not in SENT or order.order_id in self._open:
            return False
        answers = self.theirs.looked_up if order.external else self.theirs.probes
        key = order.place if order.external else order.order_id
        return key in answers and answers[key] is None  # type: ignore[index]

    def _missing(self, order: OurOrder) -> Finding:
        vanished = bool(order.venue_order_id or order.filled)
        if (order.counted or ZERO) > order.filled:  # executions that it told of are missing
            return self._finding(FindingCode.FILLS_UNRESOLVED, order)
        action = CloseAbsent(order.order_id, vanished)
        return self._finding(FindingCode.OURS_MISSING_AT_VENUE, order, action)

    def _strangers(self) -> Iterable[Finding]:
        for place in sorted(set(self._strange) | set(self._unnamed)):
            receipt = self._strange.get(place) or self.theirs.looked_up.get(place)
            trades = self._unnamed.get(place, {})
            if receipt is not None and receipt.client_order_id in self.ours.elsewhere:
                continue  # another connection's, at the same account
            if receipt is None or receipt.side is None:
                if finding := self._unresolved(place, trades):
                    yield finding
                continue
            merged = {t.venue_trade_id: t for t in receipt.trades} | trades
            whole = replace(
                receipt,
                symbol=place[0],
                trades=tuple(merged[number] for number in sorted(merged)),
            )
            yield self._adoption(place, whole)

    def _adoption(self, place: Place, receipt: OrderReceipt) -> Finding:
        ours = OURS.fullmatch(receipt.client_order_id) is not None
        name = receipt.client_order_id if ours else external_id(self.connection_id, *place)
        origin = OrderOrigin.ADOPTED if ours else OrderOrigin.EXTERNAL
        code = FindingCode.OURS_BY_ID_UNKNOWN_HERE if ours else FindingCode.EXTERNAL
        params = {"symbol": place[0], "venue_order_id": place[1], "order": name}
        return Finding(code, params, Adopt(name, origin, receipt))

    def _unresolved(self, place: Place, trades: Mapping[str, VenueTrade]) -> Finding | None:
        at = max((t.traded_at for t in trades.values() if t.traded_at), default=None)
        if at is not None and at > self.theirs.asked_at - UNRESOLVED_AFTER:
            return None  # the next comparison knows more
        params = {"symbol": place[0], "venue_order_id": place[1], "order": ""}
        return Finding(FindingCode.FILLS_UNRESOLVED, params)

    def _differing(self) -> Iterable[Finding]:
        """The same execution with other figures."""
        for symbol, venue_order_id, trade in self._told_trades:
            known = self._booked((symbol, venue_order_id), trade)
            if known is None:
                continue
            if not differs(known.quantity, known.price, trade):
                continue
            detail = difference(known.quantity, known.price, trade)
            params = {"symbol": symbol, "venue_order_id": venue_order_id} | detail
            remark = Remark(known.order_id, "fill_differs", detail)
            yield Finding(FindingCode.DUPLICATE_FILL, params, remark)

    def unresolved_symbols(self) -> frozenset[str]:
        """Where an execution has no order yet: the cursor must not pass it."""
        named = {place for place, receipt in self.theirs.looked_up.items() if receipt is not None}
        left = set(self._unnamed) - named - set(self._strange)
        return frozenset(symbol for symbol, _ in left)

    def _finding(
        self, code: FindingCode, order: OurOrder, action: Action | None = None, **more: str
    ) -> Finding:
        params = {
            "symbol": order.symbol,
            "order": order.client_order_id,
            "venue_order_id": order.venue_order_id,
        }
        return Finding(code, params | more, action)


def _trade_key(told: tuple[str, str, VenueTrade]) -> tuple[str, str, str, Decimal, str]:
    symbol, venue_order_id, trade = told
    return (symbol, venue_order_id, trade.venue_trade_id, trade.quantity, str(trade.price))
