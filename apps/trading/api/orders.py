"""Orders, plans and trades for programs."""

from __future__ import annotations

from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from apps.trading import selectors
from apps.trading.api import shapes
from apps.trading.api.queries import (
    NoQuery,
    OrderQuery,
    PageQuery,
    PlanQuery,
    RowFilter,
    TradeQuery,
    paged,
    wanted,
)
from apps.trading.api.route import TradingApi, checked
from apps.trading.csv_text import csv_lines
from apps.trading.selectors.lists import order_list, order_list_live, plan_list
from apps.trading.services import plan_handle


class OrderListApi(TradingApi):
    """Orders that may still trade, newest first."""

    @extend_schema(
        operation_id="order_list_live", parameters=[PageQuery], responses=shapes.OrderListOutput
    )
    def get(self, request: Request) -> Response:
        found = paged(order_list_live(reader=self.actor), PageQuery.read(request))
        return Response(shapes.OrderListOutput(found).data)


class OrderHistoryApi(TradingApi):
    """Every order by the time it was placed, newest first."""

    @extend_schema(
        operation_id="order_history", parameters=[OrderQuery], responses=shapes.OrderListOutput
    )
    def get(self, request: Request) -> Response:
        query = OrderQuery.read(request)
        rows = order_list(reader=self.actor, wanted=wanted(query), status=query.get("status", ""))
        return Response(shapes.OrderListOutput(paged(rows, query)).data)


class OrderApi(TradingApi):
    @extend_schema(operation_id="order_get", responses=shapes.OrderDetailOutput)
    def get(self, request: Request, order_id: int) -> Response:
        NoQuery.read(request)
        order = selectors.order_get(reader=self.actor, order_id=order_id)
        return Response(shapes.OrderDetailOutput(order).data)


class PlanListApi(TradingApi):
    """Trades of several legs, newest first."""

    @extend_schema(
        operation_id="plan_list", parameters=[PlanQuery], responses=shapes.PlanListOutput
    )
    def get(self, request: Request) -> Response:
        query = PlanQuery.read(request)
        rows = plan_list(reader=self.actor, wanted=wanted(query), status=query.get("status", ""))
        return Response(shapes.PlanListOutput(paged(rows, query)).data)


class PlanApi(TradingApi):
    """A plan with its decided legs, its orders with fills, and what its profit is made of."""

    @extend_schema(operation_id="plan_get", responses=shapes.PlanDetailOutput)
    def get(self, request: Request, plan_id: int) -> Response:
        NoQuery.read(request)
        plan = selectors.plan_get(reader=self.actor, plan_id=plan_id)
        return Response(shapes.PlanDetailOutput(plan).data)


class PlanUnwindApi(TradingApi):
    @extend_schema(
        operation_id="plan_unwind",
        request=shapes.PlanUnwindInput,
        responses=shapes.PlanDetailOutput,
    )
    def post(self, request: Request, plan_id: int) -> Response:
        """Try again to take back what a trade that asks for a person left."""

        def handle() -> Response:
            bound = checked(shapes.PlanUnwindInput, request)["max_loss"]
            plan_handle.plan_unwind(
                actor=self.actor, plan_id=plan_id, max_loss=bound, now=timezone.now()
            )
            plan = selectors.plan_get(reader=self.actor, plan_id=plan_id)
            return Response(shapes.PlanDetailOutput(plan).data)

        return self.once(request, handle)


class PlanAcknowledgeApi(TradingApi):
    @extend_schema(
        operation_id="plan_acknowledge",
        request=shapes.PlanAcknowledgeInput,
        responses=shapes.PlanDetailOutput,
    )
    def post(self, request: Request, plan_id: int) -> Response:
        """Say that what a trade left was taken care of, and how."""

        def handle() -> Response:
            reason = checked(shapes.PlanAcknowledgeInput, request)["reason"]
            plan_handle.plan_acknowledge(
                actor=self.actor, plan_id=plan_id, reason=reason, now=timezone.now()
            )
            plan = selectors.plan_get(reader=self.actor, plan_id=plan_id)
            return Response(shapes.PlanDetailOutput(plan).data)

        return self.once(request, handle)


class TradeListApi(TradingApi):
    """Fills, newest booked first."""

    @extend_schema(
        operation_id="trade_list", parameters=[TradeQuery], responses=shapes.TradeListOutput
    )
    def get(self, request: Request) -> Response:
        query = TradeQuery.read(request)
        found = paged(selectors.trade_list(reader=self.actor, wanted=wanted(query)), query)
        items = selectors.trade_rows(list(found.items))
        answer = {"items": items, "next_cursor": found.next_cursor}
        return Response(shapes.TradeListOutput(answer).data)


class OnlyCsv(BaseContentNegotiation):
    """The answer is CSV and a refusal is the envelope, whatever Accept says."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class TradeCsvApi(TradingApi):
    """Every fill that the filters leave, exact: the rows of the site's CSV."""

    content_negotiation_class = OnlyCsv

    @extend_schema(
        operation_id="trade_csv",
        parameters=[RowFilter],
        responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR)},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        query = RowFilter.read(request)
        fills = selectors.trade_list(reader=self.actor, wanted=wanted(query))
        response = StreamingHttpResponse(
            csv_lines(selectors.trade_csv(fills)), content_type="text/csv; charset=utf-8"
        )
        name = f"cryonel-trades-{timezone.now():%Y-%m-%d}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
