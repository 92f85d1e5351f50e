"""Keys and venues for programs: HTTP in, one service call, HTTP out."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.edges import ActorApi
from apps.core import ratelimit
from apps.venues import registry, selectors, services
from apps.venues.api.shapes import (
    BalancesInput,
    KeyInput,
    KeyListOutput,
    KeyOutput,
    PaperInput,
    TopUpInput,
    VenueListOutput,
)
from apps.venues.domain.errors import VenueUnavailable
from apps.venues.domain.ports import Need, VenueSpec


def checked(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    given = shape(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


class KeyListApi(ActorApi):
    @extend_schema(operation_id="key_list", responses=KeyListOutput)
    def get(self, request: Request) -> Response:
        items = selectors.connection_list(reader=self.actor)
        return Response(KeyListOutput({"items": items}).data)

    @extend_schema(request=KeyInput, responses={201: KeyOutput})
    def post(self, request: Request) -> Response:
        """Store a key sealed, after its venue has told what it may do; else nothing is kept."""
        return self.once(request, lambda: self._added(request))

    def _added(self, request: Request) -> Response:
        ratelimit.take(ratelimit.TRADING, ratelimit.caller(request._request))
        data = checked(KeyInput, request)
        data["need"] = Need(data["need"])
        row = services.connection_add(actor=self.actor, now=timezone.now(), **data)
        return Response(KeyOutput(row).data, status=201)


class KeyApi(ActorApi):
    @extend_schema(responses=KeyOutput)
    def get(self, request: Request, key_id: int) -> Response:
        row = selectors.connection_get(reader=self.actor, connection_id=key_id)
        return Response(KeyOutput(row).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, key_id: int) -> Response:
        services.connection_remove(actor=self.actor, connection_id=key_id, now=timezone.now())
        return Response(status=204)


class KeyTestApi(ActorApi):
    limit = ratelimit.TRADING

    @extend_schema(request=None, responses=KeyOutput)
    def post(self, request: Request, key_id: int) -> Response:
        """Ask the venue again; what was found stands in `status`, `problem` and `rights`."""

        def handle() -> Response:
            row = services.connection_test(
                actor=self.actor, connection_id=key_id, now=timezone.now()
            )
            return Response(KeyOutput(row).data)

        return self.once(request, handle)


class KeyPauseApi(ActorApi):
    @extend_schema(request=None, responses=KeyOutput)
    def post(self, request: Request, key_id: int) -> Response:
        row = services.connection_pause(actor=self.actor, connection_id=key_id, now=timezone.now())
        return Response(KeyOutput(row).data)


class KeyResumeApi(ActorApi):
    @extend_schema(request=None, responses=KeyOutput)
    def post(self, request: Request, key_id: int) -> Response:
        row = services.connection_resume(actor=self.actor, connection_id=key_id, now=timezone.now())
        return Response(KeyOutput(row).data)


class PaperOpenApi(ActorApi):
    limit = ratelimit.TRADING

    @extend_schema(request=PaperInput, responses={201: KeyOutput})
    def post(self, request: Request) -> Response:
        """Open a paper account at a practice venue and connect it."""

        def handle() -> Response:
            row = services.practice_connection_open(
                actor=self.actor, now=timezone.now(), **checked(PaperInput, request)
            )
            return Response(KeyOutput(row).data, status=201)

        return self.once(request, handle)


class PaperTopUpApi(ActorApi):
    limit = ratelimit.TRADING

    @extend_schema(request=TopUpInput, responses={204: None})
    def post(self, request: Request, key_id: int) -> Response:
        def handle() -> Response:
            services.practice_top_up(
                actor=self.actor,
                connection_id=key_id,
                now=timezone.now(),
                **checked(TopUpInput, request),
            )
            return Response(status=204)

        return self.once(request, handle)


class PaperResetApi(ActorApi):
    limit = ratelimit.TRADING

    @extend_schema(request=BalancesInput, responses={204: None})
    def post(self, request: Request, key_id: int) -> Response:
        def handle() -> Response:
            services.practice_reset(
                actor=self.actor,
                connection_id=key_id,
                now=timezone.now(),
                **checked(BalancesInput, request),
            )
            return Response(status=204)

        return self.once(request, handle)


class VenueListApi(ActorApi):
    @extend_schema(responses=VenueListOutput)
    def get(self, request: Request) -> Response:
        """What can be connected: the fields of a key, the rights it needs, how to make one."""
        return Response(VenueListOutput({"items": [*_practice_specs(), *_exchange_specs()]}).data)


def _practice_specs() -> list[VenueSpec]:
    try:
        found = registry.practice_venues()
    except VenueUnavailable:
        return []
    return [registry.adapter_for(instance.code).spec for instance in found]


def _exchange_specs() -> list[VenueSpec]:
    specs = [adapter.spec for adapter in registry.adapter_types().values()]
    return sorted(specs, key=lambda spec: spec.label.lower())
