"""Expected beside realized, and paper beside live, for programs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.trading.api.fields import AmountField, InstantField, MaybeAmountField
from apps.trading.api.queries import NoQuery
from apps.trading.api.route import TradingApi
from apps.trading.selectors.drift import ENOUGH, bot_drift, drift_pairs

Shape = serializers.Serializer[Any]


class BotDriftOutput(Shape):
    """Means over trades, as fractions of what a trade was worth. null: nothing was measured."""

    bot_id = serializers.IntegerField()
    name = serializers.CharField()
    mode = serializers.CharField()
    plans = serializers.IntegerField(help_text="Closed, and let through by the gate.")
    done = serializers.IntegerField()
    trades = serializers.IntegerField(help_text="Plans that filled something.")
    enough = serializers.BooleanField(help_text=f"At least {ENOUGH} trades.")
    fill_rate = MaybeAmountField()
    expected_net = MaybeAmountField()
    realized_net = MaybeAmountField()
    shortfall = MaybeAmountField(help_text="expected_net - realized_net")
    slippage = MaybeAmountField(help_text="Against the prices it was decided on.")
    fees = MaybeAmountField()
    quote = serializers.CharField(help_text="Of the two sums: the asset traded most.")
    expected_sum = AmountField()
    realized_sum = AmountField()
    tick_to_order_us = serializers.IntegerField(allow_null=True, help_text="Median.")
    round_trip_us = serializers.IntegerField(allow_null=True, help_text="Median.")


class DriftPairOutput(Shape):
    since = InstantField(help_text="When the younger of the two was made.")
    enough = serializers.BooleanField()
    paper = BotDriftOutput()
    live = BotDriftOutput()


class DriftOutput(Shape):
    own = BotDriftOutput()
    pairs = DriftPairOutput(many=True)


class BotDriftApi(TradingApi):
    @extend_schema(operation_id="bot_drift", responses=DriftOutput)
    def get(self, request: Request, bot_id: int) -> Response:
        """What was expected and what came of it; beside its paper or live counterpart."""
        NoQuery.read(request)
        own = bot_drift(reader=self.actor, bot_id=bot_id)
        pairs = drift_pairs(reader=self.actor, bot_id=bot_id)
        return Response(DriftOutput({"own": own, "pairs": pairs}).data)
