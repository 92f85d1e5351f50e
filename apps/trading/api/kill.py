"""HALT, CANCEL and FLATTEN for programs."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import ratelimit
from apps.trading.api.fields import InstantField
from apps.trading.api.queries import NoQuery, PageQuery, paged
from apps.trading.api.route import StopApi, TradingApi, checked
from apps.trading.domain.kill import KillCommand, KillOrigin, KillScope
from apps.trading.models import KillRun
from apps.trading.selectors import kill as kill_reads
from apps.trading.services.kill import kill_request

COMMANDS = [KillCommand.HALT.value, KillCommand.CANCEL.value, KillCommand.FLATTEN.value]


class KillInput(serializers.Serializer[Any]):
    command = serializers.ChoiceField(choices=COMMANDS)
    scope = serializers.ChoiceField(
        choices=[each.value for each in KillScope], default=KillScope.WORKSPACE.value
    )
    bot_id = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=200)


class KillStepOutput(serializers.Serializer[Any]):
    at = InstantField()
    code = serializers.CharField()
    params = serializers.DictField(child=serializers.CharField())
    text = serializers.CharField()


class KillOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    scope = serializers.CharField()
    bot_id = serializers.IntegerField(allow_null=True)
    command = serializers.CharField()
    origin = serializers.CharField()
    rule = serializers.CharField()
    reason = serializers.CharField()
    status = serializers.CharField()
    requested_at = InstantField()
    finished_at = InstantField(allow_null=True)
    report_hash = serializers.CharField()


class KillDetailOutput(KillOutput):
    steps = KillStepOutput(many=True)
    report = serializers.JSONField(allow_null=True)


class KillListOutput(serializers.Serializer[Any]):
    items = KillOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


SHOWN = (
    "scope", "bot_id", "command", "origin", "rule", "reason", "status", "requested_at",
    "finished_at", "report_hash",
)  # fmt: skip


def kill_shown(run: KillRun) -> dict[str, Any]:
    return {"id": run.pk, **{name: getattr(run, name) for name in SHOWN}}


class KillListApi(StopApi):
    """Reading is limited like every read; asking to stop is not."""

    @property
    def limit(self) -> ratelimit.Limit:  # type: ignore[override]
        return ratelimit.STOP if self.request.method == "POST" else ratelimit.READ

    @extend_schema(operation_id="kill_list", parameters=[PageQuery], responses=KillListOutput)
    def get(self, request: Request) -> Response:
        found = paged(kill_reads.kill_list(reader=self.actor), PageQuery.read(request))
        items = [kill_shown(run) for run in found.items]
        return Response(KillListOutput({"items": items, "next_cursor": found.next_cursor}).data)

    @extend_schema(
        operation_id="kill_request", request=KillInput, responses={202: KillDetailOutput}
    )
    def post(self, request: Request) -> Response:
        """From this answer on nothing opens. CANCEL and FLATTEN go on: ask for the run again."""
        wanted = checked(KillInput, request)
        run = kill_request(
            actor=self.actor,
            scope=KillScope(wanted["scope"]),
            command=KillCommand(wanted["command"]),
            bot_id=wanted.get("bot_id"),
            origin=KillOrigin.API,
            reason=wanted.get("reason", ""),
            now=timezone.now(),
        )
        return Response(_detail(self.actor, run), status=202)


class KillApi(TradingApi):
    @extend_schema(operation_id="kill_get", responses=KillDetailOutput)
    def get(self, request: Request, run_id: int) -> Response:
        """How far it is; once it is over, its report and the report's SHA-256."""
        NoQuery.read(request)
        return Response(_detail(self.actor, kill_reads.kill_get(reader=self.actor, run_id=run_id)))


def _detail(reader: Any, run: KillRun) -> Any:
    shown = {
        **kill_shown(run),
        "steps": kill_reads.kill_steps(reader=reader, run=run),
        "report": kill_reads.kill_report(reader=reader, run=run),
    }
    return KillDetailOutput(shown).data
