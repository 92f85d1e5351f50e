"""The practice venue as a campaign reaches it: over its control address, like any program."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class VenueRefused(RuntimeError):
    """The control address said no: the scenario asks for something impossible."""


Level = tuple[str, str]  # price, quantity


@dataclass(frozen=True, slots=True)
class Book:
    """What stands outside at one venue from now on, best first."""

    instance: str
    symbol: str
    bids: Sequence[Level]
    asks: Sequence[Level]


@dataclass(frozen=True, slots=True)
class VenueControl:
    """A running practice venue. Every call raises OSError when it does not answer."""

    url: str
    token: str

    def quote(self, book: Book) -> None:
        body = {"symbol": book.symbol, "bids": list(book.bids), "asks": list(book.asks)}
        self.ask("POST", f"{book.instance}/book", body)

    def fault(self, instance: str, fault: Mapping[str, Any]) -> None:
        self.ask("POST", f"{instance}/faults", fault)

    def struck(self, instance: str) -> Counter[str]:
        """How often each kind of fault happened there since the last clearing."""
        told = self.ask("GET", f"{instance}/faults")["faults"]
        return Counter({row["kind"]: 0 for row in told}) + _sum(told)

    def clear(self, instance: str) -> None:
        self.ask("DELETE", f"{instance}/faults")

    def set_clock(self, instance: str, ahead: float) -> None:
        self.ask("POST", f"{instance}/clock", {"ahead_ms": round(ahead * 1000)})

    def ask(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 our own http address
            f"{self.url}/control/{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Authorization": f"Bearer {self.token}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise VenueRefused(f"{method} {path} {body}: {refused.read().decode()}") from None


def _sum(rows: Sequence[Mapping[str, Any]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in rows:
        # A clock that is off is a state and strikes nobody in particular: it counts as one.
        found[row["kind"]] += 1 if row["kind"] == "clock_skew" else row["happened"]
    return found
