"""Real money and copies of bots for programs. A token alone unlocks nothing: the code is asked."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.edges import ActorApi
from apps.core import ratelimit
from apps.trading.api import shapes
from apps.trading.api.bots import OneBot
from apps.trading.api.fields import InstantField
from apps.trading.api.queries import NoQuery
from apps.trading.api.route import TradingApi, checked
from apps.trading.domain.live import CONDITIONS
from apps.trading.selectors.live import conditions_of, live_state, target_of
from apps.trading.services.bot_copy import bot_copy
from apps.trading.services.live import live_lock, live_unlock
from apps.venues.domain.connections import Mode

Shape = serializers.Serializer[Any]


class LiveConditionOutput(Shape):
    code = serializers.CharField()
    met = serializers.BooleanField()
    connection_id = serializers.IntegerField(allow_null=True)
    text = serializers.CharField(help_text="In the caller's language.")


class LiveOutput(Shape):
    unlocked = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True, help_text="Why it is locked, as a code.")
    since = InstantField(allow_null=True, help_text="Of the unlock, or of its end.")
    limits = serializers.DictField(
        child=serializers.CharField(), help_text="Loosening one of them locks it."
    )
    conditions = LiveConditionOutput(many=True)


class LiveInput(Shape):
    typed_name = serializers.CharField(max_length=80, help_text="The bot's or key's own name.")
    code = serializers.CharField(max_length=20, help_text="Of the second factor, shown now.")


class BotCopyInput(Shape):
    name = serializers.CharField(max_length=80)
    mode = serializers.ChoiceField(choices=[Mode.PAPER.value, Mode.LIVE.value])
    connection_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), max_length=50
    )


class LiveApi(ActorApi):
    """GET, POST and DELETE for one target; `named` says which. Locking is never rate limited."""

    @property
    def limit(self) -> ratelimit.Limit:
        if self.request.method == "DELETE":
            return ratelimit.STOP
        safe = self.request.method in {"GET", "HEAD", "OPTIONS"}
        return ratelimit.READ if safe else ratelimit.TRADING

    def shown(self, status: int = 200, **named: Any) -> Response:
        target = target_of(reader=self.actor, **({"bot_id": None, "connection_id": None} | named))
        state = live_state(target, self.actor.workspace_id)
        conditions = [
            {
                "code": each.code,
                "met": each.met,
                "connection_id": each.params.get("connection_id"),
                "text": gettext(CONDITIONS[each.code]).format(**each.params),
            }
            for each in conditions_of(self.actor, target)
        ]
        answer = {
            "unlocked": state.unlocked,
            "reason": state.fault,
            "since": state.at,
            "limits": state.limits,
            "conditions": conditions,
        }
        return Response(LiveOutput(answer).data, status=status)

    def unlock(self, request: Request, **named: Any) -> Response:
        data = checked(LiveInput, request)
        live_unlock(actor=self.actor, now=timezone.now(), **data, **named)
        return self.shown(status=201, **named)

    def lock(self, **named: Any) -> Response:
        live_lock(actor=self.actor, now=timezone.now(), **named)
        return Response(status=204)


class BotLiveApi(LiveApi):
    @extend_schema(operation_id="bot_live", responses=LiveOutput)
    def get(self, request: Request, bot_id: int) -> Response:
        """Whether this bot may trade real money, and what must hold for that."""
        NoQuery.read(request)
        return self.shown(bot_id=bot_id)

    @extend_schema(operation_id="bot_live_unlock", request=LiveInput, responses={201: LiveOutput})
    def post(self, request: Request, bot_id: int) -> Response:
        """Let a stopped bot trade real money, as it is now. Any change of it locks it again."""
        return self.unlock(request, bot_id=bot_id)

    @extend_schema(operation_id="bot_live_lock", request=None, responses={204: None})
    def delete(self, request: Request, bot_id: int) -> Response:
        """Lock and stop it. Locking twice is success."""
        return self.lock(bot_id=bot_id)


class KeyLiveApi(LiveApi):
    @extend_schema(operation_id="key_live", responses=LiveOutput)
    def get(self, request: Request, key_id: int) -> Response:
        """Whether orders by hand may trade real money with this key."""
        NoQuery.read(request)
        return self.shown(connection_id=key_id)

    @extend_schema(operation_id="key_live_unlock", request=LiveInput, responses={201: LiveOutput})
    def post(self, request: Request, key_id: int) -> Response:
        """Let orders by hand trade real money with this key."""
        return self.unlock(request, connection_id=key_id)

    @extend_schema(operation_id="key_live_lock", request=None, responses={204: None})
    def delete(self, request: Request, key_id: int) -> Response:
        """Lock it. Locking twice is success."""
        return self.lock(connection_id=key_id)


class BotCopyApi(OneBot, TradingApi):
    @extend_schema(operation_id="bot_copy", request=BotCopyInput, responses={201: shapes.BotOutput})
    def post(self, request: Request, bot_id: int) -> Response:
        """A stopped copy with the same settings and limits, on other connections."""
        return self.once(request, lambda: self._copied(request, bot_id))

    def _copied(self, request: Request, bot_id: int) -> Response:
        data = checked(BotCopyInput, request)
        made = bot_copy(actor=self.actor, bot_id=bot_id, now=timezone.now(), **data)
        return self.shown(made.pk, status=201)
