"""Limits and the gate's answers, for programs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.domain.errors import InputRefused
from apps.trading.api.fields import AmountField, InstantField, MaybeAmountField
from apps.trading.api.queries import NoQuery, PageQuery, paged
from apps.trading.api.route import TradingApi
from apps.trading.domain.policies import LIMITS
from apps.trading.selectors import policies as reads
from apps.trading.selectors import risk_page
from apps.trading.selectors.policies import LimitLine
from apps.trading.services import policies


class LimitOutput(serializers.Serializer[Any]):
    """Money in US dollars, fractions as fractions, seconds or counts: as `kind` says."""

    name = serializers.CharField()
    kind = serializers.CharField()
    value = MaybeAmountField(help_text="In force; null: no limit")
    scope = serializers.CharField(help_text="Who set it: PLATFORM, PLAN, WORKSPACE")
    own = MaybeAmountField(help_text="Your own; null: you set none")
    cap = MaybeAmountField(help_text="The loosest that you may set; null: any")
    used = MaybeAmountField(help_text="What stands against it; null: judged per order, or unknown")


class LimitListOutput(serializers.Serializer[Any]):
    items = LimitOutput(many=True)


class LimitsInput(serializers.Serializer[Any]):
    """One field per limit, as text or null (no limit of your own); and `confirm`."""

    confirm = serializers.BooleanField(
        default=False, help_text="Needed where a limit becomes looser"
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        found = super().get_fields()
        for spec in LIMITS:
            found[spec.name] = serializers.DecimalField(
                max_digits=38, decimal_places=18, required=False, allow_null=True
            )
        return found


class RuleOutput(serializers.Serializer[Any]):
    rule = serializers.CharField()
    verdict = serializers.ChoiceField(choices=["PASSED", "NOTED", "REFUSED"])
    code = serializers.CharField()
    text = serializers.CharField()
    actual = serializers.CharField()
    limit = serializers.CharField()
    scope = serializers.CharField()


class RiskDecisionOutput(serializers.Serializer[Any]):
    """The gate's answer to one order or plan, with what every rule compared (of refusals)."""

    id = serializers.IntegerField(source="pk")
    at = InstantField()
    allowed = serializers.BooleanField()
    kind = serializers.ChoiceField(choices=["ORDER", "PLAN"])
    subject_id = serializers.IntegerField()
    bot_id = serializers.IntegerField(allow_null=True)
    symbol = serializers.CharField()
    side = serializers.CharField()
    quantity = AmountField()
    rule = serializers.CharField()
    code = serializers.CharField()
    text = serializers.CharField()
    scope = serializers.CharField()
    rules = RuleOutput(many=True)


class RiskDecisionListOutput(serializers.Serializer[Any]):
    items = RiskDecisionOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class RiskDecisionQuery(PageQuery):
    refused = serializers.BooleanField(default=True, help_text="Refusals only")


class RiskLimitsApi(TradingApi):
    """What binds your workspace's orders, who set it, and how much of it is used."""

    @extend_schema(operation_id="risk_limits", responses=LimitListOutput)
    def get(self, request: Request) -> Response:
        NoQuery.read(request)
        return self._answer()

    @extend_schema(operation_id="risk_limits_set", request=LimitsInput, responses=LimitListOutput)
    def patch(self, request: Request) -> Response:
        """Set your own limits, stricter than what stands above them. Names left out stay."""
        values, confirmed = _given(request)
        policies.limits_set(
            actor=self.actor, values=values, confirmed=confirmed, now=timezone.now()
        )
        return self._answer()

    def _answer(self) -> Response:
        now = timezone.now()
        figures = reads.figures_now(reader=self.actor, now=now)
        lines = reads.limit_lines(reader=self.actor, figures=figures, now=now)
        return Response(LimitListOutput({"items": [_shown(line) for line in lines]}).data)


def _given(request: Request) -> tuple[dict[str, Decimal | None], bool]:
    shape = LimitsInput(data=request.data)
    unknown = sorted(set(request.data) - set(shape.fields))
    if unknown:
        sentence = _("There is no such limit.")
        raise InputRefused(details={name: [sentence] for name in unknown})
    shape.is_valid(raise_exception=True)
    values = dict(shape.validated_data)
    return values, bool(values.pop("confirm", False))


def _shown(line: LimitLine) -> dict[str, Any]:
    return {
        "name": line.spec.name,
        "kind": line.spec.kind.value,
        "value": line.value,
        "scope": line.scope,
        "own": line.own,
        "cap": line.cap,
        "used": line.used,
    }


class RiskDecisionListApi(TradingApi):
    @extend_schema(
        operation_id="risk_decision_list",
        parameters=[RiskDecisionQuery],
        responses=RiskDecisionListOutput,
    )
    def get(self, request: Request) -> Response:
        query = RiskDecisionQuery.read(request)
        wanted = reads.refusal_list if query.pop("refused") else reads.decision_rows_all
        found = paged(wanted(reader=self.actor), query)
        items = risk_page.answer_rows(list(found.items))
        answer = {"items": items, "next_cursor": found.next_cursor}
        return Response(RiskDecisionListOutput(answer).data)


class RiskDecisionApi(TradingApi):
    @extend_schema(operation_id="risk_decision_get", responses=RiskDecisionOutput)
    def get(self, request: Request, decision_id: int) -> Response:
        """Why an order was refused: every rule with its figures."""
        NoQuery.read(request)
        row = reads.risk_decision_get(reader=self.actor, decision_id=decision_id)
        return Response(RiskDecisionOutput(risk_page.answer_row(row)).data)
