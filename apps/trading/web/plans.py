"""Buttons for a trade that asks for a person: try again, or say that it is handled."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.accounts.edges import ActorRequest, signed_in
from apps.core import api, ratelimit
from apps.core.domain.errors import Conflict, InputInvalid
from apps.trading import selectors
from apps.trading.domain.errors import UnwindLossWrong
from apps.trading.services import plan_handle


@require_POST
@signed_in
def plan_unwind(request: ActorRequest, plan_id: int) -> HttpResponse:
    def handle() -> str:
        plan_handle.plan_unwind(
            actor=request.actor,
            plan_id=plan_id,
            max_loss=_fraction(request.POST.get("max_loss", "")),
            now=timezone.now(),
        )
        return _("Trying again to close what is left.")

    return _handled(request, plan_id, handle)


@require_POST
@signed_in
def plan_acknowledge(request: ActorRequest, plan_id: int) -> HttpResponse:
    def handle() -> str:
        plan_handle.plan_acknowledge(
            actor=request.actor,
            plan_id=plan_id,
            reason=request.POST.get("reason", ""),
            now=timezone.now(),
        )
        return _("Noted: the trade is handled.")

    return _handled(request, plan_id, handle)


def _handled(request: ActorRequest, plan_id: int, handle: Callable[[], str]) -> HttpResponse:
    ratelimit.take(ratelimit.TRADING, ratelimit.caller(request))
    plan: Any = selectors.plan_get(reader=request.actor, plan_id=plan_id)
    try:
        messages.success(request, handle())
    except (Conflict, InputInvalid) as e:
        messages.error(request, api.say(e))
    if plan.bot_id is None or request.POST.get("back") == "trades":
        return redirect(reverse("trade-list"))
    return redirect("bot-detail", plan.bot_id)


def _fraction(percent: str) -> Decimal | None:
    """A percentage as typed; empty: the bound stays as it was. Raises UnwindLossWrong."""
    text = percent.strip().replace(",", ".")
    if not text:
        return None
    try:
        return Decimal(text) / 100
    except InvalidOperation as e:
        raise UnwindLossWrong from e
