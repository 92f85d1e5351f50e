"""What staff see of trading. Only the platform's caps are changed here, through their service."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils import timezone
from django.utils.translation import gettext

from apps.accounts.web.staff import site
from apps.core.domain.money import plain
from apps.trading.domain.errors import LimitsWrong
from apps.trading.domain.policies import SPECS, Scope
from apps.trading.models import (
    ConnectionAlignment,
    KillRun,
    LiveUnlock,
    OrderAnomaly,
    RiskDecision,
    RiskPolicy,
)
from apps.trading.services.policies import caps_set, require_sound

__all__ = ["site"]  # with the pages of this app in it

if TYPE_CHECKING:  # generic for mypy alone
    RowsAdmin = admin.ModelAdmin[Any]
    PolicyForm = forms.ModelForm[RiskPolicy]
else:
    RowsAdmin, PolicyForm = admin.ModelAdmin, forms.ModelForm


class Looked(RowsAdmin):
    """Rows to look at: none is added, changed or deleted."""

    actions = None
    list_per_page = 50
    show_full_result_count = False
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)

    def get_urls(self) -> list[URLPattern]:
        """The list, one row, its history; what adds, deletes or redirects has no address."""
        served = ("_changelist", "_change", "_history")
        return [each for each in super().get_urls() if str(each.name or "").endswith(served)]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True  # the site let them in

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class CapsForm(PolicyForm):
    """The caps as plain figures; what the service would refuse is said at its field."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        for name, spec in SPECS.items():
            value = getattr(self.instance, name)
            self.initial[name] = None if value is None else plain(value)
            if name in self.fields:
                field = self.fields[name]
                field.label, field.help_text = gettext(spec.label), gettext(spec.help)
                field.required = False  # empty: no such cap
                field.widget = forms.TextInput(attrs={"inputmode": "decimal"})

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        try:
            require_sound({name: given.get(name) for name in SPECS if name in given}, {})
        except LimitsWrong as e:
            for name, sentences in e.details.items():
                for sentence in sentences:
                    self.add_error(name, gettext(sentence))
        return given


@admin.register(RiskPolicy, site=site)
class PlatformCaps(Looked):
    """Caps of the platform (to be changed) and of the plans (to look at)."""

    form = CapsForm
    list_display = ("scope", "plan_code", "max_order_value", "daily_loss", "changed_at")
    readonly_fields = ("scope", "plan_code", "changed_at", "changed_by")
    fields: ClassVar[list[Any]] = ["scope", "plan_code", *SPECS, "changed_at", "changed_by"]
    ordering: ClassVar[tuple[str, ...]] = ("scope", "plan_code")

    def get_queryset(self, request: HttpRequest) -> QuerySet[RiskPolicy]:
        """People's own limits are theirs."""
        rows = super().get_queryset(request)
        return rows.filter(scope__in=[Scope.PLATFORM, Scope.PLAN])

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return obj is None or getattr(obj, "scope", "") == Scope.PLATFORM

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        values: dict[str, Decimal | None] = {name: form.cleaned_data[name] for name in SPECS}
        actor: Any = request
        caps_set(actor=actor.actor, values=values, now=timezone.now())

    def save_related(self, request: Any, form: Any, formsets: Any, change: Any) -> None:
        """There is none; the form itself stores nothing, the service did."""


@admin.register(KillRun, site=site)
class StopCommands(Looked):
    list_display = ("pk", "workspace_id", "scope", "command", "origin", "status", "requested_at")
    list_filter = ("command", "status")


@admin.register(ConnectionAlignment, site=site)
class Alignments(Looked):
    list_display = ("connection_id", "workspace_id", "status", "checked_at", "aligned_at")
    list_filter = ("status",)


@admin.register(OrderAnomaly, site=site)
class Anomalies(Looked):
    list_filter = ()


@admin.register(LiveUnlock, site=site)
class Unlocks(Looked):
    list_display = ("pk", "workspace_id", "bot_id", "connection_id", "at", "revoked_at")


@admin.register(RiskDecision, site=site)
class Refusals(Looked):
    list_display = ("pk", "workspace_id", "rule", "code", "at")
    list_filter = ("rule",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[RiskDecision]:
        return super().get_queryset(request).exclude(rule="")
