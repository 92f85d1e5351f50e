"""Token sign-in for scripts, and the tokens themselves."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import second_factor, selectors, services
from apps.accounts.domain.errors import SecondFactorNeeded
from apps.accounts.edges import ActorApi
from apps.core import ratelimit

SIGN_IN_LASTS = timedelta(hours=12)


class TokenOutput(serializers.Serializer[object]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)


class NewTokenOutput(TokenOutput):
    token = serializers.CharField(help_text="Shown once.")


class TokenListOutput(serializers.Serializer[object]):
    items = TokenOutput(many=True)


class TokenSignInApi(APIView):
    """Email and password in, a bearer token for twelve hours out."""

    authentication_classes = []
    permission_classes = [AllowAny]
    limit = ratelimit.AUTH

    class Input(serializers.Serializer[object]):
        email = serializers.EmailField()
        password = serializers.CharField(trim_whitespace=False, max_length=200)
        name = serializers.CharField(default="script", max_length=80)
        code = serializers.CharField(
            default="", max_length=20, help_text="Where the account has a second factor."
        )

    @extend_schema(request=Input, responses={201: NewTokenOutput}, auth=[])
    def post(self, request: Request) -> Response:
        data = self.Input(data=request.data)
        data.is_valid(raise_exception=True)
        name, code = data.validated_data.pop("name"), data.validated_data.pop("code")
        user = services.credentials_check(**data.validated_data)
        now = timezone.now()
        if second_factor.is_enrolled(user_id=user.pk):
            if not code:
                raise SecondFactorNeeded
            actor = selectors.actor_get(user_id=user.pk)
            second_factor.second_factor_check(actor=actor, code=code, now=now)
        actor = services.sign_in_record(user=user, method="token", now=now)
        token, clear = services.api_token_create(
            actor=actor, name=name, now=now, lasts=SIGN_IN_LASTS
        )
        token.token = clear  # type: ignore[attr-defined]
        return Response(NewTokenOutput(token).data, status=201)


class TokenListApi(ActorApi):
    @extend_schema(responses=TokenListOutput)
    def get(self, request: Request) -> Response:
        items = selectors.api_token_list(reader=self.actor)
        return Response(TokenListOutput({"items": items}).data)


class TokenRevokeApi(ActorApi):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, token_id: int) -> Response:
        services.api_token_revoke(actor=self.actor, token_id=token_id, now=timezone.now())
        return Response(status=204)
