"""Pages of connections: translate, call one service, answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.edges import ActorRequest, signed_in
from apps.billing.selectors import limits_for
from apps.core import api, ratelimit
from apps.core.domain.errors import Conflict, CryonelError, InputInvalid, NotFound, VenueFailed
from apps.venues import held, registry, selectors, services
from apps.venues.domain.ports import Need, VenueKind, VenueSpec
from apps.venues.web import shown
from apps.venues.web.forms import PAPER_START, ConnectionForm, PaperForm, TopUpForm

PASSING = (Conflict, VenueFailed, InputInvalid)  # said on the page, nothing is lost


@require_GET
@signed_in
def connection_list(request: ActorRequest) -> HttpResponse:
    rows = selectors.connection_list(reader=request.actor)
    down = shown.venues_down() if rows else frozenset()
    context = {
        "connections": [shown.connection_shown(row, down=down) for row in rows],
        "limit": {
            "used": len(rows),
            "allowed": limits_for(request.actor.workspace_id).connections,
        },
    }
    return render(request, "venues/connections.html", context)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@signed_in
def connection_add(request: ActorRequest) -> HttpResponse:
    """Without ?venue= the choice; with it the fields of that venue's adapter."""
    code = request.GET.get("venue", "")
    if not code:
        context: dict[str, Any] = {"venues": shown.venues_shown(), "venue": None, "form": None}
        return render(request, "venues/connection_form.html", context)
    spec = registry.adapter_for(code).spec
    paper = spec.kind is VenueKind.PRACTICE
    form = _form(request, spec)
    status = 200
    if request.method == "POST":
        ratelimit.take(ratelimit.TRADING, ratelimit.caller(request))
        status = 422
        if form.is_valid():
            try:
                row = _paper_opened(request, code, form) if paper else _added(request, code, form)
            except CryonelError as e:
                if isinstance(e, NotFound):
                    raise
                form.add_error(None, api.say(e))
                status = e.status
            else:
                messages.success(request, gettext("Connected. The key was tested and works."))
                return redirect("connection-detail", row.pk)
    context = {"venues": [], "venue": shown.venue_shown(spec), "form": form}
    return render(request, "venues/connection_form.html", context, status=status)


@require_GET
@signed_in
def connection_detail(request: ActorRequest, connection_id: int) -> HttpResponse:
    row = selectors.connection_get(reader=request.actor, connection_id=connection_id)
    found = held.kept(row.pk)
    context = {
        "connection": shown.connection_page(row, down=shown.venues_down()),
        "test": shown.last_test(row),
        "balances": found.balances if found else None,
        "balances_at": found.at if found else None,
    }
    return render(request, "venues/connection.html", context)


@require_POST
@signed_in
def connection_test(request: ActorRequest, connection_id: int) -> HttpResponse:
    ratelimit.take(ratelimit.TRADING, ratelimit.caller(request))

    def run() -> str:
        row = services.connection_test(
            actor=request.actor, connection_id=connection_id, now=timezone.now()
        )
        problem = selectors.connection_problem(row)
        if problem is not None:
            messages.error(request, problem.message)
            return ""
        return gettext("The key works.")

    return _done(request, connection_id, run)


@require_POST
@signed_in
def connection_pause(request: ActorRequest, connection_id: int) -> HttpResponse:
    def run() -> str:
        services.connection_pause(
            actor=request.actor, connection_id=connection_id, now=timezone.now()
        )
        return gettext("Paused. Nothing uses this key now.")

    return _done(request, connection_id, run)


@require_POST
@signed_in
def connection_resume(request: ActorRequest, connection_id: int) -> HttpResponse:
    def run() -> str:
        services.connection_resume(
            actor=request.actor, connection_id=connection_id, now=timezone.now()
        )
        return gettext("Resumed.")

    return _done(request, connection_id, run)


@require_POST
@signed_in
def connection_remove(request: ActorRequest, connection_id: int) -> HttpResponse:
    """Only with the word typed: the page's script helps, this line decides."""
    if request.POST.get("confirm", "").strip() != gettext("REMOVE"):
        messages.error(request, gettext("Type the word to remove the connection."))
        return redirect("connection-detail", connection_id)

    def run() -> str:
        services.connection_remove(
            actor=request.actor, connection_id=connection_id, now=timezone.now()
        )
        return gettext("Removed. The sealed key was destroyed.")

    return _done(request, connection_id, run, gone=True)


@require_POST
@signed_in
def connection_top_up(request: ActorRequest, connection_id: int) -> HttpResponse:
    """Without fields, once more what a new paper account holds."""
    form = TopUpForm(request.POST)

    def run() -> str:
        if not form.is_valid():
            messages.error(request, gettext("This amount cannot be added."))
            return ""
        asset = form.cleaned_data["asset"].strip().upper()
        amount = form.cleaned_data["amount"] or PAPER_START["USDT"]
        services.practice_top_up(
            actor=request.actor,
            connection_id=connection_id,
            asset=asset,
            amount=amount,
            now=timezone.now(),
        )
        return gettext("{amount} {asset} added.").format(amount=f"{amount:f}", asset=asset)

    return _done(request, connection_id, run)


@require_POST
@signed_in
def connection_reset(request: ActorRequest, connection_id: int) -> HttpResponse:
    def run() -> str:
        services.practice_reset(
            actor=request.actor,
            connection_id=connection_id,
            balances=PAPER_START,
            now=timezone.now(),
        )
        return gettext("The practice account starts again.")

    return _done(request, connection_id, run)


def _form(request: ActorRequest, spec: VenueSpec) -> ConnectionForm | PaperForm:
    sent: tuple[Any, ...] = (request.POST,) if request.method == "POST" else ()
    if spec.kind is VenueKind.PRACTICE:
        return PaperForm(shown.paper_assets(spec.code), *sent)
    return ConnectionForm(spec, *sent, unproven_allowed=settings.UNPROVEN_KEYS)


def _added(request: ActorRequest, venue: str, form: Any) -> Any:
    return services.connection_add(
        actor=request.actor,
        venue=venue,
        label=form.cleaned_data["label"],
        credentials=form.credentials(),
        need=Need(form.cleaned_data["need"]),
        now=timezone.now(),
    )


def _paper_opened(request: ActorRequest, venue: str, form: Any) -> Any:
    return services.practice_connection_open(
        actor=request.actor,
        venue=venue,
        label=form.cleaned_data["label"],
        balances=form.balances(),
        now=timezone.now(),
    )


def _done(
    request: ActorRequest, connection_id: int, run: Callable[[], str], *, gone: bool = False
) -> HttpResponse:
    """Run, say what came of it, and go back. What is not theirs stays a 404."""
    try:
        told = run()
    except PASSING as e:
        messages.error(request, api.say(e))
        return redirect("connection-detail", connection_id)
    if told:
        messages.success(request, told)
    return redirect("connection-list") if gone else redirect("connection-detail", connection_id)
