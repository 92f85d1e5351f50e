"""What lists may be asked: each name known, each value checked, refusals by field."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.request import Request

from apps.core.domain.errors import InputRefused
from apps.core.paging import LARGEST, Page, page
from apps.trading.api.fields import MomentField
from apps.trading.domain.orders import OrderStatus
from apps.trading.domain.plans import PlanStatus
from apps.trading.selectors import TradeFilter

Row = TypeVar("Row", bound=Model)
LARGEST_ID = 2**63 - 1
VENUE = r"^[a-z0-9][a-z0-9._-]*\Z"
SYMBOL = r"^[A-Z0-9]+/[A-Z0-9]+\Z"


class Query(serializers.Serializer[Any]):
    """The query string of a route. A name that is not listed is refused, not ignored."""

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        query = cls(data=request.query_params)
        unknown = sorted(set(request.query_params) - set(query.fields))
        if unknown:
            sentence = _("There is no such filter.")
            raise InputRefused(details={name: [sentence] for name in unknown})
        query.is_valid(raise_exception=True)
        return dict(query.validated_data)


class NoQuery(Query):
    """Nothing may be asked."""


class PageQuery(Query):
    cursor = serializers.CharField(required=False, max_length=64, help_text="`next_cursor`")
    limit = serializers.IntegerField(default=50, min_value=1, max_value=LARGEST)


class RowFilter(Query):
    """`from` and `to` bound the time; a day is a whole UTC day."""

    venue = serializers.RegexField(
        VENUE,
        required=False,
        max_length=60,
        error_messages={"invalid": gettext_lazy("A venue's code, such as kraken.")},
    )
    symbol = serializers.RegexField(
        SYMBOL,
        required=False,
        max_length=40,
        error_messages={"invalid": gettext_lazy("A pair such as BTC/USDT.")},
    )
    bot = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    side = serializers.ChoiceField(required=False, choices=["buy", "sell"])

    def get_fields(self) -> dict[str, Any]:
        ends = {"from": MomentField(), "to": MomentField(ends=True)}
        return ends | super().get_fields()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "from" in attrs and "to" in attrs and attrs["from"] >= attrs["to"]:
            raise serializers.ValidationError({"to": [_("After `from`, please.")]})
        return attrs


class TradeQuery(RowFilter, PageQuery):
    """Fills, newest booked first."""


class OrderQuery(RowFilter, PageQuery):
    status = serializers.ChoiceField(required=False, choices=[each.value for each in OrderStatus])


class PlanQuery(RowFilter, PageQuery):
    venue = None  # type: ignore[assignment]  # a plan has two venues and both sides
    side = None  # type: ignore[assignment]
    status = serializers.ChoiceField(required=False, choices=[each.value for each in PlanStatus])


def wanted(query: dict[str, Any]) -> TradeFilter:
    return TradeFilter(
        since=query.get("from"),
        until=query.get("to"),
        venue=query.get("venue", ""),
        symbol=query.get("symbol", ""),
        bot_id=query.get("bot"),
        side=query.get("side", ""),
    )


def paged(rows: QuerySet[Row], query: dict[str, Any]) -> Page[Row]:
    return page(rows, cursor=query.get("cursor"), size=query["limit"])
