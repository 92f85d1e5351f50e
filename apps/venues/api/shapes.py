"""Shapes of the keys and venues API. No output has a place for a secret."""

from __future__ import annotations

from decimal import Decimal

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.venues import registry, selectors
from apps.venues.domain.connections import LONGEST_CREDENTIAL
from apps.venues.domain.ports import KeyRights, Need, VenueSpec
from apps.venues.models import Connection

NEEDS = [need.value for need in Need]


class RightsOutput(serializers.Serializer[KeyRights]):
    """null: the venue does not say."""

    proof = serializers.CharField(help_text="PROBE, STRUCTURAL or NONE")
    can_read = serializers.BooleanField(allow_null=True)
    can_trade = serializers.BooleanField(allow_null=True)
    can_withdraw = serializers.BooleanField(allow_null=True)
    ip_restricted = serializers.BooleanField(allow_null=True)
    ip_allow_list = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField(allow_null=True)


class ProblemOutput(serializers.Serializer[object]):
    code = serializers.CharField()
    message = serializers.CharField()


class KeyOutput(serializers.Serializer[Connection]):
    id = serializers.IntegerField()
    venue = serializers.CharField()
    venue_label = serializers.SerializerMethodField()
    label = serializers.CharField()  # type: ignore[assignment]
    mode = serializers.CharField(help_text="PAPER, TESTNET or LIVE")
    need = serializers.CharField(help_text="VIEW or TRADE")
    key_hint = serializers.CharField(help_text="the key's last characters")
    status = serializers.CharField(help_text="ACTIVE, PAUSED or BROKEN")
    problem = serializers.SerializerMethodField()
    rights = serializers.SerializerMethodField()
    rights_checked_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    def get_venue_label(self, row: Connection) -> str:
        return registry.venue_label(row.venue)

    @extend_schema_field(ProblemOutput(allow_null=True))
    def get_problem(self, row: Connection) -> ProblemOutput | None:
        problem = selectors.connection_problem(row)
        return ProblemOutput(problem).data if problem else None  # type: ignore[return-value]

    @extend_schema_field(RightsOutput(allow_null=True))
    def get_rights(self, row: Connection) -> RightsOutput | None:
        rights = selectors.connection_rights(row)
        return RightsOutput(rights).data if rights else None  # type: ignore[return-value]


class KeyListOutput(serializers.Serializer[object]):
    items = KeyOutput(many=True)


class KeyInput(serializers.Serializer[object]):
    venue = serializers.CharField(max_length=60)
    label = serializers.CharField(max_length=80, required=False, default="")  # type: ignore[assignment]
    need = serializers.ChoiceField(choices=NEEDS, default=Need.VIEW.value)
    credentials = serializers.DictField(
        child=serializers.CharField(max_length=LONGEST_CREDENTIAL, trim_whitespace=True),
        write_only=True,
        help_text="by the field names that GET /venues lists",
    )


class AmountField(serializers.DecimalField):
    def __init__(self, **named: object) -> None:
        super().__init__(21, 8, min_value=Decimal(0), max_value=Decimal(10) ** 12, **named)  # type: ignore[arg-type]


class BalancesInput(serializers.Serializer[object]):
    balances = serializers.DictField(child=AmountField(), required=False, default=dict)


class PaperInput(BalancesInput):
    venue = serializers.CharField(max_length=60, help_text="practice.<instance>")
    label = serializers.CharField(max_length=80, required=False, default="")  # type: ignore[assignment]
    ref = serializers.CharField(
        max_length=80,
        required=False,
        default="",
        help_text="the same ref gives the same account back",
    )


class TopUpInput(serializers.Serializer[object]):
    asset = serializers.CharField(max_length=20)
    amount = serializers.DecimalField(21, 8, min_value=Decimal("0.00000001"))


class CredentialFieldOutput(serializers.Serializer[object]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    secret = serializers.BooleanField()
    required = serializers.BooleanField()  # type: ignore[assignment]
    help = serializers.CharField()


class VenueOutput(serializers.Serializer[VenueSpec]):
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.CharField(help_text="EXCHANGE or PRACTICE")
    simulated = serializers.SerializerMethodField()
    capabilities = serializers.SerializerMethodField()
    credential_fields = CredentialFieldOutput(many=True)
    rights_proof = serializers.CharField(help_text="PROBE, STRUCTURAL or NONE")
    needed_rights = serializers.ListField(child=serializers.CharField())
    key_page = serializers.CharField()
    key_steps = serializers.ListField(child=serializers.CharField())

    def get_simulated(self, spec: VenueSpec) -> bool:
        return registry.is_simulated(spec.code)

    def get_capabilities(self, spec: VenueSpec) -> list[str]:
        return sorted(spec.capabilities)


class VenueListOutput(serializers.Serializer[object]):
    items = VenueOutput(many=True)
