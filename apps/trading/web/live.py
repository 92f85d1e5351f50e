"""The pages on which real money is unlocked and locked: for a bot, or for orders by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.edges import ActorRequest, signed_in
from apps.core import api, ratelimit
from apps.core.domain.errors import Conflict, InputInvalid, NotAllowed, SignInRequired
from apps.trading.domain.errors import LiveNameWrong
from apps.trading.domain.live import CONDITIONS, FAULTS, REMEDIES, Condition
from apps.trading.domain.policies import SPECS, Kind
from apps.trading.selectors.live import Target, conditions_of, live_state, target_of
from apps.trading.services.live import live_lock, live_unlock
from apps.trading.web.risk import UNITS, written


class UnlockForm(forms.Form):
    typed_name = forms.CharField(
        label=_("Its name, typed"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    code = forms.CharField(
        label=_("Code of your authenticator app"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@signed_in
def bot_live(request: ActorRequest, bot_id: int) -> HttpResponse:
    return _page(request, bot_id=bot_id)


@never_cache
@require_http_methods(["GET", "POST"])
@signed_in
def connection_live(request: ActorRequest, connection_id: int) -> HttpResponse:
    return _page(request, connection_id=connection_id)


@require_POST
@signed_in
def bot_live_lock(request: ActorRequest, bot_id: int) -> HttpResponse:
    """Never limited: locking must be easy."""
    return _lock(request, "bot-live", bot_id=bot_id)


@require_POST
@signed_in
def connection_live_lock(request: ActorRequest, connection_id: int) -> HttpResponse:
    return _lock(request, "connection-live", connection_id=connection_id)


def _lock(request: ActorRequest, page: str, **named: Any) -> HttpResponse:
    try:
        live_lock(actor=request.actor, now=timezone.now(), **named)
    except NotAllowed as e:
        messages.error(request, api.say(e))
    else:
        messages.warning(request, gettext("Locked: nothing is opened with real money."))
    return redirect(page, *named.values())


def _page(
    request: ActorRequest, *, bot_id: int | None = None, connection_id: int | None = None
) -> HttpResponse:
    form = UnlockForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            ratelimit.take(ratelimit.TRADING, ratelimit.caller(request))
            try:
                live_unlock(
                    actor=request.actor,
                    bot_id=bot_id,
                    connection_id=connection_id,
                    now=timezone.now(),
                    **form.cleaned_data,
                )
            except (Conflict, InputInvalid, NotAllowed, SignInRequired) as e:
                form.add_error(_field_of(e), api.say(e))
                status = e.status
            else:
                messages.warning(request, gettext("Unlocked: this trades real money from now on."))
                return redirect(request.path)
    target = target_of(reader=request.actor, bot_id=bot_id, connection_id=connection_id)
    return render(request, "trading/live.html", _context(request, target, form), status=status)


def _field_of(problem: Exception) -> str | None:
    if isinstance(problem, LiveNameWrong):
        return "typed_name"
    return "code" if isinstance(problem, SignInRequired) else None


def _context(request: ActorRequest, target: Target, form: UnlockForm) -> dict[str, Any]:
    state = live_state(target, request.actor.workspace_id)
    conditions = conditions_of(request.actor, target)
    of_bot = target.bot is not None
    return {
        "target": target,
        "unlocked": state.unlocked,
        "since": state.at,
        "why": gettext(FAULTS.get(state.fault, state.fault)) if state.fault else "",
        "conditions": [_shown(each, target) for each in conditions],
        "ready": all(each.met for each in conditions),
        "limits": [_limit(name, text) for name, text in state.limits.items() if name in SPECS],
        "form": form,
        "lock_url": _url("bot-live-lock" if of_bot else "connection-live-lock", target),
        "back_url": _url("bot-detail" if of_bot else "connection-detail", target),
        "start_url": _url("bot-start", target) if of_bot else "",
    }


def _url(name: str, target: Target) -> str:
    return reverse(name, args=[target.bot_id or target.connection_id])


def _limit(name: str, text: str) -> dict[str, str]:
    spec = SPECS[name]
    unit = "" if spec.kind is Kind.FRACTION else UNITS.get(spec.kind, "")
    return {"label": gettext(spec.label), "value": f"{written(Decimal(text), spec.kind)} {unit}"}


def _shown(each: Condition, target: Target) -> dict[str, Any]:
    """One line of the checklist: what must hold, and where to go where it does not."""
    return {
        "met": each.met,
        "text": gettext(CONDITIONS[each.code]).format(**each.params),
        "remedy": "" if each.met else gettext(REMEDIES[each.code]),
        "url": "" if each.met else _where(each, target),
    }


def _where(each: Condition, target: Target) -> str:
    number = each.params.get("connection_id")
    if each.code == "ALIGNED":
        return reverse("connection-alignment", args=[number])
    if each.code in {"CONNECTION_ACTIVE", "RIGHTS_PROVEN"}:
        return reverse("connection-detail", args=[number])
    if target.bot_id is not None:
        of_bot = {"MODE": "bot-copy", "CONNECTION_REAL": "bot-edit", "BOT_STOPPED": "bot-detail"}
        if each.code in of_bot:
            return reverse(of_bot[each.code], args=[target.bot_id])
    pages = {"SECOND_FACTOR": "security", "LIMITS_SET": "risk", "NOT_HALTED": "risk"}
    return reverse(pages[each.code]) if each.code in pages else ""
