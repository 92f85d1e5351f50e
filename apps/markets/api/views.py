"""Spreads and instruments for programs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.edges import ActorApi
from apps.markets import selectors
from apps.markets.domain.board import undashed
from apps.markets.domain.errors import PairMissing
from apps.markets.selectors import Board, BoardFilter
from apps.markets.selectors.history import INTERVALS

STATES = ["ok", "stale", "gapped", "thin", "missing"]


class SpreadOutput(serializers.Serializer[object]):
    """Fractions: "0.001500" is 0.15 %. null: not known, and `reason` says why."""

    key = serializers.CharField(help_text="symbol|buying venue|selling venue")
    symbol = serializers.CharField()
    quote = serializers.CharField()
    buy_venue = serializers.CharField()
    sell_venue = serializers.CharField()
    buy_label = serializers.CharField()
    sell_label = serializers.CharField()
    gross = serializers.CharField(allow_null=True)
    fees = serializers.CharField(allow_null=True)
    slippage = serializers.CharField(allow_null=True)
    net = serializers.CharField(allow_null=True)
    quantity = serializers.CharField(allow_null=True, help_text="Base units.")
    notional = serializers.CharField(allow_null=True, help_text="Quote units really walked.")
    age_ms = serializers.IntegerField(allow_null=True)
    at = serializers.IntegerField(allow_null=True, help_text="UTC milliseconds.")
    state = serializers.ChoiceField(choices=STATES)
    reason = serializers.CharField(allow_blank=True)
    simulated = serializers.BooleanField()


class BoardOutput(serializers.Serializer[object]):
    live = serializers.BooleanField(help_text="False: nobody refreshes these figures.")
    written_at = serializers.DateTimeField(allow_null=True)
    age_ms = serializers.IntegerField(allow_null=True)


class SpreadListApi(ActorApi):
    """The board of all venue pairs, the best net first."""

    class Input(serializers.Serializer[object]):
        symbol = serializers.CharField(required=False, max_length=40)
        venue = serializers.CharField(required=False, max_length=60)
        min_net = serializers.DecimalField(
            required=False, max_digits=12, decimal_places=9, help_text="A fraction."
        )

    @extend_schema_serializer(component_name="SpreadListOutput")
    class Output(BoardOutput):
        items = SpreadOutput(many=True)

    @extend_schema(parameters=[Input], responses=Output)
    def get(self, request: Request) -> Response:
        query = self.Input(data=request.query_params)
        query.is_valid(raise_exception=True)
        board = selectors.board_get()
        items = selectors.ranked(board.rows, BoardFilter(**query.validated_data))
        return Response(self.Output(_head(board) | {"items": items}).data)


class SpreadPairApi(ActorApi):
    """One symbol: its rows now, and its best net over time. Raises PairMissing."""

    class Input(serializers.Serializer[object]):
        since = serializers.DateTimeField(required=False)
        interval = serializers.ChoiceField(choices=sorted(INTERVALS), required=False)
        buy_venue = serializers.CharField(required=False, max_length=60)
        sell_venue = serializers.CharField(required=False, max_length=60)

    @extend_schema_serializer(component_name="SpreadPairOutput")
    class Output(BoardOutput):
        class Point(serializers.Serializer[object]):
            at = serializers.IntegerField(help_text="UTC seconds.")
            net = serializers.DecimalField(max_digits=38, decimal_places=18)
            gross = serializers.DecimalField(max_digits=38, decimal_places=18)

        symbol = serializers.CharField()
        items = SpreadOutput(many=True)
        history = Point(many=True)

    @extend_schema(parameters=[Input], responses=Output)
    def get(self, request: Request, base: str, quote: str) -> Response:
        query = self.Input(data=request.query_params)
        query.is_valid(raise_exception=True)
        wanted = query.validated_data
        symbol = known_symbol(f"{base}-{quote}")
        until = timezone.now()
        since: datetime = wanted.get("since") or until - timedelta(hours=1)
        board = selectors.board_get()
        history = selectors.spread_history(
            symbol=symbol,
            since=since,
            until=until,
            step=INTERVALS.get(wanted.get("interval", "")),
            buy_venue=wanted.get("buy_venue"),
            sell_venue=wanted.get("sell_venue"),
        )
        items = selectors.ranked(board.rows, BoardFilter(symbol=symbol))
        answer = {"symbol": symbol, "items": items, "history": history}
        return Response(self.Output(_head(board) | answer).data)


class InstrumentListApi(ActorApi):
    """What venues list. null: the venue does not state it, which is not zero."""

    class Input(serializers.Serializer[object]):
        venue = serializers.CharField(required=False, max_length=60)
        symbol = serializers.CharField(required=False, max_length=40)

    @extend_schema_serializer(component_name="InstrumentListOutput")
    class Output(serializers.Serializer[object]):
        class Item(serializers.Serializer[object]):
            venue = serializers.CharField()
            symbol = serializers.CharField()
            base = serializers.CharField()
            quote = serializers.CharField()
            active = serializers.BooleanField()
            price_step = serializers.DecimalField(38, 18, allow_null=True)
            quantity_step = serializers.DecimalField(38, 18, allow_null=True)
            min_quantity = serializers.DecimalField(38, 18, allow_null=True)
            max_quantity = serializers.DecimalField(38, 18, allow_null=True)
            min_notional = serializers.DecimalField(38, 18, allow_null=True)
            maker_fee = serializers.DecimalField(38, 18, allow_null=True)
            taker_fee = serializers.DecimalField(38, 18, allow_null=True)
            seen_at = serializers.DateTimeField()

        items = Item(many=True)

    @extend_schema(parameters=[Input], responses=Output)
    def get(self, request: Request) -> Response:
        query = self.Input(data=request.query_params)
        query.is_valid(raise_exception=True)
        items = selectors.instrument_list(**query.validated_data)
        return Response(self.Output({"items": items}).data)


def known_symbol(text: str) -> str:
    """BTC-USDT as the symbol that some venue lists. Raises PairMissing."""
    symbol = undashed(text)
    if not selectors.is_symbol_known(symbol):
        raise PairMissing(symbol=symbol)
    return symbol


def _head(board: Board) -> dict[str, Any]:
    return {"live": board.live, "written_at": board.written_at, "age_ms": board.age_ms}
