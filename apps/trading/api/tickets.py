"""Orders placed, cancelled and grouped by programs."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import api
from apps.trading import selectors
from apps.trading.api import shapes
from apps.trading.api.fields import AmountField, InstantField, MaybeAmountField
from apps.trading.api.orders import OrderApi, OrderListApi
from apps.trading.api.queries import SYMBOL, NoQuery, PageQuery, paged
from apps.trading.api.route import StopApi, TradingApi, checked
from apps.trading.domain import tickets
from apps.trading.domain.decisions import text_of
from apps.trading.domain.errors import (
    IdempotencyKeyMissing,
    OrderFieldsWrong,
    RiskLimitBreached,
)
from apps.trading.domain.groups import GroupKind, GroupStatus
from apps.trading.domain.orders import MAX_SLIPPAGE, OrderOrigin
from apps.trading.domain.tickets import Ticket, TicketKind, Wish
from apps.trading.selectors import order_pages
from apps.trading.services import order_groups, order_place, ticket_place
from apps.venues.domain.ports import Side, TimeInForce

Shape = serializers.Serializer[Any]
KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    required=True,
    description="Of your own making, at most 100 characters. A repeat gets the first answer.",
)


def positive(**named: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=38, decimal_places=18, required=False, **named)


class TakeProfitInput(Shape):
    limit_price = positive(help_text="Quote per base.")


class StopLossInput(Shape):
    """Either trigger_price (with limit_price: a stop-limit) or trail."""

    trigger_price = positive()
    limit_price = positive()
    trail = positive(help_text="Fraction of the best price: 0.02 is 2 %.")


class OrderInput(Shape):
    connection_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    symbol = serializers.RegexField(SYMBOL, max_length=40)
    side = serializers.ChoiceField(choices=["buy", "sell"])
    type = serializers.ChoiceField(choices=[each.value for each in TicketKind])
    quantity = positive(help_text="Base units. Either this or `spend`.")
    spend = positive(help_text="Quote units, the fee included; becomes base at the worst price.")
    limit_price = positive()
    trigger_price = positive()
    trail = positive(help_text="Fraction, for trailing_stop.")
    time_in_force = serializers.ChoiceField(
        choices=[each.value for each in TimeInForce], required=False, help_text="PO: post only."
    )
    expires_at = serializers.DateTimeField(required=False, help_text="With GTD.")
    reduce_only = serializers.BooleanField(default=False)
    max_slippage = positive(
        help_text="Fraction that an order without a limit may go from the price; default 0.005."
    )
    take_profit = TakeProfitInput(required=False)
    stop_loss = StopLossInput(required=False)
    slices = serializers.IntegerField(required=False, help_text="For twap.")
    interval = serializers.IntegerField(required=False, help_text="Seconds between two slices.")


class AmendInput(Shape):
    """What is left out stays. quantity is the whole size, what is filled already included."""

    quantity = positive()
    limit_price = positive()


class GroupOutput(Shape):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=[each.value for each in GroupKind])
    status = serializers.ChoiceField(
        source="status_code", choices=[each.value for each in GroupStatus]
    )
    reason = serializers.CharField(allow_blank=True)
    connection_id = serializers.IntegerField()
    symbol = serializers.CharField()
    side = serializers.ChoiceField(choices=["buy", "sell"])
    quantity = AmountField()
    next_at = InstantField(allow_null=True)
    created_at = InstantField()
    closed_at = InstantField(allow_null=True)
    orders = shapes.OrderOutput(many=True)


class GroupListOutput(shapes.Listed):
    items = GroupOutput(many=True)


class PlacedOutput(Shape):
    order = shapes.OrderOutput(allow_null=True, help_text="null: a group was placed.")
    group = GroupOutput(allow_null=True, help_text="null: a single order was placed.")
    bound = MaybeAmountField(help_text="The worst price that an order without a limit takes.")


def ticket_of(data: dict[str, Any]) -> Ticket:
    kind = TicketKind(data["type"])
    profit, stop = data.get("take_profit") or {}, data.get("stop_loss") or {}
    interval = data.get("interval")
    time_in_force = data.get("time_in_force")
    return Ticket(
        symbol=data["symbol"],
        kind=kind,
        wish=Wish(
            connection_id=data["connection_id"],
            side=Side(data["side"]),
            kind=tickets.order_kind(kind, limited=data.get("limit_price") is not None),
            quantity=data.get("quantity"),
            spend=data.get("spend"),
            limit_price=data.get("limit_price"),
            trigger_price=data.get("trigger_price"),
            trail=data.get("trail"),
            time_in_force=TimeInForce(time_in_force) if time_in_force else None,
            expires_at=data.get("expires_at"),
            reduce_only=data["reduce_only"],
            max_slippage=data.get("max_slippage", MAX_SLIPPAGE),
            origin=OrderOrigin.MANUAL,
        ),
        profit_price=profit.get("limit_price"),
        stop_trigger=stop.get("trigger_price"),
        stop_limit=stop.get("limit_price"),
        stop_trail=stop.get("trail"),
        slices=data.get("slices"),
        interval=None if interval is None else timedelta(seconds=interval),
    )


def in_words(error: OrderFieldsWrong) -> OrderFieldsWrong:
    """With its sentences in the caller's language."""
    found = {field: [_(each) for each in texts] for field, texts in error.details.items()}
    return OrderFieldsWrong(details=found)


class OrdersApi(OrderListApi):
    """GET lists orders that may still trade; POST places one."""

    @extend_schema(
        operation_id="order_place",
        parameters=[KEY],
        request=OrderInput,
        responses={202: PlacedOutput},
    )
    def post(self, request: Request) -> Response:
        """An order, a bracket (`take_profit`, `stop_loss`), an `oco` or a `twap`.

        422 RSK-0401: the gate refused; the refusal is stored with its reason and nothing was sent.
        """
        if not request.headers.get("Idempotency-Key"):
            raise IdempotencyKeyMissing
        return self.once(request, lambda: self._placed(request))

    def _placed(self, request: Request) -> Response:
        data = checked(OrderInput, request)
        try:
            placed = ticket_place.ticket_place(
                actor=self.actor, ticket=ticket_of(data), now=timezone.now()
            )
        except OrderFieldsWrong as e:
            raise in_words(e) from None
        if placed.group is not None or placed.order is None:
            return self._group(request, placed.group.pk if placed.group else 0)
        order = selectors.order_get(reader=self.actor, order_id=placed.order.pk)
        if placed.denied:
            return refused(request, order)
        answer = {"order": order, "group": None, "bound": bound_of(order)}
        return Response(PlacedOutput(answer).data, status=202)

    def _group(self, request: Request, group_id: int) -> Response:
        group = order_pages.group_get(reader=self.actor, group_id=group_id)
        if group.status == "DENIED":
            return refused(request, group.orders.all()[0])
        answer = {"order": None, "group": shown(group), "bound": None}
        return Response(PlacedOutput(answer).data, status=202)


def bound_of(order: Any) -> Decimal | None:
    limit: Decimal | None = order.limit_price if order.max_slippage is not None else None
    return limit


def refused(request: Request, order: Any) -> Response:
    """Told after it was stored, and told again to a repeat of the request."""
    decision = order.decision
    error = RiskLimitBreached(
        rule=decision.rule,
        reason=text_of(decision.code, decision.params),
        details={"code": decision.code, "order_id": order.pk},
    )
    body = api.envelope(error, request_id=getattr(request, "request_id", ""))
    return Response(body, status=error.status)


def shown(group: Any) -> Any:
    group.status_code = group.status
    return group


class OrderOneApi(OrderApi):
    """One order; DELETE cancels it, PATCH replaces it."""

    @extend_schema(operation_id="order_cancel", request=None, responses=shapes.OrderOutput)
    def delete(self, request: Request, order_id: int) -> Response:
        """What was not sent ends now; what the venue has is asked for until it is final."""
        return cancelled(self, order_id)

    @extend_schema(
        operation_id="order_amend",
        parameters=[KEY],
        request=AmendInput,
        responses={202: GroupOutput},
    )
    def patch(self, request: Request, order_id: int) -> Response:
        """Cancel, wait for the end, place the rest anew: never both over the wanted size."""
        if not request.headers.get("Idempotency-Key"):
            raise IdempotencyKeyMissing
        return self.once(request, lambda: self._amended(request, order_id))

    def _amended(self, request: Request, order_id: int) -> Response:
        data = checked(AmendInput, request)
        order = selectors.order_get(reader=self.actor, order_id=order_id)
        group = order_groups.order_amend(
            actor=self.actor,
            order=order,
            intent=order_pages.intent_again(order, **data),
            now=timezone.now(),
        )
        found = order_pages.group_get(reader=self.actor, group_id=group.pk)
        return Response(GroupOutput(shown(found)).data, status=202)


class OrderCancelApi(StopApi):
    """The same as DELETE, for programs that cannot send it. No rate limit stands in its way."""

    @extend_schema(operation_id="order_cancel_post", request=None, responses=shapes.OrderOutput)
    def post(self, request: Request, order_id: int) -> Response:
        return cancelled(self, order_id)


def cancelled(view: Any, order_id: int) -> Response:
    order_place.order_cancel(actor=view.actor, order_id=order_id, reason="USER", now=timezone.now())
    order = selectors.order_get(reader=view.actor, order_id=order_id)
    return Response(shapes.OrderOutput(order).data)


class OrderGroupListApi(TradingApi):
    """Brackets, OCOs, slices and replaced orders, newest first."""

    @extend_schema(
        operation_id="order_group_list", parameters=[PageQuery], responses=GroupListOutput
    )
    def get(self, request: Request) -> Response:
        found = paged(order_pages.group_rows(reader=self.actor), PageQuery.read(request))
        items = [shown(group) for group in found.items]
        answer = {"items": items, "next_cursor": found.next_cursor}
        return Response(GroupListOutput(answer).data)


class OrderGroupApi(TradingApi):
    @extend_schema(operation_id="order_group_get", responses=GroupOutput)
    def get(self, request: Request, group_id: int) -> Response:
        NoQuery.read(request)
        group = order_pages.group_get(reader=self.actor, group_id=group_id)
        return Response(GroupOutput(shown(group)).data)


class OrderGroupCancelApi(StopApi):
    @extend_schema(operation_id="order_group_cancel", request=None, responses=GroupOutput)
    def post(self, request: Request, group_id: int) -> Response:
        """All of its orders are to end. What was bought stays, without its exits."""
        order_groups.order_group_cancel(actor=self.actor, group_id=group_id, now=timezone.now())
        group = order_pages.group_get(reader=self.actor, group_id=group_id)
        return Response(GroupOutput(shown(group)).data)
