"""What every trading route starts from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext
from rest_framework import serializers
from rest_framework.request import Request

from apps.accounts.edges import ActorApi
from apps.core import ratelimit


class TradingApi(ActorApi):
    """Reads take a slot of READ; writes one of TRADING, which fails closed."""

    @property
    def limit(self) -> ratelimit.Limit:
        safe = self.request.method in {"GET", "HEAD", "OPTIONS"}
        return ratelimit.READ if safe else ratelimit.TRADING


class StopApi(ActorApi):
    """Routes that end trading: no rate limit may stand in their way, and no key replays them.

    Repeating them is success by itself. An Idempotency-Key is not looked at: an old answer
    must never stand in for a HALT that is meant now.
    """

    limit = ratelimit.STOP


def checked(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The body as the shape says. Names that it does not know are refused."""
    given = shape(data=request.data)
    given.is_valid(raise_exception=True)
    unknown = sorted(set(request.data) - set(given.fields))
    if unknown:
        sentence = gettext("There is no such field.")
        raise serializers.ValidationError({name: [sentence] for name in unknown})
    return dict(given.validated_data)


def midnight(now: datetime) -> datetime:
    """The start of the UTC day: what "today" means to a program."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
