"""Pages of HALT, CANCEL and FLATTEN: ask, watch, read the report, go on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.edges import ActorRequest, signed_in
from apps.core import ratelimit
from apps.trading.domain import kill
from apps.trading.domain.errors import KillCommandUnknown, KillRunMissing
from apps.trading.domain.kill import KillCommand, KillOrigin, KillScope
from apps.trading.models import KillRun
from apps.trading.selectors import kill as kill_reads
from apps.trading.services.kill import kill_request
from apps.trading.services.kill_states import state_release_now
from apps.venues.registry import venue_label

PEOPLE_ASK = (KillCommand.HALT, KillCommand.CANCEL, KillCommand.FLATTEN)


@require_http_methods(["GET", "POST"])
@signed_in
def stop(request: ActorRequest) -> HttpResponse:
    """The three commands and what came of earlier ones. A POST needs no word: a press is enough."""
    if request.method == "POST":
        ratelimit.take(ratelimit.STOP, ratelimit.caller(request))
        return redirect("stop-run", _asked(request).pk)
    page = Paginator(kill_reads.kill_list(reader=request.actor), 25).get_page(
        request.GET.get("page")
    )
    shown: Any = page
    shown.object_list = [_line(run) for run in page.object_list]
    context = {
        "page": shown,
        "query": "",
        "state": kill_reads.state_shown(reader=request.actor),
        "staff": kill_reads.is_staff(request.actor),
    }
    return render(request, "trading/stop.html", context)


@require_GET
@signed_in
def stop_run(request: ActorRequest, run_id: int) -> HttpResponse:
    """One command: while it is under way the page asks again every second."""
    run = kill_reads.kill_get(reader=request.actor, run_id=run_id)
    report = kill_reads.kill_report(reader=request.actor, run=run)
    context = {
        "run": _line(run),
        "steps": list(reversed(kill_reads.kill_steps(reader=request.actor, run=run))),
        "parts": [_part(part) for part in (report or {}).get("workspaces", []) if part],
        "running": run.status in kill.ACTIVE,
        "may_resume": run.scope != KillScope.PLATFORM or kill_reads.is_staff(request.actor),
    }
    name = "trading/stop_run.html"
    return render(request, f"{name}#run" if request.htmx else name, context)


@require_GET
@signed_in
def stop_report(request: ActorRequest, run_id: int) -> HttpResponse:
    """The report as the text that was hashed (for everybody's runs: the reader's part of it)."""
    run = kill_reads.kill_get(reader=request.actor, run_id=run_id)
    report = kill_reads.kill_report(reader=request.actor, run=run)
    if report is None:
        raise KillRunMissing
    answer = HttpResponse(kill.canonical(report), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="cryonel-stop-{run.pk}.json"'
    return answer


@require_POST
@signed_in
def stop_release(request: ActorRequest) -> HttpResponse:
    """ACTIVE again, with the word typed. The platform only by staff."""
    if request.POST.get("confirm", "").strip().casefold() != _("RESUME").casefold():
        messages.error(request, _("Type the word to resume trading. It is still halted."))
        return redirect("stop")
    ratelimit.take(ratelimit.TRADING, ratelimit.caller(request))
    scope, bot_id = _scope(request)
    state_release_now(actor=request.actor, scope=scope, bot_id=bot_id, now=timezone.now())
    messages.success(request, _("Trading goes on."))
    return redirect("stop") if bot_id is None else redirect("bot-detail", bot_id)


def _asked(request: ActorRequest) -> KillRun:
    text = request.POST.get("command", "")
    if text not in PEOPLE_ASK:
        raise KillCommandUnknown(command=text[:20])
    scope, bot_id = _scope(request)
    return kill_request(
        actor=request.actor,
        scope=scope,
        command=KillCommand(text),
        bot_id=bot_id,
        origin=KillOrigin.UI,
        reason=request.POST.get("reason", "").strip(),
        now=timezone.now(),
    )


def _scope(request: HttpRequest) -> tuple[KillScope, int | None]:
    text = request.POST.get("scope", KillScope.WORKSPACE.value)
    number = request.POST.get("bot_id", "")
    bot_id = int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else None
    scope = KillScope(text) if text in set(KillScope) else KillScope.WORKSPACE
    return scope, bot_id if scope is KillScope.BOT else None


def _line(run: KillRun) -> dict[str, Any]:
    """A command as lists and its own page show it."""
    return {
        "pk": run.pk,
        "url": reverse("stop-run", args=[run.pk]),
        "command": run.command,
        "scope": run.scope,
        "bot": run.bot,
        "bot_id": run.bot_id,
        "origin": _origin_text(KillOrigin(run.origin)),
        "rule": kill_reads.rule_text(run),
        "reason": run.reason,
        "status": run.status,
        "requested_at": run.requested_at,
        "finished_at": run.finished_at,
        "report_hash": run.report_hash,
        "instant": run.command in kill.INSTANT,
    }


def _origin_text(origin: KillOrigin) -> str:
    """By whom, in the active language."""
    return {
        KillOrigin.UI: _("by hand"),
        KillOrigin.API: _("by the API"),
        KillOrigin.COMMAND: _("by an operator's command"),
        KillOrigin.FILE: _("by an operator's file"),
        KillOrigin.RULE: _("by a rule"),
        KillOrigin.RESTART: _("after a restart"),
    }[origin]


def _numbers(told: dict[str, Any], *names: str) -> dict[str, Any]:
    """Texts of a report as amounts, to be shown like every amount."""
    return {**told, **{n: None if told[n] is None else Decimal(told[n]) for n in names}}


def _part(part: dict[str, Any]) -> dict[str, Any]:
    positions = [
        {
            **_numbers(each, "before", "after", "realised", "left_value"),
            "text": kill_reads.outcome_text(each["outcome"]),
        }
        for each in part.get("positions", [])
    ]
    orders = [
        {**_numbers(each, "quantity", "filled"), "venue_label": venue_label(each["venue"])}
        for each in part["orders"]
    ]
    left = [
        {**_numbers(each, "amount", "value"), "text": kill_reads.outcome_text(each["why"])}
        for each in part["left"]["positions"]
        if each["why"] not in {"DUST", "NOT_HELD"}
    ]
    balances = [{"connection": number, **told} for number, told in part.get("balances", {}).items()]
    return {
        **part,
        "positions": positions,
        "orders": orders,
        "left_positions": left,
        "left_orders": part["left"]["orders"],
        "left_plans": part["left"]["plans"],
        "balances_explained": all(each["explained_by_fills"] for each in balances)
        if balances
        else None,
    }
