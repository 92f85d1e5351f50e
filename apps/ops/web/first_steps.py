"""From an empty account to a running bot: what is left to do, and paper accounts in one click."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from apps.accounts.edges import ActorRequest, signed_in
from apps.billing.domain.errors import PlanLimitReached
from apps.core import api, ratelimit
from apps.core.domain.errors import Conflict, VenueFailed
from apps.core.domain.people import Actor, Reader
from apps.ops.demo.world import balances_for
from apps.trading.selectors.bots import BotCard
from apps.venues import selectors as venues
from apps.venues import services
from apps.venues.registry import practice_venues

ENOUGH = 2  # accounts that an arbitrage needs


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """What is done of: accounts at two venues, a bot, the bot started."""

    connected: bool
    created: bool
    started: bool


def first_steps(*, reader: Reader, bots: list[BotCard], traded: bool) -> FirstSteps | None:
    """None once a bot trades or traded: the list would only be in the way."""
    started = any(bot.status != "STOPPED" for bot in bots)
    if traded or started:
        return None
    usable = [c for c in venues.connection_list(reader=reader) if c.status == "ACTIVE"]
    return FirstSteps(len({c.venue for c in usable}) >= ENOUGH, bool(bots), started)


@require_POST
@signed_in
def paper_start(request: ActorRequest) -> HttpResponse:
    """A paper account at every practice venue, as many as the plan allows. Safe to repeat."""
    ratelimit.take(ratelimit.TRADING, ratelimit.caller(request))
    try:
        opened, refused = paper_open(request.actor, timezone.now())
    except (Conflict, VenueFailed) as e:
        messages.error(request, api.say(e))
        return _back(request)
    if opened:
        text = ngettext(
            "%(n)d paper account is ready. Create a bot now.",
            "%(n)d paper accounts are ready. Create a bot now.",
            opened,
        )
        messages.success(request, text % {"n": opened})
    if refused is not None and opened < ENOUGH:
        messages.error(request, api.say(refused))
    elif not opened:
        messages.error(request, _("No practice venue is running now. Try again in a moment."))
    return _back(request)


def paper_open(actor: Actor, now: datetime) -> tuple[int, PlanLimitReached | None]:
    """(accounts that stand now, what kept the rest from being opened). Raises VenueFailed."""
    opened = 0
    for instance in practice_venues():
        try:
            services.practice_connection_open(
                actor=actor,
                venue=instance.code,
                balances=balances_for(instance.symbols),
                now=now,
                ref=f"start.{instance.code}",
                label=instance.label,
            )
        except PlanLimitReached as e:
            return opened, e
        opened += 1
    return opened, None


def _back(request: ActorRequest) -> HttpResponse:
    """To the page that asked, if it is ours."""
    asked = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()})
    return redirect(asked if ours and asked.startswith("/") else "dashboard")
