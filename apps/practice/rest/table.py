"""The table of endpoints: what each costs, needs and does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from apps.practice.dialect.reading import Parameters
from apps.practice.domain import refusals
from apps.practice.domain.ledger import Account
from apps.practice.instance import Instance


class Need(Enum):
    """What a caller must show: nothing, a known key, a signature, a signature that may trade."""

    NOTHING = 0
    KEY = 1
    SIGNATURE = 2
    TRADE = 3


@dataclass(slots=True)
class Call:
    """One request, authorized. `headers` go into the answer."""

    instance: Instance
    parameters: Parameters
    caller: Account | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def account(self) -> Account:
        if self.caller is None:
            raise refusals.key_malformed()
        return self.caller

    def symbol(self) -> str:
        """The unified symbol of the mandatory parameter `symbol`; raises -1102, -1121."""
        return self.known(self.parameters.text("symbol"))

    def known(self, symbol_id: str) -> str:
        symbol = self.instance.by_id.get(symbol_id)
        if symbol is None:
            raise refusals.symbol_invalid()
        return symbol


Handler = Callable[[Call], Any]
Weight = int | Callable[[Parameters], int]


@dataclass(frozen=True, slots=True)
class Endpoint:
    name: str
    need: Need
    weight: Weight
    handle: Handler
    counts_as_order: bool = False
    writes: bool = False

    def weigh(self, parameters: Parameters) -> int:
        return self.weight if isinstance(self.weight, int) else self.weight(parameters)


ENDPOINTS: dict[tuple[str, str], Endpoint] = {}


def endpoint(
    route: str,
    *,
    need: Need = Need.NOTHING,
    weight: Weight = 1,
    counts_as_order: bool = False,
    writes: bool = False,
) -> Callable[[Handler], Handler]:
    """Register a handler under "METHOD path"."""

    def register(handle: Handler) -> Handler:
        method, path = route.split(" ")
        ENDPOINTS[method, path] = Endpoint(route, need, weight, handle, counts_as_order, writes)
        return handle

    return register
