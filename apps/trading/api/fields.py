"""How the partner API writes amounts and times, and how it reads moments."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.domain.money import plain


@extend_schema_field(
    {"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "examples": ["0.0125"], "readOnly": True}
)
class AmountField(serializers.Field[Decimal, Decimal, str, Any]):
    """An exact amount as text: no exponent, no trailing zeros."""

    def __init__(self, **named: Any) -> None:
        super().__init__(read_only=True, **named)

    def to_representation(self, value: Decimal) -> str:
        return plain(Decimal(value))  # decided legs keep theirs as text


@extend_schema_field({"type": ["string", "null"], "pattern": r"^-?\d+(\.\d+)?$", "readOnly": True})
class MaybeAmountField(AmountField):
    """null: not known, which is not zero."""

    def __init__(self, **named: Any) -> None:
        super().__init__(allow_null=True, **named)


class InstantField(serializers.DateTimeField):
    """UTC, ISO 8601, whatever time zone the caller's account has."""

    def __init__(self, **named: Any) -> None:
        super().__init__(default_timezone=UTC, **named)


@extend_schema_field(
    {
        "type": "string",
        "description": "A day (UTC, both ends included) or a moment with its offset.",
        "examples": ["2026-11-21", "2026-11-21T12:00:00Z"],
    }
)
class MomentField(serializers.Field[datetime, str, str, Any]):
    """A day or an aware moment. `ends=True`: a day means up to its end."""

    default_error_messages = {
        "invalid": _("A day such as 2026-11-21 or a moment such as 2026-11-21T12:00:00Z."),
        "naive": _("A moment needs its offset from UTC, such as Z or +02:00."),
    }

    def __init__(self, *, ends: bool = False, **named: Any) -> None:
        self.ends = ends
        super().__init__(required=False, **named)

    def to_internal_value(self, data: str) -> datetime:
        moment = self._read(str(data))
        if moment is None:
            raise serializers.ValidationError(self.error_messages["invalid"], code="invalid")
        if moment.tzinfo is None:
            raise serializers.ValidationError(self.error_messages["naive"], code="naive")
        return moment

    def _read(self, text: str) -> datetime | None:
        try:
            day = parse_date(text)
            if day:
                return self._midnight(day)
            moment = parse_datetime(text)
            return moment.astimezone(UTC) if moment and moment.tzinfo else moment
        except (ValueError, OverflowError):  # 2026-02-31, or a year that no calendar has
            return None

    def _midnight(self, day: date) -> datetime:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return start + timedelta(days=1) if self.ends else start
