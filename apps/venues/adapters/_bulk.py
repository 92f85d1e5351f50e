"""Commands about all of an account's orders: cancel them, or have the venue cancel them."""

from __future__ import annotations

from datetime import timedelta
from decimal import localcontext
from enum import Enum
from typing import ClassVar

from apps.venues.adapters import _translation as translation
from apps.venues.adapters._orders import OrderCommands
from apps.venues.adapters._translation import EXACT, refusal_of
from apps.venues.domain.errors import CapabilityMissing, RefusalReason, TimeoutUnusable
from apps.venues.domain.ports import Capability


class CancelsBy(Enum):
    """What a venue's one request to cancel everything may name."""

    EITHER = "EITHER"
    SYMBOL = "SYMBOL"
    ACCOUNT = "ACCOUNT"


class BulkCommands(OrderCommands):
    """What the kill switch and reconciliation need beside single orders."""

    cancels_by: ClassVar[CancelsBy] = CancelsBy.EITHER
    nothing_to_cancel: ClassVar[tuple[str, ...]] = ()  # documented texts: there is no open order
    dead_man_limits: ClassVar[tuple[timedelta, timedelta]] = (
        timedelta(seconds=5),
        timedelta(seconds=60),
    )  # the shortest and longest timeout that the venue takes

    def cancel_all(self, symbol: str | None) -> None:
        """Cancel every open order of a symbol, or of the account, whoever made it."""
        alone = Capability.CANCEL_ALL not in self.spec.capabilities
        if symbol is not None:
            self._market(symbol)
        elif self.spec.open_orders_by_symbol and (alone or self.cancels_by is CancelsBy.SYMBOL):
            raise CapabilityMissing(venue=self.spec.label, need=Capability.CANCEL_ALL.value)
        self.warm()
        with localcontext(EXACT):
            try:
                self._client.wrote = False
                self.cancel_each(symbol) if alone else self.cancel_every(symbol)
                return
            except translation.caught() as e:
                problem: BaseException = e
        if any(text in str(problem) for text in self.nothing_to_cancel):
            return
        self._raise_command(problem, symbol or "")

    def cancel_every(self, symbol: str | None) -> None:
        """As the venue does it: by symbol or account, by symbol only, or by account only."""
        if symbol is not None and self.cancels_by is CancelsBy.ACCOUNT:
            self.cancel_each(symbol)
        elif symbol is None and self.cancels_by is CancelsBy.SYMBOL:
            listed = self._client.fetch_open_orders()
            for each in sorted({row["symbol"] for row in listed}):
                self.cancel_at_once(each)
        else:
            self.cancel_at_once(symbol)

    def cancel_at_once(self, symbol: str | None) -> None:
        """The venue's one request."""
        self._client.cancel_all_orders(symbol)

    def cancel_each(self, symbol: str | None) -> None:
        """One by one. An order that ended meanwhile is no problem; another problem waits for all
        others to have been asked for."""
        problem: BaseException | None = None
        for row in self._client.fetch_open_orders(symbol):
            try:
                self._client.cancel_order(row["id"], row["symbol"])
            except translation.caught() as e:
                texts = self._missing_texts()
                reason = refusal_of(e, translation.CANCEL_REFUSED, texts)
                if reason is not RefusalReason.ORDER_MISSING:
                    problem = e
        if problem is not None:
            raise problem

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

    def _raise_command(self, problem: BaseException, symbol: str) -> None:
        """A refusal, a request that never left, or an outcome nobody knows."""
        reason = refusal_of(problem, translation.CANCEL_REFUSED, self.cancel_refusals)
        if reason is not None and reason is not RefusalReason.ORDER_MISSING:
            self._reject(reason, symbol, problem)
        if not self._client.wrote:
            error = translation.unanswered(problem, self.spec.label, symbol)
            translation.raise_clean(error, problem)
        translation.unknown(self.spec.label, problem)
