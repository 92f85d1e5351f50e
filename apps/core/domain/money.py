"""Exact amounts of one asset. Nothing here knows Django, JSON or a venue."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from apps.core.domain.errors import AmountInvalid, AssetMismatch

ZERO = Decimal(0)
BOOKED = Decimal("1e-18")  # the smallest amount a NUMERIC(38,18) column holds


def floored(value: Decimal, step: Decimal) -> Decimal:
    """Round toward zero to a multiple of step: an order may shrink to fit, never grow."""
    return (value / step).to_integral_value(rounding=ROUND_DOWN) * step


def booked(value: Decimal) -> Decimal:
    """Round toward zero to what the database stores, 18 decimals."""
    return value.quantize(BOOKED, rounding=ROUND_DOWN)


def plain(value: Decimal) -> str:
    """The shortest exact text without an exponent: how JSON and CSV carry amounts."""
    text = format(value.normalize(), "f")
    return "0" if text in {"-0", ""} else text


@dataclass(frozen=True, slots=True)
class Amount:
    """A finite decimal together with the asset it counts."""

    value: Decimal
    asset: str

    def __post_init__(self) -> None:
        if not isinstance(self.value, Decimal):
            raise TypeError(f"Amount wants Decimal, was {type(self.value).__name__}")
        if not self.value.is_finite():
            raise AmountInvalid(value=self.value)

    def __add__(self, other: Amount) -> Amount:
        self._require_same_asset(other)
        return Amount(self.value + other.value, self.asset)

    def __sub__(self, other: Amount) -> Amount:
        self._require_same_asset(other)
        return Amount(self.value - other.value, self.asset)

    def floored_to(self, step: Decimal) -> Amount:
        return Amount(floored(self.value, step), self.asset)

    def _require_same_asset(self, other: Amount) -> None:
        if self.asset != other.asset:
            raise AssetMismatch(left=self.asset, right=other.asset)
