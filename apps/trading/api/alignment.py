"""Whether a key's orders and balances agree with its venue, for programs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.trading.api.fields import InstantField
from apps.trading.api.queries import NoQuery
from apps.trading.api.route import TradingApi
from apps.trading.domain.alignment import AlignmentStatus
from apps.trading.selectors.alignment_shown import alignment_get


class FoundOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    params = serializers.DictField(child=serializers.CharField())
    text = serializers.CharField(help_text="The sentence, in the language asked for.")
    advice = serializers.CharField(allow_blank=True, help_text="What there is to do.")
    at = InstantField(allow_null=True, help_text="null: at the last comparison.")


class AlignmentOutput(serializers.Serializer[Any]):
    key_id = serializers.IntegerField(source="connection_id")
    status = serializers.ChoiceField(
        choices=[each.value for each in AlignmentStatus],
        help_text="Nothing opens on a key that is not ALIGNED.",
    )
    checked_at = InstantField(allow_null=True, help_text="The last comparison answered in full.")
    aligned_at = InstantField(allow_null=True, help_text="The last one that agreed.")
    problems = FoundOutput(many=True)
    notes = FoundOutput(many=True, help_text="What was found and settled, newest first.")


class KeyAlignmentApi(TradingApi):
    @extend_schema(operation_id="key_alignment", responses=AlignmentOutput)
    def get(self, request: Request, key_id: int) -> Response:
        NoQuery.read(request)
        return Response(
            AlignmentOutput(alignment_get(reader=self.actor, connection_id=key_id)).data
        )


class KeyReconcileApi(TradingApi):
    @extend_schema(operation_id="key_reconcile", request=None, responses={202: AlignmentOutput})
    def post(self, request: Request, key_id: int) -> Response:
        """Have the venue asked now. The answer is the state before; ask for it again shortly."""
        before = alignment_get(reader=self.actor, connection_id=key_id)
        from apps.trading.tasks_sync import connection_reconcile

        connection_reconcile.delay(workspace_id=self.actor.workspace_id, connection_id=key_id)
        return Response(AlignmentOutput(before).data, status=202)
