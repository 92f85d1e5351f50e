"""Commands about all of an account's orders, and an order under the venue's own id."""

from __future__ import annotations

from datetime import timedelta
from decimal import localcontext
from typing import Any, ClassVar

from apps.venues.adapters import _translation as translation
from apps.venues.adapters._orders import OrderCommands
from apps.venues.adapters._translation import EXACT, asking, refusal_of
from apps.venues.domain.errors import RefusalReason, TimeoutUnusable
from apps.venues.domain.ports import Capability, OrderReceipt


class BulkCommands(OrderCommands):
    """What the kill switch and reconciliation need beside single orders."""

    nothing_to_cancel: ClassVar[tuple[str, ...]] = ()  # documented texts: there is no open order
    dead_man_limits: ClassVar[tuple[timedelta, timedelta]] = (
        timedelta(seconds=5),
        timedelta(seconds=60),
    )  # the shortest and longest timeout that the venue takes

    def cancel_all(self, symbol: str | None) -> None:
        """Cancel every open order of a symbol, or of the account, whoever made it."""
        self._require(Capability.CANCEL_ALL)
        self.warm() if symbol is None else self._market(symbol)
        with localcontext(EXACT):
            try:
                self._client.wrote = False
                self.cancel_every(symbol)
                return
            except translation.caught() as e:
                problem: BaseException = e
        if any(text in str(problem) for text in self.nothing_to_cancel):
            return
        self._raise_command(problem, symbol or "")

    def cancel_every(self, symbol: str | None) -> None:
        """One request where the venue has one for both; see `each_symbol`."""
        self._client.cancel_all_orders(symbol)

    def each_symbol(self) -> list[str]:
        """The symbols with open orders, for venues that cancel by symbol only."""
        return sorted({row["symbol"] for row in self._client.fetch_open_orders()})

    def arm_dead_man(self, timeout: timedelta | None) -> None:
        """Cancel everything unless armed again within `timeout`; None disarms."""
        self._require(Capability.DEAD_MAN_SWITCH)
        shortest, longest = self.dead_man_limits
        if timeout is not None and not shortest <= timeout <= longest:
            raise TimeoutUnusable(
                venue=self.spec.label,
                shortest=int(shortest.total_seconds()),
                longest=int(longest.total_seconds()),
            )
        self.warm()
        with localcontext(EXACT):
            try:
                self._client.wrote = False
                self.switch(timeout or timedelta(0))
                return
            except translation.caught() as e:
                problem: BaseException = e
        self._raise_command(problem, "")

    def switch(self, timeout: timedelta) -> None:
        """Zero switches it off."""
        self._client.cancel_all_orders_after(int(timeout.total_seconds() * 1000))

    def order_by_venue_id(self, venue_order_id: str, symbol: str) -> OrderReceipt | None:
        """The order under the venue's own id, with its executions; None where it has none."""
        self._market(symbol)
        with asking(self.spec.label, symbol):
            try:
                raw: Any = self.look_up_venue_id(venue_order_id, symbol)
            except translation.caught() as e:
                if not translation.is_absence(e, self.absences):
                    raise
                raw = None
            if raw is None:
                return None
            return self._with_trades(self.receipt(raw, ""), raw, symbol)

    def look_up_venue_id(self, venue_order_id: str, symbol: str) -> Any:
        """The order of the venue's id, or None or OrderNotFound where there is none."""
        return self._client.fetch_order(venue_order_id, symbol)

    def _raise_command(self, problem: BaseException, symbol: str) -> None:
        """A refusal, a request that never left, or an outcome nobody knows."""
        reason = refusal_of(problem, translation.CANCEL_REFUSED, self.cancel_refusals)
        if reason is not None and reason is not RefusalReason.ORDER_MISSING:
            self._reject(reason, symbol, problem)
        if not self._client.wrote:
            error = translation.unanswered(problem, self.spec.label, symbol)
            translation.raise_clean(error, problem)
        translation.unknown(self.spec.label, problem)
